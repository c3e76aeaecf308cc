"""Who covered the loss of liquidated accounts? Causes of the loss, then payers; a second panel shows the shortfall."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from ..money import Scale, format_short
from ..who_paid import PAYERS, is_failed, loss_waterfall
from .chart_context import RunContext
from .compose import HIDDEN, axis, compose, empty, folded, in_panel, join_and, note_in_panel, panel_grid
from .theme import BLUE, GAIN, GREY, GROUP_COLOURS, LOSS, ROLE_COLOURS, SKY

QUESTION = "Who covered the loss of the liquidated accounts?"
#: Pixels below the plot for labels of several lines; characters of a line.
_LABELS, _LINE = 36, 11
_NOBODY_ELSE = "No account lost more than<br>its margin: fund, ADL and<br>socialised loss paid nothing."
_NETS_TO_NOTHING = "What others paid and gained<br>nets to 0 for each payer."
#: The label of a cause that made the loss smaller.
_BETTER = {
    "execution worse than mark": "execution better than mark",
    "price move, at mark": "price move in their favour",
    "funding and rounding": "funding received",
}
#: A payer has the colour of its flow's group; a backstop differs from the engine's takeovers.
_PAYER_COLOURS = {flow.payer: GROUP_COLOURS[flow.group] for flow in PAYERS}
_PAYER_COLOURS |= {"engine, still open": ROLE_COLOURS["engine"], "backstop": SKY, "own margin": BLUE}


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
        "xaxis": axis("", **grid["xaxis"], tickangle=0, tickfont={"size": 10}),
        "yaxis": axis(**grid["yaxis"], **left),
        "xaxis2": axis(
            "", **grid["xaxis2"], tickangle=0, tickfont={"size": 10}, **({} if beyond else {"showticklabels": False})
        ),
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
        notes=titles if beyond else [*titles, note_in_panel(_no_others(accounts), "2")],
        showlegend=False,
    )


def _no_others(accounts: pd.DataFrame) -> str:
    """The text of the right panel if every other payer nets to 0."""
    return _NETS_TO_NOTHING if accounts["bankrupt"].any() else _NOBODY_ELSE


def _waterfall(causes: dict[str, int], payers: dict[str, int], context: RunContext) -> tuple[go.Bar, dict[str, Any]]:
    """The whole loss, by cause and payer; title and style of its vertical axis.

    Bars hang between the running totals: causes build the loss up, payers, in their own colours, take it down.
    """
    total = sum(causes.values())
    amounts = [*causes.values(), total, *(-amount for amount in payers.values())]
    scale = context.scale(context.quote(amounts))
    steps = scale.of(context.quote(amounts))
    place = len(causes)
    tops = np.cumsum(np.where(np.arange(len(steps)) == place, 0, steps))
    low = np.minimum(tops, tops - steps)
    low[place] = min(0.0, float(steps[place]))
    sizes = np.abs(steps)
    labels = [_BETTER.get(label, label) if amount < 0 else label for label, amount in causes.items()]
    paid = [f"{'paid' if amount >= 0 else 'gained'}: {label}" for label, amount in payers.items()]
    trace = go.Bar(
        x=[folded(label, _LINE) for label in (*labels, "loss", *paid)],
        y=sizes,
        base=low,
        text=[f"{value:,.3g}" for value in (*steps[: place + 1], *sizes[place + 1 :])],
        textposition=["inside" if size > 0.2 * sizes.max() else "outside" for size in sizes],
        insidetextanchor="middle",
        textangle=0,
        cliponaxis=False,
        marker={
            "color": [
                *(LOSS if amount >= 0 else GAIN for amount in causes.values()),
                GREY,
                *(_PAYER_COLOURS[label] for label in payers),
            ]
        },
        hovertemplate=f"%{{x}}: %{{text}} {scale.unit}<extra></extra>",
        **in_panel(1),
    )
    return trace, {"title": f"loss ({scale.unit})", "range": _roomy(np.concatenate([low, low + sizes]))}


def _beyond(beyond: dict[str, int], context: RunContext) -> tuple[go.Bar, dict[str, Any]]:
    """Amounts that others paid or gained; title and style of its vertical axis."""
    quote = context.quote(list(beyond.values()) or [0])
    scale: Scale = context.scale(quote)
    values = scale.of(quote)
    trace = go.Bar(
        x=[folded(label, _LINE) for label in beyond] or [""],
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
    return [low - 0.1 * span if low < 0 else 0.0, high + 0.1 * span]


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
