"""Who covered the loss of the liquidated? Causes of their loss, then payers; beside it the shortfall alone."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.charts.chart_context import Context
from analysis.charts.theme import GREY, GROUP_COLOURS, LOSS, ROLE_COLOURS, SKY, empty_figure, finish, join_and, say
from analysis.money import Scale, format_short
from analysis.who_paid import PAYERS, is_failed, loss_waterfall

QUESTION = "Who covered the loss of the liquidated accounts?"
#: A payer has the colour of its flow's group; a backstop its own, apart from the engine's takeovers.
_PAYER_COLOURS = {flow.payer: GROUP_COLOURS[flow.group] for flow in PAYERS}
_PAYER_COLOURS |= {"engine, still open": ROLE_COLOURS["engine"], "backstop": SKY}


def draw_loss_waterfall(accounts: pd.DataFrame, context: Context) -> go.Figure:
    """Waterfall of the loss of liquidated accounts and the engine behind them; right, what exceeded their margin."""
    sides = loss_waterfall(accounts)
    if not is_failed(accounts).any():
        words = "Nobody was liquidated: there is no loss to cover, and no layer of the waterfall was used."
        axes = ("", f"loss ({context.asset})")
        return empty_figure(context, question=QUESTION, words=words, axes=axes)
    causes = {label: quanta for label, quanta in sides["causes"].items() if quanta}
    payers = {label: quanta for label, quanta in sides["payers"].items() if quanta}
    beyond = {label: quanta for label, quanta in payers.items() if label != "own margin"}
    figure = make_subplots(
        rows=1, cols=2, column_widths=[0.62, 0.38], horizontal_spacing=0.13,
        subplot_titles=("all of the loss", "only others: paid (+) or gained (−)"),
    )  # fmt: skip
    _add_waterfall(figure, causes, payers, context)
    _add_beyond(figure, beyond, context)
    total, shortfall = sum(causes.values()), sum(beyond.values())
    finish(figure, context, question=QUESTION, answer=_answer(total, shortfall, beyond, context), height=520)
    figure.update_layout(showlegend=False, margin={"b": 150})
    figure.layout.annotations[-1].yshift = -138
    return figure


def _add_waterfall(figure: go.Figure, causes: dict[str, int], payers: dict[str, int], context: Context) -> None:
    total = sum(causes.values())
    quote = context.quote([*causes.values(), total, *(-amount for amount in payers.values())])
    scale = context.scale(quote)
    sizes = np.abs(scale.of(quote))  # where there is room, a number stands in its bar, so that no line crosses it
    figure.add_trace(
        go.Waterfall(
            x=[
                *causes,
                "loss",
                *(f"{'paid' if amount >= 0 else 'gained'}: {label}" for label, amount in payers.items()),
            ],
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
        ),
        row=1,
        col=1,
    )
    figure.update_yaxes(title_text=f"loss ({scale.unit})", row=1, col=1)
    steps = scale.of(context.quote([*causes.values(), *(-amount for amount in payers.values())]))
    _make_room(figure, np.cumsum(steps), col=1)
    figure.update_xaxes(tickangle=-35, row=1, col=1)


def _add_beyond(figure: go.Figure, beyond: dict[str, int], context: Context) -> None:
    quote = context.quote(list(beyond.values()) or [0])
    scale: Scale = context.scale(quote)
    figure.update_yaxes(title_text=f"paid by others ({scale.unit})", row=1, col=2)
    figure.update_xaxes(tickangle=-35, row=1, col=2)
    values = scale.of(quote)
    figure.add_trace(
        go.Bar(
            x=list(beyond) or [""],
            y=values,
            text=[f"{value:,.3g}" if beyond else "" for value in values],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [_PAYER_COLOURS[label] for label in beyond] or GREY},
            hovertemplate=f"%{{x}}: %{{y:,.4~g}} {scale.unit}<extra></extra>",
        ),
        row=1,
        col=2,
    )
    _make_room(figure, values, col=2)
    if not beyond:
        say(
            figure,
            "No account lost more than<br>its margin: fund, ADL and<br>socialised loss paid nothing.",
            row=1,
            col=2,
        )
        figure.update_xaxes(showticklabels=False, row=1, col=2)


def _make_room(figure: go.Figure, values: npt.NDArray[np.float64], *, col: int) -> None:
    """Leave room above and below for the numbers that stand outside the bars."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    span = (high - low) or 1.0
    figure.update_yaxes(range=[low - 0.1 * span, high + 0.1 * span], row=1, col=col)


def _answer(total: int, shortfall: int, beyond: dict[str, int], context: Context) -> str:
    start = f"Their loss at mark, execution and fees included: {_short(total, context)}. Paid from their own margin"
    start += f" {_short(total - shortfall, context)}"
    if total > 0:
        start += f" ({(total - shortfall) / total * 100:.1f}%)"
    if not beyond:
        return f"{start}, all of it."
    rest = join_and(
        f"{label} {'paid' if amount >= 0 else 'gained'} {_short(abs(amount), context)}"
        for label, amount in beyond.items()
    )
    more = " Closed at their bankruptcy price, they lost more than mark took." if shortfall < 0 else ""
    return f"{start}; {rest}.{more}"


def _short(quanta: int, context: Context) -> str:
    return format_short(float(context.quote(quanta)), context.asset)
