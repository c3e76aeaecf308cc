"""How much of the open interest did the crash remove? Contracts open over time, and their value at mark."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.charts.chart_context import Context
from analysis.charts.theme import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    empty_figure,
    finish,
    join_and,
    place_legend,
)
from analysis.charts.time_axis import draw_line, title_time

QUESTION = "How much of the open interest did the crash remove?"
_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION)
_MAX_MARKETS = len(_COLOURS)


def draw_open_interest(series: pd.DataFrame, context: Context) -> go.Figure:
    """Open interest: in base units (in % of the start if there are several markets), and at mark in quote units."""
    names = list(dict.fromkeys(series["market"]))
    single = len(names) == 1
    contracts_title = f"open interest ({context.base_unit(names[0])})" if single else "open interest (% of start)"
    if series.empty:
        words = "No samples over time were kept: run with --detail series or events."
        return empty_figure(context, question=QUESTION, words=words, axes=(context.time_title, contracts_title))
    frames = sorted((series[series["market"] == name].reset_index(drop=True) for name in names), key=_largest_first)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    values = [_notional(frame, context) for frame in frames]
    scale = context.scale(*values)
    for frame, notional, colour in zip(frames[:_MAX_MARKETS], values, _COLOURS, strict=False):
        market = str(frame["market"].iloc[0])
        contracts = context.base(frame["open_interest_lots"], market)
        shown = contracts if single else contracts / max(contracts[0], 1e-300) * 100
        unit = context.base_unit(market) if single else "%"
        time = frame["time_ms"]
        figure.add_trace(
            draw_line(context, time, shown, name=market, colour=colour, unit=unit, legendgroup=market), 1, 1
        )
        figure.add_trace(
            draw_line(
                context, time, scale.of(notional), name=market, colour=colour, unit=scale.unit, legendgroup=market,
                showlegend=False,
            ),
            2,
            1,
        )  # fmt: skip
    figure.update_yaxes(title_text=contracts_title, rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text=f"value at mark ({scale.unit})", rangemode="tozero", row=2, col=1)
    title_time(figure, context, row=2)
    finish(figure, context, question=QUESTION, answer=_answer(frames), height=520)
    figure.update_layout(showlegend=not single)
    place_legend(figure, y=1.005)
    return figure


def _largest_first(frame: pd.DataFrame) -> float:
    return -float(frame["open_interest_lots"].iloc[0] * frame["mark_price"].iloc[0])


def _notional(frame: pd.DataFrame, context: Context) -> np.ndarray:
    base = context.base(frame["open_interest_lots"], str(frame["market"].iloc[0]))
    return np.asarray(base * frame["mark_price"].to_numpy(), dtype=np.float64)


def _answer(frames: list[pd.DataFrame]) -> str:
    parts = []
    for frame in frames[:_MAX_MARKETS]:
        lots = frame["open_interest_lots"].to_numpy()
        if lots[0] > 0:
            parts.append(f"{frame['market'].iloc[0]} {(lots[-1] / lots[0] - 1) * 100:+.1f}%")
    text = f"Contracts open, end against start: {join_and(parts)}." if parts else "No contracts were open at the start."
    return text if len(frames) <= _MAX_MARKETS else f"{text} Drawn: the {_MAX_MARKETS} largest markets."
