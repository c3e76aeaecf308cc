"""How far a study's arms differ from its first, on the same randomness: paired, so that common noise drops out."""

import numpy as np
import pandas as pd

from analysis.estimators.estimate import Estimate
from analysis.estimators.paired import paired_difference, paired_probability
from analysis.reports.study_draws import pairs_by_draw
from analysis.reports.study_folder import StudyFolder
from analysis.reports.study_outcomes import Outcome, runs_with_outcomes, shown_outcomes
from analysis.reports.study_samples import arm_labels

COLUMNS = ["arm", "outcome", "unit", "is_money", "value", "low", "high", "n", "unequal"]


def arm_differences(study: StudyFolder, *, level: float) -> tuple[str, pd.DataFrame]:
    """The first arm's label, and each other arm's paired difference from it, by outcome that the study names.

    Pairs are draws (see `study_draws.py`), of the runs that both arms have. Columns as `draw_arm_outcomes` takes them,
    and `unequal`: pairs that differ at all. Without rows where nothing can be paired.
    """
    if not study.study.get("outcomes") or study.done.empty:
        return "", pd.DataFrame(columns=COLUMNS)
    every, labels = runs_with_outcomes(study), arm_labels(study)
    runs = every[(every["status"] == "done").to_numpy()]
    first = min(labels)
    rows = []
    for outcome in shown_outcomes(study, every):
        for arm in sorted(set(labels) - {first}):
            both = pairs_by_draw(study, runs, outcome.column, first, arm)
            if len(both) >= 2:
                found = _difference(both[first], both[arm], outcome, level)
                words = (labels[arm], outcome.words, outcome.unit, outcome.is_money)
                unequal = int((both[first] != both[arm]).sum())
                rows.append((*words, found.value, found.low, found.high, found.n, unequal))
    return labels[first], pd.DataFrame(rows, columns=COLUMNS)


def _difference(first: pd.Series, second: pd.Series, outcome: Outcome, level: float) -> Estimate:
    values = np.concatenate([first.to_numpy(np.float64), second.to_numpy(np.float64)])
    if outcome.is_chance and np.isin(values, (0.0, 1.0)).all():
        return paired_probability(first > 0, second > 0, level=level)
    return paired_difference(first, second, level=level)
