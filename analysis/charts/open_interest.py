"""How much of the open interest did the crash remove? Contracts open over time, and their value at mark."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from .chart_context import RunContext
from .compose import axis, compose, empty, in_panel, join_and, legend, panel_grid
from .theme import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from .time_axis import draw_line, time_axes

QUESTION = "How much of the open interest did the crash remove?"
_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION)
_MAX_MARKETS = len(_COLOURS)


def draw_open_interest(series: pd.DataFrame, context: RunContext) -> go.Figure:
    """Open interest: in base units (in % of the start if there are several markets), and at mark in quote units."""
    names = list(dict.fromkeys(series["market"]))
    single = len(names) == 1
    contracts_title = f"open interest ({context.base_unit(names[0])})" if single else "open interest (% of start)"
    if series.empty:
        text = "No samples over time were stored: run with --detail series or events."
        return empty(context, question=QUESTION, text=text, axes=(context.time_title, contracts_title))
    frames = sorted((series[series["market"] == name].reset_index(drop=True) for name in names), key=_largest_first)
    values = [_notional(frame, context) for frame in frames]
    scale = context.scale(*values)
    traces = []
    for frame, notional, colour in zip(frames[:_MAX_MARKETS], values, _COLOURS, strict=False):
        market, time = str(frame["market"].iloc[0]), frame["time_ms"]
        contracts = context.base(frame["open_interest_lots"], market)
        shown = contracts if single else contracts / max(contracts[0], 1e-300) * 100
        unit = context.base_unit(market) if single else "%"
        look: dict[str, Any] = {"name": market, "colour": colour, "legendgroup": market}
        at_mark = scale.of(notional)
        traces.append(draw_line(context, time, shown, unit=unit, **look, **in_panel(1)))
        traces.append(draw_line(context, time, at_mark, unit=scale.unit, showlegend=False, **look, **in_panel(2)))
    grid, _ = panel_grid(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    axes_of = time_axes(context, grid)
    axes_of["yaxis"] = axis(contracts_title, **grid["yaxis"], rangemode="tozero")
    axes_of["yaxis2"] = axis(f"value at mark ({scale.unit})", **grid["yaxis2"], rangemode="tozero")
    return compose(
        traces,
        context,
        question=QUESTION,
        answer=_summary(frames),
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


def _summary(frames: list[pd.DataFrame]) -> str:
    parts = []
    for frame in frames[:_MAX_MARKETS]:
        lots = frame["open_interest_lots"].to_numpy()
        if lots[0] > 0:
            parts.append(f"{frame['market'].iloc[0]} {(lots[-1] / lots[0] - 1) * 100:+.1f}%")
    text = (
        f"Open contracts at the end relative to the start: {join_and(parts)}."
        if parts
        else "No contracts were open at the start."
    )
    return text if len(frames) <= _MAX_MARKETS else f"{text} Drawn: the {_MAX_MARKETS} largest markets."
