"""An outcome over two inputs: the frame of a heat map, each cell with its interval.

Points of one cell are the sample (the mean over a point's replications counts once), so intervals hold what the other
inputs do inside the cell. Points of a Saltelli block share inputs and randomness: they are one draw, and intervals are
over blocks. Points of a grid are fixed places that share the randomness of a replication: intervals are over these.
How much the cells differ beyond what rows and columns explain is the interaction.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..bounds import lower_ends
from ..estimators.clusters import mean_over_clusters, share_over_clusters
from ..estimators.estimate import Estimate
from ..estimators.intervals import normal_quantile
from .design_table import F64, I64, DesignTable, design_table, is_numeric
from .tornado import mean_of

MAX_LEVELS = 12
COLUMNS = ("x", "y", "value", "low", "high", "level", "n", "events", "method", "bounds")


def heat_map(
    points: pd.DataFrame,
    runs: pd.DataFrame,
    outcome: str,
    x: str,
    y: str,
    *,
    arm: int | None = None,
    bins: int = 6,
    level: float = 0.95,
    errors: str | None = None,
) -> pd.DataFrame:
    """One row per cell with runs: x, y (its setting, or the middle of its bin), value, low, high, level, n, events.

    An input of more than MAX_LEVELS numbers is cut into `bins` of equal counts. n: runs of events (Wilson interval, of
    as many runs as they are worth), points, blocks of points, or replications of a grid, of other outcomes (t interval;
    NaN bounds for one). events: -1 if it is none.  errors: column of the runs with the standard error of their outcome
    over their own paths; a cell of one run then has a normal interval, which holds for its opening book.  bounds: runs
    of the cell that know only a lower bound; then the value is one, without an interval, and n counts runs.
    """
    sample = design_table(points, runs, outcome, inputs=[x, y], arm=arm)
    if sample.bound.any():
        ends = runs.assign(**{outcome: lower_ends(runs, outcome)})
        sample = replace(sample, values=design_table(points, ends, outcome, inputs=[x, y], arm=arm).values)
    keep = np.asarray(np.isfinite(sample.values).any(axis=1))
    sample, within = sample.rows(keep), np.full_like(sample.values[keep], np.nan)
    if errors is not None:
        within = design_table(points, runs, errors, inputs=[x, y], arm=arm).values[keep]
    places = [axis_of(sample.inputs[name], bins) for name in sample.names]
    frame = pd.DataFrame({"x": places[0], "y": places[1]})
    rows = []
    for (at_x, at_y), own in frame.groupby(["x", "y"], sort=True):
        place = {"x": at_x, "y": at_y, "level": level, "bounds": 0}
        rows.append(place | _cell(sample, own.index.to_numpy(), level, within))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def axis_of(column: pd.Series, bins: int) -> pd.Series:
    """Place of each point on an axis: its own value, or the median of the points of its bin."""
    if not is_numeric(column) or column.nunique() <= MAX_LEVELS:
        return column.reset_index(drop=True)
    cut = pd.qcut(column.reset_index(drop=True), bins, labels=False, duplicates="drop")
    return column.reset_index(drop=True).groupby(cut).transform("median")


def _cell(sample: DesignTable, rows: Sequence[int] | np.ndarray, level: float, within: F64) -> dict[str, object]:
    values, unit = sample.values[rows], sample.unit[rows]
    if n_bounds := int(sample.bound[rows].sum()):
        n = int(np.isfinite(values).sum())
        lone = {"value": float(np.nanmean(values)), "low": np.nan, "high": np.nan, "n": n, "events": -1}
        return {**lone, "method": "a lower bound", "bounds": n_bounds}
    if sample.shares_randomness and len(values) > 1:
        return _over_replications(values, is_event=sample.is_event, level=level)
    if sample.is_event:
        known = np.isfinite(values)
        found = share_over_clusters(values[known], np.broadcast_to(unit[:, None], values.shape)[known],
                                    draws=_draws(known, unit), level=level)  # fmt: skip
        return {**_named(found), "n": found.n, "events": found.events, "method": found.method}
    means: F64 = np.nanmean(values, axis=1)
    if len(np.unique(unit)) == 1:  # only randomness varies
        with_values = np.isfinite(values).any(axis=0)
        if with_values.sum() < 2:
            return _lone(float(means.mean()), within[rows], level)
        found = mean_of(np.nanmean(values[:, with_values], axis=0), level=level)
    else:
        found = mean_over_clusters(means, unit, level=level)
    return {**_named(found), "n": found.n, "events": -1, "method": found.method}


def _lone(value: float, within: F64, level: float) -> dict[str, object]:
    """A cell of one run, or of several with the same randomness: an interval only if the paths of one run give one."""
    known = within[np.isfinite(within)]
    if len(known) != 1:
        return {"value": value, "low": np.nan, "high": np.nan, "n": 1, "events": -1, "method": "one run, no interval"}
    half = normal_quantile(level) * float(known[0])
    bounds = {"value": value, "low": value - half, "high": value + half}
    return {**bounds, "n": 1, "events": -1, "method": "one run, over its paths"}


def _over_replications(values: F64, *, is_event: bool, level: float) -> dict[str, object]:
    """Of several places that share the randomness of each replication: only replications are draws."""
    known = np.isfinite(values)
    n_replications = int(known.any(axis=0).sum())
    if is_event:
        replication = np.broadcast_to(np.arange(values.shape[1]), values.shape)
        found = share_over_clusters(values[known], replication[known], draws=n_replications, level=level)
        return {**_named(found), "n": found.n, "events": found.events, "method": found.method}
    if n_replications < 2:
        lone = {"value": float(np.nanmean(values)), "low": np.nan, "high": np.nan}
        return {**lone, "n": 1, "events": -1, "method": "one replication, no interval"}
    found = mean_of(np.nanmean(values[:, known.any(axis=0)], axis=0), level=level)
    return {**_named(found), "n": found.n, "events": -1, "method": found.method}


def _named(found: Estimate) -> dict[str, object]:
    return {"value": found.value, "low": found.low, "high": found.high}


def _draws(known: npt.NDArray[np.bool_], unit: I64) -> int:
    """Runs with independent randomness: those of a replication in one unit of points share it."""
    return sum(int(known[unit == one].any(axis=0).sum()) for one in np.unique(unit))
