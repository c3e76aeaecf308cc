"""Trade-off between arms of a study: probability of an event versus capital locked and unnecessary liquidations.

An arm is efficient if no other is at least as good in every respect and better in one. This is based on estimates, so
each arm also has the share of bootstrap resamples (of draws, the same for all arms: they share their randomness) in
which it is efficient. A draw is a point of a sampled design with all its runs, a run where there is one point, a
replication (and path) where points are fixed places that share its randomness.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import AnalysisError
from ..estimators.clusters import MIN_CLUSTERS, share_over_clusters
from ..estimators.estimate import Estimate
from .design_table import F64, I64, RUN_EVENTS, outcome_of

Bool = npt.NDArray[np.bool_]

ARMS = (
    "arm", "group", "capital", "probability", "low", "high", "events", "n", "unneeded", "unneeded_low",
    "unneeded_high", "efficient", "efficient_share", "level", "method",
)  # fmt: skip


def trade_off(
    points: pd.DataFrame,
    runs: pd.DataFrame,
    *,
    capital: Mapping[int, float],
    event: str = "adl",
    paths: pd.DataFrame | None = None,
    unneeded: Mapping[int, Estimate] | None = None,
    fund_lever: str | None = None,
    level: float = 0.95,
    resamples: int = 400,
    seed: int = 0,
) -> pd.DataFrame:
    """One row an arm, columns ARMS: its label, group (its levers other than `fund_lever`), P(event) with Wilson bounds
    of as many runs as draws make them worth; of fewer than MIN_CLUSTERS draws, for these draws.

    capital: quote units locked in an arm, by its number (see `capital_of_arms`).  event: of RUN_EVENTS.  paths: of
    reduced runs; each path then counts.  unneeded: share of liquidated notional that was unnecessary, by arm
    (`unneeded.py`). Only runs that every arm has are compared; AnalysisError if there are none.
    """
    happened = paired_events(points, runs, event, paths)
    arms, n = [int(arm) for arm in happened.columns], len(happened)
    values, draw = happened.to_numpy(), draws_of(happened, points)
    group = draw if draw.max() + 1 >= MIN_CLUSTERS else np.arange(n)
    shares = [share_over_clusters(values[:, place], group, level=level) for place in range(len(arms))]
    counts = values.sum(axis=0)
    frame = pd.DataFrame(arm_labels(points, arms, fund_lever), columns=["arm", "group"])
    frame["capital"] = [float(capital[arm]) for arm in arms]
    frame["probability"] = counts / n
    frame["low"], frame["high"] = ([getattr(share, end) for share in shares] for end in ("low", "high"))
    frame["events"], frame["n"] = counts, n
    found = [(unneeded or {}).get(arm) for arm in arms]
    for name, key in (("unneeded", "value"), ("unneeded_low", "low"), ("unneeded_high", "high")):
        frame[name] = [np.nan if estimate is None else getattr(estimate, key) for estimate in found]
    costs = [frame["capital"].to_numpy(np.float64), frame["unneeded"].to_numpy(np.float64)]
    frame["efficient"] = is_efficient(np.column_stack([counts / n, *costs]))
    frame["efficient_share"] = _efficient_share(values, draw, costs, resamples=resamples, seed=seed)
    frame["level"] = level
    frame["method"] = [f"crude, {share.method}; common random numbers across arms" for share in shares]
    return frame[list(ARMS)]


def is_efficient(costs: F64) -> Bool:
    """(arms,) whether no other arm is at most as costly in every column and less in one. NaN columns are left out."""
    known = costs[:, np.isfinite(costs).all(axis=0)]
    no_worse = (known[:, None, :] <= known[None, :, :]).all(axis=2)
    better = (known[:, None, :] < known[None, :, :]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))


def paired_events(
    points: pd.DataFrame, runs: pd.DataFrame, event: str, paths: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Whether the event happened: a row for each run (or path) that all arms have, a column an arm.

    Rows are matched by the place of the point in its arm, replication (and path): arms share the randomness of a row.
    """
    if event not in RUN_EVENTS:
        raise AnalysisError(f"event {event!r} is not known; one of {', '.join(RUN_EVENTS)}")
    ordered = points.sort_values("point", kind="stable")
    place = dict(zip(ordered["point"], ordered.groupby("arm").cumcount(), strict=True))
    table = runs[runs["status"] == "done"].assign(place=lambda done: done["point"].map(place))
    keys = ["place", "replication"]
    if paths is not None:
        if (paths["log_weight"] != 0).any():
            raise AnalysisError("a trade-off counts paths, but these have weights: run the study with sampler crude")
        keys.append("path")
        own = ["run_id", "arm", "place", "replication"]
        table = paths[["run_id", "path", RUN_EVENTS[event].column]].merge(table[own], on="run_id")
    table = table.assign(happened=outcome_of(table, event))
    wide = table.set_index([*keys, "arm"])["happened"].unstack("arm").dropna()
    if wide.empty:
        raise AnalysisError("no run is done in every arm: there is nothing to compare")
    return wide.astype(bool)


