"""The label of each arm of a study: the values of its levers, with their units."""

import math

import numpy as np

from ..money import format_short
from .folder import StudyFolder


def arm_labels(study: StudyFolder, *, without: str = "") -> dict[int, str]:
    """The label of each arm: the values of its levers except `without`; the study's name if it has no other."""
    levers = [name for name in study.points.columns if str(name).startswith("l.") and name[2:] != without]
    if not levers:
        return {int(arm): study.name for arm in study.points["arm"].unique()}
    first = study.points.drop_duplicates("arm")
    return {
        int(row["arm"]): ", ".join(_level(study, str(name), row[name]) for name in levers)
        for row in first.to_dict("records")
    }


def _level(study: StudyFolder, column: str, value: object) -> str:
    name = column.removeprefix("l.")
    unit = study.unit_of(name)
    number = float(str(value)) if isinstance(value, int | float | np.number) else math.nan
    if abs(number) >= 1e6:
        return f"{name} {format_short(number, unit)}"
    if math.isnan(number):  # a custom label, which includes its unit
        return f"{name} {value}"
    return f"{name} {number:,.6g}" + (f" {unit}" if unit else "")
