"""How much could be traded against the book during the crash? Resting orders within three distances of the mark."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from ..money import format_percent, format_short
from .chart_context import RunContext
from .compose import HIDDEN, axis, compose, empty, in_panel, legend, note_in_panel, panel_grid
from .theme import BLUE, PURPLE, VERMILLION
from .time_axis import draw_line, time_axes

QUESTION = "How much could be traded against the book of {market} during the crash?"
_BANDS = ("near", "mid", "far")
_COLOURS = {"near": VERMILLION, "mid": PURPLE, "far": BLUE}


def draw_depth(series: pd.DataFrame, context: RunContext, *, market: str) -> go.Figure:
    """Depth of one market over time by band on a log axis, bids above, asks below; `series` holds that market only."""
    question = QUESTION.format(market=market)
    if series.empty:
        text = "No samples over time were stored: run with --detail series or events."
        axes = (context.time_title, f"resting orders ({context.asset}, log scale)")
        return empty(context, question=question, text=text, axes=axes)
    grid, _ = panel_grid(rows=2, cols=1, shared_xaxes=True, shared_yaxes="all", vertical_spacing=0.05)
    columns = {side: [f"depth_{side}_{band}_quanta" for band in _BANDS] for side in ("bid", "ask")}
    everything = context.quote(series[columns["bid"] + columns["ask"]].to_numpy())
    scale = context.scale(everything)
    traces, notes, axes_of = [], [], time_axes(context, grid)
    span = _range(scale.of(everything))
    in_legend: set[str] = set()
    for row, (side, name) in enumerate((("bid", "bids"), ("ask", "asks")), start=1):
        number = "" if row == 1 else str(row)
        for band, column in zip(_BANDS, columns[side], strict=True):
            values = scale.of(context.quote(series[column]))
            is_first = bool(values.any()) and band not in in_legend
            line = draw_line(
                context, series["time_ms"], np.where(values > 0, values, np.nan), name=_band_name(context, band),
                colour=_COLOURS[band], unit=scale.unit, legendgroup=band, showlegend=is_first, **in_panel(row),
            )  # fmt: skip
            traces.append(line)
            in_legend |= {band} if is_first else set()
        is_empty = not series[columns[side]].to_numpy().any()
        if is_empty:
            notes.append(note_in_panel(f"There were no {name} within these distances at any sample.", number))
        look = {**grid[f"yaxis{number}"], "type": "log", **span, **(HIDDEN if is_empty else {})}
        axes_of[f"yaxis{number}"] = axis(f"{name} ({scale.unit}, log scale)", **look)
    return compose(
        traces,
        context,
        question=question,
        answer=_summary(series, context),
        axes=axes_of,
        height=600,
        notes=notes,
        legend=legend(y=1.005),
    )


def _band_name(context: RunContext, band: str) -> str:
    if len(context.depth_bands_ppm) != len(_BANDS):
        return f"{band} band"
    return f"within {context.depth_bands_ppm[_BANDS.index(band)] / 10_000:g}% of the mark"


def _range(values: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Range and ticks of a log axis of these values, six decades at most."""
    positive = values[values > 0]
    if not positive.size:
        return {}
    low, high = float(np.log10(positive.min())), float(np.log10(positive.max()))
    low = max(low, high - 6)
    return {"range": [low - 0.1, high + 0.15], "dtick": 1 if high - low > 3 else "D2"}  # D2: ticks at 1, 2 and 5


def _summary(series: pd.DataFrame, context: RunContext) -> str:
    near = series["depth_bid_near_quanta"].to_numpy()
    low = int(near.argmin())
    name = _band_name(context, "near")
    start, least = (format_short(float(context.quote(value)), context.asset) for value in (near[0], near[low]))
    empty = int((near == 0).sum())
    text = f"Bids {name}: {start} at the start, {least} at the lowest"
    if near[0] > 0:
        text += f" ({format_percent(near[low] / near[0] * 100)} of the start)"
    if not empty:
        return f"{text}."
    return f"{text}; gaps in a line are samples without orders ({empty:,} of {len(near):,} for these bids)."
