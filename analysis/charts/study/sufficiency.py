"""How large must the fund be? P(a fund of this size is exhausted), its interval, targets, and gap risk alone."""

from textwrap import shorten
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ...money import Scale
from ..chart_context import StudyContext
from ..compose import axis, compose, empty, legend, probability_axis, question_for
from ..marks import at_most, band, bars_of, column, require
from ..theme import BLACK, BLUE, GREY, VERMILLION

QUESTION = "How large must the fund be?"
CURVE = ("fund", "probability", "low", "high", "events", "n")
TARGETS = ("target", "fund", "low", "high", "note")


def draw_sufficiency(
    curve: pd.DataFrame,
    context: StudyContext,
    *,
    event: str,
    targets: pd.DataFrame | None = None,
    baseline: pd.DataFrame | None = None,
    baseline_name: str = "gap risk only (closed form)",
    at_hand: float = float("nan"),
    arm: str = "",
    note: str = "",
    left_out: str = "",
) -> go.Figure:
    """P(fund of size F is exhausted) versus F, with a logarithmic probability axis.

    curve: fund (quote units, rising), probability, low, high, events, n: as returned by `exceedance_curve`.
    targets: target (probability), fund, low, high (quote units; NaN if no size is known), note (the reason).
    baseline: fund (quote units), probability: the closed form of gap risk alone.  at_hand: the configured fund.
    arm: its label, if a study has several.  event: the event with its horizon, e.g. "fund exhausted
    within 30 days".  left_out: arms without a curve, as a sentence of the caption.
    """
    question = question_for(QUESTION, arm)
    if curve.empty:
        text = "No completed run has a required fund: there is no curve to draw. See the failures of the study."
        return empty(context, question=question, text=text, axes=(f"fund size ({context.asset})", f"P({event})"))
    require(curve, CURVE, "sufficiency curve")
    answers = pd.DataFrame(columns=list(TARGETS)) if targets is None else targets
    require(answers, TARGETS, "sufficiency curve, targets")
    scale = context.scale(column(curve, "fund"), column(answers, "high"), column(answers, "fund"), np.array([1.0]))
    drawn = _in_reach(answers)
    floor, top = _bounds(curve, drawn)
    widest = max(_largest(column(curve, "fund")), _largest(column(answers, "high")), _largest(column(answers, "fund")))
    right = float(scale.of(np.array([1.06 * (widest or (at_hand if at_hand > 0 else 1.0))]))[0])
    traces = [
        *_curve(curve, context, scale, floor, right),
        *_baseline(baseline, baseline_name, scale),
        *_answers(answers, context, scale),
    ]
    return compose(
        traces,
        context,
        question=question,
        answer=_summary(curve, answers, context, event),
        axes={
            "xaxis": axis(f"fund size ({scale.unit})", range=[0, right], zeroline=False),
            "yaxis": probability_axis(f"P({event})", floor, top),
        },
        note=f"{note or f'Band: {context.interval} at each fund size separately. {_sizes(curve)}'} {left_out}".strip(),
        height=540,
        notes=[*_target_notes(drawn), *_hand_note(at_hand, context, scale, right)],
        shapes=[*_target_lines(drawn), *_hand_line(at_hand, scale)],
        legend=legend(),
    )


def _in_reach(targets: pd.DataFrame) -> pd.DataFrame:
    """The targets that are drawn: those with a fund, and the largest of the others; the answer lists all of them."""
    known = np.isfinite(column(targets, "fund"))
    rest = targets.loc[~known, "target"]
    return targets[known | (targets["target"] == rest.max()).to_numpy()] if len(rest) else targets


def _bounds(curve: pd.DataFrame, targets: pd.DataFrame) -> tuple[float, float]:
    """Ends of the probability axis: the low end is below every target and the rarest event that n runs can show."""
    head = max([float(curve["high"].max()), *(3 * column(targets, "target"))])  # room for a label above a line
    seen = [1 / float(curve["n"].max()), *column(targets, "target")]
    return 10 ** np.floor(np.log10(min(seen) / 1.5)), min(1.0, 10 ** np.ceil(np.log10(head)))


def _largest(values: Any) -> float:
    finite = np.asarray(values)[np.isfinite(values)]
    return float(finite.max()) if finite.size else 0.0


def _curve(curve: pd.DataFrame, context: StudyContext, scale: Scale, floor: float, right: float) -> list[go.Scatter]:
    x, probability = scale.of(column(curve, "fund")), column(curve, "probability")
    shape = "hv"  # a fund of exactly the largest draw suffices: the probability falls at each draw
    # Beyond the largest draw the bound of `0 of n` continues; a curve cut off earlier ends at its cut.
    end = max(right, x[-1]) if curve["events"].iloc[-1] == 0 else x[-1]
    ends = [np.append(column(curve, name), curve[name].iloc[-1]) for name in ("low", "high")]
    bounds = band(np.append(x, end), *ends, name=context.interval, floor=floor, shape=shape)
    # Drawn up to the largest draw: no run lies beyond it.
    seen = np.flatnonzero(probability > 0)
    rows = np.append(seen, seen[-1:])
    line = go.Scatter(
        x=np.append(x[seen], x[np.minimum(seen[-1:] + 1, len(x) - 1)]),
        y=probability[rows],
        customdata=curve[["low", "high", "events", "n"]].to_numpy()[rows],
        mode="lines+markers" if len(curve) == 1 else "lines",
        line={"color": BLUE, "width": 2.2, "shape": shape},
        name="simulated",
        hovertemplate=f"fund %{{x:,.4~g}} {scale.unit}: P = %{{y:.3g}} [%{{customdata[0]:.3g}}, %{{customdata[1]:.3g}}]"
        "<br>%{customdata[2]:,} of %{customdata[3]:,}<extra></extra>",
    )
    never = curve[(column(curve, "events") == 0) & (column(curve, "high") > 0)].head(1)
    marks = [at_most(scale.of(column(never, "fund")), never["high"], never["n"], context=context)] if len(never) else []
    return [*bounds, line, *marks]


