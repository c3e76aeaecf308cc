"""A fund's recorded history by calendar month, and what the months say together.

All amounts are without money from outside (`injected`). A month counts if the balance is known within a few days of its
start and of its end; it is compared with the balance at the end of the month before.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from ..backtest.windows import MAX_GAP_DAYS, are_one_unit
from ..errors import AnalysisError
from ..estimators.intervals import clopper_pearson

F64 = npt.NDArray[np.float64]
LEVEL = 0.95
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Columns of the months with their meaning; shares are fractions.
MEANINGS = {
    "result": "net result",
    "draw": "largest fall below the start of the month",
    "drawdown": "largest fall from a peak inside the month",
    "growth": "net result over the balance at the start",
    "result_share": "net result over open interest",
    "draw_share": "draw over open interest",
    "drawdown_share": "drawdown over open interest",
    "liquidated_share": "liquidated notional over open interest",
}
SHARES = ("growth", "result_share", "draw_share", "drawdown_share", "liquidated_share")


@dataclass(frozen=True)
class MonthsWithDraw:
    """Number of months with a net loss of n, their share and its Clopper-Pearson interval."""

    events: int
    n: int
    share: float
    low: float
    high: float


def months_of(history: pd.DataFrame, *, units: dict[str, str], has_level: bool) -> pd.DataFrame:
    """One row per complete month: month, start, end, injected, result, draw, drawdown, and shares where known.

    history: index of days (DatetimeIndex, rising), column balance and, where known, injected, open_interest and
    liquidated, NaN where not known.  has_level: False if the balance counts from 0: then there is no growth.
    AnalysisError without a balance or a complete month.
    """
    if "balance" not in history or history["balance"].notna().sum() < 2:
        raise AnalysisError("a history of a fund needs a column balance with two days or more")
    injected = history["injected"].fillna(0) if "injected" in history else pd.Series(0.0, history.index)
    own = (history["balance"] - injected.cumsum()).dropna()
    rows = [
        row
        for month in pd.period_range(own.index[0], own.index[-1], freq="M")
        if (row := _month(own, history, injected, month, units, has_level))
    ]
    if not rows:
        raise AnalysisError(
            f"no calendar month is complete: the balance goes from {own.index[0].date()} to {own.index[-1].date()}"
        )
    return pd.DataFrame(rows)


def _month(
    own: pd.Series,
    history: pd.DataFrame,
    injected: pd.Series,
    month: pd.Period,
    units: dict[str, str],
    has_level: bool,
) -> dict[str, Any] | None:
    """The row of a month; None if it is not complete."""
    first, last = month.start_time.normalize(), month.end_time.normalize()
    before = own[own.index < first]
    inside = own[(own.index >= first) & (own.index <= last)]
    if before.empty or inside.empty:
        return None
    if (first - before.index[-1]).days > MAX_GAP_DAYS or (last - inside.index[-1]).days > MAX_GAP_DAYS:
        return None
    path = np.concatenate([[before.iloc[-1]], inside.to_numpy()])
    start = float(history["balance"].loc[before.index[-1]])
    row: dict[str, Any] = {
        "month": str(month),
        "start": start if has_level else math.nan,
        "injected": float(injected[(injected.index >= first) & (injected.index <= last)].sum()),
        "result": float(path[-1] - path[0]),
        "draw": float(max(0.0, path[0] - path.min())),
        "drawdown": float((np.maximum.accumulate(path) - path).max()),
        "days": len(inside),
    }
    row["growth"] = row["result"] / start if has_level and start > 0 else math.nan
    base = (
        _open_interest(history, first) if are_one_unit(units["balance"], units.get("open_interest", "")) else math.nan
    )
    for name in ("result", "draw", "drawdown"):
        row[f"{name}_share"] = row[name] / base
    row["liquidated_share"] = _liquidated(history, first, last, units)
    return row


def _open_interest(history: pd.DataFrame, first: pd.Timestamp) -> float:
    """The last known open interest before a month, or on its first days; NaN if there is none."""
    if "open_interest" not in history:
        return math.nan
    near = pd.Timedelta(days=MAX_GAP_DAYS)
    around = history["open_interest"][(history.index >= first - near) & (history.index <= first + near)].dropna()
    earlier = around[around.index < first]
    found = earlier.iloc[-1] if len(earlier) else around.iloc[0] if len(around) else math.nan
    return float(found) if found > 0 else math.nan


def _liquidated(history: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp, units: dict[str, str]) -> float:
    """Liquidated notional of a month over open interest before it; NaN if more than a few days are missing."""
    if "liquidated" not in history or not are_one_unit(units["liquidated"], units.get("open_interest", "")):
        return math.nan
    days = history["liquidated"][(history.index >= first) & (history.index <= last)].dropna()
    if (last - first).days + 1 - len(days) > MAX_GAP_DAYS:
        return math.nan
    return float(days.sum()) / _open_interest(history, first)


def summary_of(months: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """One row per quantity that some month has: n, mean, quantiles, and the interval of the median.

    low, high: order statistics around the median that hold it with probability `level` or more; NaN where n is too
    small for one (n < 6 at 95%).
    """
    rows = []
    for name, meaning in MEANINGS.items():
        values = months[name].dropna().to_numpy(np.float64)
        if not len(values):
            continue
        low, high = median_interval(values, level=level)
        found = dict(zip((f"p{round(100 * q)}" for q in QUANTILES), np.quantile(values, QUANTILES), strict=True))
        rows.append({"quantity": name, "meaning": meaning, "n": len(values), "mean": values.mean(), **found,
                     "median_low": low, "median_high": high})  # fmt: skip
    return pd.DataFrame(rows)


def median_interval(values: F64, *, level: float = LEVEL) -> tuple[float, float]:
    """Order statistics that hold the median: ranks from the binomial law with one half; NaN if n is too small."""
    n, ordered = len(values), np.sort(values)
    rank = int(stats.binom.ppf((1 - level) / 2, n, 0.5))
    if rank < 1:
        return math.nan, math.nan
    return float(ordered[rank - 1]), float(ordered[n - rank])


def months_with_draw(months: pd.DataFrame, *, level: float = LEVEL) -> MonthsWithDraw:
    """Months whose net result is negative."""
    events, n = int((months["result"] < 0).sum()), len(months)
    low, high = clopper_pearson(events, n, level=level)
    return MonthsWithDraw(events, n, events / n, float(low), float(high))


def worst_days(history: pd.DataFrame, *, count: int = 5) -> pd.DataFrame:
    """The days with the largest losses without money from outside: day, result; gaps of a day or more left out."""
    injected = history["injected"].fillna(0).cumsum() if "injected" in history else 0.0
    own = (history["balance"] - injected).dropna()
    steps, gaps = own.diff(), own.index.to_series().diff()
    daily = steps[(gaps == pd.Timedelta(days=1)) & (steps < 0)].nsmallest(count)
    return pd.DataFrame({"day": [str(day.date()) for day in daily.index], "result": daily.to_numpy()})
