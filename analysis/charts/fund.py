"""Was the insurance fund large enough? Its cash, its equity including the inventory, its payments and receipts."""

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..fund_account import FundFacts
from ..money import Scale, format_percent, format_short
from .chart_context import RunContext
from .compose import HIDDEN, axis, compose, empty, in_panel, legend, no_trace, note_in_panel, panel_grid
from .theme import BLACK, BLUE, GAIN, LOSS, VERMILLION
from .time_axis import choose_span, draw_bars, draw_line, span_label, sum_increments, time_axes

QUESTION = "Was the insurance fund{name} large enough?"
_COLOURS = (BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9")


def draw_fund(
    series: pd.DataFrame,
    context: RunContext,
    *,
    name: str,
    markets: list[str],
    facts: FundFacts | None,
    required: str = "",
) -> go.Figure:
    """One fund over time: balance, payments, receipts, ENGINE's inventory; `series` may hold other markets too.

    required: the required fund as a sentence.
    """
    question = QUESTION.format(name=f" “{name}”" if name else "")
    samples = [series[series["market"] == market].reset_index(drop=True) for market in markets]
    samples = [frame for frame in samples if not frame.empty]
    if not samples or facts is None:
        text = "No samples over time were stored: run with --detail series or events."
        axes = (context.time_title, f"balance ({context.asset})")
        return empty(context, question=question, text=text, axes=axes)
    grid, _ = panel_grid(rows=3, cols=1, shared_xaxes=True, row_heights=[0.42, 0.29, 0.29], vertical_spacing=0.06)
    parts = [_balance(samples[0], facts, context), _moves(samples, context), _inventory(samples, context)]
    axes_of = time_axes(context, grid)
    for number, part in zip(("", "2", "3"), parts, strict=True):
        axes_of[f"yaxis{number}"] = axis(part.title, **grid[f"yaxis{number}"], **part.look)
    return compose(
        [trace for part in parts for trace in part.traces],
        context,
        question=question,
        answer=f"{_summary(facts, context)} {required}".strip(),
        axes=axes_of,
        height=640,
        notes=[note for part in parts for note in part.notes],
        legend=legend(y=1.005),
        barmode="relative",
        bargap=0,
    )


class _Part(NamedTuple):
    """One panel: the title and style of its vertical axis, its traces, its text."""

    title: str
    traces: list[Any]
    look: dict[str, Any]
    notes: list[dict[str, Any]]


def _balance(fund: pd.DataFrame, facts: FundFacts, context: RunContext) -> _Part:
    """The fund's cash, which each of its markets has in its samples; it begins with what it had at the start."""
    cash, equity = (
        context.quote(np.concatenate([[facts.initial], fund[name].to_numpy(np.int64)]))
        for name in ("fund_quanta", "fund_equity_quanta")
    )
    time = np.concatenate([[0], fund["time_ms"].to_numpy(np.int64)])
    scale = context.scale(cash, equity)
    lines = [
        draw_line(
            context, time, scale.of(values), name=name, colour=colour, unit=scale.unit, line={"dash": dash},
            **in_panel(1),
        )
        for values, name, colour, dash in (
            (equity, "fund and ENGINE together, inventory at mark", VERMILLION, "dot"),
            (cash, "fund, cash", BLACK, "solid"),
        )
    ]  # fmt: skip
    return _Part(f"balance ({scale.unit})", lines, {"rangemode": "tozero"}, [])


def _moves(samples: list[pd.DataFrame], context: RunContext) -> _Part:
    """Gross payments and receipts: those of each market, added up."""
    span = choose_span(context.duration_ms)
    moved = [
        [sum_increments(frame["time_ms"], frame[name], span) for frame in samples]
        for name in ("fund_gain_quanta", "fund_draw_quanta")
    ]
    middle = moved[0][0][0]
    gain_quote, draw_quote = (context.quote(np.sum([sums for _, sums in of], axis=0)) for of in moved)
    scale = context.scale(gain_quote, draw_quote)
    title = f"moves, gross<br>({scale.unit}<br>per {span_label(span)})"
    if not gain_quote.any() and not draw_quote.any():
        text = "The fund was not used: it paid nothing and received nothing."
        return _Part(title, [no_trace(2)], HIDDEN, [note_in_panel(text, "2")])
    look: dict[str, Any] = {"unit": scale.unit, "span_ms": span, **in_panel(2)}
    bars = [
        draw_bars(context, middle, scale.of(values), name=name, colour=colour, **look)
        for name, values, colour in (("received (up)", gain_quote, GAIN), ("paid out, gross (down)", -draw_quote, LOSS))
        if values.any()
    ]
    undrawn = {
        "text": "the fund paid nothing", "xref": "x2 domain", "yref": "y2 domain", "x": 0.01, "y": 0.97,
        "showarrow": False, "xanchor": "left", "yanchor": "top", "font": {"size": 14},
    }  # fmt: skip
    return _Part(title, bars, {}, [] if draw_quote.any() else [undrawn])


def _inventory(samples: list[pd.DataFrame], context: RunContext) -> _Part:
    values = [_inventory_quote(frame, context) for frame in samples]
    scale: Scale = context.scale(*values)
    title = f"inventory at mark<br>({scale.unit},<br>+ long)"
    if not any(np.any(quote) for quote in values):
        return _Part(title, [no_trace(3)], HIDDEN, [note_in_panel("ENGINE held no position at any sample.", "3")])
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


def _summary(facts: FundFacts, context: RunContext) -> str:
    amounts = [facts.initial, facts.final, facts.gross, facts.received, facts.final - facts.initial]
    start, end, gross, received, net = (_short(amount, context) for amount in amounts)
    closed = f" ADL closed {_short(facts.deleveraged, context)} of positions." if facts.deleveraged else ""
    return (
        f"{_verdict(facts, context)}{closed} Start {start}, end {end}; paid out {gross} gross, received {received};"
        f" net result {net}."
    )


def _verdict(facts: FundFacts, context: RunContext) -> str:
    if facts.initial == 0 and facts.gross == 0:
        return "There was no fund: it began with 0 and paid nothing."
    if facts.gross == 0:
        return "It was not drawn on."
    if facts.lowest == 0:
        return "No: it ran empty."
    share = f" ({format_percent(facts.lowest / facts.initial * 100)} of the start)" if facts.initial > 0 else ""
    return f"It did not run empty: its lowest balance was {_short(facts.lowest, context)}{share}."


def _short(quanta: int, context: RunContext) -> str:
    return format_short(float(Decimal(quanta) * context.quantum), context.asset)
