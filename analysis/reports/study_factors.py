"""Figures of what drives a study's outcome, by its design: tornado, Sobol indices, boxes, heat map."""

from collections.abc import Iterator

from analysis.charts.study.context import StudyContext
from analysis.reports.panels import Panel
from analysis.reports.study_folder import StudyFolder


def factor_panels(study: StudyFolder, context: StudyContext, event: str) -> Iterator[Panel]:
    """The figures that the design bears, none where it moves nothing."""
    yield from ()
