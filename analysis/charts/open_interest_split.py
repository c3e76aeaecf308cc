"""What removed the open interest of a market? Its largest decline by cause, for the long and for the short side."""

import numpy as np
import plotly.graph_objects as go

from ..money import choose_size_scale, format_significant
from ..open_interest import CAUSES, Decline, Split
from .chart_context import RunContext
from .compose import axis, compose, empty, margin_for
from .open_interest import decline_text
from .theme import LONG, SHORT, WIDTH

#: Pixels of the amount at the end of a bar, of the legend.
_LABEL, _LEGEND = 76, 150
QUESTION = "What removed the open interest of {market}?"


def draw_open_interest_split(decline: Decline, split: Split | None, context: RunContext) -> go.Figure:
    """Bars of `open_interest.split_decline`: lots by cause and side, in base units; each side sums to the decline."""
    question = QUESTION.format(market=decline.market)
    scale = choose_size_scale(
        float(context.base(_largest(decline, split), decline.market)), context.base_unit(decline.market)
    )
    title = f"change in open interest from peak to trough ({scale.unit})"
    if decline.lots == 0:
        return empty(context, question=question, text=decline_text(decline, split, context), axes=(title, "cause"))
    if split is None:
        text = "The transfers that split the decline by cause were not stored: run with --detail events."
        return empty(context, question=question, text=text, axes=(title, "cause"))
    kept = [place for place in range(len(CAUSES)) if split.decline[:, place].any()]
    labels = [CAUSES[place] for place in kept] + ["decline"]
    lots = [[*(int(side[place]) for place in kept), decline.lots] for side in split.decline]
    values = [scale.of(context.base(np.array(side), decline.market)) for side in lots]
    traces = [
        go.Bar(
            x=side, y=labels, orientation="h", name=name, marker={"color": colour},
            text=[format_significant(value, 4, sign="+") if value else "" for value in side],
            textposition="outside", cliponaxis=False,
            hovertemplate=f"%{{y}}, {name}: %{{x:+,.6~g}} {scale.unit}<extra></extra>",
        )
        for side, name, colour in zip(values, ("long positions", "short positions"), (LONG, SHORT), strict=True)
    ]  # fmt: skip
    low, high = (float(end) for end in (min(0, *(s.min() for s in values)), max(0, *(s.max() for s in values))))
    left = margin_for(labels)
    room = (high - low) * _LABEL / (WIDTH - left - _LEGEND - 2 * _LABEL)
    return compose(
        traces,
        context,
        question=question,
        answer=_summary(decline, split, context),
        axes={
            "xaxis": axis(title, range=[low - room, high + room]),
            "yaxis": axis("cause", autorange="reversed"),
        },
        note=_book_text(decline, split, context),
        height=240 + 46 * len(labels),
        left=left,
        barmode="group",
        legend={"x": 1.01, "y": 1, "xanchor": "left", "font": {"size": 12}},
        right=_LEGEND,
    )


def _largest(decline: Decline, split: Split | None) -> int:
    """The longest bar, lots."""
    return max(abs(decline.lots), 0 if split is None else int(np.abs(split.decline).max()))


def _summary(decline: Decline, split: Split, context: RunContext) -> str:
    return (
        f"{decline_text(decline, split, context)} Every contract has a long and a short side, so each of the two sums"
        " to the decline."
    )


def _book_text(decline: Decline, split: Split, context: RunContext) -> str:
    """What became of the positions that stood at the start, in words: a user's own, if they are custom positions."""

    def amount(lots: int) -> str:
        return format_significant(float(context.base(lots, decline.market)), 6)

    unit = context.base_unit(decline.market)
    parts = []
    for name, side in zip(("long", "short"), split.book.tolist(), strict=True):
        changes = [f"{CAUSES[place]} {amount(lots)}" for place, lots in enumerate(side) if lots]
        end = amount(split.opening + sum(side))
        parts.append(f"{name}: {end} at the end ({', '.join(changes) or 'no change'})")
    return f"Accounts with positions at the start, {amount(split.opening)} {unit} of each side. {'; '.join(parts)}."
