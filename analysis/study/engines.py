"""Both engines on the same question: each arm's outcomes over the factor, and its ratio to the first full arm's.

The reference is the first arm that ran on the full engine. Runs are paired by point of the design and replication: the
same opening book and randomness.
"""

import numpy as np
import pandas as pd

from ..estimators.paired import paired_difference
from ..sensitivity.tornado import mean_of
from .folder import StudyFolder
from .labels import arm_labels
from .outcomes import Outcome

#: Columns of `engine_frame`.
FRAME = ("arm", "x", "value", "low", "high", "ratio", "ratio_low", "ratio_high", "n")


def has_both_engines(study: StudyFolder) -> bool:
    """Whether arms ran on different engines."""
    return len(set(study.done["fidelity"])) > 1


def engine_factor(study: StudyFolder) -> str:
    """The first uncertainty of several values, as a column of the points; empty if there is none."""
    names = [str(name) for name in study.points.columns if str(name).startswith("u.")]
    numbers = [name for name in names if pd.api.types.is_numeric_dtype(study.points[name])]
    return next((name for name in numbers if study.points[name].nunique() > 1), "")


def engine_frame(study: StudyFolder, runs: pd.DataFrame, outcome: Outcome, *, level: float) -> tuple[str, pd.DataFrame]:
    """(label of the first full arm, the frame of `draw_engines`).  runs: done, with x and the outcome's column."""
    labels = arm_labels(study)
    reference = int(runs.loc[runs["fidelity"] == "full", "arm"].min())
    rows = []
    for x, at_x in runs.groupby("x", sort=True):
        table = at_x.pivot_table(index="replication", columns="arm", values=outcome.column)
        for arm in table.columns:
            values = table[arm].dropna().to_numpy(np.float64)
            if len(values) < 2:
                continue
            found = mean_of(values, level=level)
            of_mean = (1.0, found.low / found.value, found.high / found.value) if found.value else (np.nan,) * 3
            ratio = of_mean if arm == reference else _ratio(table, reference, int(arm), level)
            label = labels.get(int(arm), f"arm {arm}")
            rows.append((int(arm), label, x, found.value, found.low, found.high, *ratio, len(values)))
    frame = pd.DataFrame(rows, columns=["number", *FRAME]).sort_values(["number", "x"])
    return labels.get(reference, ""), frame.drop(columns="number").reset_index(drop=True)


def _ratio(table: pd.DataFrame, reference: int, arm: int, level: float) -> tuple[float, float, float]:
    """1 + the paired difference from the reference over the reference's mean, with the difference's interval."""
    both = table[[reference, arm]].dropna() if reference in table else table.iloc[:0]
    mean = float(both[reference].mean()) if len(both) > 1 else 0.0
    if mean == 0:
        return np.nan, np.nan, np.nan
    found = paired_difference(both[reference], both[arm], level=level)
    return 1 + found.value / mean, 1 + found.low / mean, 1 + found.high / mean
