"""In which region of the factor space does the fund fail? PRIM boxes: limits on each factor, and the runs inside."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..chart_context import StudyContext
from ..compose import ABOVE_PANELS, axis, compose, empty, join_and, legend, panel_title, text_in_panel
from ..marks import column, require, rounded
from ..theme import BLUE, LIGHT, VERMILLION

QUESTION = "In which region of the factor space {event}?"
BOXES = ("box", "input", "unit", "low", "high", "range_low", "range_high")
MEASURES = ("box", "coverage", "density", "mass", "n", "cases")
_COLOURS = (VERMILLION, BLUE, "#009E73", "#CC79A7")
MAX_POINTS = 2_000


def draw_prim(
    boxes: pd.DataFrame,
    measures: pd.DataFrame,
    points: pd.DataFrame,
    context: StudyContext,
    *,
    event: str,
    kept: pd.DataFrame | None = None,
    cases: str = "",
) -> go.Figure:
    """The two factors that the first box restricts most, with runs and boxes (left); all limits (right).

    boxes: box, input, unit, low, high (limits of the box), range_low, range_high (of the design): one row per box and
    factor that it restricts.  measures: box, coverage (share of all cases inside), density (share of runs inside that
    are cases), mass (share of runs inside), n, cases (runs and cases of the study); density_low, density_high if known.
    kept: box, input, labels: levels that a box keeps of unordered factors.  measured_on (in measures): runs held out.
    points: one column per factor, and `case` (bool): the runs.  event: completes the question, "does the fund fail".
    cases: the definition of a case, for the caption.
    """
    question = QUESTION.format(event=event)
    if boxes.empty and (kept is None or kept.empty):
        text = (
            "No box was found: no range of a factor separates the cases from the other runs, or there are too few"
            " cases."
        )
        return empty(context, question=question, text=text, axes=("factor", "factor"))
    require(boxes, BOXES, "PRIM boxes")
    require(measures, MEASURES, "PRIM boxes, measures")
    first = boxes[boxes["box"] == measures["box"].iloc[0]]
    pair = _strongest(first, points)
    labels = list(dict.fromkeys(str(name) for name in boxes["input"]))[::-1]
    traces = [*_points(points, pair, context), *_limits(boxes, measures, labels)]
    return compose(
        traces,
        context,
        question=question,
        answer=_summary(boxes, measures, kept),
        axes=_axes([_title(first, name) for name in pair], labels),
        note=f"{_sizes(measures, cases)} {_held_out(measures)}{_density_note(measures, context)}",
        height=560,
        right=150,
        notes=[
            panel_title("runs and boxes"),
            panel_title("limits of each box", "2"),
            *_no_pair(pair),
            *_ends(boxes, measures, labels),
        ],
        shapes=_rectangles(boxes, measures, pair, points),
        panels=True,
        barmode="overlay",
        legend=legend(y=ABOVE_PANELS),
    )


def _axes(left: list[str], labels: list[str]) -> dict[str, dict[str, Any]]:
    """The plane of two factors (left), the ranges of the factors (right)."""
    bottom = "share of the factor's range (0 low end … 1 high end)"
    rows = {"tickvals": list(range(len(labels))), "ticktext": labels, "range": [-0.6, max(len(labels), 1) - 0.4]}
    return {
        "xaxis": axis(left[0] if left else "factor", domain=[0, 0.44], zeroline=False),
        "yaxis": axis(left[1] if len(left) > 1 else "run (no order)", anchor="x", zeroline=False),
        "xaxis2": axis(bottom, domain=[0.62, 1], range=[-0.02, 1.02], zeroline=False),
        "yaxis2": axis("", anchor="x2", showgrid=False, zeroline=False, **rows),
    }


def _no_pair(pair: list[str]) -> list[dict[str, Any]]:
    return [] if pair else [text_in_panel("The first box restricts labels, which have no position on an axis.")]


def _strongest(first: pd.DataFrame, points: pd.DataFrame) -> list[str]:
    """The one or two numeric factors that the box restricts most."""
    width = (column(first, "high") - column(first, "low")) / (column(first, "range_high") - column(first, "range_low"))
    order = first.assign(width=width).sort_values("width", kind="stable")["input"]
    return [name for name in order if name in points and pd.api.types.is_numeric_dtype(points[name])][:2]


def _title(first: pd.DataFrame, name: str) -> str:
    unit = str(first.loc[first["input"] == name, "unit"].iloc[0])
    return f"{name} ({unit})" if unit else f"{name} (no unit)"


def _points(points: pd.DataFrame, pair: list[str], context: StudyContext) -> list[go.Scatter]:
    if not pair:
        return [go.Scatter(x=[None], y=[None], showlegend=False)]
    traces = []
    for is_case, name, colour, size in ((False, "other runs", "#b8b8b8", 4), (True, "cases", VERMILLION, 6)):
        rows = points[points["case"].to_numpy(bool) == is_case]
        place = np.unique(np.linspace(0, max(len(rows) - 1, 0), MAX_POINTS).astype(np.int64))
        rows = rows.iloc[place] if len(rows) else rows
        y = rows[pair[1]] if len(pair) > 1 else rows.index.to_numpy()
        traces.append(
            go.Scatter(
                x=rows[pair[0]],
                y=y,
                mode="markers",
                name=name,
                marker={"color": colour, "size": size, "opacity": 0.75},
                hovertemplate=f"%{{x:.4~g}}, %{{y:.4~g}}<extra>{name}</extra>",
            )
        )
    return traces


def _rectangles(
    boxes: pd.DataFrame, measures: pd.DataFrame, pair: list[str], points: pd.DataFrame
) -> list[dict[str, Any]]:
    """Each box in the plane of the two factors; over the whole range of a factor that it does not restrict."""
    shapes = []
    for box, colour in zip(measures["box"], _COLOURS, strict=False):
        rows = boxes[boxes["box"] == box].set_index("input")
        ends: list[tuple[float, float]] = []
        for name in pair:
            whole = (float(points[name].min()), float(points[name].max()))
            ends.append((float(rows.loc[name, "low"]), float(rows.loc[name, "high"])) if name in rows.index else whole)
        if not ends:
            continue
        y = {"y0": ends[1][0], "y1": ends[1][1]} if len(ends) > 1 else {"y0": 0, "y1": 1, "yref": "y domain"}
        line = {"color": colour, "width": 2.5}
        shapes.append({"type": "rect", "xref": "x", "yref": "y", "x0": ends[0][0], "x1": ends[0][1], **y, "line": line})
    return shapes


def _limits(boxes: pd.DataFrame, measures: pd.DataFrame, labels: list[str]) -> list[go.Bar]:
    """Bars over each factor's range; the part inside the box is coloured."""
    shown = list(zip(measures["box"], _COLOURS, strict=False))
    traces = [
        go.Bar(
            x=[1.0] * len(labels), y=list(range(len(labels))), width=0.74, orientation="h", marker={"color": LIGHT},
            xaxis="x2", yaxis="y2", showlegend=False, hoverinfo="skip",
        )
    ]  # fmt: skip
    for box, colour in shown:
        rows = [(row, at) for row, at, row_colour in _rows(boxes, measures, labels) if row_colour == colour]
        start, keeps = np.array([_share(row) for row, _ in rows]).reshape(-1, 2).T
        traces.append(
            go.Bar(
                x=keeps,
                base=start,
                y=[at for _, at in rows],
                width=0.63 / len(shown),
                orientation="h",
                marker={"color": colour},
                xaxis="x2",
                yaxis="y2",
                name=f"box {box}",
                customdata=[_limit(row) for row, _ in rows],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    return traces


def _share(row: dict[Any, Any]) -> tuple[float, float]:
    """The start and the width of the limits, as shares of the factor's range."""
    span = row["range_high"] - row["range_low"]
    return (row["low"] - row["range_low"]) / span, (row["high"] - row["low"]) / span


def _ends(boxes: pd.DataFrame, measures: pd.DataFrame, labels: list[str]) -> list[dict[str, Any]]:
    """The limits as numbers to the right of their bars; the text above has the units."""
    look = {"xref": "x2 domain", "yref": "y2", "x": 1.02, "xanchor": "left", "showarrow": False}
    return [
        {
            **look,
            "text": f"{rounded(row['low'])} … {rounded(row['high'])}",
            "y": at,
            "font": {"size": 12, "color": colour},
        }
        for row, at, colour in _rows(boxes, measures, labels)
    ]


def _rows(
    boxes: pd.DataFrame, measures: pd.DataFrame, labels: list[str]
) -> Iterator[tuple[dict[Any, Any], float, str]]:
    """Each limit of each box, its height in the panel, and the colour of its box."""
    place = {label: i for i, label in enumerate(labels)}
    shown = list(zip(measures["box"], _COLOURS, strict=False))
    for i, (box, colour) in enumerate(shown):
        shift = ((len(shown) - 1) / 2 - i) * 0.7 / len(shown)
        for row in boxes[boxes["box"] == box].to_dict("records"):
            yield row, place[str(row["input"])] + shift, colour


def _density_note(measures: pd.DataFrame, context: StudyContext) -> str:
    known = "density_low" in measures and np.isfinite(column(measures, "density_low")).all()
    return f" In brackets: {context.interval} of density." if known else ""


def _sizes(measures: pd.DataFrame, cases: str) -> str:
    definition = f" ({cases})" if cases else ""
    return f"n = {int(measures['n'].iloc[0]):,} runs, {int(measures['cases'].iloc[0]):,} cases{definition}."


def _held_out(measures: pd.DataFrame) -> str:
    if "measured_on" in measures:
        held = int(measures["measured_on"].iloc[0])
        return f"Coverage and density are measured on {held:,} runs that the search did not see."
    return "Boxes were fitted to these same runs, so their densities are too high."


def _summary(boxes: pd.DataFrame, measures: pd.DataFrame, kept: pd.DataFrame | None) -> str:
    parts = []
    for measure in measures.to_dict("records")[: len(_COLOURS)]:
        limits = [_limit(row) for row in boxes[boxes["box"] == measure["box"]].to_dict("records")]
        if kept is not None:
            levels = kept[kept["box"] == measure["box"]]
            limits += [f"{row['input']} in ({row['labels']})" for row in levels.to_dict("records")]
        interval = ""
        if np.isfinite(measure.get("density_low", np.nan)):
            interval = f" [{rounded(measure['density_low'])}, {rounded(measure['density_high'])}]"
        parts.append(
            f"Box {measure['box']}: {join_and(limits)}. Density: {measure['density']:.3g}{interval} of the runs inside"
            " are cases."
            f" Coverage: {measure['coverage']:.3g} of all cases are inside, in"
            f" {measure['mass']:.3g} of the runs."
        )
    return " ".join(parts)


def _limit(row: dict[Any, Any]) -> str:
    unit = f" {row['unit']}" if row["unit"] else ""
    below, above = row["low"] <= row["range_low"], row["high"] >= row["range_high"]
    if below and not above:
        return f"{row['input']} ≤ {rounded(row['high'])}{unit}"
    if above and not below:
        return f"{row['input']} ≥ {rounded(row['low'])}{unit}"
    return f"{row['input']} {rounded(row['low'])} to {rounded(row['high'])}{unit}"
