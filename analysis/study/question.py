"""What a study asks and rests on, in words: the event and its horizon, what "sufficient" means, the design."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.errors import AnalysisError
from analysis.sizing.definition import Sufficient, span
from analysis.study.folder import StudyFolder, paths_of
from analysis.study.samples import EVENT_NAMES, EVENTS

#: Target probabilities that a report answers for where the study names none.
TARGETS = (1e-2, 1e-3, 1e-4)
_SAMPLING = {"random", "latin_hypercube", "sobol"}


def defined(study: StudyFolder) -> Sufficient | None:
    """What "sufficient" means in this study; None where the study file does not define it."""
    answer = study.study.get("answer")
    if not isinstance(answer, Mapping):
        return None
    try:
        return Sufficient.of({key: value for key, value in answer.items() if value is not None})
    except AnalysisError:
        return None


def event_of(study: StudyFolder) -> str:
    """The event whose probability the report shows: that of the study's answer or outcomes, or exhaustion."""
    meant = defined(study)
    if meant is not None and meant.event in EVENTS:
        return meant.event
    named = [EVENT_NAMES[name] for name in study.study.get("outcomes") or [] if name in EVENT_NAMES]
    return named[0] if named and meant is None else "equity_zero"


def horizon_of(study: StudyFolder) -> str:
    """The horizon in words: that of the answer, else the simulated time."""
    meant = defined(study)
    if meant is not None:
        return span(meant.horizon_days)
    return span(simulated_days(study)) if len(study.done) else "the run"


def simulated_days(study: StudyFolder) -> float:
    """Simulated time of a run, days: the longest of the study; 0 without runs."""
    return float(study.done["duration_ms"].max()) / 86_400_000 if len(study.done) else 0.0


def phrase(study: StudyFolder, event: str) -> str:
    """An event with its horizon: `the fund is exhausted within 30 days`."""
    return f"{EVENTS[event]} within {horizon_of(study)}"


def design_kind(study: StudyFolder) -> str:
    """Kind of the design, e.g. grid."""
    design = study.study.get("design")
    return str(design.get("kind", "grid")) if isinstance(design, Mapping) else "grid"


def is_pooled(study: StudyFolder) -> bool:
    """Whether the points of an arm are a sample of the uncertainties, so that their outcomes may be pooled."""
    moving = [name for name in study.points.columns if str(name).startswith("u.")]
    return not moving or design_kind(study) in _SAMPLING or bool(len(study.points) == study.points["arm"].nunique())


def asks_fund(study: StudyFolder) -> bool:
    """Whether a study is about the size of the fund: it defines "sufficient", names the required fund, or nothing."""
    named = study.study.get("outcomes") or []
    return isinstance(study.study.get("answer"), Mapping) or not named or "required_fund_quanta" in named


def design_rows(study: StudyFolder) -> list[list[str]]:
    """Rows of the design table: factor, what it is, where it stands in the config, its values, unit."""
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
    """A value as a table shows it, mechanisms by their kind."""
    if isinstance(value, Mapping):
        return str(value.get("kind") or ", ".join(f"{key} {_short(inner)}" for key, inner in value.items()))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_short(inner) for inner in value) + "]"
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)
