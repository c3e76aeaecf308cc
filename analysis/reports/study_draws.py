"""The independent draws behind a study's runs: what means and differences of arms have an interval over.

Rows of a random design, and blocks of a Saltelli design, have randomness of their own: each is a draw. Rows of a grid,
a list and one-at-a-time are fixed places that share the randomness of a replication: there a draw is a replication,
averaged over the places. That holds for an arm of one row too.
"""

import numpy as np
import pandas as pd

from analysis.reports.study_folder import StudyFolder


def values_by_draw(study: StudyFolder, runs: pd.DataFrame, column: str) -> pd.DataFrame:
    """The column's mean of each draw (index) in each arm (columns, by number); NaN where an arm does not tell it.

    runs: done, of `study_outcomes`. Of rows that share their randomness, a replication counts where all rows that tell
    the column at all have it: else its mean would be over other places than its neighbour's.
    """
    table = runs.assign(value=runs[column].astype(np.float64)).dropna(subset="value")
    if study.points["scenario"].nunique() > 1:
        return table.groupby(["scenario", "arm"])["value"].mean().unstack("arm")
    wide = (
        table.assign(place=_places(study, table)).set_index(["arm", "place", "replication"])["value"].unstack("place")
    )
    whole = {arm: own.dropna(axis=1, how="all").dropna().mean(axis=1) for arm, own in wide.groupby(level="arm")}
    return pd.DataFrame({arm: means.droplevel("arm") for arm, means in whole.items()})


def pairs_by_draw(study: StudyFolder, runs: pd.DataFrame, column: str, first: int, second: int) -> pd.DataFrame:
    """The column's mean of each draw (index) in two arms (columns), over the runs that both have."""
    both = runs[runs["arm"].isin([first, second]) & runs[column].notna()].assign(place=_places(study, runs))
    arms = both.groupby(["place", "replication"])["arm"].transform("nunique")
    means = values_by_draw(study, both[arms == 2], column)
    return means.reindex(columns=[first, second]).dropna()


def _places(study: StudyFolder, runs: pd.DataFrame) -> pd.Series:
    """Row of the design that each run is of: the place of its point among those of its arm."""
    ordered = study.points.sort_values("point").set_index("point")
    return runs["point"].map(ordered.groupby("arm").cumcount())
