"""The position of each target's measured mean in its band: 0 low end, 1 high end; bars are interval or range."""

from collections.abc import Sequence

import plotly.graph_objects as go

from ..validation.score import TargetScore
from .theme import BLUE, GREY, LIGHT, VERMILLION, WIDTH

#: Means outside this range are drawn at its edge.
EDGE = 2.0
ROW_PX = 19


def figure(scores: Sequence[TargetScore]) -> go.Figure:
    """One row per target, in the order given; a target without a number has no mark."""
    chart = go.Figure()
    labels = [f"{score.scenario}: {score.metric}" for score in scores]
    for passed, colour, word in ((True, BLUE, "met"), (False, VERMILLION, "missed")):
        rows = [(label, *_place(score)) for label, score in zip(labels, scores, strict=True) if _has(score, passed)]
        if not rows:
            continue
        chart.add_scatter(
            x=[row[1] for row in rows],
            y=[row[0] for row in rows],
            error_x={
                "type": "data",
                "symmetric": False,
                "arrayminus": [row[2] for row in rows],
                "array": [row[3] for row in rows],
                "thickness": 1.2,
                "width": 3,
            },
            mode="markers",
            name=word,
            marker={"color": colour, "size": 8, "symbol": "circle" if passed else "x"},
        )
    chart.add_vrect(x0=0, x1=1, fillcolor=LIGHT, opacity=0.6, layer="below", line_width=0)
    chart.update_yaxes(categoryorder="array", categoryarray=labels[::-1], automargin=True, tickfont={"size": 11})
    chart.update_xaxes(
        title="position in the band (0 low end, 1 high end; values beyond the edges are drawn at the edges)",
        range=[-EDGE - 0.1, 1 + EDGE + 0.1],
        gridcolor=LIGHT,
        linecolor=GREY,
    )
    chart.update_layout(
        title="Do the runs fall within the bands that were set in advance?",
        template="plotly_white",
        width=WIDTH,
        height=150 + ROW_PX * len(labels),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        margin={"t": 90, "l": 10},
    )
    return chart


def _has(score: TargetScore, passed: bool) -> bool:
    return score.spread is not None and score.passed == passed


def _place(score: TargetScore) -> tuple[float, float, float]:
    """(position of the mean, length of the bar below, above), cut at the edges of the chart."""
    if score.spread is None:
        return 0.0, 0.0, 0.0
    width = (score.high - score.low) or 1.0

    def at(value: float) -> float:
        return min(max((value - score.low) / width, -EDGE), 1 + EDGE)

    low, mean, high = (at(value) for value in (score.spread.low, score.spread.value, score.spread.high))
    return mean, mean - low, high - mean
