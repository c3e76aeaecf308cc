"""How far did the price fall, and when were traders liquidated? Index, mark, a recorded mark, liquidations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..comparisons import Comparison
from ..money import format_short
from .chart_context import RunContext
from .compose import HIDDEN, axis, compose, empty, in_panel, legend, no_trace, note_in_panel, panel_grid
from .theme import BLACK, BLUE, LONG, PURPLE, SHORT, VERMILLION
from .time_axis import choose_span, draw_bars, draw_line, span_label, sum_increments, time_axes

QUESTION = "How far did {market} fall, and when were traders liquidated?"
_OVERLAY = (PURPLE, VERMILLION, "#8c564b")


def draw_price(
    series: pd.DataFrame, context: RunContext, *, market: str, comparisons: Sequence[Comparison] = ()
) -> go.Figure:
    """Price of one market over time with its liquidations; `series` holds that market's samples by time."""
    question = QUESTION.format(market=market)
    price_title = f"price ({context.asset} per {context.base_unit(market)})"
    if series.empty:
        text = "No samples over time were stored: run with --detail series or events."
        return empty(context, question=question, text=text, axes=(context.time_title, price_title))
    grid, _ = panel_grid(rows=2, cols=1, shared_xaxes=True, row_heights=[0.64, 0.36], vertical_spacing=0.06)
    bars, title = _liquidations(series, context)
    axes_of = time_axes(context, grid)
    axes_of["yaxis"] = axis(price_title, **grid["yaxis"])
    axes_of["yaxis2"] = axis(title, **grid["yaxis2"], **({} if bars else HIDDEN))
    stacked: dict[str, Any] = {"barmode": "relative", "bargap": 0} if bars else {}
    return compose(
        [*_prices(series, context, comparisons), *(bars or [no_trace(2)])],
        context,
        question=question,
        answer=_summary(series, context),
        axes=axes_of,
        height=630,
        notes=[] if bars else [note_in_panel("No account was liquidated in this market.", "2")],
        legend=legend(y=1.005),
        **stacked,
    )


def _prices(series: pd.DataFrame, context: RunContext, comparisons: Sequence[Comparison]) -> list[go.Scatter]:
    look: dict[str, Any] = {"unit": context.asset, **in_panel(1)}
    lines = [
        draw_line(context, series["time_ms"], series[column], name=name, colour=colour, line={"width": width}, **look)
        for column, name, colour, width in (("index_price", "index", BLACK, 1.2), ("mark_price", "mark", BLUE, 1.8))
    ]
    for comparison, colour in zip(comparisons, _OVERLAY, strict=False):
        name = f"{comparison.name} (recorded)"
        at, price = comparison.time_ms, comparison.price
        lines.append(draw_line(context, at, price, name=name, colour=colour, line={"dash": "dot"}, **look))
    return lines


def _liquidations(series: pd.DataFrame, context: RunContext) -> tuple[list[go.Bar], str]:
    """(Bars, none if no account was liquidated; title of their axis)."""
    span = choose_span(context.duration_ms)
    middle, longs = sum_increments(series["time_ms"], series["liquidated_long_quanta"], span)
    _, shorts = sum_increments(series["time_ms"], series["liquidated_short_quanta"], span)
    long_quote, short_quote = context.quote(longs), context.quote(shorts)
    scale = context.scale(long_quote, short_quote)
    title = f"liquidated ({scale.unit}<br>per {span_label(span)})"
    if not longs.any() and not shorts.any():
        return [], title
    look: dict[str, Any] = {"unit": scale.unit, "span_ms": span, **in_panel(2)}
    sides = (("longs liquidated", long_quote, LONG), ("shorts liquidated", -short_quote, SHORT))
    return [
        draw_bars(context, middle, scale.of(values), name=name, colour=colour, **look)
        for name, values, colour in sides
        if values.any()
    ], title


def _summary(series: pd.DataFrame, context: RunContext) -> str:
    index, mark = series["index_price"].to_numpy(), series["mark_price"].to_numpy()
    low = int(np.nanargmin(mark))
    gap = mark / index - 1
    worst = int(np.nanargmax(np.abs(gap)))
    liquidated = float(context.quote(series[["liquidated_long_quanta", "liquidated_short_quanta"]].iloc[-1].sum()))
    fall = (mark[low] / mark[0] - 1) * 100
    return (
        f"At the samples: mark from {_price(mark[0])} to a low of {_price(mark[low])} ({fall:+.1f}%),"
        f" {_price(mark[-1])} at the end. Index low {_price(np.nanmin(index))}."
        f" Largest gap between mark and index: {gap[worst] * 100:+.2f}%."
        f" Liquidated: {format_short(liquidated, context.asset)}."
    )


def _price(price: float) -> str:
    """A price with a number of decimals that suits its size."""
    return f"{price:,.{2 if price >= 100 else 4 if price >= 1 else 8}f}"
