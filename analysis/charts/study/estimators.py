"""Do the methods agree, and what does each cost? Estimate with interval, seconds, and variance versus crude runs."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..chart_context import StudyContext
from ..compose import amount_axis, axis, compose, empty, margin_for, panel_title, text_in_panel
from ..marks import bars_of, column, require
from ..theme import BLACK, BLUE, ORANGE, SKY

QUESTION = "Do the methods agree, and what does each cost?"
ROWS = ("value", "low", "high", "level", "method", "n", "events", "unit", "seconds", "variance_reduction")


def draw_estimators(
    rows: pd.DataFrame,
    context: StudyContext,
    *,
    what: str,
    reference: float = float("nan"),
    reference_name: str = "closed form",
) -> go.Figure:
    """One row per method: its estimate and interval (left), seconds (middle), variance reduction (right).

    rows: the fields of `Estimate` (`Estimate.row()`), one row per method; seconds and variance_reduction may be NaN.
    what: the quantity estimated, e.g. "P(fund exhausted within 30 days)".  reference: its true value, if known.
    """
    unit = str(rows["unit"].iloc[0]) if len(rows) and rows["unit"].iloc[0] else ""
    title = f"{what} ({unit})" if unit else what
    if rows.empty:
        text = "No method gave an estimate: each one refused, or none was run."
        return empty(context, question=QUESTION, text=text, axes=(title, "method"))
    require(rows, ROWS, "estimator comparison")
    shown = rows.iloc[::-1].reset_index(drop=True)
    labels = [_label(row) for row in shown.to_dict("records")]
    place = np.arange(len(shown), dtype=np.float64)
    traces = [
        *_values(shown, place, labels, reference, context),
        _cost(place, column(shown, "seconds"), "2", SKY, "%{x:.3~g} s"),
        _cost(place, column(shown, "variance_reduction"), "3", ORANGE, "%{x:.3~g} times less variance than crude"),
    ]
    return compose(
        traces,
        context,
        question=QUESTION,
        answer=_summary(shown, context, what, reference, reference_name),
        axes=_axes(shown, labels, reference, title),
        note=f"Whiskers: {context.interval} of each method. Variance reduction: variance with the same number of"
        " crude runs divided by this method's variance; 1 for crude Monte Carlo.",
        height=230 + 56 * len(shown),
        left=margin_for(labels),
        notes=[panel_title("estimate"), panel_title("cost", "2"), panel_title("gain", "3"), *_unknown(shown)],
        shapes=_reference_line(reference),
        showlegend=False,
    )


def _axes(shown: pd.DataFrame, labels: list[str], reference: float, title: str) -> dict[str, dict[str, Any]]:
    """Three panels side by side with the same rows."""
    bare = {
        "tickvals": list(range(len(shown))),
        "range": [-0.6, len(shown) - 0.4],
        "showgrid": False,
        "zeroline": False,
    }
    seconds = _cost_axis(column(shown, "seconds"), "seconds (s)")
    gain = _cost_axis(column(shown, "variance_reduction"), "variance reduction (times)")
    return {
        "xaxis": {**_value_axis(shown, reference, title), "domain": [0, 0.5]},
        "yaxis": axis("", ticktext=labels, automargin=False, **bare),
        "xaxis2": {**seconds, "domain": [0.56, 0.75], "anchor": "y2"},
        "yaxis2": axis("", showticklabels=False, anchor="x2", **bare),
        "xaxis3": {**gain, "domain": [0.81, 1], "anchor": "y3"},
        "yaxis3": axis("", showticklabels=False, anchor="x3", **bare),
    }


def _label(row: dict[str, object]) -> str:
    events = f", {int(row['events']):,} events" if int(str(row["events"])) >= 0 else ""  # type: ignore[call-overload]
    return f"{row['method']}<br>n = {int(str(row['n'])):,}{events}"


def _values(
    shown: pd.DataFrame, place: np.ndarray, labels: list[str], reference: float, context: StudyContext
) -> list[go.Scatter]:
    value, low, high = (column(shown, name) for name in ("value", "low", "high"))
    never = value <= 0
    x = np.where(never, high, value)  # a logarithmic axis cannot show 0: the upper bound is drawn
    return [
        go.Scatter(
            x=x,
            y=place,
            mode="markers",
            marker={"color": BLUE, "size": 9, "symbol": np.where(never, "triangle-left", "circle").tolist()},
            error_x=bars_of(x, low, high, colour=BLUE, width=7),
            customdata=np.stack([value, low, high], axis=1),
            text=[label.replace("<br>", ", ") for label in labels],
            hovertemplate="%{text}<br>%{customdata[0]:.4g} [%{customdata[1]:.4g}, %{customdata[2]:.4g}]"
            f" ({context.interval})<extra></extra>",
        )
    ]


def _value_axis(shown: pd.DataFrame, reference: float, title: str) -> dict[str, object]:
    ends = np.concatenate([column(shown, name) for name in ("value", "low", "high")] + [np.array([reference])])
    ends = ends[np.isfinite(ends)]
    positive = ends[ends > 0]
    wide = positive.size and positive.max() / positive.min() > 8 and ends.min() >= 0
    if wide:
        return amount_axis(title, low=float(positive.min()) / 1.3, high=float(positive.max()) * 1.3)
    return axis(title, zeroline=False, nticks=6)


def _cost(place: np.ndarray, values: np.ndarray, number: str, colour: str, hover: str) -> go.Bar:
    return go.Bar(
        x=values,
        y=place,
        width=0.5,
        orientation="h",
        marker={"color": colour},
        text=[f"{value:.3g}" if np.isfinite(value) else "" for value in values],
        textposition="auto",
        xaxis=f"x{number}",
        yaxis=f"y{number}",
        hovertemplate=f"{hover}<extra></extra>",
    )


def _cost_axis(values: np.ndarray, title: str) -> dict[str, object]:
    known = values[np.isfinite(values) & (values > 0)]
    if not known.size:
        return axis(title, range=[0, 1], showticklabels=False)
    low, high = min(1.0, float(known.min()) / 2), max(1.0, float(known.max()) * 3)
    ticks = 10.0 ** np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1)
    step = max(1, -(-len(ticks) // 4))
    return axis(
        title, type="log", range=[float(np.log10(low)), float(np.log10(high))], tickvals=ticks[::step].tolist(),
        ticktext=[f"{tick:,g}" for tick in ticks[::step]],
    )  # fmt: skip


def _unknown(shown: pd.DataFrame) -> list[dict[str, object]]:
    panels = (("seconds", "2", "not timed"), ("variance_reduction", "3", "not measured"))
    return [text_in_panel(text, number) for name, number, text in panels if not np.isfinite(column(shown, name)).any()]


def _reference_line(reference: float) -> list[dict[str, object]]:
    if not np.isfinite(reference):
        return []
    line = {"color": BLACK, "width": 1.4, "dash": "dash"}
    return [
        {
            "type": "line", "xref": "x", "x0": reference, "x1": reference, "yref": "y domain", "y0": 0, "y1": 1,
            "line": line,
        }
    ]  # fmt: skip


def _summary(shown: pd.DataFrame, context: StudyContext, what: str, reference: float, reference_name: str) -> str:
    low, high = float(column(shown, "low").max()), float(column(shown, "high").min())
    if len(shown) == 1:
        verdict = "Only one method: there is nothing to compare it with."
    elif low <= high:
        verdict = f"All {len(shown)} intervals contain [{low:.3g}, {high:.3g}]."
    else:
        verdict = f"The {len(shown)} intervals of {what} have no common range: do not quote any of them alone."
    if np.isfinite(reference):
        held = (column(shown, "low") <= reference) & (reference <= column(shown, "high"))
        verdict += (
            f" Dashed: {reference_name} {reference:.4g}, inside {int(held.sum())} of {len(shown)} ({context.interval})."
        )
    return verdict
