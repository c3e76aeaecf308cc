"""How far a study's arms differ from its first, on the same randomness: paired, so that common noise drops out."""

import numpy as np
import pandas as pd

from analysis.estimators.estimate import Estimate
from analysis.estimators.paired import paired_difference, paired_probability
from analysis.reports.study_folder import StudyFolder
from analysis.reports.study_outcomes import Outcome, runs_with_outcomes, shown_outcomes
from analysis.reports.study_samples import arm_labels

COLUMNS = ["arm", "outcome", "unit", "is_money", "value", "low", "high", "n", "unequal"]


def arm_differences(study: StudyFolder, *, level: float) -> tuple[str, pd.DataFrame]:
    """The first arm's label, and each other arm's paired difference from it, by outcome that the study names.

    Pairs are draws of the design (rows; Saltelli blocks), replications averaged, or replications where the design has
    one row. Columns as `draw_arm_outcomes` takes them, and `unequal`: pairs that differ at all. Without rows where
    nothing can be paired.
    """
    if not study.study.get("outcomes") or study.done.empty:
        return "", pd.DataFrame(columns=COLUMNS)
    every, labels = runs_with_outcomes(study), arm_labels(study)
    runs = every[(every["status"] == "done").to_numpy()].copy()
    if study.points["scenario"].nunique() > 1:  # rows that share one, as those of a Saltelli block, are one draw
        runs["row"] = runs["scenario"]
    else:
        runs["row"] = runs["point"].map(study.points.set_index("point").groupby("arm").cumcount())
    first = min(labels)
    rows = []
    for outcome in shown_outcomes(study, every):
        pairs = _pairs(runs, outcome)
        for arm in pairs.columns.drop(first, errors="ignore"):
            both = pairs[[first, arm]].dropna() if first in pairs else pairs.iloc[:0]
            if len(both) >= 2:
                found = _difference(both[first], both[arm], outcome, level)
                words = (labels.get(int(arm), f"arm {arm}"), outcome.words, outcome.unit, outcome.is_money)
                unequal = int((both[first] != both[arm]).sum())
                rows.append((*words, found.value, found.low, found.high, found.n, unequal))
    return labels.get(first, ""), pd.DataFrame(rows, columns=COLUMNS)


def _pairs(runs: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """Outcome by pair (index) and arm (columns)."""
    unit = "row" if runs["row"].nunique() > 1 else "replication"
    means = runs.assign(value=runs[outcome.column].astype(np.float64)).groupby([unit, "arm"])["value"].mean()
    return means.unstack("arm")


def _difference(first: pd.Series, second: pd.Series, outcome: Outcome, level: float) -> Estimate:
    values = np.concatenate([first.to_numpy(np.float64), second.to_numpy(np.float64)])
    if outcome.is_chance and np.isin(values, (0.0, 1.0)).all():
        return paired_probability(first > 0, second > 0, level=level)
    return paired_difference(first, second, level=level)
