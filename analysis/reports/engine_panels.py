"""The figures of a study that ran on both engines: one for each outcome that it names."""

from collections.abc import Iterator

from ..bounds import bounds_text
from ..charts.chart_context import StudyContext
from ..charts.compose import empty
from ..charts.study.engines import QUESTION, draw_engines
from ..study.engines import engine_factor, engine_frame, has_both_engines
from ..study.folder import StudyFolder
from ..study.outcomes import runs_with_outcomes, shown_outcomes
from .run_panels import Panel


def engine_panels(study: StudyFolder, context: StudyContext) -> Iterator[Panel]:
    """One figure for each outcome that the study names; none if all arms ran on one engine."""
    if not has_both_engines(study):
        return
    every, factor = runs_with_outcomes(study), engine_factor(study)
    runs = every[(every["status"] == "done").to_numpy()].copy()
    runs["x"] = runs["point"].map(study.points.set_index("point")[factor]) if factor else 0.0
    title = "" if not factor else " ".join([factor[2:], f"({study.unit_of(factor[2:])})"]).replace(" ()", "")
    for outcome in shown_outcomes(study, every):
        name = f"engines-{outcome.column.removesuffix('_quote').replace('_', '-')}"
        if bounds := bounds_text(runs, outcome.column):
            text = f"Not drawn: {outcome.label} is {bounds}, and a ratio takes exact values."
            yield Panel(name, empty(context, question=QUESTION, text=text, axes=(title or "factor", outcome.label)))
            continue
        than, frame = engine_frame(study, runs, outcome, level=context.level)
        figure = draw_engines(
            frame, context, outcome=outcome.label, unit=outcome.unit, is_money=outcome.is_money, factor=title, than=than
        )
        yield Panel(name, figure)
