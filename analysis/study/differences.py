"""Differences of a study's arms from its first, on the same randomness: paired, so that common noise cancels."""

import numpy as np
import pandas as pd

from .draws import BOUND, difference_of_arms, drawn
from .folder import StudyFolder
from .labels import arm_labels
from .outcomes import OUTCOMES, runs_with_outcomes, shown_outcomes

COLUMNS = ["arm", "outcome", "unit", "is_money", "value", "low", "high", "n", "bounds", "runs"]


def arm_differences(study: StudyFolder, *, level: float) -> tuple[str, pd.DataFrame]:
    """The first arm's label, and each other arm's paired difference from it, by outcome that the study names.

    Pairs are draws (see `draws.py`), of the runs that both arms have. Columns as `draw_arm_outcomes` takes them;
    no rows if nothing can be paired. The difference is NaN if `bounds` of the `runs` of both arms know only a lower
    bound of the outcome.
    """
    if not study.study.get("outcomes") or study.done.empty:
        return "", pd.DataFrame(columns=COLUMNS)
    every, labels = runs_with_outcomes(study), arm_labels(study)
    runs = every[(every["status"] == "done").to_numpy()]
    first = min(labels)
    rows = []
    for outcome in shown_outcomes(study, every):
        table = drawn(study, runs, outcome.column, paths=OUTCOMES)
        for arm in sorted(set(labels) - {first}):
            pair = table[table["arm"] == first], table[table["arm"] == arm]
            words = (labels[arm], outcome.label, outcome.unit, outcome.is_money)
            n_bounds, n_runs = (sum(int(measure(one)) for one in pair) for measure in (_bounds, len))
            if n_bounds:
                rows.append((*words, np.nan, np.nan, np.nan, n_runs, n_bounds, n_runs))
            elif (found := difference_of_arms(*pair, is_chance=outcome.is_chance, level=level)) is not None:
                rows.append((*words, found.value, found.low, found.high, found.n, 0, n_runs))
    return labels[first], pd.DataFrame(rows, columns=COLUMNS)


def _bounds(table: pd.DataFrame) -> int:
    """Runs that know only a lower bound."""
    return int(table[BOUND].sum())
