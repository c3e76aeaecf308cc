"""Was the insurance fund large enough? Its cash, its equity with the inventory behind it, what it paid and received."""

from decimal import Decimal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.charts.chart_context import Context
from analysis.charts.theme import BLACK, BLUE, GAIN, LOSS, VERMILLION, empty_figure, finish, place_legend, say
from analysis.charts.time_axis import choose_span, draw_bars, draw_line, span_words, sum_increments, title_time
from analysis.money import Scale, format_percent, format_short

QUESTION = "Was the insurance fund{name} large enough?"
_COLOURS = (BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9")


def draw_fund(series: pd.DataFrame, context: Context, *, name: str, markets: list[str]) -> go.Figure:
    """One fund over time: balance, moves, and the engine's inventory; `series` may hold other markets too."""
    question = QUESTION.format(name=f" “{name}”" if name else "")
    samples = [series[series["market"] == market].reset_index(drop=True) for market in markets]
    samples = [frame for frame in samples if not frame.empty]
    if not samples:
        words = "No samples over time were kept: run with --detail series or events."
        axes = (context.time_title, f"balance ({context.asset})")
        return empty_figure(context, question=question, words=words, axes=axes)
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, row_heights=[0.42, 0.29, 0.29], vertical_spacing=0.06)
    fund = samples[0]  # cash and moves of a fund stand in the samples of each of its markets
    _add_balance(figure, fund, context)
    _add_moves(figure, fund, context)
    _add_inventory(figure, samples, context)
    title_time(figure, context, row=3)
    finish(figure, context, question=question, answer=_answer(fund, context), height=640)
    place_legend(figure, y=1.005)
    return figure


def _add_balance(figure: go.Figure, fund: pd.DataFrame, context: Context) -> None:
    cash, equity = context.quote(fund["fund_quanta"]), context.quote(fund["fund_equity_quanta"])
    scale = context.scale(cash, equity)
    for values, name, colour, dash in (
        (equity, "fund + engine's inventory at mark", VERMILLION, "dot"),
        (cash, "fund, cash", BLACK, "solid"),
    ):
        line = draw_line(
            context, fund["time_ms"], scale.of(values), name=name, colour=colour, unit=scale.unit, line={"dash": dash}
        )
        figure.add_trace(line, row=1, col=1)
    figure.update_yaxes(title_text=f"balance ({scale.unit})", row=1, col=1, rangemode="tozero")


def _add_moves(figure: go.Figure, fund: pd.DataFrame, context: Context) -> None:
    span = choose_span(context.duration_ms)
    middle, gains = sum_increments(fund["time_ms"], fund["fund_gain_quanta"], span)
    _, draws = sum_increments(fund["time_ms"], fund["fund_draw_quanta"], span)
    gain_quote, draw_quote = context.quote(gains), context.quote(draws)
    scale = context.scale(gain_quote, draw_quote)
    figure.update_yaxes(title_text=f"moves ({scale.unit}<br>per {span_words(span)})", row=2, col=1)
    if not gains.any() and not draws.any():
        say(figure, "The fund was not touched: nothing was paid out of it and nothing into it.", row=2, col=1)
        return
    for name, values, colour in (("gains (up)", gain_quote, GAIN), ("draws (down)", -draw_quote, LOSS)):
        bars = draw_bars(context, middle, scale.of(values), name=name, colour=colour, unit=scale.unit, span_ms=span)
        figure.add_trace(bars, row=2, col=1)
    figure.update_layout(barmode="relative", bargap=0)
    if not draws.any():
        _note(figure, "nothing was drawn from the fund")


def _note(figure: go.Figure, words: str) -> None:
    figure.add_annotation(
        text=words, xref="x2 domain", yref="y2 domain", x=0.01, y=0.97, showarrow=False, xanchor="left", yanchor="top",
        font={"size": 12, "color": "#555555"},
    )  # fmt: skip


def _add_inventory(figure: go.Figure, samples: list[pd.DataFrame], context: Context) -> None:
    values = [_inventory_quote(frame, context) for frame in samples]
    scale: Scale = context.scale(*values)
    figure.update_yaxes(title_text=f"inventory at mark<br>({scale.unit}, + long)", row=3, col=1)
    if not any(np.any(quote) for quote in values):
        say(figure, "The engine took no position over.", row=3, col=1)
        return
    for frame, quote, colour in zip(samples, values, _COLOURS, strict=False):
        market = str(frame["market"].iloc[0])
        line = draw_line(
            context, frame["time_ms"], scale.of(quote), name=f"inventory {market}", colour=colour, unit=scale.unit
        )
        figure.add_trace(line, row=3, col=1)


def _inventory_quote(frame: pd.DataFrame, context: Context) -> np.ndarray:
    base = context.base(frame["inventory_lots"], str(frame["market"].iloc[0]))
    return np.asarray(base * frame["mark_price"].to_numpy(), dtype=np.float64)


def _answer(fund: pd.DataFrame, context: Context) -> str:
    cash = fund["fund_quanta"].to_numpy()
    start, low, end = (_short(int(value), context) for value in (cash[0], cash.min(), cash[-1]))
    drawn, gained = int(fund["fund_draw_quanta"].iloc[-1]), int(fund["fund_gain_quanta"].iloc[-1])
    if drawn == 0:
        verdict = "It was never drawn on."
    elif cash.min() == 0:
        verdict = "No: it ran empty."
    else:
        share = f" ({format_percent(int(cash.min()) / int(cash[0]) * 100)} of the start)" if cash[0] > 0 else ""
        verdict = f"It did not run empty: its lowest balance was {low}{share}."
    return f"{verdict} Start {start}, end {end}; paid out {_short(drawn, context)}, received {_short(gained, context)}."


def _short(quanta: int, context: Context) -> str:
    return format_short(float(Decimal(quanta) * context.quantum), context.asset)
