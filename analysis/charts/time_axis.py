"""Building blocks of time charts: thinned lines, and increments of a running total summed into equal spans of time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from ..downsample import keep_extremes
from .chart_context import RunContext
from .compose import axis

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

#: Time spans that one bar may cover, ms.
_SPANS = tuple(1_000 * s for s in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400))


def draw_line(
    context: RunContext, time_ms: Any, values: Any, *, name: str, colour: str, unit: str, **options: Any
) -> go.Scatter:
    """A line over time of at most MAX_POINTS points, its extremes kept; the hover text shows `unit`.

    Where no two neighbours make a line, as at a single sample, points are drawn.
    """
    column = np.asarray(values, dtype=np.float64)
    kept = keep_extremes(column)
    x, y = context.times(np.asarray(time_ms)[kept]), column[kept]
    has_length = np.isfinite(np.diff(y)) & ((np.diff(x) != 0) | (np.diff(y) != 0))
    line = {"color": colour, "width": 1.6, **options.pop("line", {})}
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="lines" if has_length.any() else "markers",
        line=line,
        marker={"color": colour, "size": 6},
        hovertemplate=f"%{{x}}<br>{name}: %{{y:,.6~g}} {unit}<extra></extra>",
        **options,
    )


def choose_span(duration_ms: int, bars: int = 120) -> int:
    """The shortest of the standard spans that needs at most `bars` bars, ms."""
    return next((span for span in _SPANS if duration_ms / span <= bars), _SPANS[-1])


def span_label(span_ms: int) -> str:
    """A span as an axis prints it: 30 s, 5 min, 1 h."""
    for size, word in ((3_600_000, "h"), (60_000, "min")):
        if span_ms % size == 0:
            return f"{span_ms // size} {word}"
    return f"{span_ms / 1000:g} s"


def sum_increments(time_ms: Any, running_total: Any, span_ms: int) -> tuple[I64, I64]:
    """Increments of a running total by span: (middle of the span in ms, sum); the first value is an increment."""
    time = np.asarray(time_ms, dtype=np.int64)
    total = np.asarray(running_total, dtype=np.int64)
    if not len(time):
        return time, total
    span = np.maximum(time - 1, 0) // span_ms  # a sample at the end of a span belongs to it
    sums = np.zeros(int(span[-1]) + 1, dtype=np.int64)
    np.add.at(sums, span, np.diff(total, prepend=0))
    return np.arange(len(sums), dtype=np.int64) * span_ms + span_ms // 2, sums


def draw_bars(
    context: RunContext, middle_ms: I64, values: F64, *, name: str, colour: str, unit: str, span_ms: int, **options: Any
) -> go.Bar:
    """Bars of one span each over the time axis: none for a zero, and at least a hair for the smallest amount."""
    width = span_ms if context.start_utc is not None else float(context.times(np.array([span_ms]))[0])
    return go.Bar(
        x=context.times(middle_ms),
        y=np.where(values == 0, np.nan, values),
        name=name,
        width=width,
        marker={"color": colour, "line": {"width": 0.8, "color": colour}},
        hovertemplate=f"%{{x}}<br>{name}: %{{y:,.4~g}} {unit} in {span_label(span_ms)}<extra></extra>",
        **options,
    )


def time_axes(context: RunContext, grid: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The x axes of a grid of panels as time axes; only the last has the title with its unit.

    They span the run, whatever is drawn: a panel without a trace would otherwise move the shared axis to 1970 or 2000.
    """
    start, end = context.times([0, context.duration_ms]).tolist()
    look: dict[str, Any] = {"type": context.time_type, "range": [start, max(end, start + 1)]}
    if context.start_utc is not None and context.duration_ms <= 86_400_000:
        short = context.duration_ms <= 600_000
        look |= {"tickformat": "%H:%M:%S" if short else "%H:%M", "hoverformat": "%d %b %H:%M:%S"}
    names = [name for name in grid if name.startswith("xaxis")]
    return {name: axis(context.time_title if name == names[-1] else "", **grid[name], **look) for name in names}