def draws_of(happened: pd.DataFrame, points: pd.DataFrame) -> I64:
    """(n,) which rows of `paired_events` are one draw."""
    ordered = points.sort_values("point", kind="stable")
    scenarios = ordered[ordered["arm"] == ordered["arm"].min()]["scenario"].to_numpy()
    places = happened.index.get_level_values("place")
    scenario = scenarios[places]
    if len(np.unique(scenario)) > 1:
        return np.asarray(pd.factorize(scenario)[0], np.int64)
    own = [name for name in happened.index.names if name != "place"]
    if places.nunique() == 1 and "path" in own and happened.index.get_level_values("replication").nunique() > 1:
        own.remove("path")  # paths of a run share its opening book
    return np.asarray(happened.groupby(own, sort=False).ngroup(), np.int64)


def arm_labels(points: pd.DataFrame, arms: Sequence[int], fund_lever: str | None) -> list[tuple[str, str]]:
    """(label, group) of each arm from its levers; a lever that is the same in all arms is not named."""
    levers = [name for name in points.columns if name.startswith("l.")]
    settings = points.drop_duplicates("arm").set_index("arm").loc[list(arms), levers]
    moving = [name for name in levers if settings[name].nunique(dropna=False) > 1]
    others = [name for name in moving if name[2:] != fund_lever and name != fund_lever]

    def words(row: Mapping[str, Any], names: Sequence[str]) -> str:
        return ", ".join(f"{name[2:]} {row[name]}" for name in names)

    rows = settings.to_dict("records")
    return [
        (words(row, moving) or f"arm {arm}", words(row, others) or "all arms")
        for arm, row in zip(arms, rows, strict=True)
    ]


def capital_of_arms(runs: pd.DataFrame, *, quantum: float) -> dict[int, float]:
    """Capital locked in each arm at the start, quote units: the fund and the maintenance margin of all positions.

    The margin is what longs and shorts together must keep on account or be liquidated; mean over the runs of the arm.
    """
    done = runs[runs["status"] == "done"].groupby("arm")[["fund_initial_quanta", "margin_initial_quanta"]].mean()
    return {int(arm): float(locked) * quantum for arm, locked in done.sum(axis=1).items()}


def _efficient_share(happened: Bool, draw: I64, costs: Sequence[F64], *, resamples: int, seed: int) -> F64:
    """(arms,) share of resamples of the draws in which an arm is efficient; other costs stay at their estimates."""
    sums = np.stack([np.bincount(draw, weights=column) for column in (*happened.T, np.ones(len(draw)))], axis=1)
    patterns, counts = np.unique(sums, axis=0, return_counts=True)
    n = int(counts.sum())
    weights = np.random.default_rng(seed).multinomial(n, counts / n, size=resamples)
    *hits, sizes = (weights @ patterns).T
    drawn = np.stack(hits, axis=1) / sizes[:, None]
    return np.asarray(np.mean([is_efficient(np.column_stack([row, *costs])) for row in drawn], axis=0))
