"""How far does the tail reach? Exceedance of the required fund on two logarithmic axes, with the tail fit."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ...estimators.tails import TailFit
from ...money import Scale
from ..chart_context import StudyContext
from ..compose import amount_axis, compose, empty, legend, probability_axis, question_for
from ..marks import FAINT, at_most, band, bars_of, column, require
from ..theme import BLUE, VERMILLION

QUESTION = "How far does the tail of the required fund reach?"
CURVE = ("fund", "probability", "low", "high", "events", "n")
FIT = ("fund", "probability", "low", "high")
#: Maximum number of counts drawn: on two logarithmic axes, more would overlap.
MAX_POINTS = 60


def tail_frame(fit: TailFit, *, reach: float = 3.0, points: int = 40, level: float = 0.95) -> pd.DataFrame:
    """The fitted exceedance from the threshold to the fund whose probability is a third of 1 / n, or `reach` of it.

    Columns fund, probability, low, high, in the units of the fit; without rows if the tail ends at the threshold.
    """
    far = fit.quantile(1 / (reach * fit.n), level=level).value
    if not fit.threshold > 0 or not far > fit.threshold:
        return pd.DataFrame(columns=list(FIT))
    rows = []
    for fund in np.geomspace(fit.threshold, far, points):
        estimate = fit.exceedance(max(float(fund), fit.threshold), level=level)
        rows.append((float(fund), estimate.value, estimate.low, estimate.high))
    return pd.DataFrame(rows, columns=list(FIT))


def draw_exceedance(
    curve: pd.DataFrame,
    context: StudyContext,
    *,
    event: str,
    tail: pd.DataFrame | None = None,
    threshold: float = float("nan"),
    xi: tuple[float, float, float] | None = None,
    tail_note: str = "",
    drawn_over: str = "",
    arm: str = "",
) -> go.Figure:
    """P(required fund > F) against F, both logarithmic: counts with intervals, the fit as a line with its band.

    curve: fund (quote units, rising), probability, low, high, events, n: as returned by `exceedance_curve`.
    tail: fund, probability, low, high of the fit, as returned by `tail_frame`; threshold: its start (quote units);
    xi: value and bounds of its shape; tail_note: the reason if there is none; drawn_over: units of its bootstrap;
    arm: its label, if a study has several.
    """
    question = question_for(QUESTION, arm)
    axes = (f"required fund F ({context.asset})", f"P({event})")
    drawn = curve if curve.empty else curve[(column(curve, "fund") > 0)]
    if drawn.empty or not column(drawn, "fund").max() > 0:
        text = "No run needed any fund: every required fund is zero, so there is no tail to show."
        if len(curve):
            text += f" 0 of {int(curve['n'].max()):,}: P(a fund is needed) is at most {curve['high'].min():.3g}."
        return empty(context, question=question, text=text, axes=axes)
    require(curve, CURVE, "exceedance")
    fit = pd.DataFrame(columns=list(FIT)) if tail is None else tail
    require(fit, FIT, "exceedance, tail")
    scale = context.scale(column(drawn, "fund"))
    floor = 10 ** np.floor(np.log10(min([1 / float(curve["n"].max()), *_positive(fit, "probability")]) / 1.5))
    left = float(scale.of(_first_drawn(drawn))[0])
    right = float(scale.of(np.array([max(drawn["fund"].max(), *_positive(fit, "fund"), 0.0)]))[0])
    traces = [*_fit(fit, context, scale, floor), *_counts(drawn, context, scale)]
    return compose(
        traces,
        context,
        question=question,
        answer=_summary(drawn, context, threshold, xi, tail_note),
        axes={
            "xaxis": amount_axis(f"required fund F ({scale.unit})", low=left / 1.15, high=right * 1.25),
            "yaxis": probability_axis(f"P({event})", floor, 1.0),
        },
        note=f"Bars: {context.interval} at each size separately, n = {int(curve['n'].max()):,}."
        f" {_beyond(fit, drawn_over)}",
        height=540,
        legend=legend(),
        shapes=_threshold_line(threshold, scale),
        notes=_threshold_note(threshold, scale),
    )


def _beyond(fit: pd.DataFrame, drawn_over: str) -> str:
    if fit.empty:
        return ""
    band = f"Band: bootstrap of {drawn_over}; its true coverage is below the nominal level. " if drawn_over else ""
    return f"{band}The line beyond the largest draw is extrapolation."


def _positive(frame: pd.DataFrame, name: str) -> list[float]:
    values = column(frame, name)
    return [float(value) for value in values[values > 0]]


def _first_drawn(drawn: pd.DataFrame) -> np.ndarray:
    """The low end of the axis: the smallest draw, but at most three decades below the largest."""
    funds = column(drawn, "fund")
    return np.array([max(funds.min(), funds.max() / 1e3)])


def _counts(drawn: pd.DataFrame, context: StudyContext, scale: Scale) -> list[go.Scatter]:
    never = drawn[(column(drawn, "events") == 0) & (column(drawn, "high") > 0)].head(1)
    seen = drawn[column(drawn, "events") > 0]
    place = np.unique(np.linspace(0, max(len(seen) - 1, 0), MAX_POINTS).astype(np.int64))
    seen = seen.iloc[place] if len(seen) else seen
    points = go.Scatter(
        x=scale.of(column(seen, "fund")),
        y=seen["probability"],
        error_y=bars_of(seen["probability"], seen["low"], seen["high"], colour=BLUE, width=2),
        customdata=seen[["low", "high", "events", "n"]].to_numpy(),
        mode="markers",
        marker={"color": BLUE, "size": 5},
        name=f"counted, {context.interval}",
        hovertemplate=f"F %{{x:,.4~g}} {scale.unit}: %{{y:.3g}} [%{{customdata[0]:.3g}}, %{{customdata[1]:.3g}}]"
        "<br>%{customdata[2]:,} of %{customdata[3]:,}<extra></extra>",
    )
    marks = [at_most(scale.of(column(never, "fund")), never["high"], never["n"], context=context)] if len(never) else []
    return [points, *marks]


def _fit(fit: pd.DataFrame, context: StudyContext, scale: Scale, floor: float) -> list[go.Scatter]:
    if fit.empty:
        return []
    x = scale.of(column(fit, "fund"))
    line = go.Scatter(
        x=x,
        y=fit["probability"],
        mode="lines",
        line={"color": VERMILLION, "width": 2},
        name="tail fit",
        hovertemplate=f"tail fit, F %{{x:,.4~g}} {scale.unit}: %{{y:.3g}}<extra></extra>",
    )
    name = f"{context.interval} of the fit (bootstrap)"
    return [*band(x, fit["low"], fit["high"], name=name, floor=floor, fill=FAINT), line]


def _threshold_line(threshold: float, scale: Scale) -> list[dict[str, object]]:
    if not np.isfinite(threshold):
        return []
    x = float(scale.of(np.array([threshold]))[0])
    line = {"color": VERMILLION, "width": 1, "dash": "dash"}
    return [{"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": line, "layer": "below"}]


def _threshold_note(threshold: float, scale: Scale) -> list[dict[str, object]]:
    if not np.isfinite(threshold):
        return []
    x = float(np.log10(scale.of(np.array([threshold]))[0]))
    return [
        {
            "text": "threshold of the fit", "x": x, "xref": "x", "xanchor": "right", "y": 0.03, "yref": "paper",
            "yanchor": "bottom", "showarrow": False, "font": {"size": 12, "color": VERMILLION},
        }
    ]  # fmt: skip


def _summary(
    drawn: pd.DataFrame,
    context: StudyContext,
    threshold: float,
    xi: tuple[float, float, float] | None,
    tail_note: str,
) -> str:
    largest = f"The largest of {int(drawn['n'].max()):,} required funds is {context.money(float(drawn['fund'].max()))}."
    if xi is None:
        return f"{largest} No tail is fitted{': ' + tail_note if tail_note else ''}."
    if xi[1] > 0:
        meaning = "a heavy tail: a power law"
    elif xi[2] < 0:
        meaning = "a bounded tail"
    else:
        meaning = "compatible with an exponential tail"
    if xi[2] >= 1:
        meaning += "; the mean may not exist"
    above = context.money(threshold)
    return f"{largest} Above {above} the shape xi is {xi[0]:.2f} [{xi[1]:.2f}, {xi[2]:.2f}]: {meaning}."
