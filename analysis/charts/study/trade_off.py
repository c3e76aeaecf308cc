"""What does safety cost? Capital locked and unnecessary liquidations versus P(ADL), one point per set of levers."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ...money import Scale
from ..chart_context import StudyContext
from ..compose import (
    ABOVE_PANELS,
    axis,
    compose,
    empty,
    legend,
    margin_for,
    panel_title,
    probability_axis,
)
from ..marks import LINES, bars_of, column, require

QUESTION = "What does it cost to make {event} less likely?"
ARMS = (
    "arm", "group", "capital", "probability", "low", "high", "events", "n", "unneeded", "unneeded_low", "unneeded_high",
    "efficient",
)  # fmt: skip

#: Shapes of the points: the next shape is used when all colours are in use.
SHAPES = ("circle", "square", "diamond")


def draw_frontier(
    arms: pd.DataFrame, context: StudyContext, *, event: str, event_axis: str, incomplete: str = ""
) -> go.Figure:
    """P(event) of each arm versus capital locked (left) and versus unnecessary liquidations (right).

    arms: arm (its label), group (colour: the levers besides fund size, e.g. margin and ADL rule), capital (quote units
    locked in fund and margin), probability, low, high, events, n (of the event), unneeded, unneeded_low, unneeded_high
    (share of liquidated notional that would have survived, fraction; NaN if not measured), efficient (bool: no arm
    is better in everything).  incomplete: what the arms lack of the design, as a sentence; then no arm is marked as
    efficient.
    """
    question = QUESTION.format(event=event)
    title = f"capital locked ({context.asset})"
    if arms.empty:
        text = "No arm of the study has completed runs: there is nothing to compare."
        return empty(context, question=question, text=text, axes=(title, f"P({event_axis})"))
    arms = arms.assign(efficient=False) if incomplete else arms
    require(arms, ARMS, "trade-off frontier")
    scale = context.scale(column(arms, "capital"))
    floor = 10 ** np.floor(np.log10(_smallest(arms) / 1.3))
    measured = bool(np.isfinite(column(arms, "unneeded")).any())
    groups = list(dict.fromkeys(str(name) for name in arms["group"]))
    traces = [
        trace for i, name in enumerate(groups) for trace in _group(arms, name, i, scale, floor, context, measured)
    ]
    titles = [panel_title("versus capital"), panel_title("versus unnecessary liquidations", "2")]
    return compose(
        traces,
        context,
        question=question,
        answer=incomplete or _summary(arms, context),
        axes=_axes(probability_axis(f"P({event_axis})", floor, 1.0), scale, measured=measured),
        note=f"Capital locked: fund plus maintenance margin of all positions, at the start. Whiskers:"
        f" {context.interval}. {_sizes(arms)} Filled: no other arm is better in every respect (by the"
        " estimates; with overlapping whiskers the order may differ). Triangles: event never observed, at the upper"
        " bound.",
        height=560,
        notes=titles if measured else [],
        panels=True,
        **_legend(groups, measured=measured),
    )


def _legend(groups: list[str], *, measured: bool) -> dict[str, Any]:
    """One line above the plot, or a list to its right if there are many groups or long names."""
    if sum(len(name) + 6 for name in groups) <= 110:
        return {"legend": legend(y=ABOVE_PANELS if measured else 1.0)}
    list_right = {"orientation": "v", "x": 1.02, "xanchor": "left", "y": 1.0, "yanchor": "top"}
    return {"legend": legend(**list_right), "right": margin_for(groups) + 40}


def _axes(probability: dict[str, Any], scale: Scale, *, measured: bool) -> dict[str, dict[str, Any]]:
    """One panel, or two that share P(event)."""
    capital = axis(f"capital locked ({scale.unit})", domain=[0, 0.56 if measured else 1], rangemode="tozero")
    if not measured:
        return {"xaxis": capital, "yaxis": probability}
    title = "unnecessary liquidations (share of liquidated notional)"
    hidden = {"anchor": "x2", "matches": "y", "showticklabels": False, "title": {"text": ""}}
    unneeded = axis(title, domain=[0.64, 1], anchor="y2", rangemode="tozero")
    return {"xaxis": capital, "yaxis": probability, "xaxis2": unneeded, "yaxis2": {**probability, **hidden}}


def _smallest(arms: pd.DataFrame) -> float:
    seen = column(arms, "low")[column(arms, "events") > 0]
    values = np.concatenate([column(arms, "probability"), column(arms, "high"), seen])
    return float(min(values[values > 0].min(), 0.5))


def _group(
    arms: pd.DataFrame, name: str, place: int, scale: Scale, floor: float, context: StudyContext, measured: bool
) -> list[go.Scatter]:
    rows = arms[arms["group"].astype(str) == name].sort_values("capital", kind="stable")
    colour = LINES[place % len(LINES)]
    never = column(rows, "events") == 0
    y = np.where(never, column(rows, "high"), column(rows, "probability"))
    efficient = rows["efficient"].to_numpy(bool)
    symbol = np.where(never, "triangle-down", SHAPES[place // len(LINES) % len(SHAPES)])
    look: dict[str, Any] = {
        "y": y,
        "cliponaxis": False,
        "error_y": bars_of(y, np.maximum(column(rows, "low"), floor / 10), column(rows, "high"), colour=colour),
        "marker": {
            "size": 10, "symbol": np.where(efficient, symbol, np.char.add(symbol, "-open")).tolist(), "color": colour,
            "line": {"color": colour, "width": 1.8},
        },
        "customdata": rows[["arm", "low", "high", "events", "n"]].to_numpy(),
        "name": name,
        "legendgroup": name,
        "hovertemplate": "%{customdata[0]}<br>P = %{y:.3g} [%{customdata[1]:.3g}, %{customdata[2]:.3g}],"
        " %{customdata[3]:,} of %{customdata[4]:,}<extra></extra>",
    }  # fmt: skip
    line = {"color": colour, "width": 1.2, "dash": "dot"}
    traces = [go.Scatter(x=scale.of(column(rows, "capital")), mode="lines+markers", line=line, **look)]
    if measured:
        unneeded = column(rows, "unneeded")
        bars = bars_of(unneeded, rows["unneeded_low"], rows["unneeded_high"], colour=colour)
        place_2 = {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
        traces.append(go.Scatter(x=unneeded, mode="markers", error_x=bars, **look, **place_2))
    return traces


def _sizes(arms: pd.DataFrame) -> str:
    n = column(arms, "n")
    return f"n = {n.min():,.0f} per arm." if n.min() == n.max() else f"n = {n.min():,.0f} to {n.max():,.0f} per arm."


def _summary(arms: pd.DataFrame, context: StudyContext) -> str:
    best = arms[arms["efficient"].to_numpy(bool)].sort_values("capital", kind="stable")
    if best.empty:
        return f"{len(arms)} arms; none is marked as efficient."
    parts = []
    for row in (best.iloc[0], best.iloc[-1])[: min(2, len(best))]:
        chance = (
            f"0 of {int(row['n']):,}, at most {row['high']:.3g}"
            if row["events"] == 0
            else f"P = {row['probability']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"
        )
        parts.append(f"{row['arm']} locks {context.money(float(row['capital']))}: {chance}")
    count = f"{len(best)} of {len(arms)} arms {'is' if len(best) == 1 else 'are'} efficient"
    return f"{count}. {'; '.join(parts)} ({context.interval})."
