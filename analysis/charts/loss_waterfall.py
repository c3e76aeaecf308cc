"""Who covered the loss of liquidated accounts? Causes of the loss, then payers; a second panel shows the shortfall."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from ..money import Scale, format_short
from ..who_paid import PAYERS, is_failed, loss_waterfall
from .chart_context import RunContext
from .compose import HIDDEN, axis, compose, empty, in_panel, join_and, note_in_panel, panel_grid
from .theme import GREY, GROUP_COLOURS, LOSS, ROLE_COLOURS, SKY

QUESTION = "Who covered the loss of the liquidated accounts?"
#: Pixels below the plot for slanted labels.
_LABELS = 64
_NOBODY_ELSE = "No account lost more than<br>its margin: fund, ADL and<br>socialised loss paid nothing."
#: A payer has the colour of its flow's group; a backstop differs from the engine's takeovers.
_PAYER_COLOURS = {flow.payer: GROUP_COLOURS[flow.group] for flow in PAYERS}
_PAYER_COLOURS |= {"engine, still open": ROLE_COLOURS["engine"], "backstop": SKY}


def draw_loss_waterfall(accounts: pd.DataFrame, context: RunContext) -> go.Figure:
    """Waterfall of the loss of liquidated accounts and the engine behind them; right: the part beyond their margin."""
    sides = loss_waterfall(accounts)
    if not is_failed(accounts).any():
        text = "No account was liquidated: there is no loss to cover, and no layer of the waterfall was used."
        axes = ("", f"loss ({context.asset})")
        return empty(context, question=QUESTION, text=text, axes=axes)
    causes = {label: quanta for label, quanta in sides["causes"].items() if quanta}
    payers = {label: quanta for label, quanta in sides["payers"].items() if quanta}
    beyond = {label: quanta for label, quanta in payers.items() if label != "own margin"}
    grid, titles = panel_grid(
        rows=1, cols=2, column_widths=[0.62, 0.38], horizontal_spacing=0.13,
        subplot_titles=("whole loss", "other payers only: paid (+) or gained (−)"),
    )  # fmt: skip
    whole, left = _waterfall(causes, payers, context)
    others, right = _beyond(beyond, context)
    axes_of = {
        "xaxis": axis("", **grid["xaxis"], tickangle=-35),
        "yaxis": axis(**grid["yaxis"], **left),
        "xaxis2": axis("", **grid["xaxis2"], tickangle=-35, **({} if beyond else {"showticklabels": False})),
        "yaxis2": axis(**grid["yaxis2"], **right),
    }
    total, shortfall = sum(causes.values()), sum(beyond.values())
    return compose(
        [whole, others],
        context,
        question=QUESTION,
        answer=_summary(total, shortfall, beyond, context),
        axes=axes_of,
        height=520 - _LABELS,
        below=_LABELS,
        notes=titles if beyond else [*titles, note_in_panel(_NOBODY_ELSE, "2")],
        showlegend=False,
    )


def _waterfall(
    causes: dict[str, int], payers: dict[str, int], context: RunContext
) -> tuple[go.Waterfall, dict[str, Any]]:
    """The whole loss, by cause and payer; title and style of its vertical axis."""
    total = sum(causes.values())
    quote = context.quote([*causes.values(), total, *(-amount for amount in payers.values())])
    scale = context.scale(quote)
    sizes = np.abs(scale.of(quote))  # numbers are inside their bars if there is room, so that no line crosses them
    paid = [f"{'paid' if amount >= 0 else 'gained'}: {label}" for label, amount in payers.items()]
    trace = go.Waterfall(
        x=[*causes, "loss", *paid],
        y=scale.of(quote),
        measure=["relative"] * len(causes) + ["total"] + ["relative"] * len(payers),
        text=[f"{value:+,.3g}" if i != len(causes) else f"{value:,.3g}" for i, value in enumerate(scale.of(quote))],
        textposition=["inside" if size > 0.2 * sizes.max() else "outside" for size in sizes],
        insidetextanchor="middle",
        cliponaxis=False,
        increasing={"marker": {"color": LOSS}},
        decreasing={"marker": {"color": "#0072B2"}},
        totals={"marker": {"color": GREY}},
        connector={"line": {"color": GREY, "width": 1}},
        hovertemplate=f"%{{x}}: %{{y:,.4~g}} {scale.unit}<extra></extra>",
        **in_panel(1),
    )
    steps = scale.of(context.quote([*causes.values(), *(-amount for amount in payers.values())]))
    return trace, {"title": f"loss ({scale.unit})", "range": _roomy(np.cumsum(steps))}


def _beyond(beyond: dict[str, int], context: RunContext) -> tuple[go.Bar, dict[str, Any]]:
    """Amounts that others paid or gained; title and style of its vertical axis."""
    quote = context.quote(list(beyond.values()) or [0])
    scale: Scale = context.scale(quote)
    values = scale.of(quote)
    trace = go.Bar(
        x=list(beyond) or [""],
        y=values,
        text=[f"{value:,.3g}" if beyond else "" for value in values],
        textposition="outside",
        cliponaxis=False,
        marker={"color": [_PAYER_COLOURS[label] for label in beyond] or GREY},
        hovertemplate=f"%{{x}}: %{{y:,.4~g}} {scale.unit}<extra></extra>",
        **in_panel(2),
    )
    look = {"title": f"paid by others ({scale.unit})", "range": _roomy(values)}
    return trace, look if beyond else look | HIDDEN


def _roomy(values: npt.NDArray[np.float64]) -> list[float]:
    """A range with room above and below for the numbers outside the bars."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    span = (high - low) or 1.0
    return [low - 0.1 * span, high + 0.1 * span]


def _summary(total: int, shortfall: int, beyond: dict[str, int], context: RunContext) -> str:
    start = f"Loss at mark, including execution and fees: {_short(total, context)}. Paid from their own margin:"
    start += f" {_short(total - shortfall, context)}"
    if total > 0:
        start += f" ({(total - shortfall) / total * 100:.1f}%)"
    if not beyond:
        return f"{start}, all of it."
    rest = join_and(
        f"{label} {'paid' if amount >= 0 else 'gained'} {_short(abs(amount), context)}"
        for label, amount in beyond.items()
    )
    more = (
        " Closed at the bankruptcy price, these accounts lost more than they would have at mark."
        if shortfall < 0
        else ""
    )
    return f"{start}; {rest}.{more}"


def _short(quanta: int, context: RunContext) -> str:
    return format_short(float(context.quote(quanta)), context.asset)
