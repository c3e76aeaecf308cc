"""How far did the price fall, and when were traders liquidated? Index, mark, a recorded mark, liquidations."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.charts.chart_context import Context
from analysis.charts.theme import BLACK, BLUE, LONG, PURPLE, SHORT, VERMILLION, empty_figure, finish, place_legend, say
from analysis.charts.time_axis import choose_span, draw_bars, draw_line, span_words, sum_increments, title_time
from analysis.comparisons import Comparison
from analysis.money import format_short

QUESTION = "How far did {market} fall, and when were traders liquidated?"
_OVERLAY = (PURPLE, VERMILLION, "#8c564b")


def draw_price(
    series: pd.DataFrame, context: Context, *, market: str, comparisons: Sequence[Comparison] = ()
) -> go.Figure:
    """Price of one market over time with its liquidations; `series` holds that market's samples by time."""
    question = QUESTION.format(market=market)
    price_title = f"price ({context.asset} per {context.base_unit(market)})"
    if series.empty:
        words = "No samples over time were kept: run with --detail series or events."
        return empty_figure(context, question=question, words=words, axes=(context.time_title, price_title))
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.64, 0.36], vertical_spacing=0.06)
    _add_prices(figure, series, context, comparisons)
    _add_liquidations(figure, series, context)
    figure.update_yaxes(title_text=price_title, row=1, col=1)
    title_time(figure, context, row=2)
    finish(figure, context, question=question, answer=_answer(series, context), height=630)
    place_legend(figure, y=1.005)
    return figure


def _add_prices(figure: go.Figure, series: pd.DataFrame, context: Context, comparisons: Sequence[Comparison]) -> None:
    for column, name, colour, width in (
        ("index_price", "index", BLACK, 1.2),
        ("mark_price", "mark", BLUE, 1.8),
    ):
        line = draw_line(
            context,
            series["time_ms"],
            series[column],
            name=name,
            colour=colour,
            unit=context.asset,
            line={"width": width},
        )
        figure.add_trace(line, row=1, col=1)
    for comparison, colour in zip(comparisons, _OVERLAY, strict=False):
        line = draw_line(
            context,
            comparison.time_ms,
            comparison.price,
            name=f"{comparison.name} (recorded)",
            colour=colour,
            unit=context.asset,
            line={"dash": "dot"},
        )
        figure.add_trace(line, row=1, col=1)


def _add_liquidations(figure: go.Figure, series: pd.DataFrame, context: Context) -> None:
    span = choose_span(context.duration_ms)
    middle, longs = sum_increments(series["time_ms"], series["liquidated_long_quanta"], span)
    _, shorts = sum_increments(series["time_ms"], series["liquidated_short_quanta"], span)
    long_quote, short_quote = context.quote(longs), context.quote(shorts)
    scale = context.scale(long_quote, short_quote)
    title = f"liquidated ({scale.unit}<br>per {span_words(span)})"
    figure.update_yaxes(title_text=title, row=2, col=1)
    if not longs.any() and not shorts.any():
        say(figure, "Nobody was liquidated in this market.", row=2, col=1)
        return
    for name, values, colour in (
        ("longs liquidated", long_quote, LONG),
        ("shorts liquidated", -short_quote, SHORT),
    ):
        bars = draw_bars(context, middle, scale.of(values), name=name, colour=colour, unit=scale.unit, span_ms=span)
        figure.add_trace(bars, row=2, col=1)
    figure.update_layout(barmode="relative", bargap=0)


def _answer(series: pd.DataFrame, context: Context) -> str:
    index, mark = series["index_price"].to_numpy(), series["mark_price"].to_numpy()
    low = int(np.nanargmin(mark))
    gap = mark / index - 1
    worst = int(np.nanargmax(np.abs(gap)))
    liquidated = float(context.quote(series[["liquidated_long_quanta", "liquidated_short_quanta"]].iloc[-1].sum()))
    fall = (mark[low] / mark[0] - 1) * 100
    return (
        f"At the samples: mark from {_price(mark[0])} to a low of {_price(mark[low])} ({fall:+.1f}%),"
        f" {_price(mark[-1])} at the end. Index low {_price(np.nanmin(index))}."
        f" Mark at most {gap[worst] * 100:+.2f}% from the index."
        f" Liquidated: {format_short(liquidated, context.asset)}."
    )


def _price(price: float) -> str:
    """A price with as many decimals as its size asks for."""
    return f"{price:,.{2 if price >= 100 else 4 if price >= 1 else 8}f}"
