"""The question of a study: the event and its horizon, the definition of "sufficient", whether it is about fund size."""

from collections.abc import Mapping

from ..errors import AnalysisError
from ..sizing.definition import Sufficient, span
from .events import EVENT_BY_ANSWER, EVENT_BY_NAME
from .folder import StudyFolder

#: Target probabilities of a report if the study names none.
TARGETS = (1e-2, 1e-3, 1e-4)


def defined(study: StudyFolder) -> Sufficient | None:
    """The definition of "sufficient" in this study; None if the study file has none."""
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
    if meant is not None and meant.event in EVENT_BY_ANSWER:
        return meant.event
    named = [EVENT_BY_NAME[name].answer for name in study.study.get("outcomes") or [] if name in EVENT_BY_NAME]
    return named[0] if named and meant is None else "equity_zero"


def horizon_of(study: StudyFolder) -> str:
    """The horizon as text: that of the answer, else the simulated time."""
    meant = defined(study)
    if meant is not None:
        return span(meant.horizon_days)
    return span(simulated_days(study)) if len(study.done) else "the run"


def simulated_days(study: StudyFolder) -> float:
    """Simulated time of a run, days: the longest of the study; 0 without runs."""
    return float(study.done["duration_ms"].max()) / 86_400_000 if len(study.done) else 0.0


def phrase(study: StudyFolder, event: str) -> str:
    """An event with its horizon: `the fund is exhausted within 30 days`."""
    return f"{EVENT_BY_ANSWER[event].sentence} within {horizon_of(study)}"


def asks_fund(study: StudyFolder) -> bool:
    """Whether a study asks how large a fund must be: it defines "sufficient", or names no outcomes."""
    return isinstance(study.study.get("answer"), Mapping) or not study.study.get("outcomes")


def shows_fund(study: StudyFolder) -> bool:
    """Whether curves of fund sizes belong into a report: the study asks how large, or names the required fund."""
    return asks_fund(study) or "required_fund_quanta" in (study.study.get("outcomes") or [])
