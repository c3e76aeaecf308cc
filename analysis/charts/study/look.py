"""What charts of studies are put together from: axes, panels, bands of intervals, marks for `0 of n`, the caption.

Layouts are built as one dict and validated once: updating a figure piece by piece is slow.
"""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from ...money import format_short
from ..theme import AXIS_LOOK, BLUE, caption_note, empty_figure, layout_of
from .context import StudyContext

F64 = npt.NDArray[np.float64]

BAND = "rgba(0,114,178,0.20)"
FAINT = "rgba(213,94,0,0.18)"
_BOTTOM, _LEFT, _PANEL_ROOM, _TITLE = 104, 90, 22, 82  # pixels; of a title line characters
#: Height of a legend above the titles of panels, fraction of the plot.
ABOVE_PANELS = 1.055
#: Colours of lines that stand for levels of something, in order.
LINES = (BLUE, "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis in the common look, with its title and unit."""
    return {**AXIS_LOOK, "title": {**AXIS_LOOK["title"], "text": title}, **more}


def probability_axis(title: str, low: float, high: float = 1.0, **more: Any) -> dict[str, Any]:
    """A logarithmic axis of probabilities with a tick a decade, from `low` to `high`."""
    bounds = [float(np.log10(low)), float(np.log10(high))]
    ticks = 10.0 ** np.arange(np.ceil(bounds[0] - 1e-9), np.floor(bounds[1] + 1e-9) + 1)
    look = {"type": "log", "range": bounds, "tickvals": ticks.tolist(), "ticktext": [f"{t:g}" for t in ticks]}
    return axis(title, **(look if len(ticks) > 1 else {"type": "log", "range": bounds}), **more)


def amount_axis(title: str, *, low: float, high: float, **more: Any) -> dict[str, Any]:
    """A logarithmic axis of amounts, with a tick a decade where these are many, and more where they are few."""
    decades = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    ticks: list[float] = []
    for steps in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        ticks = [float(step * 10.0**decade) for decade in decades for step in steps]
        if sum(low <= tick <= high for tick in ticks) >= 4:
            break
    bounds = [float(np.log10(low)), float(np.log10(high))]
    words = [f"{tick:,.6g}" for tick in ticks]
    return axis(title, type="log", range=bounds, tickvals=ticks, ticktext=words, **more)


def compose(
    traces: Sequence[Any],
    context: StudyContext,
    *,
    question: str,
    answer: str,
    axes: Mapping[str, Mapping[str, Any]],
    note: str = "",
    height: int = 480,
    left: int = _LEFT,
    right: int = 40,
    below: int = 0,
    panels: bool = False,
    notes: Sequence[Mapping[str, Any]] = (),
    **layout: Any,
) -> go.Figure:
    """A figure of these traces: axes by name (xaxis, yaxis2, ...), a caption of one line or, with a note, two.

    left: margin for long labels of the vertical axis, pixels; title and caption begin left of them.
    right: the same for a legend.
    below: room for axis titles of several lines.
    panels: leave room for titles of panels between the plot and the legend (which then stands at `ABOVE_PANELS`).
    """
    lines = wrap(note, 165)
    bottom = _BOTTOM + 14 * max(0, len(lines) - 1) + below
    caption = caption_note("<br>".join([context.caption, *lines]), bottom=bottom)
    asked_in = wrap(question, _TITLE) or [""]
    base = layout_of(context, question="<br>".join(asked_in), answer=answer, height=height, bottom=bottom)
    above = 23 * (len(asked_in) - 1) + (_PANEL_ROOM if panels else 0)
    base["height"] += above
    base["margin"] = {**base["margin"], "r": right, "t": base["margin"]["t"] + above}
    if left != _LEFT:
        caption["xshift"] = _LEFT - left
        base["margin"] = {**base["margin"], "l": left}
        base["title"] = {**base["title"], "pad": {"t": 26, "l": _LEFT - left}}
    return go.Figure(data=list(traces), layout={**base, **axes, **layout, "annotations": [*notes, caption]})


def margin_for(labels: Iterable[str]) -> int:
    """Left margin that holds these labels (their longest line), pixels."""
    longest = max((len(line) for label in labels for line in label.split("<br>")), default=0)
    return int(min(max(_LEFT, 24 + 7.4 * longest), 380))


def folded(label: str, width: int = 44) -> str:
    """A label in lines of at most `width` characters."""
    return "<br>".join(wrap(label, width)) or label


def upper_first(text: str) -> str:
    """The text with a capital letter at its start."""
    return text[:1].upper() + text[1:]


def empty(context: StudyContext, *, question: str, words: str, axes: tuple[str, str]) -> go.Figure:
    """A figure that says in words why there is nothing to draw; its axes keep their titles."""
    return empty_figure(context, question=folded(question, _TITLE), words=words, axes=axes)


def legend(**more: Any) -> dict[str, Any]:
    """A legend in one line just above the plot."""
    return {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom", "font": {"size": 12}, **more}


def asked(question: str, arm: str) -> str:
    """The question, of one arm where a study has several: `Depth 2 times: how large must the fund be?`."""
    return f"{upper_first(arm)}: {question[:1].lower()}{question[1:]}" if arm else question


def panel_title(text: str, number: str = "") -> dict[str, Any]:
    """The title of a panel, above the axes x<number>, y<number>."""
    return {
        "text": text, "xref": f"x{number} domain", "yref": f"y{number} domain", "x": 0, "y": 1, "xanchor": "left",
        "yanchor": "bottom", "showarrow": False, "font": {"size": 14},
    }  # fmt: skip


def words_in_panel(text: str, number: str = "", *, width: int = 60) -> dict[str, Any]:
    """Words in the middle of a panel that has nothing to draw, in lines of `width` characters."""
    return {
        "text": folded(text, width), "xref": f"x{number} domain", "yref": f"y{number} domain", "x": 0.5,
        "y": 0.5, "showarrow": False, "align": "center", "font": {"size": 14, "color": "#555555"},
    }  # fmt: skip


def band(
    x: Any, low: Any, high: Any, *, name: str, floor: float | None = None, shape: str = "linear", fill: str = BAND
) -> list[go.Scatter]:
    """A filled band between two bounds; bounds of zero are drawn at `floor`, the foot of a logarithmic axis."""
    lower, upper = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if floor is not None:
        lower, upper = np.maximum(lower, floor), np.maximum(upper, floor)
    common: dict[str, Any] = {
        "x": np.asarray(x), "mode": "lines", "hoverinfo": "skip", "legendgroup": name,
    }  # fmt: skip
    line = {"width": 0, "shape": shape}
    return [
        go.Scatter(**common, y=lower, line=line, showlegend=False),
        go.Scatter(**common, y=upper, line=line, fill="tonexty", fillcolor=fill, name=name),
    ]


def bars_of(value: Any, low: Any, high: Any, *, colour: str = "#222222", width: int = 5) -> dict[str, Any]:
    """Error bars from interval bounds, for error_x or error_y; none where a bound is infinite or missing."""
    values = np.asarray(value, np.float64)
    up, down = np.asarray(high, np.float64) - values, values - np.asarray(low, np.float64)
    return {
        "type": "data", "symmetric": False, "array": np.where(np.isfinite(up), np.maximum(up, 0.0), 0.0),
        "arrayminus": np.where(np.isfinite(down), np.maximum(down, 0.0), 0.0), "color": colour, "thickness": 1.6,
        "width": width,
    }  # fmt: skip


def at_most(
    x: Any, high: Any, n: Any, *, context: StudyContext, name: str = "0 of n: at most", **more: Any
) -> go.Scatter:
    """Downward triangles at the upper bounds of probabilities whose event was never seen."""
    return go.Scatter(
        x=x,
        y=high,
        customdata=np.asarray(n),
        mode="markers",
        name=name,
        cliponaxis=False,
        marker={"symbol": "triangle-down", "size": 11, "color": BLUE, "line": {"color": "#222222", "width": 1}},
        hovertemplate=f"0 of %{{customdata:,}}: at most %{{y:.3g}} ({context.interval})<extra></extra>",
        **more,
    )


def rounded(value: float) -> str:
    """A number in three digits as people write it: 0.00123, 1.2e-06, 3,000, 20.0 million."""
    if abs(value) >= 1e6:
        return format_short(value)
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def between(low: float, high: float) -> str:
    """Bounds in brackets."""
    return f"[{rounded(low)}, {rounded(high)}]"


def column(frame: Any, name: str) -> F64:
    """A column as float64."""
    return np.asarray(frame[name], dtype=np.float64)


def require(frame: Any, names: Sequence[str], chart: str) -> None:
    """ValueError that names the columns a chart needs and does not find."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ValueError(f"{chart}: the frame lacks {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
