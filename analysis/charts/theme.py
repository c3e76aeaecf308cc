"""The look that all charts share, so that a report reads as one: colours, fonts, sizes, captions, words in panels.

Colours are Okabe and Ito's palette (2008), which colour-blind readers can tell apart; each means one thing everywhere.
"""

from collections.abc import Iterable
from functools import cache
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

from analysis.charts.chart_context import Captioned
from sim.results import FLOWS

BLACK, GREY, LIGHT = "#222222", "#7f7f7f", "#e3e3e3"
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE, BROWN = "#0072B2", "#D55E00", "#CC79A7", "#8c564b"

LONG, SHORT = BLUE, ORANGE
BID, ASK = BLUE, ORANGE
GAIN, LOSS = GREEN, VERMILLION
BEFORE, AFTER = SKY, VERMILLION

#: The colours that the table of flows names.
PALETTE = {
    "grey": GREY, "silver": "#b0b0b0", "pale": "#dddddd", "brown": BROWN, "orange": ORANGE, "sky": SKY, "blue": BLUE,
    "yellow": YELLOW, "purple": PURPLE, "vermillion": VERMILLION,
}  # fmt: skip
#: Colours of groups of components.
GROUP_COLOURS = {flow.group: PALETTE[flow.colour] for flow in FLOWS}
ROLE_COLOURS = {
    "liquidated traders": VERMILLION,
    "deleveraged traders": PURPLE,
    "other losers": ORANGE,
    "winners": GREEN,
    "makers": BLUE,
    "named agents": SKY,
    "insurance fund": YELLOW,
    "engine": BROWN,
    "fees": GREY,
    "rounding": "#bbbbbb",
    "outside": "#bbbbbb",
}

WIDTH = 1000
MAX_HEIGHT = 640  # fits a printed page with its caption
FONT = "Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_TOP, _BOTTOM = 102, 86


#: How every axis looks.
AXIS_LOOK: dict[str, Any] = {
    "automargin": True,
    "showline": True,
    "linecolor": GREY,
    "gridcolor": LIGHT,
    "zerolinecolor": GREY,
    "title": {"font": {"size": 13}, "standoff": 10},
    "exponentformat": "none",
    "separatethousands": True,
}


#: What figures share besides their axes.
LOOK: dict[str, Any] = {
    "width": WIDTH,
    "font": {"family": FONT, "size": 13, "color": BLACK},
    "title": {
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "pad": {"t": 26},
        "font": {"size": 18},
    },
    "hoverlabel": {"font": {"family": FONT}},
    "separators": ".,",
}


def layout_of(context: Captioned, *, question: str, answer: str, height: int, bottom: int = _BOTTOM) -> dict[str, Any]:
    """The layout that all figures share: title (a question), the answer below it, fonts, margins; no axes."""
    own = _own_layout(question=question, answer=answer, height=height, bottom=bottom)
    return {**LOOK, **own, "template": "none", "title": {**LOOK["title"], **own["title"]}}


def _own_layout(*, question: str, answer: str, height: int, bottom: int = _BOTTOM) -> dict[str, Any]:
    """What a figure has of its own: title, height, and room for both."""
    answer = "<br>".join(wrap(answer, 135))
    lines = answer.count("<br>")
    return {
        "width": WIDTH,
        "height": height + 18 * lines + (bottom - _BOTTOM),
        "title": {"text": f"<b>{question}</b><br><span style='font-size:13px;color:#444444'>{answer}</span>"},
        "margin": {"l": 90, "r": 40, "t": _TOP + 18 * lines, "b": bottom},
    }


@cache
def _house_style() -> go.layout.Template:
    """The common look as a template, built once: to update every figure and axis with it is slow."""
    return go.layout.Template(layout={**LOOK, "xaxis": AXIS_LOOK, "yaxis": AXIS_LOOK})


def caption_note(text: str, *, bottom: int = _BOTTOM) -> dict[str, Any]:
    """The caption as an annotation at the foot of a figure."""
    return {
        "text": text, "xref": "paper", "yref": "paper", "x": 0, "y": 0, "yshift": -(bottom - 12), "yanchor": "bottom",
        "xanchor": "left", "align": "left", "showarrow": False, "font": {"size": 11, "color": GREY},
    }  # fmt: skip


def finish(figure: go.Figure, context: Captioned, *, question: str, answer: str, height: int = 460) -> go.Figure:
    """Give a figure its title (a question), the answer below it, the common look, and the caption; return it."""
    layout = figure.layout
    for note in layout.annotations:  # titles of panels
        note.font = {"size": 14}
    layout.annotations = (*layout.annotations, caption_note(context.caption))
    layout.template = _house_style()
    for name, value in _own_layout(question=question, answer=answer, height=height).items():
        layout[name] = value
    return figure


def place_legend(figure: go.Figure, *, y: float = 1.0) -> None:
    """Put the legend in one line just above the plot."""
    figure.update_layout(
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": y, "yanchor": "bottom", "font": {"size": 12}}
    )


def say(figure: go.Figure, words: str, *, row: int | None = None, col: int | None = None) -> None:
    """Write into a panel, in words, that there is nothing to draw and why; hide the axes' numbers there."""
    text = "<br>".join(wrap(words, 80))
    where = {} if row is None else {"row": row, "col": col or 1}
    index = _axis_number(figure, row, col)
    figure.add_annotation(
        text=text, xref=f"x{index} domain", yref=f"y{index} domain", x=0.5, y=0.5, showarrow=False,
        align="center", font={"size": 15, "color": "#555555"},
    )  # fmt: skip
    figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, **where)
    if row is None:
        figure.update_xaxes(showticklabels=False, showgrid=False, zeroline=False)


def _axis_number(figure: go.Figure, row: int | None, col: int | None) -> str:
    if row is None:
        return ""
    name = str(figure.get_subplot(row, col or 1).xaxis.plotly_name)
    return name.removeprefix("xaxis")


def empty_figure(
    context: Captioned, *, question: str, words: str, axes: tuple[str, str], height: int = 260
) -> go.Figure:
    """A figure that says in words that there is nothing to draw; its axes keep their titles with units."""
    figure = go.Figure(go.Scatter(x=[None], y=[None], showlegend=False))
    figure.update_xaxes(title_text=axes[0], range=[0, 1])
    figure.update_yaxes(title_text=axes[1], range=[0, 1])
    finish(figure, context, question=question, answer="", height=height)
    say(figure, words)
    return figure


def join_and(parts: Iterable[str]) -> str:
    """a, b and c."""
    items = list(parts)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
