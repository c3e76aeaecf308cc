"""Does the tail fit depend on its threshold? Its shape, and the loss it implies, versus the threshold."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ...money import Scale
from ..chart_context import StudyContext
from ..compose import amount_axis, axis, compose, empty, panel_title, question_for
from ..marks import BAND, band, column, require
from ..theme import BLUE, GREY, VERMILLION

QUESTION = "Does the tail fit depend on its threshold?"
TABLE = ("k", "threshold", "xi", "xi_low", "xi_high", "loss", "loss_low", "loss_high")

#: Room for the number of a threshold, share of the axis.
_COUNT = 0.06


def draw_threshold_stability(
    table: pd.DataFrame,
    context: StudyContext,
    *,
    p: float,
    chosen_k: int = 0,
    why_none: str = "",
    drawn_over: str = "",
    arm: str = "",
    n: int = 0,
) -> go.Figure:
    """Shape xi (above) and the required fund exceeded with probability `p` (below) versus the threshold.

    table: k (losses above the threshold), threshold, loss, loss_low, loss_high (quote units), xi, xi_low, xi_high: as
    returned by `stability_table`.  chosen_k: the fit in use, in another colour.  drawn_over: the units that the
    bootstrap draws.  n: required funds behind the table, by default the study's.  arm: its label, if a study has
    several.
    """
    question = question_for(QUESTION, arm)
    titles = (f"threshold ({context.asset})", "shape xi (no unit)")
    if table.empty:
        text = f"No tail was fitted: {why_none or 'too few runs needed a fund'}."
        return empty(context, question=question, text=text, axes=titles)
    require(table, TABLE, "threshold stability")
    rows = table.sort_values("threshold", kind="stable").reset_index(drop=True)
    scale = context.scale(column(rows, "threshold"))
    loss_scale = context.scale(column(rows, "loss"))
    x = scale.of(column(rows, "threshold"))
    traces = [
        *_panel(rows, x, "xi", "", chosen_k, context, Scale(1.0, "")),
        *_panel(rows, x, "loss", "2", chosen_k, context, loss_scale),
    ]
    over = f" that draws {drawn_over}" if drawn_over else ""
    text = f"required fund exceeded with probability {p:.3g}, according to the fit"
    return compose(
        traces,
        context,
        question=question,
        answer=_summary(rows, context, p, chosen_k),
        axes=_axes(rows, x, scale.unit, loss_scale.unit),
        note=f"Bands: {context.interval} from a bootstrap of the whole procedure{over}. n ="
        f" {n or context.n_paths or context.n_runs:,} required funds. Small numbers: required funds above a threshold.",
        height=600,
        notes=[panel_title("shape of the tail"), panel_title(text, "2"), *_counts(rows, x)],
        showlegend=False,
    )


def _axes(rows: pd.DataFrame, x: np.ndarray, unit: str, loss_unit: str) -> dict[str, dict[str, Any]]:
    """Shape above, loss below, over the same thresholds."""
    shared = amount_axis(f"threshold ({unit})", low=float(x.min()) / 1.05, high=float(x.max()) * 1.05)
    return {
        "xaxis": {**shared, "anchor": "y", "showticklabels": False, "title": {"text": ""}},
        "xaxis2": {**shared, "anchor": "y2", "matches": "x"},
        "yaxis": axis("shape xi (no unit)", domain=[0.54, 0.95], range=_with_headroom(rows)),
        "yaxis2": axis(f"fund ({loss_unit})", domain=[0.0, 0.42]),
    }


def _panel(
    rows: pd.DataFrame, x: np.ndarray, name: str, number: str, chosen_k: int, context: StudyContext, scale: Scale
) -> list[go.Scatter]:
    value, low, high = (scale.of(column(rows, f"{name}{end}")) for end in ("", "_low", "_high"))
    place = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
    bounds = [trace.update(place) for trace in band(x, low, high, name=context.interval, fill=BAND)]
    chosen = column(rows, "k") == chosen_k
    line = go.Scatter(
        x=x,
        y=value,
        mode="lines+markers",
        line={"color": BLUE, "width": 1.6},
        marker={"color": np.where(chosen, VERMILLION, BLUE), "size": np.where(chosen, 11, 6)},
        error_y={"array": high - value, "arrayminus": value - low, "symmetric": False, "color": BLUE, "width": 3}
        if len(rows) == 1
        else None,
        customdata=np.stack([low, high, column(rows, "k")], axis=1),
        hovertemplate=f"{name}: %{{y:.4~g}} [%{{customdata[0]:.4~g}}, %{{customdata[1]:.4~g}}] {scale.unit}"
        "<br>%{customdata[2]:,} above the threshold<extra></extra>",
        **place,
    )
    return [*bounds, line]


def _with_headroom(rows: pd.DataFrame) -> list[float]:
    """Range of the axis of xi, with room above for the counts."""
    low, high = float(column(rows, "xi_low").min()), float(column(rows, "xi_high").max())
    span = max(high - low, 0.1)
    return [low - 0.06 * span, high + 0.22 * span]


def _counts(rows: pd.DataFrame, x: np.ndarray) -> list[dict[str, object]]:
    """Numbers of losses above some of the thresholds, along the top of the upper panel, with room for each."""
    place = np.log10(x)
    room = max(float(np.ptp(place)) * _COUNT, 1e-9)
    shown: list[int] = []
    for i in np.argsort(place, kind="stable").tolist():
        if not shown or place[i] - place[shown[-1]] >= room:
            shown.append(i)
    return [
        {
            "text": f"{int(rows['k'].iloc[i]):,}", "x": float(place[i]), "xref": "x", "y": 0.985,
            "yref": "y domain", "yanchor": "top", "showarrow": False, "font": {"size": 11, "color": GREY},
        }
        for i in shown
    ]  # fmt: skip


def _summary(rows: pd.DataFrame, context: StudyContext, p: float, chosen_k: int) -> str:
    low, high = float(rows["loss"].min()), float(rows["loss"].max())
    span = (
        f"Over {len(rows)} thresholds xi ranges from {rows['xi'].min():.2f} to {rows['xi'].max():.2f}, the fund"
        " exceeded"
    )
    span += f" with probability {p:.3g} from {context.money(low)} to {context.money(high)}."
    chosen = rows[column(rows, "k") == chosen_k]
    if chosen.empty:
        return f"{span} The fit is reliable where both are level within their intervals."
    row = chosen.iloc[0]
    agree = (column(rows, "loss") >= row["loss_low"]) & (column(rows, "loss") <= row["loss_high"])
    return (
        f"{span} The interval of the fit in use ({chosen_k:,} above its threshold) contains {int(agree.sum())} of the"
        f" {len(rows)}"
        " values of the fund."
    )
