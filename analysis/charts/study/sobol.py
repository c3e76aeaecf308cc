"""Which factors drive the variance? First-order and total Sobol indices with their intervals."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..chart_context import StudyContext
from ..compose import axis, compose, empty, legend, margin_for, upper_first
from ..marks import bars_of, column, require
from ..theme import BLUE, SKY

QUESTION = "Which factors drive the variance of {outcome}?"
INDICES = ("input", "first", "first_low", "first_high", "total", "total_low", "total_high", "n")


def draw_sobol(indices: pd.DataFrame, context: StudyContext, *, outcome: str) -> go.Figure:
    """First-order and total index of each factor as bars with intervals, the largest total on top.

    indices: input, first, first_low, first_high, total, total_low, total_high (fractions of the variance; estimates may
    be slightly outside 0..1), n (base samples of the Saltelli design).
    """
    question = QUESTION.format(outcome=outcome)
    title = "share of the variance (fraction)"
    if indices.empty:
        text = "There are no Sobol indices: they need a Saltelli design with completed blocks."
        return empty(context, question=question, text=text, axes=(title, "factor"))
    require(indices, INDICES, "Sobol indices")
    if not np.isfinite(column(indices, "total")).any():
        text = "The outcome is the same in every run: there is no variance to explain."
        return empty(context, question=question, text=text, axes=(title, "factor"))
    shown = indices.iloc[np.argsort(column(indices, "total"), kind="stable")].reset_index(drop=True)
    traces = [
        _bars(shown, "total", "total (with all interactions)", SKY, context),
        _bars(shown, "first", "first order (alone)", BLUE, context),
    ]
    return compose(
        traces,
        context,
        question=question,
        answer=_summary(shown, context),
        axes={"xaxis": axis(title, range=_range(shown)), "yaxis": axis("", showgrid=False, automargin=False)},
        note=f"Whiskers: {context.interval}. n = {int(shown['n'].max()):,} base samples (Saltelli design). Shares of"
        " the variance apply to the ranges of this study; other ranges give other shares.",
        height=220 + 48 * len(shown),
        left=margin_for(str(name) for name in shown["input"]),
        barmode="group",
        bargap=0.3,
        bargroupgap=0.08,
        legend=legend(traceorder="reversed"),
    )


def _bars(shown: pd.DataFrame, order: str, name: str, colour: str, context: StudyContext) -> go.Bar:
    bounds = [column(shown, f"{order}_{side}") for side in ("low", "high")]
    return go.Bar(
        x=column(shown, order),
        y=[str(name) for name in shown["input"]],
        orientation="h",
        name=name,
        marker={"color": colour},
        error_x=bars_of(shown[order], *bounds, width=5),
        customdata=np.stack(bounds, axis=1),
        hovertemplate="%{y}, " + name + ": %{x:.3f} [%{customdata[0]:.3f}, %{customdata[1]:.3f}]"
        f" ({context.interval})<extra></extra>",
    )


def _range(shown: pd.DataFrame) -> list[float]:
    ends = [column(shown, name) for name in INDICES[1:7]]
    low = min(0.0, *(float(np.nanmin(values)) for values in ends))
    high = max(1.0, *(float(np.nanmax(values)) for values in ends))
    return [max(low, -0.5) - 0.02, min(high, 1.5) + 0.02]


def _summary(shown: pd.DataFrame, context: StudyContext) -> str:
    top = shown.iloc[-1]
    total = f"{top['total']:.2f} [{top['total_low']:.2f}, {top['total_high']:.2f}]"
    first = f"{top['first']:.2f} [{top['first_low']:.2f}, {top['first_high']:.2f}]"
    alone = float(np.nansum(column(shown, "first")))
    rest = f"First-order indices sum to {alone:.2f}; the difference from 1 is interactions and noise."
    unsure = [str(row["input"]) for row in shown.to_dict("records") if row["total_low"] <= 0]
    more = f" Total index indistinguishable from 0: {', '.join(unsure)}." if unsure else ""
    return (
        f"{upper_first(str(top['input']))} has the largest index: total {total}, first order {first}"
        f" ({context.interval}). {rest}{more}"
    )
