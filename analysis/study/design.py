"""The design of a study: its kind, whether its points are a sample, and its table of factors."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .folder import StudyFolder, paths_of

_SAMPLING = {"random", "latin_hypercube", "sobol"}


def design_kind(study: StudyFolder) -> str:
    """Kind of the design, e.g. grid."""
    design = study.study.get("design")
    return str(design.get("kind", "grid")) if isinstance(design, Mapping) else "grid"


def is_pooled(study: StudyFolder) -> bool:
    """Whether the points of an arm are a sample of the uncertainties, so that their outcomes may be pooled."""
    moving = [name for name in study.points.columns if str(name).startswith("u.")]
    return not moving or design_kind(study) in _SAMPLING or bool(len(study.points) == study.points["arm"].nunique())


def design_rows(study: StudyFolder) -> list[list[str]]:
    """Rows of the design table: factor, its kind, its path in the config, its values, unit."""
    rows = []
    for factor in study.factors("uncertainties"):
        law = factor.get("distribution") or {}
        rows.append(
            [
                str(factor.get("name")),
                "uncertainty",
                ", ".join(paths_of(factor)),
                _law(law),
                str(factor.get("unit") or ""),
            ]
        )
    for factor in study.factors("levers"):
        labels = factor.get("labels") or factor.get("values") or []
        values = ", ".join(_short(value) for value in labels)
        rows.append(
            [str(factor.get("name")), "lever", ", ".join(paths_of(factor)), values, str(factor.get("unit") or "")]
        )
    return rows


def _law(law: Any) -> str:
    if not isinstance(law, Mapping):
        return _short(law)
    rest = ", ".join(f"{key} {_short(value)}" for key, value in law.items() if key != "kind" and value is not None)
    return f"{law.get('kind', '')} ({rest})" if rest else str(law.get("kind", ""))


def _short(value: Any) -> str:
    """A value as shown in a table, mechanisms by their kind."""
    if isinstance(value, Mapping):
        return str(value.get("kind") or ", ".join(f"{key} {_short(inner)}" for key, inner in value.items()))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_short(inner) for inner in value) + "]"
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)
