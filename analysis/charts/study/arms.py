"""Which arm does better? P(event) of each combination of levers, and the fund it needs, with intervals."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..chart_context import StudyContext
from ..compose import (
    axis,
    compose,
    empty,
    folded,
    margin_for,
    panel_title,
    probability_axis,
    text_in_panel,
    upper_first,
)
from ..marks import bars_of, column, require
from ..theme import BLUE, VERMILLION
from .chosen_arms import chosen_arms

QUESTION = "Which arm does better?"
ARMS = ("arm", "probability", "low", "high", "events", "n", "fund", "fund_low", "fund_high")


def draw_arms(arms: pd.DataFrame, context: StudyContext, *, event: str, target: float, answer: str = "") -> go.Figure:
    """P(event) of each arm (left, logarithmic) and the fund for `target` (right), in the study's order.

    arms: arm (its label), probability, low, high, events, n (NaN if refused), fund, fund_low, fund_high (quote
    units; NaN if the outcomes do not determine it).  answer: the comparison in a sentence; without one the extremes are
    named only if their intervals do not overlap.
    """
    if arms.empty:
        text = "No arm of the study has completed runs."
        return empty(context, question=QUESTION, text=text, axes=(f"P({event})", "arm"))
    require(arms, ARMS, "arms")
    names, left_out = chosen_arms(list(arms["arm"]), arms.set_index("arm")["probability"].to_dict(), f"P({event})")
    shown = arms[arms["arm"].isin(names)].iloc[::-1].reset_index(drop=True)
    labels = [folded(str(name), 40) for name in shown["arm"]]
    scale = context.scale(column(shown, "fund_high"), column(shown, "fund"))
    place = np.arange(len(shown), dtype=np.float64)
    floor = _floor(shown)
    bare = {"tickvals": place.tolist(), "range": [-0.6, len(shown) - 0.4], "zeroline": False}
    known = bool(np.isfinite(column(shown, "fund")).any())
    notes = [panel_title("as configured"), panel_title(f"fund exhausted with probability {target:g}", "2")]
    notes += (
        []
        if known
        else [text_in_panel(f"No arm has enough outcomes to estimate the fund for {target:g}.", "2", width=32)]
    )
    return compose(
        [*_chances(shown, place, floor, context), *_funds(shown, place, scale.of, context, scale.unit)],
        context,
        question=QUESTION,
        answer=answer or _summary(arms, context, event),
        axes={
            "xaxis": {**probability_axis(f"P({event})", floor, 1.0), "domain": [0, 0.47]},
            "yaxis": axis("", ticktext=labels, automargin=False, **bare),
            "xaxis2": axis(f"fund ({scale.unit})", domain=[0.55, 1], anchor="y2", rangemode="tozero"),
            "yaxis2": axis("", showticklabels=False, anchor="x2", **bare),
        },
        note=f"Whiskers: {context.interval}. Triangles: event never observed, at the upper bound. Arms use the same"
        f" randomness, so a difference is more certain than the whiskers suggest. {left_out}".strip(),
        height=240 + 40 * len(shown),
        left=margin_for(labels),
        notes=notes,
        showlegend=False,
    )


def _floor(shown: pd.DataFrame) -> float:
    ends = np.concatenate([column(shown, name) for name in ("probability", "high")])
    ends = ends[np.isfinite(ends) & (ends > 0)]
    return float(10 ** np.floor(np.log10(min(0.5, ends.min() / 1.3)))) if ends.size else 1e-3


def _chances(shown: pd.DataFrame, place: np.ndarray, floor: float, context: StudyContext) -> list[go.Scatter]:
    never = column(shown, "events") == 0
    x = np.where(never, column(shown, "high"), column(shown, "probability"))
    return [
        go.Scatter(
            x=x,
            y=place,
            mode="markers",
            marker={"color": BLUE, "size": 9, "symbol": np.where(never, "triangle-left", "circle").tolist()},
            error_x=bars_of(x, np.maximum(column(shown, "low"), floor / 10), shown["high"], colour=BLUE),
            customdata=shown[["probability", "low", "high", "events", "n"]].to_numpy(),
            text=[str(name) for name in shown["arm"]],
            hovertemplate="%{text}<br>%{customdata[0]:.3g} [%{customdata[1]:.3g}, %{customdata[2]:.3g}]"
            f" ({context.interval}), %{{customdata[3]:,}} of %{{customdata[4]:,}}<extra></extra>",
        )
    ]


def _funds(shown: pd.DataFrame, place: np.ndarray, of: Any, context: StudyContext, unit: str) -> list[go.Scatter]:
    value, low, high = (of(column(shown, name)) for name in ("fund", "fund_low", "fund_high"))
    return [
        go.Scatter(
            x=value,
            y=place,
            mode="markers",
            marker={"color": VERMILLION, "size": 9, "symbol": "diamond"},
            error_x=bars_of(value, low, high, colour=VERMILLION),
            customdata=np.stack([low, high], axis=1),
            text=[str(name) for name in shown["arm"]],
            hovertemplate="%{text}<br>%{x:,.4~g} [%{customdata[0]:,.4~g}, %{customdata[1]:,.4~g}]"
            f" {unit} ({context.interval})<extra></extra>",
            xaxis="x2",
            yaxis="y2",
        )
    ]


def _summary(shown: pd.DataFrame, context: StudyContext, event: str) -> str:
    known = shown[np.isfinite(column(shown, "probability"))]
    if known.empty:
        return f"No arm supports an estimate of P({event})."
    best, worst = known.loc[known["probability"].idxmin()], known.loc[known["probability"].idxmax()]
    extremes = [
        f"{upper_first(str(row['arm']))}: 0 of {int(row['n']):,}, at most {row['high']:.3g}"
        if row["events"] == 0
        else f"{upper_first(str(row['arm']))}: {row['probability']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"
        for row in (worst, best)
    ]
    if len(known) == 1:
        return f"{extremes[0]} ({context.interval})."
    if not best["high"] < worst["low"]:
        return f"P({event}): the intervals of the {len(known):,} arms overlap, so no highest and lowest arm is named."
    return f"Highest P({event}): {extremes[0]}; lowest: {extremes[1]} ({context.interval})."
