"""The factors that vary in a study: their names, their units, and the two that a heat map shows."""

import numpy as np
import pandas as pd

from .design import design_kind
from .folder import StudyFolder
from .outcomes import Outcome


def moving_factors(study: StudyFolder) -> list[str]:
    """Columns of the points (`u.` and `l.`) that are not constant."""
    return [
        str(name)
        for name in study.points.columns
        if str(name).startswith(("u.", "l.")) and study.points[name].nunique(dropna=False) > 1
    ]


def units_of(study: StudyFolder) -> dict[str, str]:
    """Unit of each uncertainty and lever, by its name."""
    return {name[2:]: study.unit_of(name[2:]) for name in study.points.columns if str(name).startswith(("u.", "l."))}


def heat_pair(study: StudyFolder, runs: pd.DataFrame, outcome: Outcome) -> tuple[str, str] | None:
    """The two factors of the heat map: of a grid the two with most levels, of a sample the two most correlated."""
    kind = design_kind(study)
    moving = moving_factors(study)
    if kind == "grid":
        order = sorted(moving, key=lambda name: -study.points[name].nunique())
        return (order[0], order[1]) if len(order) > 1 else None
    numeric = [name for name in moving if pd.api.types.is_numeric_dtype(study.points[name])]
    if len(numeric) < 2 or kind not in SAMPLED:
        return None
    joined = runs[["point", outcome.column]].merge(study.points[["point", *numeric]], on="point").dropna()
    if len(joined) < MIN_POINTS or joined[outcome.column].nunique() < 2:
        return None
    strength = joined[numeric].corrwith(joined[outcome.column].astype(np.float64), method="spearman").abs().fillna(0.0)
    order = [str(name) for name in strength.sort_values(ascending=False, kind="stable").index]
    return order[0], order[1]


SAMPLED = ("random", "latin_hypercube", "sobol", "saltelli")


#: Minimum number of points for boxes and correlations.
MIN_POINTS = 50
