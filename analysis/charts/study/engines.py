"""Where do the engines agree? An outcome of both engines over one factor, and its ratio to the full engine's."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ...money import Scale
from ...study.engines import FRAME
from ..chart_context import StudyContext
from ..compose import amount_axis, axis, compose, empty, legend, panel_title
from ..marks import LINES, bars_of, column, require, rounded

QUESTION = "Where do the engines agree?"
MAX_ARMS = 7
#: Share of the space between two values of the factor over which the points of the arms are spread.
_SPREAD = 0.5
#: Smallest ratio that is drawn: whiskers that reach zero are cut off there.
_FLOOR = 1e-3


def draw_engines(
    frame: pd.DataFrame, context: StudyContext, *, outcome: str, unit: str, is_money: bool, factor: str, than: str
) -> go.Figure:
    """Left: the outcome by value of the factor, one colour per arm. Right: each arm's mean divided by that of `than`.

    frame: arm (label), x (value of the factor), value, low, high (quote units if is_money), ratio, ratio_low,
    ratio_high (1 + paired difference from the arm `than` over its mean; its own interval in the row of `than`), n (runs
    behind them). Outcomes are positive.
    """
    require(frame, FRAME, "engines")
    if frame.empty:
        return empty(context, question=QUESTION, text="No two arms have runs to compare.", axes=(factor, outcome))
    values = sorted(frame["x"].unique())
    every = list(dict.fromkeys(frame["arm"]))
    arms, rest = every[:MAX_ARMS], every[MAX_ARMS:]
    more = f" Shown: the first {len(arms):,} of {len(every):,} arms; left out: {', '.join(rest)}." if rest else ""
    scale = context.scale(column(frame, "value")) if is_money else Scale(1.0, unit)
    traces: list[Any] = []
    for i, arm in enumerate(arms):
        of_arm = frame[frame["arm"] == arm].sort_values("x")
        traces += _arm(of_arm, _places(of_arm, values, i, len(arms)), LINES[i], scale, context)
    ticks: dict[str, Any] = {
        "tickvals": list(range(len(values))), "ticktext": [rounded(value) for value in values], "zeroline": False,
        "range": [-0.6, len(values) - 0.4],
    }  # fmt: skip
    titled = f"{outcome} ({scale.unit})" if scale.unit else outcome
    axes = {
        "xaxis": axis(factor, domain=[0, 0.46], anchor="y", **ticks),
        "yaxis": amount_axis(titled, **_span(frame, ("value", "low", "high"), scale), anchor="x"),
        "xaxis2": axis(factor, domain=[0.56, 1], anchor="y2", **ticks),
        "yaxis2": amount_axis(
            f"multiple of “{than}”", **_span(frame, ("ratio", "ratio_low", "ratio_high"), Scale(1.0, "")), anchor="x2"
        ),
    }
    return compose(
        traces,
        context,
        question=f"{QUESTION} {outcome[:1].upper()}{outcome[1:]}",
        answer=_summary(frame, arms, than),
        axes=axes,
        note=f"Points: means; whiskers: {context.interval}, at least {int(frame['n'].min()):,} runs per point. Right:"
        f" one plus the paired difference (same book and randomness) divided by the mean of “{than}”, whose own"
        f" interval is drawn at 1.{more}",
        height=560,
        panels=True,
        notes=[panel_title("by engine"), panel_title("relative to one arm", "2")],
        below=76,
        legend=legend(y=-0.16, yanchor="top", x=0, xanchor="left"),
    )


def _span(frame: pd.DataFrame, names: tuple[str, ...], scale: Scale) -> dict[str, float]:
    """Bounds of a logarithmic axis that covers the positive values of these columns."""
    amounts = np.concatenate([np.asarray(scale.of(column(frame, name))) for name in names])
    held = amounts[np.isfinite(amounts) & (amounts > 0)]
    low, high = (float(held.min()), float(held.max())) if len(held) else (1.0, 1.0)
    return {"low": max(low, _FLOOR * high) / 1.25, "high": high * 1.25}


def _places(of_arm: pd.DataFrame, values: list[float], i: int, count: int) -> list[float]:
    """The x positions of an arm's points: next to each other, centred on the value of the factor."""
    aside = _SPREAD * ((i + 0.5) / count - 0.5)
    return [values.index(x) + aside for x in of_arm["x"]]


def _arm(
    of_arm: pd.DataFrame, places: list[float], colour: str, scale: Scale, context: StudyContext
) -> list[go.Scatter]:
    """The points of one arm in both panels."""
    arm = str(of_arm["arm"].iloc[0])
    look: dict[str, Any] = {"mode": "markers", "marker": {"color": colour, "size": 9}, "legendgroup": arm}
    value, low, high = (scale.of(column(of_arm, name)) for name in ("value", "low", "high"))
    traces = []
    for number, names, unit in (("", FRAME[2:5], scale), ("2", FRAME[5:8], Scale(1.0, "times"))):
        value, low, high = (unit.of(column(of_arm, name)) for name in names)
        traces.append(
            go.Scatter(
                x=places, y=value, name=arm, xaxis=f"x{number}", yaxis=f"y{number}", showlegend=not number,
                error_y=bars_of(value, np.maximum(low, _FLOOR * value), high, colour=colour),
                customdata=np.stack([low, high], axis=1),
                hovertemplate=f"{arm}<br>%{{y:,.4~g}} [%{{customdata[0]:,.4~g}}, %{{customdata[1]:,.4~g}}] {unit.unit}"
                f" ({context.interval})<extra></extra>", **look,
            )
        )  # fmt: skip
    return traces


def _summary(frame: pd.DataFrame, arms: list[str], than: str) -> str:
    """The closest and the most distant of the other arms, by their worst ratio."""
    parts = []
    for arm in arms:
        of_arm = frame[(frame["arm"] == arm) & (column(frame, "ratio") > 0)]
        if arm != than and len(of_arm):
            low, high = float(of_arm["ratio"].min()), float(of_arm["ratio"].max())
            parts.append((max(abs(np.log(low)), abs(np.log(high))), f"{arm} {low:.3g} to {high:.3g} times"))
    parts.sort()
    if not parts:
        return "No other arm to compare."
    return f"{parts[0][1]}." if len(parts) == 1 else f"Closest: {parts[0][1]}; most distant: {parts[-1][1]}."
