"""Where did each cohort's result come from? The change in equity, split into components that sum exactly."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..money import format_short
from ..who_paid import GROUPS, group_components
from .chart_context import RunContext
from .compose import axis, compose, empty
from .theme import BLACK, GROUP_COLOURS, MAX_HEIGHT

QUESTION = "Where did each cohort's result come from?"
_MAX_COHORTS = 24


def draw_attribution(attribution: pd.DataFrame, context: RunContext) -> go.Figure:
    """Diverging stacked bars of `who_paid.attribution_by_cohort`: a bar per cohort, a colour per component group."""
    grouped = group_components(attribution)
    labels = list(GROUPS)
    moved = grouped[labels].apply(lambda row: any(value != 0 for value in row), axis=1).to_numpy()
    grouped = grouped[moved]
    if grouped.empty:
        axes = (f"change in equity ({context.asset})", "cohort")
        return empty(context, question=QUESTION, text="No account's equity changed.", axes=axes)
    size = grouped[labels].map(abs).sum(axis=1)
    kept = grouped.loc[size.sort_values(ascending=False, kind="stable").index[:_MAX_COHORTS].sort_values()]
    quote = {label: context.quote(kept[label].to_numpy(dtype=np.int64)) for label in labels}
    scale = context.scale(*(np.asarray(values) for values in quote.values()))
    traces: list[Any] = []
    for label in labels:
        if quote[label].any():
            traces.append(
                go.Bar(
                    x=scale.of(quote[label]), y=kept["cohort"], orientation="h", name=label,
                    marker={"color": GROUP_COLOURS[label], "line": {"width": 0.5, "color": "white"}},
                    hovertemplate=f"%{{y}}, {label}: %{{x:+,.5~g}} {scale.unit}<extra></extra>",
                )
            )  # fmt: skip
    change = scale.of(context.quote(kept["change_quanta"].to_numpy(dtype=np.int64)))
    traces.append(
        go.Scatter(
            x=change, y=kept["cohort"], mode="markers", name="change in equity",
            marker={"symbol": "diamond", "size": 10, "color": BLACK, "line": {"width": 1, "color": "white"}},
            hovertemplate=f"%{{y}}, change in equity: %{{x:+,.5~g}} {scale.unit}<extra></extra>",
        )
    )  # fmt: skip
    return compose(
        traces,
        context,
        question=QUESTION,
        answer=_summary(attribution, context),
        axes={
            "xaxis": axis(f"change in equity ({scale.unit})"),
            "yaxis": axis("cohort", autorange="reversed"),
        },
        height=min(280 + 34 * len(kept), MAX_HEIGHT),
        barmode="relative",
        bargap=0.3,
        legend={"x": 1.01, "y": 1, "xanchor": "left", "font": {"size": 12}},
    )


def _summary(attribution: pd.DataFrame, context: RunContext) -> str:
    changed = attribution.sort_values("change_quanta", kind="stable")
    low, high = changed.iloc[0], changed.iloc[-1]
    return (
        f"Largest loss of equity: {low['cohort']} {_short(low['change_quanta'], context)};"
        f" largest gain: {high['cohort']} {_short(high['change_quanta'], context)}."
        " Components sum to the change of every single account, with no remainder."
    )


def _short(quanta: int, context: RunContext) -> str:
    return format_short(float(context.quote(int(quanta))), context.asset)
