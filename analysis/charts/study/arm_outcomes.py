"""How do the arms differ? The mean of each outcome that a study names, arm by arm, with intervals; or its paired
difference from the first arm."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ...money import Scale
from ..chart_context import StudyContext
from ..compose import axis, compose, empty, folded, margin_for
from ..marks import LINES, bars_of, column, require, rounded
from .chosen_arms import chosen_arms

QUESTION = "How do the arms differ?"
FRAME = ("arm", "outcome", "unit", "is_money", "value", "low", "high", "n")
MAX_OUTCOMES = 3


def draw_arm_outcomes(
    means: pd.DataFrame, context: StudyContext, *, than: str = "", answer: str = "", left_out: Sequence[str] = ()
) -> go.Figure:
    """One panel per outcome (at most MAX_OUTCOMES), one row per arm (see `chosen_arms`), in the study's order.

    means: arm (its label), outcome (its label), unit, is_money (bool: value and bounds are quote units), value, low,
    high, n (independent runs or points behind the mean); optional bounds, runs: in how many of an arm's runs the
    outcome is only a lower bound (a mean without an interval is one too; a difference is NaN).  than: label of the
    reference arm of differences, "" if values are means.  answer: the comparison in a sentence; without one the
    extremes are named only if their intervals do not overlap.  left_out: outcomes that the study names and the figure
    lacks.
    """
    if means.empty:
        text = "No arm has completed runs, or none of the study's outcomes is known."
        return empty(context, question=QUESTION, text=text, axes=("outcome", "arm"))
    require(means, FRAME, "outcomes of arms")
    outcomes = list(dict.fromkeys(means["outcome"]))[:MAX_OUTCOMES]
    firsts = means[means["outcome"] == outcomes[0]].set_index("arm")["value"].to_dict()
    shown, chosen = chosen_arms(list(dict.fromkeys(means["arm"])), firsts, f"{outcomes[0]}")
    arms = shown[::-1]
    place = {arm: i for i, arm in enumerate(arms)}
    labels = [folded(str(arm)) for arm in arms]
    row_axis: dict[str, Any] = {"tickvals": list(range(len(arms))), "range": [-0.6, len(arms) - 0.4], "zeroline": False}
    axes: dict[str, Any] = {}
    traces = []
    width = (1 - 0.08 * (len(outcomes) - 1)) / len(outcomes)
    for i, outcome in enumerate(outcomes):
        number = "" if i == 0 else str(i + 1)
        rows = means[(means["outcome"] == outcome) & means["arm"].isin(arms)]
        scale = context.scale(column(rows, "value")) if rows["is_money"].iloc[0] else Scale(1.0, rows["unit"].iloc[0])
        is_bound = _n_bounds(rows) > 0
        traces.append(_points(rows[~is_bound], place, number, scale, LINES[i], context))
        if is_bound.any():
            traces.append(_bounds(rows[is_bound], place, number, scale, LINES[i], is_paired=bool(than)))
        left = i * (width + 0.08)
        title = f"{outcome}{' minus the first arm' if than else ''}"
        title = f"{title} ({scale.unit})" if scale.unit else title
        axes[f"xaxis{number}"] = axis(folded(title, 30 if len(outcomes) > 1 else 80), domain=[left, left + width])
        axes[f"xaxis{number}"] |= {"anchor": f"y{number}", "zeroline": bool(than), "nticks": 5}
        axes[f"xaxis{number}"] |= _within(rows, is_paired=bool(than))
        names = {"ticktext": labels, "automargin": False} if i == 0 else {"showticklabels": False}
        axes[f"yaxis{number}"] = axis("", anchor=f"x{number}", **row_axis, **names)
    return compose(
        traces,
        context,
        question=f"How much do arms differ from “{than}” with the same randomness?" if than else QUESTION,
        answer=answer or _summary(means, outcomes[0], context),
        axes=axes,
        note=" ".join(filter(None, [_note(means, context, is_paired=bool(than)), chosen, _not_drawn(left_out)])),
        height=270 + 40 * len(arms),
        left=margin_for(labels),
        below=16 * max(axes[key]["title"]["text"].count("<br>") for key in axes),
        showlegend=False,
    )


def _not_drawn(left_out: Sequence[str]) -> str:
    return f"Named by the study, not drawn: {', '.join(left_out)}." if left_out else ""


def _within(rows: pd.DataFrame, *, is_paired: bool) -> dict[str, Any]:
    """The range of an axis of probabilities, within 0 to 1 (differences: -1 to 1); others are left to plotly."""
    if "is_chance" not in rows or not rows["is_chance"].all():
        return {}
    ends = rows[["low", "high"]].to_numpy(np.float64)
    widest = min(1.0, 1.1 * float(np.nanmax(np.abs(ends), initial=0.0))) or 1.0
    return {"range": [-widest if is_paired else 0, widest]}


def _n_bounds(rows: pd.DataFrame) -> np.ndarray:
    """Runs of each row whose outcome is only a lower bound."""
    return rows["bounds"].to_numpy(np.int64) if "bounds" in rows else np.zeros(len(rows), np.int64)


def _bounds(
    rows: pd.DataFrame, place: dict[str, int], number: str, scale: Scale, colour: str, *, is_paired: bool
) -> go.Scatter:
    """Means that are only lower bounds as open triangles to the right; differences of bounds as crosses at 0."""
    counts = [f"a lower bound in {k:,} of {n:,} runs" for k, n in zip(rows["bounds"], rows["runs"], strict=True)]
    values = np.zeros(len(rows)) if is_paired else scale.of(column(rows, "value"))
    said = [f"not known: {text}" if is_paired else f"at least {x:,.4g}: {text}"
            for x, text in zip(values, counts, strict=True)]  # fmt: skip
    return go.Scatter(
        x=values,
        y=[place[arm] for arm in rows["arm"]],
        mode="markers+text",
        marker={"color": colour, "size": 11, "symbol": "x-thin-open" if is_paired else "triangle-right-open"},
        text=["not known" if is_paired else f"≥ {x:,.4g}" for x in values],
        textposition="top center",
        textfont={"size": 11},
        customdata=[f"{arm}<br>{text}" for arm, text in zip(rows["arm"], said, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
        xaxis=f"x{number}",
        yaxis=f"y{number}",
    )


def _note(means: pd.DataFrame, context: StudyContext, *, is_paired: bool) -> str:
    is_bound = _n_bounds(means) > 0
    if is_bound.any():
        mark = "Crosses at 0: the difference is not known, because" if is_paired else "Triangles (≥): at least that,"
        text = f"{mark} {'the outcome' if is_paired else 'because it'} is only a lower bound in some runs."
        return text if is_bound.all() else f"{_note(means[~is_bound], context, is_paired=is_paired)} {text}"
    n = f"{int(means['n'].min()):,}"
    if is_paired:
        return (
            f"Mean paired differences; whiskers: {context.interval}, at least {n} pairs of runs with the same"
            " randomness."
            " If a whisker crosses zero, the sign is undetermined."
        )
    return (
        f"Means; whiskers: {context.interval}, at least {n} independent runs or points per arm. Arms use the same"
        " randomness, so a difference is more certain than the whiskers suggest."
    )


def _points(
    rows: pd.DataFrame, place: dict[str, int], number: str, scale: Scale, colour: str, context: StudyContext
) -> go.Scatter:
    value, low, high = (scale.of(column(rows, name)) for name in ("value", "low", "high"))
    return go.Scatter(
        x=value,
        y=[place[arm] for arm in rows["arm"]],
        mode="markers",
        cliponaxis=False,
        marker={"color": colour, "size": 9},
        error_x=bars_of(value, low, high, colour=colour),
        customdata=np.stack([low, high], axis=1),
        text=list(rows["arm"]),
        hovertemplate="%{text}<br>%{x:,.4~g} [%{customdata[0]:,.4~g}, %{customdata[1]:,.4~g}]"
        f" {scale.unit} ({context.interval})<extra></extra>",
        xaxis=f"x{number}",
        yaxis=f"y{number}",
    )


def _summary(means: pd.DataFrame, outcome: str, context: StudyContext) -> str:
    rows = means[means["outcome"] == outcome]
    is_bound = _n_bounds(rows) > 0
    if is_bound.any():
        most = rows.loc[rows["bounds"].idxmax()]
        return (
            f"{outcome}: only a lower bound in {is_bound.sum():,} of {len(rows):,} arms (in {int(most['bounds']):,} of"
            f" {int(most['runs']):,} runs of {most['arm']}), so no highest and lowest arm is named."
        )
    low, high = rows.loc[rows["value"].idxmin()], rows.loc[rows["value"].idxmax()]
    if not low["high"] < high["low"]:
        return f"{outcome}: the intervals of the {len(rows):,} arms overlap, so no highest and lowest arm is named."
    return f"{outcome}: highest {_mean_text(high, context)}; lowest {_mean_text(low, context)} ({context.interval})."


def _mean_text(row: pd.Series, context: StudyContext) -> str:
    if row["is_money"]:
        return f"{row['arm']}, {context.money_interval(row['value'], row['low'], row['high'])}"
    unit = f" {row['unit']}" if row["unit"] else ""
    return f"{row['arm']}, {rounded(row['value'])} [{rounded(row['low'])}, {rounded(row['high'])}]{unit}"
