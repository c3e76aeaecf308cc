"""How much of the open interest did the crash remove? Contracts open over time, their value at mark, and the largest
decline from a peak to the trough after it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..money import format_significant
from ..open_interest import Decline, Split
from .chart_context import RunContext
from .compose import axis, compose, empty, in_panel, legend, panel_grid
from .theme import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from .time_axis import draw_line, time_axes

QUESTION = "How much of the open interest did the crash remove?"
_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION)
_MAX_MARKETS = len(_COLOURS)


def draw_open_interest(
    series: pd.DataFrame, context: RunContext, *, declines: Sequence[tuple[Decline, Split | None]] = ()
) -> go.Figure:
    """Open interest: in base units (in % of the peak if there are several markets), and at mark in quote units.

    declines: of `open_interest.declines`: the largest decline of each market.
    """
    names = list(dict.fromkeys(series["market"]))
    single = len(names) == 1
    contracts_title = f"open interest ({context.base_unit(names[0])})" if single else "open interest (% of the peak)"
    if series.empty:
        text = "No samples over time were stored: run with --detail series or events."
        return empty(context, question=QUESTION, text=text, axes=(context.time_title, contracts_title))
    frames = sorted((series[series["market"] == name].reset_index(drop=True) for name in names), key=_largest_first)
    values = [_notional(frame, context) for frame in frames]
    scale = context.scale(*values)
    peaks = {decline.market: max(decline.peak, 1) for decline, _ in declines}
    traces = []
    for frame, notional, colour in zip(frames[:_MAX_MARKETS], values, _COLOURS, strict=False):
        market, time = str(frame["market"].iloc[0]), frame["time_ms"]
        contracts = context.base(frame["open_interest_lots"], market)
        shown = contracts if single else frame["open_interest_lots"].to_numpy() / peaks.get(market, 1) * 100
        unit = context.base_unit(market) if single else "%"
        look: dict[str, Any] = {"name": market, "colour": colour, "legendgroup": market}
        at_mark = scale.of(notional)
        traces.append(draw_line(context, time, shown, unit=unit, **look, **in_panel(1)))
        traces.append(draw_line(context, time, at_mark, unit=scale.unit, showlegend=False, **look, **in_panel(2)))
        fell = [decline for decline, _ in declines if decline.market == market and decline.lots]
        traces += [_ends(decline, context, single=single) for decline in fell]
    grid, _ = panel_grid(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    axes_of = time_axes(context, grid)
    axes_of["yaxis"] = axis(contracts_title, **grid["yaxis"], rangemode="tozero")
    axes_of["yaxis2"] = axis(f"value at mark ({scale.unit})", **grid["yaxis2"], rangemode="tozero")
    return compose(
        traces,
        context,
        question=QUESTION,
        answer=_summary(frames, declines, context),
        axes=axes_of,
        height=520,
        showlegend=not single,
        legend=legend(y=1.005),
    )


def _largest_first(frame: pd.DataFrame) -> float:
    return -float(frame["open_interest_lots"].iloc[0] * frame["mark_price"].iloc[0])


def _notional(frame: pd.DataFrame, context: RunContext) -> np.ndarray:
    base = context.base(frame["open_interest_lots"], str(frame["market"].iloc[0]))
    return np.asarray(base * frame["mark_price"].to_numpy(), dtype=np.float64)


def _ends(decline: Decline, context: RunContext, *, single: bool) -> go.Scatter:
    """The peak and the trough of a market's largest decline as points on its line."""
    lots = np.array([decline.peak, decline.trough])
    shown = context.base(lots, decline.market) if single else lots / max(decline.peak, 1) * 100
    return go.Scatter(
        x=context.times([decline.peak_ms, decline.trough_ms]), y=shown, mode="markers", showlegend=False,
        marker={"symbol": ["triangle-up", "triangle-down"], "size": 10, "color": BLACK},
        text=["peak", "trough"], hovertemplate=f"{decline.market}: %{{text}}<br>%{{x}}<extra></extra>", **in_panel(1),
    )  # fmt: skip


def _summary(frames: list[pd.DataFrame], declines: Sequence[tuple[Decline, Split | None]], context: RunContext) -> str:
    drawn = [str(frame["market"].iloc[0]) for frame in frames[:_MAX_MARKETS]]
    found = {decline.market: decline_text(decline, split, context) for decline, split in declines}
    text = " ".join(found[market] for market in drawn if market in found) or "No contracts were open at any sample."
    return text if len(frames) <= _MAX_MARKETS else f"{text} Drawn: the {_MAX_MARKETS} largest markets."


def decline_text(decline: Decline, split: Split | None, context: RunContext) -> str:
    """The largest decline of a market as a sentence, after what was open at the start if that is known."""

    def amount(lots: int) -> str:
        base = format_significant(float(context.base(lots, decline.market)), 6)
        return f"{base} {context.base_unit(decline.market)}"

    start = ""
    if split is not None:
        long, short = (amount(split.opening + int(side.sum())) for side in split.book)
        start = (
            f"{amount(split.opening)} at the start; the same accounts held {long} long and {short} short at the end; "
        )
    if decline.lots == 0:
        return f"{decline.market}: {start}open interest never fell between two samples."
    share = f"{decline.lots / decline.peak * 100:+.3g}%"
    return (
        f"{decline.market}: {start}largest decline {share}, from a peak of {amount(decline.peak)}"
        f" ({context.instant(decline.peak_ms)}) to {amount(decline.trough)} ({context.instant(decline.trough_ms)})."
    )