def _baseline(baseline: pd.DataFrame | None, name: str, scale: Scale) -> list[go.Scatter]:
    if baseline is None or baseline.empty:
        return []
    require(baseline, ("fund", "probability"), "sufficiency curve, baseline")
    probability = column(baseline, "probability")
    return [
        go.Scatter(
            x=scale.of(column(baseline, "fund")),
            y=np.where(probability > 0, probability, np.nan),
            mode="lines",
            line={"color": GREY, "width": 2, "dash": "dot"},
            name=name,
            hovertemplate=f"{name}, fund %{{x:,.4~g}} {scale.unit}: %{{y:.3g}}<extra></extra>",
        )
    ]


def _answers(targets: pd.DataFrame, context: StudyContext, scale: Scale) -> list[go.Scatter]:
    sized = targets[np.isfinite(column(targets, "fund"))]
    if sized.empty:
        return []
    value, low, high = (scale.of(column(sized, name)) for name in ("fund", "low", "high"))
    return [
        go.Scatter(
            x=value,
            y=sized["target"],
            mode="markers",
            marker={"color": VERMILLION, "size": 9, "symbol": "diamond"},
            error_x=bars_of(value, low, high, colour=VERMILLION, width=7),
            customdata=np.stack([low, high], axis=1),
            name="fund for a target",
            hovertemplate=f"P < %{{y:g}}: %{{x:,.4~g}} [%{{customdata[0]:,.4~g}}, %{{customdata[1]:,.4~g}}]"
            f" {scale.unit} ({context.interval})<extra></extra>",
        )
    ]


def _target_lines(targets: pd.DataFrame) -> list[dict[str, Any]]:
    line = {"color": VERMILLION, "width": 1, "dash": "dash"}
    return [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "yref": "y",
            "y0": p,
            "y1": p,
            "line": line,
            "opacity": 0.7,
        }
        for p in column(targets, "target")
    ]


def _target_notes(targets: pd.DataFrame) -> list[dict[str, Any]]:
    notes = []
    for row in targets.to_dict("records"):
        known = np.isfinite(row["fund"])
        text = f"target {row['target']:g}" + ("" if known else f": {_brief(row['note'])}")
        notes.append(
            {
                "text": text,
                "xref": "paper",
                "x": 1 if known else 0.14,
                "xanchor": "right" if known else "left",
                "yref": "y",
                "yanchor": "bottom",
                "y": float(np.log10(row["target"])),
                "showarrow": False,
                "font": {"size": 12, "color": VERMILLION},
            }
        )
    return notes


def _brief(note: str) -> str:
    """The reason why no size is known, shortened to one line."""
    return shorten(note or "no size can be given", 90, placeholder=" …")


def _hand_line(at_hand: float, scale: Scale) -> list[dict[str, Any]]:
    if not np.isfinite(at_hand):
        return []
    x = float(scale.of(np.array([at_hand]))[0])
    line = {"color": BLACK, "width": 1.2, "dash": "dashdot"}
    return [{"type": "line", "xref": "x", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": line}]


def _hand_note(at_hand: float, context: StudyContext, scale: Scale, right: float) -> list[dict[str, Any]]:
    if not np.isfinite(at_hand):
        return []
    x = float(scale.of(np.array([at_hand]))[0])
    inside = x <= right
    text = "configured fund" if inside else f"configured fund, off the chart: {context.money(at_hand)}"
    place = {"x": min(x, right), "xanchor": "left" if x < 0.75 * right else "right"}
    return [{"text": text, "xref": "x", **place, "yref": "paper", "y": 0.02, "yanchor": "bottom", "showarrow": False}]


def _sizes(curve: pd.DataFrame) -> str:
    n = int(curve["n"].max())
    return f"n = {n:,} required funds; {int(curve['events'].max()):,} exceed the smallest size shown."


def _summary(curve: pd.DataFrame, targets: pd.DataFrame, context: StudyContext, event: str) -> str:
    parts = []
    if not column(curve, "fund").max() > 0:
        parts.append(f"none of {int(curve['n'].max()):,} runs needed a fund")
    for row in targets.to_dict("records"):
        if not np.isfinite(row["fund"]):
            parts.append(f"for {row['target']:g}: {_brief(row['note'])}")
            continue
        parts.append(f"for {row['target']:g}: {context.money_with(row['fund'], row['low'], row['high'])}")
    if not parts:
        return f"No target was set; the curve shows P({event}) for every size."
    return f"Fund for which P({event}) is at most the target ({context.interval}): {'; '.join(parts)}."
