"""Unnecessary liquidations: without them the account would have kept its equity above zero.

Definition. A liquidation at time t of a long position with bankruptcy price b was *needed* if the index was at or below
b at some time from t to the end of the run (short: at or above). Otherwise, left alone, the position would have lost
money but never owed any within the horizon, and nobody but its owner had a stake in it.

Limits. The index holds the impact of the liquidations themselves (where a config has impact on the index): a world
without them would have needed fewer, so the share not needed is too low there. The index is seen at the samples of
`series`: a spike between two samples is missed, so the share is too high by those. Cross-margin rows: b holds their
other markets fixed.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from ..errors import AnalysisError
from ..estimators.estimate import Estimate
from ..estimators.intervals import tail_mass
from .design_table import F64


def judge_liquidations(
    liquidations: pd.DataFrame, series: pd.DataFrame, lot_sizes: Mapping[str, float]
) -> pd.DataFrame:
    """One row a liquidation: time_ms, account, market, notional (closed x mark, quote units), worst_index, needed.

    liquidations, series: tables of a run (detail events).  lot_sizes: base units of a lot, by market. A liquidation
    without a later sample is judged by its own mark; one without a bankruptcy price was not needed.
    """
    rows = []
    held = liquidations[liquidations["lots"] != 0]  # the rest are flat accounts whose debts were settled
    for market, own in held.groupby("market", sort=False):
        samples = series[series["market"] == market].sort_values("time_ms", kind="stable")
        if samples.empty:
            raise AnalysisError(f"series has no samples of {market}: run with --detail events")
        low, high = _extremes_after(samples, own)
        is_long = (own["lots"] > 0).to_numpy()
        worst = np.where(is_long, low, high)
        bankruptcy = own["bankruptcy_price"].to_numpy(np.float64)
        closed = own[["lots_book", "lots_taken_over", "lots_adl"]].sum(axis=1).to_numpy(np.float64)
        frame = own[["time_ms", "account", "market"]].copy()
        frame["notional"] = closed * own["mark_price"].to_numpy(np.float64) * lot_sizes[str(market)]
        frame["worst_index"] = worst
        frame["needed"] = np.where(is_long, worst <= bankruptcy, worst >= bankruptcy)
        rows.append(frame)
    columns = ["time_ms", "account", "market", "notional", "worst_index", "needed"]
    return pd.concat(rows).sort_index() if rows else pd.DataFrame(columns=columns)


def _extremes_after(samples: pd.DataFrame, own: pd.DataFrame) -> tuple[F64, F64]:
    """Lowest and highest index from each liquidation to the end."""
    times, index = samples["time_ms"].to_numpy(), samples["index_price"].to_numpy(np.float64)
    lowest = np.append(np.minimum.accumulate(index[::-1])[::-1], np.inf)
    highest = np.append(np.maximum.accumulate(index[::-1])[::-1], -np.inf)
    place = np.searchsorted(times, own["time_ms"].to_numpy(), side="left")
    mark = own["mark_price"].to_numpy(np.float64)
    after = place < len(times)
    return np.where(after, lowest[place], mark), np.where(after, highest[place], mark)


def unneeded_share(
    judged: Sequence[pd.DataFrame], *, draw: Sequence[int] | None = None, level: float = 0.95
) -> Estimate:
    """Share of liquidated notional that was unnecessary, over several runs (frames of `judge_liquidations`).

    draw: runs with the same number share inputs or randomness; default: each has its own. Interval: Student t of a
    ratio of sums over draws (Cochran 1977, 6.4); of one draw the share is a fact, and the bounds are it. AnalysisError
    where nothing was liquidated.
    """
    own = np.arange(len(judged)) if draw is None else np.asarray(draw)
    needless = [float(run.loc[~run["needed"].astype(bool), "notional"].sum()) for run in judged]
    sums = pd.DataFrame({"needless": needless, "all": [float(run["notional"].sum()) for run in judged]})
    sums = sums.groupby(own).sum()
    total = float(sums["all"].sum())
    if total <= 0:
        raise AnalysisError("no run liquidated anything: there is no share of unnecessary liquidations")
    value, n = float(sums["needless"].sum()) / total, len(sums)
    half = 0.0
    if n > 1:
        apart = (sums["needless"] - value * sums["all"]).to_numpy(np.float64)
        half = float(stats.t.isf(tail_mass(level, "two")[1], n - 1) * np.sqrt(n / (n - 1) * (apart**2).sum()) / total)
    closed = [run[run["notional"] > 0] for run in judged]  # an order that finds no buyer liquidates nothing
    events = int(sum(int((~run["needed"].astype(bool)).sum()) for run in closed))
    return Estimate(
        value=value,
        low=max(0.0, value - half),
        high=min(1.0, value + half),
        level=level,
        method="share of liquidated notional, ratio over draws" if n > 1 else "share of liquidated notional, one draw",
        n=n,
        events=events,
        note="events: unnecessary liquidations",
    )


def estimates_by_arm(table: pd.DataFrame) -> dict[int, Estimate]:
    """Estimates by arm from a table of `arm` and the fields of an Estimate."""
    rows = table.to_dict("records")
    return {int(row["arm"]): Estimate(**{str(k): v for k, v in row.items() if k != "arm"}) for row in rows}
