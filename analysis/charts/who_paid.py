"""Who paid for the crash? The gain or loss of each role; the bars sum to exactly zero."""

import pandas as pd
import plotly.graph_objects as go

from ..money import format_short
from .chart_context import RunContext
from .compose import axis, compose, empty
from .theme import GAIN, LOSS

QUESTION = "Who paid for the crash?"


def draw_who_paid(paid: pd.DataFrame, context: RunContext) -> go.Figure:
    """Bars of `who_paid.who_paid`: result of each role, quote units."""
    quote = context.quote(paid["result_quanta"].to_numpy(dtype="int64"))
    scale = context.scale(quote)
    x_title = f"result: final equity − initial equity − net deposits ({scale.unit})"
    if not quote.any():
        text = "No role gained or lost anything."
        return empty(context, question=QUESTION, text=text, axes=(x_title, "role"))
    values = scale.of(quote)
    labels = [
        f"{role}<br><span style='font-size:11px;color:#777'>{_count(traders, rows)}</span>"
        for role, traders, rows in zip(paid["role"], paid["n_traders"], paid["n_accounts"], strict=True)
    ]
    bars = go.Bar(
        x=values,
        y=labels,
        orientation="h",
        marker={"color": [GAIN if value >= 0 else LOSS for value in values]},
        text=[_bar_text(value) for value in values],
        textposition="outside",
        cliponaxis=False,
        hovertemplate=f"%{{x:+,.5~g}} {scale.unit}<extra></extra>",
    )
    span = float(abs(values).max())
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    return compose(
        [bars],
        context,
        question=QUESTION,
        answer=_summary(paid, context),
        axes={
            "xaxis": axis(x_title, range=[low - 0.12 * span, high + 0.12 * span]),
            "yaxis": axis("role (accounts)", autorange="reversed"),
        },
        height=210 + 38 * len(paid),
    )


def _bar_text(value: float) -> str:
    """A bar's number; `≈ 0` if it is too small for the axis, 0 only if it is exactly 0."""
    if value == 0:
        return "0"
    return f"{value:+,.3g}" if abs(value) >= 0.001 else "≈ 0"


def _count(traders: int, rows: int) -> str:
    number, word = (traders, "trader") if traders else (rows, "account")
    return f"{number:,} {word}{'s' if number != 1 else ''}"


def _summary(paid: pd.DataFrame, context: RunContext) -> str:
    ordered = paid.sort_values("result_quanta", kind="stable")
    worst, best = ordered.iloc[0], ordered.iloc[-1]
    loss = format_short(-float(context.quote(int(worst["result_quanta"]))), context.asset)
    gain = format_short(float(context.quote(int(best["result_quanta"]))), context.asset)
    return (
        f"Largest loss: {worst['role']} ({loss}). Largest gain: {best['role']} ({gain}). All results sum to exactly 0."
    )
