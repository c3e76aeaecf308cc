"""The independent draws behind a study's runs: the basis of intervals for means and differences of arms.

Rows of a random design, and blocks of a Saltelli design, have independent randomness: each is a draw. Rows of a grid,
a list and one-at-a-time are fixed places that share the randomness of a replication: there a draw is a replication,
averaged over the places. This also applies to an arm of one row.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from ..bounds import bounds_of, lower_ends
from ..estimators.clusters import share_over_clusters
from ..estimators.estimate import Estimate
from ..estimators.intervals import clopper_pearson
from ..estimators.paired import paired_difference, paired_probability
from ..sensitivity.tornado import mean_of
from .folder import StudyFolder

#: Columns of `drawn`.
DRAW, FIXED, SHARED, VALUE, PATHS, BOUND = "draw", "fixed", "shared", "value", "paths", "bound"
#: Ends the column of the second arm's value in `paired_runs`.
SECOND = "_second"


def drawn(study: StudyFolder, runs: pd.DataFrame, column: str, *, paths: str) -> pd.DataFrame:
    """Runs that have the column: arm, place (row of the design in its arm), replication and the columns above.

    runs: done, with the column, and in column `paths` how many outcomes each is the mean of.  draw: what is drawn.
    fixed: places are, and share the draw.  shared: runs with the same randomness have the same number.  bound: the
    value is only a lower bound.
    """
    table = runs[runs[column].notna()]
    ordered = study.points.sort_values("point").set_index("point")
    has_several_scenarios = study.points["scenario"].nunique() > 1
    return pd.DataFrame(
        {
            "arm": table["arm"],
            "place": table["point"].map(ordered.groupby("arm").cumcount()),
            "replication": table["replication"],
            VALUE: lower_ends(table, column),
            BOUND: bounds_of(table, column),
            DRAW: table["scenario"] if has_several_scenarios else table["replication"],
            FIXED: not has_several_scenarios,
            SHARED: table.groupby(["scenario", "replication"]).ngroup(),
            PATHS: table[paths],
        }
    )


def mean_of_arm(table: pd.DataFrame, *, is_chance: bool, level: float) -> Estimate | None:
    """The mean over the draws of one arm (rows of `drawn`); None with fewer than two draws.

    Events of full runs have Wilson's interval for the effective number of runs; shares of paths that are all 0 or all
    1 have that of their paths.
    """
    rows = whole(table)
    if rows[DRAW].nunique() < 2:
        return None
    if rows[VALUE].dtype == bool:
        found = share_over_clusters(rows[VALUE], rows[DRAW], draws=rows[SHARED].nunique(), level=level)
        return replace(found, n=rows[DRAW].nunique(), events=-1)
    values = rows.groupby(DRAW)[VALUE].mean().to_numpy(np.float64)
    found = mean_of(values, level=level)
    if not is_chance:
        return found
    low, high = np.clip([found.low, found.high], 0, 1)
    if np.ptp(values) == 0 and found.value in (0, 1):
        n = float(rows.groupby(SHARED)[PATHS].max().sum())
        low, high = clopper_pearson(found.value * n, n, level=level)
    return replace(found, low=float(low), high=float(high))


def difference_of_arms(first: pd.DataFrame, second: pd.DataFrame, *, is_chance: bool, level: float) -> Estimate | None:
    """The mean paired difference second - first over the draws; None if fewer than two draws have both arms."""
    both = paired_runs(first, second)
    if both[DRAW].nunique() < 2:
        return None
    if both[VALUE].dtype == bool:
        shared = both[SHARED].nunique()
        pair = both[VALUE], both[VALUE + SECOND]
        found = paired_probability(*pair, cluster=both[DRAW], draws=shared, level=level)
        return replace(found, n=both[DRAW].nunique(), events=-1)
    means = both.groupby(DRAW)[[VALUE, VALUE + SECOND]].mean().astype(np.float64)
    found = paired_difference(means[VALUE], means[VALUE + SECOND], level=level)
    if is_chance and found.low == found.high == 0:
        n = int(both.groupby(SHARED)[PATHS].max().sum())
        none = paired_probability(np.zeros(n, bool), np.zeros(n, bool), level=level)
        return replace(none, n=found.n)
    return found


def paired_runs(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The runs of the first arm that the second has too, with the second's value in a column `value_second`."""
    keys = ["place", "replication"]
    return whole(first.merge(second[[*keys, VALUE]], on=keys, suffixes=("", SECOND)))


def whole(table: pd.DataFrame) -> pd.DataFrame:
    """If places share a draw (replications of a grid), only replications that all places have.

    Otherwise means would be over different places. Places without a run are left out.
    """
    if not table[FIXED].any():
        return table
    runs = table.groupby(DRAW)["place"].transform("nunique")
    return table[runs == table["place"].nunique()]
