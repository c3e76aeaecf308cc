"""The layout of every figure: axes, panels, a question as its title, the answer below it, the caption.

A layout is built as one dict and validated once: updating a figure piece by piece is slow.
"""

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from .chart_context import Captioned
from .theme import AXIS_LOOK, GREY, LOOK

#: Pixels: above the plot, below it (with a note: room for its first line), left, for titles of panels.
_TOP, _BOTTOM, _NOTE, _LEFT, _PANEL_ROOM = 102, 86, 18, 90, 22
#: Pixels of a line of the question or the answer: plotly's 1.3 times the title's font.
_LINE = 23.4
#: Characters of a line of the question, the answer, the note.
_QUESTION, _ANSWER, _NOTE_LINE = 82, 135, 165
#: Pixels of a legend: height of a row, width of an entry's mark with its gaps, of a letter (12 px).
_LEGEND_ROW, _LEGEND_MARK, _LEGEND_LETTER = 19, 46, 5.7
#: Height of a legend above the titles of panels, fraction of the plot.
ABOVE_PANELS = 1.055


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis in the common style, with its title and unit."""
    return {**AXIS_LOOK, "title": {**AXIS_LOOK["title"], "text": title}, **more}


def probability_axis(title: str, low: float, high: float = 1.0, **more: Any) -> dict[str, Any]:
    """A logarithmic axis of probabilities with one tick per decade, from `low` to `high`."""
    bounds = [float(np.log10(low)), float(np.log10(high))]
    ticks = 10.0 ** np.arange(np.ceil(bounds[0] - 1e-9), np.floor(bounds[1] + 1e-9) + 1)
    look = {"type": "log", "range": bounds, "tickvals": ticks.tolist(), "ticktext": [f"{t:g}" for t in ticks]}
    return axis(title, **(look if len(ticks) > 1 else {"type": "log", "range": bounds}), **more)


def amount_axis(title: str, *, low: float, high: float, **more: Any) -> dict[str, Any]:
    """A logarithmic axis of amounts, with one tick per decade if there are many decades, more if there are few."""
    decades = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    ticks: list[float] = []
    for steps in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        ticks = [float(step * 10.0**decade) for decade in decades for step in steps]
        if sum(low <= tick <= high for tick in ticks) >= 4:
            break
    bounds = [float(np.log10(low)), float(np.log10(high))]
    labels = [f"{tick:,.6g}" for tick in ticks]
    return axis(title, type="log", range=bounds, tickvals=ticks, ticktext=labels, **more)


def compose(
    traces: Sequence[Any],
    context: Captioned,
    *,
    question: str,
    answer: str,
    axes: Mapping[str, Mapping[str, Any]],
    note: str | None = None,
    height: int = 480,
    left: int = _LEFT,
    right: int = 40,
    below: int = 0,
    panels: bool = False,
    notes: Sequence[Mapping[str, Any]] = (),
    **layout: Any,
) -> go.Figure:
    """A figure of these traces: axes by name (xaxis, yaxis2, ...), a caption of one line or, with a note, more.

    left: margin for long labels of the vertical axis, pixels; title and caption begin at their left end.
    right: the same for a legend.
    below: room for axis titles of several lines.
    panels: leave room for titles of panels between the plot and the legend (which is then at `ABOVE_PANELS`).
    """
    lines = wrap(note, _NOTE_LINE) if note is not None else []
    bottom = _BOTTOM + below + (0 if note is None else _NOTE + 14 * max(0, len(lines) - 1))
    caption = _caption("<br>".join([context.caption, *lines]), bottom=bottom)
    rows = legend_rows(traces, width=LOOK["width"] - left - right) if _is_above(layout) else 1
    text, n_lines = _heading(question, answer)
    above = round(_LINE * max(0, n_lines - 2)) + _LEGEND_ROW * (rows - 1) + (_PANEL_ROOM if panels else 0)
    title = {**LOOK["title"], "text": text}
    if left != _LEFT:
        caption["xshift"] = _LEFT - left
        title["pad"] = {"t": 26, "l": _LEFT - left}
    base = {
        **LOOK,
        "height": height + above + bottom - _BOTTOM,
        "title": title,
        "margin": {"l": left, "r": right, "t": _TOP + above, "b": bottom},
        "template": "none",
    }
    return go.Figure(data=list(traces), layout={**base, **axes, **layout, "annotations": [*notes, caption]})


def _heading(question: str, answer: str) -> tuple[str, int]:
    """The question in bold and the answer below it, and how many lines they have."""
    question_lines, answer_lines = wrap(question, _QUESTION) or [""], wrap(answer, _ANSWER)
    head, below = "<br>".join(question_lines), "<br>".join(answer_lines)
    text = f"<b>{head}</b><br><span style='font-size:13px;color:#444444'>{below}</span>"
    return text, len(question_lines) + len(answer_lines)


def _is_above(layout: Mapping[str, Any]) -> bool:
    """Whether a legend stands between the answer and the plot, from where it grows upwards."""
    place = layout.get("legend") or {}
    return layout.get("showlegend", True) and place.get("orientation") == "h" and place.get("yanchor") == "bottom"


def legend_rows(traces: Iterable[Any], *, width: float) -> int:
    """Rows of a horizontal legend of these traces, as plotly breaks it: columns as wide as its longest entry."""
    names: dict[str, str] = {}
    for number, trace in enumerate(traces):
        if trace.showlegend is not False and trace.name:
            names.setdefault(str(trace.legendgroup or number), str(trace.name))
    widths = [_LEGEND_MARK + _LEGEND_LETTER * len(name) for name in names.values()]
    if sum(widths) <= width:
        return 1
    return -(-len(widths) // max(1, int(width // max(widths))))


def _caption(text: str, *, bottom: int) -> dict[str, Any]:
    """The caption as an annotation at the foot of a figure."""
    return {
        "text": text, "xref": "paper", "yref": "paper", "x": 0, "y": 0, "yshift": -(bottom - 12), "yanchor": "bottom",
        "xanchor": "left", "align": "left", "showarrow": False, "font": {"size": 11, "color": GREY},
    }  # fmt: skip


def panel_grid(**grid: Any) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """(Axes by name, titles) of panels side by side, as `plotly.subplots.make_subplots` places them."""
    layout = make_subplots(**grid).to_dict()["layout"]
    titles = [{**title, "font": {"size": 14}} for title in layout.pop("annotations", [])]
    return {name: axis_layout for name, axis_layout in layout.items() if name.startswith(("xaxis", "yaxis"))}, titles


def in_panel(number: int) -> dict[str, str]:
    """The axes of a panel, counted from 1, as a trace names them."""
    place = "" if number == 1 else str(number)
    return {"xaxis": f"x{place}", "yaxis": f"y{place}"}


def no_trace(number: int) -> go.Scatter:
    """An invisible trace for a panel with nothing to draw: without one plotly draws neither axes nor text of it."""
    return go.Scatter(x=[None], y=[None], showlegend=False, hoverinfo="skip", **in_panel(number))


#: An axis of a panel that has nothing to draw.
HIDDEN: dict[str, Any] = {"showticklabels": False, "showgrid": False, "zeroline": False}


def margin_for(labels: Iterable[str]) -> int:
    """Left margin that fits these labels (their longest line), pixels."""
    longest = max((len(line) for label in labels for line in label.split("<br>")), default=0)
    return int(min(max(_LEFT, 24 + 7.4 * longest), 380))


def folded(label: str, width: int = 44) -> str:
    """A label in lines of at most `width` characters."""
    return "<br>".join(wrap(label, width)) or label


def upper_first(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def empty(context: Captioned, *, question: str, text: str, axes: tuple[str, str], height: int = 260) -> go.Figure:
    """A figure whose text gives the reason why there is nothing to draw; its axes keep their titles."""
    note = {**text_in_panel(text, width=80), "font": {"size": 15, "color": "#555555"}}
    return compose(
        [go.Scatter(x=[None], y=[None], showlegend=False)],
        context,
        question=question,
        answer="",
        axes={name: axis(title, range=[0, 1], **HIDDEN) for name, title in zip(("xaxis", "yaxis"), axes, strict=True)},
        height=height,
        notes=[note],
    )


def legend(**more: Any) -> dict[str, Any]:
    """A legend in one line just above the plot."""
    return {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom", "font": {"size": 12}, **more}


def question_for(question: str, arm: str) -> str:
    """The question, for one arm if a study has several: `Depth 2 times: how large must the fund be?`."""
    return f"{upper_first(arm)}: {question[:1].lower()}{question[1:]}" if arm else question


def panel_title(text: str, number: str = "") -> dict[str, Any]:
    """The title of a panel, above the axes x<number>, y<number>."""
    return {
        "text": text, "xref": f"x{number} domain", "yref": f"y{number} domain", "x": 0, "y": 1, "xanchor": "left",
        "yanchor": "bottom", "showarrow": False, "font": {"size": 14},
    }  # fmt: skip


def text_in_panel(text: str, number: str = "", *, width: int = 60) -> dict[str, Any]:
    """Text in the middle of a panel that has nothing to draw, in lines of `width` characters."""
    return {
        "text": folded(text, width), "xref": f"x{number} domain", "yref": f"y{number} domain", "x": 0.5,
        "y": 0.5, "showarrow": False, "align": "center", "font": {"size": 14, "color": "#555555"},
    }  # fmt: skip


def note_in_panel(text: str, number: str = "") -> dict[str, Any]:
    """Text in the middle of a panel of a run's figure, in lines of 80 characters."""
    return {**text_in_panel(text, number, width=80), "font": {"size": 14}}


def join_and(parts: Iterable[str]) -> str:
    """a, b and c."""
    items = list(parts)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
