"""Which factor moves the outcome most, one at a time? A tornado: the outcome at each factor's low and high end."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..chart_context import StudyContext
from ..compose import axis, compose, empty, legend, margin_for, upper_first
from ..marks import bars_of, column, require, rounded
from ..theme import BLACK, ORANGE, SKY

QUESTION = "Which factor, moved alone, changes {outcome} most?"
SWINGS = (
    "input", "unit", "input_low", "input_high", "at_low", "at_low_low", "at_low_high", "at_high", "at_high_low",
    "at_high_high", "n",
)  # fmt: skip
MAX_BARS = 15
_ENDS = {"low": (SKY, 0.13), "high": (ORANGE, -0.13)}


def draw_tornado(
    swings: pd.DataFrame,
    context: StudyContext,
    *,
    outcome: str,
    unit: str,
    base: float,
    base_low: float = float("nan"),
    base_high: float = float("nan"),
    is_chance: bool = False,
) -> go.Figure:
    """Outcome with each factor at its low and its high end, all others at their base; the widest swing on top.

    swings: input, unit, input_low, input_high (ends of the factor, its unit), at_low, at_high (the outcome there, in
    `unit`), at_low_low, at_low_high, at_high_low, at_high_high (their interval bounds), n (runs at each end).
    base, base_low, base_high: the outcome with every factor at its base.  is_chance: it is a probability.
    """
    question = QUESTION.format(outcome=outcome)
    title = f"{outcome} ({unit})" if unit else outcome
    if swings.empty:
        text = "The study has no one-at-a-time points: no factor was moved alone."
        return empty(context, question=question, text=text, axes=(title, "factor (low to high end)"))
    require(swings, SWINGS, "tornado")
    width = np.abs(column(swings, "at_high") - column(swings, "at_low"))
    order = np.argsort(width, kind="stable")[-MAX_BARS:]
    shown = swings.iloc[order].reset_index(drop=True)
    labels = [_label(row) for row in shown.to_dict("records")]
    traces = [trace for end in _ENDS for trace in _bars(shown, labels, base, end, context)]
    more = "" if len(shown) == len(swings) else f" Shown: the {len(shown)} widest of {len(swings)} factors."
    return compose(
        traces,
        context,
        question=question,
        answer=_summary(shown, context, base, base_low, base_high, unit),
        axes={
            "xaxis": axis(title, zeroline=False, **(_within(shown, base_high) if is_chance else {})),
            "yaxis": _factor_axis(labels),
        },
        note=f"Whiskers and grey band (the base): {context.interval}. n = {_size(shown)} at each end. Both ends and the"
        f" base use the same randomness, so a difference is more certain than the whiskers suggest.{more}",
        height=240 + 46 * len(shown),
        left=margin_for(labels),
        barmode="overlay",
        legend=legend(traceorder="normal"),
        shapes=_base_shapes(base, base_low, base_high),
    )


def _within(shown: pd.DataFrame, base_high: float) -> dict[str, Any]:
    """The range of an axis of probabilities: from 0 to a little above the largest bound, at most 1."""
    ends = [*column(shown, "at_low_high"), *column(shown, "at_high_high"), base_high]
    return {"range": [0, min(1.0, 1.05 * float(np.nanmax(ends, initial=0.0))) or 1.0]}


def _label(row: dict[str, object]) -> str:
    unit = f" {row['unit']}" if row["unit"] else ""
    return f"{row['input']}<br>{_end(row['input_low'])} … {_end(row['input_high'])}{unit}"


def _end(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, int | float | np.number) else str(value)


def _bars(shown: pd.DataFrame, labels: list[str], base: float, end: str, context: StudyContext) -> list[Any]:
    """The bars of one end, with whiskers off-centre, so that those of both ends stay visible."""
    colour, shift = _ENDS[end]
    value = column(shown, f"at_{end}")
    bounds = [column(shown, f"at_{end}_{side}") for side in ("low", "high")]
    place = np.arange(len(shown), dtype=np.float64)
    look = {"color": colour, "line": {"color": BLACK, "width": 0.6}}
    bars = go.Bar(
        x=value - base,
        base=base,
        y=place,
        width=0.62,
        orientation="h",
        marker=look,
        name=f"factor at its {end} end",
        hoverinfo="skip",
    )
    points = go.Scatter(
        x=value,
        y=place + shift,
        mode="markers",
        marker={**look, "size": 7},
        error_x=bars_of(value, *bounds, width=5),
        customdata=np.stack(bounds, axis=1),
        text=[label.replace("<br>", ": ") for label in labels],
        showlegend=False,
        hovertemplate="%{text}<br>%{x:.4~g} [%{customdata[0]:.4~g}, %{customdata[1]:.4~g}]"
        f" ({context.interval})<extra>{end} end</extra>",
    )
    return [bars, points]


def _factor_axis(labels: list[str]) -> dict[str, Any]:
    places = list(range(len(labels)))
    return axis(
        "", tickvals=places, ticktext=labels, range=[-0.6, len(labels) - 0.4], showgrid=False, zeroline=False,
        automargin=False,
    )  # fmt: skip


def _base_shapes(base: float, low: float, high: float) -> list[dict[str, object]]:
    line = {"color": BLACK, "width": 1.4}
    shapes: list[dict[str, object]] = [
        {"type": "line", "xref": "x", "x0": base, "x1": base, "yref": "paper", "y0": 0, "y1": 1, "line": line}
    ]
    if np.isfinite(low) and np.isfinite(high):
        shapes.insert(
            0,
            {
                "type": "rect", "xref": "x", "x0": low, "x1": high, "yref": "paper", "y0": 0, "y1": 1,
                "fillcolor": "#9a9a9a", "opacity": 0.25, "line": {"width": 0}, "layer": "below",
            },
        )  # fmt: skip
    return shapes


def _size(shown: pd.DataFrame) -> str:
    n = column(shown, "n")
    return f"{n.min():,.0f}" if n.min() == n.max() else f"{n.min():,.0f} to {n.max():,.0f}"


def _summary(
    shown: pd.DataFrame, context: StudyContext, base: float, base_low: float, base_high: float, unit: str
) -> str:
    top = shown.iloc[-1]
    unit_text = f" {unit}" if unit else ""
    interval = f" [{rounded(base_low)}, {rounded(base_high)}]" if np.isfinite(base_low) else ""
    ends = [
        f"{rounded(top[f'at_{end}'])} [{rounded(top[f'at_{end}_low'])}, {rounded(top[f'at_{end}_high'])}]"
        for end in ("low", "high")
    ]
    if top["at_low"] == top["at_high"]:
        return f"No factor changes it: {rounded(base)}{interval}{unit_text} at both ends of each ({context.interval})."
    name = upper_first(str(top["input"]))
    return (
        f"Base {rounded(base)}{interval}{unit_text}. {name} has the widest swing: {ends[0]} at its low"
        f" end, {ends[1]} at its high end ({context.interval})."
    )
