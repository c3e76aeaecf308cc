"""Which factors are associated with the outcome? Variance share and direction of each, for designs without blocks."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..chart_context import StudyContext
from ..compose import axis, compose, empty, margin_for, panel_title
from ..marks import bars_of, column, require, rounded
from ..theme import BLUE, ORANGE

QUESTION = "Which factors are associated with {outcome}?"
FRAME = ("input", "measure", "value", "low", "high", "n")
SHARE, RANK = "variance share", "rank correlation"


def draw_importance(importance: pd.DataFrame, context: StudyContext, *, outcome: str) -> go.Figure:
    """Share of the outcome's variance that each factor explains by itself (left), and its direction (right).

    importance: input, measure ("variance share", or "rank correlation" for numeric factors), value, low, high
    (fractions; estimates may be slightly outside 0..1 and -1..1), n (points): the most important input first.
    """
    question = QUESTION.format(outcome=outcome)
    titles = ("share of the variance (fraction)", "rank correlation (fraction, −1 to 1)")
    known = importance[np.isfinite(column(importance, "value"))] if len(importance) else importance
    if known.empty:
        text = "The outcome is the same at every point, or no factor varies: there is nothing to explain."
        return empty(context, question=question, text=text, axes=(titles[0], "factor"))
    require(importance, FRAME, "importance")
    names = [str(name) for name in dict.fromkeys(known["input"])][::-1]
    place = {name: i for i, name in enumerate(names)}
    traces = [
        _bars(known[known["measure"] == measure], place, number, colour, context)
        for measure, number, colour in ((SHARE, "", BLUE), (RANK, "2", ORANGE))
    ]
    rows: dict[str, Any] = {"tickvals": list(range(len(names))), "range": [-0.6, len(names) - 0.4], "showgrid": False}
    return compose(
        traces,
        context,
        question=question,
        answer=_summary(known, context),
        axes={
            "xaxis": axis(titles[0], domain=[0, 0.56]),
            "yaxis": axis("", ticktext=names, automargin=False, zeroline=False, **rows),
            "xaxis2": axis(titles[1], domain=[0.64, 1], range=[-1.05, 1.05], anchor="y2"),
            "yaxis2": axis("", showticklabels=False, anchor="x2", zeroline=False, **rows),
        },
        note=f"Whiskers: {context.interval}. n = {int(known['n'].max()):,} points. Each factor alone, over the"
        " ranges of this study; effects that appear only in interactions are not included.",
        height=230 + 44 * len(names),
        left=margin_for(names),
        notes=[panel_title("how much"), panel_title("in which direction", "2")],
        showlegend=False,
    )


def _bars(rows: pd.DataFrame, place: dict[str, int], number: str, colour: str, context: StudyContext) -> go.Bar:
    bounds = [column(rows, side) for side in ("low", "high")]
    return go.Bar(
        x=column(rows, "value"),
        y=[place[str(name)] for name in rows["input"]],
        width=0.55,
        orientation="h",
        marker={"color": colour},
        error_x=bars_of(rows["value"], *bounds, width=5),
        customdata=np.stack(bounds, axis=1),
        text=[str(name) for name in rows["input"]],
        textposition="none",
        hovertemplate="%{text}: %{x:.3f} [%{customdata[0]:.3f}, %{customdata[1]:.3f}]"
        f" ({context.interval})<extra></extra>",
        xaxis=f"x{number}",
        yaxis=f"y{number}",
    )


def _summary(known: pd.DataFrame, context: StudyContext) -> str:
    shares = known[known["measure"] == SHARE].sort_values("value", ascending=False, kind="stable")
    sure = [
        f"{row['input']} {rounded(row['value'])} [{rounded(row['low'])}, {rounded(row['high'])}]"
        for row in shares.to_dict("records")
        if row["low"] > 0
    ]
    if not sure:
        return f"Every factor's share of the variance is indistinguishable from 0 ({context.interval})."
    rest = " The others are indistinguishable from 0." if len(sure) < len(shares) else ""
    return f"Share of the variance ({context.interval}): {'; '.join(sure)}.{rest}"
