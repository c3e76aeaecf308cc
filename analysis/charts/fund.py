"""Was the insurance fund large enough? Its cash, its equity including the inventory, its payments and receipts."""

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..money import Scale, format_percent, format_short
from .chart_context import RunContext
from .compose import HIDDEN, axis, compose, empty, in_panel, legend, note_in_panel, panel_grid
from .theme import BLACK, BLUE, GAIN, LOSS, VERMILLION
from .time_axis import choose_span, draw_bars, draw_line, span_label, sum_increments, time_axes

QUESTION = "Was the insurance fund{name} large enough?"
_COLOURS = (BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9")


def draw_fund(
    series: pd.DataFrame, context: RunContext, *, name: str, markets: list[str], required: str = ""
) -> go.Figure:
    """One fund over time: balance, payments, receipts, the engine's inventory; `series` may hold other markets too.

    required: the required fund as a sentence.
    """
    question = QUESTION.format(name=f" “{name}”" if name else "")
    samples = [series[series["market"] == market].reset_index(drop=True) for market in markets]
    samples = [frame for frame in samples if not frame.empty]
    if not samples:
        text = "No samples over time were stored: run with --detail series or events."
        axes = (context.time_title, f"balance ({context.asset})")
        return empty(context, question=question, text=text, axes=axes)
    fund = samples[0]  # each of a fund's markets has the fund's cash and payments in its samples
    grid, _ = panel_grid(rows=3, cols=1, shared_xaxes=True, row_heights=[0.42, 0.29, 0.29], vertical_spacing=0.06)
    parts = [_balance(fund, context), _moves(fund, context), _inventory(samples, context)]
    axes_of = time_axes(context, grid)
    for number, part in zip(("", "2", "3"), parts, strict=True):
        axes_of[f"yaxis{number}"] = axis(part.title, **grid[f"yaxis{number}"], **part.look)
    stacked: dict[str, Any] = {"barmode": "relative", "bargap": 0} if parts[1].traces else {}
    return compose(
        [trace for part in parts for trace in part.traces],
        context,
        question=question,
        answer=f"{_summary(fund, context)} {required}".strip(),
        axes=axes_of,
        height=640,
        notes=[note for part in parts for note in part.notes],
        legend=legend(y=1.005),
        **stacked,
    )


class _Part(NamedTuple):
    """One panel: the title and style of its vertical axis, its traces, its text."""

    title: str
    traces: list[Any]
    look: dict[str, Any]
    notes: list[dict[str, Any]]


def _balance(fund: pd.DataFrame, context: RunContext) -> _Part:
    cash, equity = context.quote(fund["fund_quanta"]), context.quote(fund["fund_equity_quanta"])
    scale = context.scale(cash, equity)
    lines = [
        draw_line(
            context, fund["time_ms"], scale.of(values), name=name, colour=colour, unit=scale.unit, line={"dash": dash},
            **in_panel(1),
        )
        for values, name, colour, dash in (
            (equity, "fund + engine's inventory at mark", VERMILLION, "dot"),
            (cash, "fund, cash", BLACK, "solid"),
        )
    ]  # fmt: skip
    return _Part(f"balance ({scale.unit})", lines, {"rangemode": "tozero"}, [])


def _moves(fund: pd.DataFrame, context: RunContext) -> _Part:
    span = choose_span(context.duration_ms)
    middle, gains = sum_increments(fund["time_ms"], fund["fund_gain_quanta"], span)
    _, draws = sum_increments(fund["time_ms"], fund["fund_draw_quanta"], span)
    gain_quote, draw_quote = context.quote(gains), context.quote(draws)
    scale = context.scale(gain_quote, draw_quote)
    title = f"moves ({scale.unit}<br>per {span_label(span)})"
    if not gains.any() and not draws.any():
        text = "The fund was not used: it paid nothing and received nothing."
        return _Part(title, [], HIDDEN, [note_in_panel(text, "2")])
    look: dict[str, Any] = {"unit": scale.unit, "span_ms": span, **in_panel(2)}
    bars = [
        draw_bars(context, middle, scale.of(values), name=name, colour=colour, **look)
        for name, values, colour in (("gains (up)", gain_quote, GAIN), ("draws (down)", -draw_quote, LOSS))
    ]
    undrawn = {
        "text": "nothing was drawn from the fund", "xref": "x2 domain", "yref": "y2 domain", "x": 0.01, "y": 0.97,
        "showarrow": False, "xanchor": "left", "yanchor": "top", "font": {"size": 14},
    }  # fmt: skip
    return _Part(title, bars, {}, [] if draws.any() else [undrawn])


def _inventory(samples: list[pd.DataFrame], context: RunContext) -> _Part:
    values = [_inventory_quote(frame, context) for frame in samples]
    scale: Scale = context.scale(*values)
    title = f"inventory at mark<br>({scale.unit}, + long)"
    if not any(np.any(quote) for quote in values):
        return _Part(title, [], HIDDEN, [note_in_panel("The engine took over no position.", "3")])
    lines = [
        draw_line(
            context, frame["time_ms"], scale.of(quote), name=f"inventory {frame['market'].iloc[0]}", colour=colour,
            unit=scale.unit, **in_panel(3),
        )
        for frame, quote, colour in zip(samples, values, _COLOURS, strict=False)
    ]  # fmt: skip
    return _Part(title, lines, {}, [])


def _inventory_quote(frame: pd.DataFrame, context: RunContext) -> np.ndarray:
    base = context.base(frame["inventory_lots"], str(frame["market"].iloc[0]))
    return np.asarray(base * frame["mark_price"].to_numpy(), dtype=np.float64)


def _summary(fund: pd.DataFrame, context: RunContext) -> str:
    cash = fund["fund_quanta"].to_numpy()
    start, low, end = (_short(int(value), context) for value in (cash[0], cash.min(), cash[-1]))
    drawn, gained = int(fund["fund_draw_quanta"].iloc[-1]), int(fund["fund_gain_quanta"].iloc[-1])
    if drawn == 0:
        verdict = "There was none." if int(cash[0]) == 0 else "It was not drawn on."
    elif cash.min() == 0:
        verdict = "No: it ran empty."
    else:
        share = f" ({format_percent(int(cash.min()) / int(cash[0]) * 100)} of the start)" if cash[0] > 0 else ""
        verdict = f"It did not run empty: its lowest balance was {low}{share}."
    return f"{verdict} Start {start}, end {end}; paid out {_short(drawn, context)}, received {_short(gained, context)}."


def _short(quanta: int, context: RunContext) -> str:
    return format_short(float(Decimal(quanta) * context.quantum), context.asset)
