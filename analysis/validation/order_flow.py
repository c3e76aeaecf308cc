"""Estimators of the calm order flow: dependence of returns and signs, tails, spreads, volume, lives of orders.

Prices are sampled once a second; NaN where a side of the book was empty, and what touches it is left out.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..calibration.laws import hill_alpha
from .skill import BP, F64

#: Share of a sample that Hill's estimator takes for the tail.
TAIL_SHARE = 0.05
#: Fills name an order by its `order` >> 24.
_ORDER_BITS = 24
SECONDS_A_MINUTE = 60


def log_returns(price: F64, step: int) -> F64:
    """Logarithmic returns over `step` samples that do not overlap, (n // step,)."""
    return np.asarray(np.diff(np.log(price[::step])))


def autocorrelation(values: npt.ArrayLike, lag: int) -> float:
    """Sample autocorrelation at a lag (Box and Jenkins 1970): pairs over the whole variance; NaN of a constant."""
    sample = np.asarray(values, np.float64)
    centred = sample - np.nanmean(sample)
    pairs = centred[:-lag] * centred[lag:]
    return _ratio(float(np.nansum(pairs)), float(np.nansum(centred**2)))


def variance_ratio(price: F64, step: int) -> float:
    """Variance of returns over `step` samples that overlap, over `step` times that over one (Lo and MacKinlay 1988).

    1 for a random walk, above it for a trend, below it for a bounce; without their correction for small samples.
    """
    logs = np.log(price)
    drift = np.nanmean(np.diff(logs))
    one = float(np.nanmean((np.diff(logs) - drift) ** 2))
    long = float(np.nanmean((logs[step:] - logs[:-step] - step * drift) ** 2))
    return _ratio(long, step * one)


def kurtosis(values: F64) -> float:
    """Fourth moment over the squared variance: 3 for a Gaussian law."""
    centred = values - np.nanmean(values)
    return _ratio(float(np.nanmean(centred**4)), float(np.nanmean(centred**2)) ** 2)


def tail_exponent(values: F64) -> float:
    """Hill's exponent of the largest twentieth of the magnitudes that are not 0; NaN of fewer than 100."""
    sizes = np.abs(values[np.isfinite(values)])
    ordered = np.sort(sizes[sizes > 0])[::-1]
    if len(ordered) < 100:
        return float("nan")
    return float(hill_alpha(ordered, int(len(ordered) * TAIL_SHARE)))


def volume_volatility(price: F64, volume: F64) -> float:
    """Correlation over minutes of traded volume and realised volatility (root of the sum of squared 1 s returns).

    price, volume: (n,) once a second, volume traded so far.
    """
    squares = np.nan_to_num(log_returns(price, 1)) ** 2
    minutes = len(squares) // SECONDS_A_MINUTE
    traded = np.diff(volume[: minutes * SECONDS_A_MINUTE + 1 : SECONDS_A_MINUTE])
    realised = np.sqrt(squares[: minutes * SECONDS_A_MINUTE].reshape(minutes, SECONDS_A_MINUTE).sum(axis=1))
    if minutes < 3 or not traded.std() or not realised.std():
        return float("nan")
    return float(np.corrcoef(traded, realised)[0, 1])


def spread_bp(bid: F64, ask: F64) -> float:
    """Median of ask less bid over their mean, bp."""
    return float(np.nanmedian((ask - bid) / ((ask + bid) / 2))) * BP


def aggressors(fills: pd.DataFrame) -> pd.DataFrame:
    """One row per incoming order that traded, in order of time: sign (+1 bought, -1 sold) and lots.

    An order that meets several resting orders is one trade: counting its fills would make memory out of nothing.
    """
    first = fills.groupby("taker_order", sort=False)
    sign = np.where(first["taker_side"].first().to_numpy() == "buy", 1, -1)
    return pd.DataFrame({"sign": sign, "lots": first["lots"].sum().to_numpy()})


def order_lifetimes(orders: pd.DataFrame, fills: pd.DataFrame) -> F64:
    """Lives of limit orders that rested and ended inside the run, ms: cancelled or changed by their owner, or filled.

    orders, fills: the tables of a run, in their order. Orders still open at the end are left out.
    """
    rows = orders.reset_index(drop=True).assign(row=np.arange(len(orders)))
    rests = (rows["kind"] == "LIMIT") & (rows["status"] == "DONE") & rows["tif"].isin(("GTC", "POST_ONLY"))
    resting = rows[rests & (rows["lots"] > rows["filled"])]
    resting = resting.assign(key=resting["order"].to_numpy() >> _ORDER_BITS)
    sweeps = rows.loc[rows["kind"] == "CANCEL_ALL", ["row", "account", "market", "time_ms"]]
    sweeps = sweeps.rename(columns={"time_ms": "swept"})
    lives = pd.merge_asof(resting, sweeps, on="row", by=["account", "market"], direction="forward").set_index("key")
    ends = [lives["swept"], _ended_singly(rows).reindex(lives.index), _filled_ms(lives, fills).reindex(lives.index)]
    found = (pd.concat(ends, axis=1).min(axis=1) - lives["time_ms"]).to_numpy(np.float64)
    return np.asarray(found[np.isfinite(found)])


def _ended_singly(rows: pd.DataFrame) -> pd.Series:
    """Time of the first cancel or change of each order that was named in one, by order."""
    single = rows[rows["kind"].isin(("CANCEL", "AMEND")) & (rows["status"] == "DONE")]
    times = pd.Series(single["time_ms"].to_numpy(), index=single["order"].to_numpy() >> _ORDER_BITS)
    return times.groupby(level=0).first()


def _filled_ms(lives: pd.DataFrame, fills: pd.DataFrame) -> pd.Series:
    """Time at which nothing was left of each order that was filled while it rested, by order."""
    left = fills["maker_order"].map(lives["lots"] - lives["filled"])
    done = fills[fills.groupby("maker_order")["lots"].cumsum() >= left]
    return done.groupby("maker_order")["time_ms"].first()


def commonest_share(values: F64) -> float:
    """Share of the most frequent value; NaN of nothing."""
    if not len(values):
        return float("nan")
    return float(np.unique(values, return_counts=True)[1].max()) / len(values)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
