"""Where does it fail? One outcome over two factors, with contours, and the interval in each cell."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from ..chart_context import StudyContext
from ..compose import axis, compose, empty, legend
from ..marks import require, rounded

CELLS = ("x", "y", "value", "low", "high", "n")
#: Maximum number of cells with their interval as text; with more, only the hover text has it.
MAX_LABELS = 80
#: Total width of the cells, pixels, and width of a letter as a share of its size.
_PLOT_WIDTH, _LETTER = 690, 0.56
#: Number of columns above which bounds below 1 have two digits.
_WIDE = 6


def draw_heat_map(
    cells: pd.DataFrame,
    context: StudyContext,
    *,
    question: str,
    x_title: str,
    y_title: str,
    value_title: str,
    contours: tuple[float, ...] = (),
    logarithmic: bool = False,
    is_chance: bool = False,
    incomplete: str = "",
    note: str = "",
) -> go.Figure:
    """One outcome over a grid of two factors: colour and number show the value, brackets its interval.

    cells: one row per cell: x, y (numbers, or labels for levels without order), value, low, high (in the unit that
    `value_title` names), n (runs in the cell), and optionally events (then 0 of n is drawn as an upper bound) and
    bounds (runs that know only a lower bound: if any, the value is drawn as one, hatched).
    contours: values at which lines are drawn; by default chosen by plotly.  logarithmic: colours by decades; cells with
    value 0 have the colour of the smallest value above 0.  is_chance: values are probabilities.
    incomplete: what the cells lack of the design, as a sentence; then nothing is concluded from them.
    """
    if cells.empty:
        text = "No cell of the grid has a completed run: see the failures of the study."
        return empty(context, question=question, text=text, axes=(x_title, y_title))
    require(cells, CELLS, "heat map")
    xs, ys = _levels(cells["x"]), _levels(cells["y"])
    grid = {name: _spread(cells, xs, ys, name) for name in ("value", "low", "high", "n")}
    grid["events"] = _spread(cells, xs, ys, "events") if "events" in cells else np.full(grid["value"].shape, np.nan)
    grid["bounds"] = _spread(cells, xs, ys, "bounds") if "bounds" in cells else np.zeros(grid["value"].shape)
    colour, ticks = _colours(grid["value"], logarithmic)
    bounds = _colour_range(colour, is_chance=is_chance and not logarithmic)
    return compose(
        [
            _cells(grid, colour, value_title, ticks, bounds),
            *([] if incomplete else _contours(colour, xs, ys, contours, logarithmic)),
        ],
        context,
        question=question,
        answer=incomplete or _summary(grid, xs, ys, context, x_title, y_title),
        axes={"xaxis": _factor_axis(x_title, xs), "yaxis": _factor_axis(y_title, ys)},
        note=note or _note(grid, context, "" if incomplete else _lines(xs, ys)),
        legend=legend(),
        shapes=_hatches(grid["bounds"]),
        height=max(420, min(640, 220 + 58 * len(ys))),
    )


def _note(grid: dict[str, npt.NDArray[np.float64]], context: StudyContext, lines: str) -> str:
    parts = [f"In brackets: {context.interval}.", _runs(grid), lines, _hatched(grid)]
    return " ".join(filter(None, parts))


def _cells(
    grid: dict[str, npt.NDArray[np.float64]],
    colour: npt.NDArray[np.float64],
    value_title: str,
    ticks: dict[str, Any],
    bounds: tuple[float, float],
) -> go.Heatmap:
    """The coloured cells, with their text if there is room."""
    rows, cols = colour.shape
    cell_texts = _cell_texts(grid)
    shown = cell_texts if cols <= _WIDE else _cell_texts(grid, digits=2)
    return go.Heatmap(
        x=list(range(cols)),
        y=list(range(rows)),
        z=colour,
        zmin=bounds[0],
        zmax=bounds[1],
        text=shown if grid["value"].size <= MAX_LABELS else None,
        texttemplate="%{text}" if grid["value"].size <= MAX_LABELS else None,
        textfont={"size": _text_size(shown, cols)},
        customdata=cell_texts,
        colorscale="YlOrRd",
        colorbar={"title": {"text": value_title, "side": "right", "font": {"size": 13}}, "thickness": 16, **ticks},
        hoverongaps=False,
        hovertemplate="%{customdata}<extra></extra>",
        xgap=1,
        ygap=1,
    )


def _hatches(bounds: npt.NDArray[np.float64]) -> list[dict[str, Any]]:
    """Diagonal lines, on both sides of the text, over the cells whose value is only a lower bound."""
    starts = (0.0, 0.15, 0.3)  # on the left edge and, mirrored, on the lower one
    ends = [((-0.5, y), (-y, 0.5)) for y in starts] + [((x, -0.5), (0.5, -x)) for x in starts]
    look: dict[str, Any] = {"type": "line", "line": {"color": "rgb(150,150,150)", "width": 1.5}}
    return [
        {**look, "x0": col + x0, "y0": row + y0, "x1": col + x1, "y1": row + y1}
        for row, col in np.argwhere(bounds > 0).tolist()
        for (x0, y0), (x1, y1) in ends
    ]


def _hatched(grid: dict[str, npt.NDArray[np.float64]]) -> str:
    n = int((grid["bounds"] > 0).sum())
    return "Hatched, ≥: the mean is only a lower bound; counted are the runs whose value is one." if n else ""


def _text_size(cell_texts: list[list[str]], cols: int) -> float:
    """The largest letters, up to 12 pixels, with which the longest line fits its cell."""
    longest = max(len(line) for row in cell_texts for text in row for line in text.split("<br>"))
    return max(6.0, min(12.0, _PLOT_WIDTH / cols / (_LETTER * longest)))


def _levels(values: pd.Series) -> list[Any]:
    """Levels of a factor: numbers in rising order, labels in order of appearance."""
    if pd.api.types.is_numeric_dtype(values):
        return sorted(float(value) for value in values.unique())
    return list(dict.fromkeys(str(value) for value in values))


def _spread(cells: pd.DataFrame, xs: list[Any], ys: list[Any], name: str) -> npt.NDArray[np.float64]:
    """A column as (len(ys), len(xs)); NaN if the grid has no cell."""
    place_x, place_y = ({level: i for i, level in enumerate(levels)} for levels in (xs, ys))
    out = np.full((len(ys), len(xs)), np.nan)
    for x, y, value in zip(cells["x"], cells["y"], cells[name], strict=True):
        out[place_y[_key(y, place_y)], place_x[_key(x, place_x)]] = value
    return out


def _key(level: Any, places: dict[Any, int]) -> Any:
    return level if level in places else str(level)


def _factor_axis(title: str, levels: list[Any]) -> dict[str, Any]:
    labels = [rounded(level) if isinstance(level, float) else str(level) for level in levels]
    edges = [-0.5, len(levels) - 0.5]
    return axis(title, tickvals=list(range(len(levels))), ticktext=labels, range=edges, showgrid=False, zeroline=False)


def _colours(value: npt.NDArray[np.float64], logarithmic: bool) -> tuple[npt.NDArray[np.float64], dict[str, Any]]:
    """The values that set the colours, and the ticks of the colour bar."""
    positive = value[np.isfinite(value) & (value > 0)]
    if not logarithmic or not positive.size:
        return value, {"exponentformat": "none"}
    logs = np.log10(np.where(np.isnan(value), np.nan, np.maximum(value, positive.min())))
    low, high = float(np.nanmin(logs)), float(np.nanmax(logs))
    ticks = np.arange(np.ceil(low - 1e-9), np.floor(high + 1e-9) + 1)
    if len(ticks) < 2:
        ticks = np.linspace(low, high, 3) if high > low else np.array([low])
    return logs, {"tickvals": ticks.tolist(), "ticktext": [rounded(10**tick) for tick in ticks]}


def _colour_range(colour: npt.NDArray[np.float64], *, is_chance: bool) -> tuple[float, float]:
    """Ends of the colour bar: those of the values; of probabilities that are all the same, 0 and 1."""
    low, high = float(np.nanmin(colour)), float(np.nanmax(colour))
    if low < high:
        return low, high
    return (0.0, 1.0) if is_chance else (low - 0.5, high + 0.5)


def _cell_texts(grid: dict[str, npt.NDArray[np.float64]], *, digits: int = 3) -> list[list[str]]:
    return [
        [
            _cell(*(float(grid[name][row, col]) for name in _SHOWN), digits=digits)
            for col in range(grid["value"].shape[1])
        ]
        for row in range(grid["value"].shape[0])
    ]


#: What the text of a cell shows.
_SHOWN = ("value", "low", "high", "n", "events", "bounds")


def _cell(value: float, low: float, high: float, n: float, events: float, n_bounds: float, *, digits: int = 3) -> str:
    """The cell's value, and its bounds in `digits` digits."""
    if np.isnan(value):
        return "no run"
    if n_bounds > 0:
        return f"≥ {rounded(value)}<br>in {n_bounds:,.0f} of {n:,.0f}"
    if events == 0:
        return f"0 of {n:,.0f}<br>≤ {rounded(high)}"
    if np.isnan(low) or np.isnan(high):
        return f"{rounded(value)}<br>no interval"
    bounds = [f"{end:.{digits}g}" if digits < 3 and abs(end) < 1 else rounded(end) for end in (low, high)]
    return f"{rounded(value)}<br>[{bounds[0]}, {bounds[1]}]"


def _contours(
    colour: npt.NDArray[np.float64], xs: list[Any], ys: list[Any], at: tuple[float, ...], logarithmic: bool
) -> list[go.Contour]:
    """Lines over the same grid, one trace per requested value that one crosses; none without numeric axes."""
    if len(xs) < 2 or len(ys) < 2 or isinstance(xs[0], str) or isinstance(ys[0], str):
        return []
    low, high = _squares(colour)
    if not (low < high).any():
        return []
    look: dict[str, Any] = {
        "x": list(range(len(xs))), "y": list(range(len(ys))), "z": colour, "showscale": False, "hoverinfo": "skip",
        "line": {"color": "rgba(34,34,34,0.55)", "width": 1.6}, "connectgaps": False,
        "colorscale": [[0, "#222222"], [1, "#222222"]],
    }  # fmt: skip
    if not at:
        return [go.Contour(**look, name="contours", showlegend=True, ncontours=5, contours={"coloring": "none"})]
    places = [(value, float(np.log10(value)) if logarithmic else value) for value in sorted(at)]
    inside = [(value, place) for value, place in places if ((low < place) & (place < high)).any()]
    return [
        go.Contour(
            **{**look, "line": {**look["line"], "dash": dash}},
            name=f"contour at {rounded(value)}",
            showlegend=True,
            autocontour=False,
            contours={"coloring": "none", "start": place, "end": place, "size": 1},
        )
        for (value, place), dash in zip(inside, ("solid", "dash", "dot", "dashdot"), strict=False)
    ]


def _squares(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Smallest and largest value of each square of four neighbouring cells, between whose centres contours run; NaN if
    one of them has no run."""
    corners = np.stack([values[:-1, :-1], values[:-1, 1:], values[1:, :-1], values[1:, 1:]])
    return corners.min(axis=0), corners.max(axis=0)


def _lines(xs: list[Any], ys: list[Any]) -> str:
    labels = isinstance(xs[0], str) or isinstance(ys[0], str)
    return "" if labels else "Contours interpolate between the centres of cells."


def _runs(grid: dict[str, npt.NDArray[np.float64]]) -> str:
    n = grid["n"][np.isfinite(grid["n"])]
    if n.min() == n.max():
        return f"n = {n.min():,.0f} per cell."
    return f"n = {n.min():,.0f} to {n.max():,.0f} per cell."


def _summary(
    grid: dict[str, npt.NDArray[np.float64]],
    xs: list[Any],
    ys: list[Any],
    context: StudyContext,
    x_title: str,
    y_title: str,
) -> str:
    value = grid["value"]
    if (grid["bounds"] > 0).any():
        return _summary_of_bounds(grid)
    if int(np.isfinite(value).sum()) < 2:
        return "Only one cell has runs: nothing follows about where the outcome is high or low."
    low, high = float(np.nanmin(value)), float(np.nanmax(value))
    if low == high:
        return f"Every cell shows {rounded(high)}: no difference between cells was found."
    if reason := _why_not_apart(grid):
        return f"Values from {rounded(low)} to {rounded(high)}; {reason}, so no cell is named highest or lowest."
    parts = []
    for word, end in (("Highest", high), ("lowest", low)):
        places = np.argwhere(value == end)
        row, col = places[0]
        spot = [rounded(level) if isinstance(level, float) else level for level in (xs[col], ys[row])]
        number = _cell(*(float(grid[name][row, col]) for name in _SHOWN))
        where = f"{x_title.split(' (')[0]} {spot[0]}, {y_title.split(' (')[0]} {spot[1]}"
        more = f" and in {len(places) - 1:,} more cell{'s' if len(places) > 2 else ''}" if len(places) > 1 else ""
        parts.append(f"{word}: {number.replace('<br>', ' ')} at {where}{more}")
    return f"{'; '.join(parts)} ({context.interval})."


def _why_not_apart(grid: dict[str, npt.NDArray[np.float64]]) -> str:
    """Why the highest and the lowest value are not known to differ; empty if their intervals are apart."""
    value = grid["value"]
    top, bottom = (np.unravel_index(place, value.shape) for place in (np.nanargmax(value), np.nanargmin(value)))
    if np.isnan([grid["low"][top], grid["high"][bottom]]).any():
        return "they have no intervals"
    return "" if grid["high"][bottom] < grid["low"][top] else "the intervals of the two overlap"


def _summary_of_bounds(grid: dict[str, npt.NDArray[np.float64]]) -> str:
    """With bounds there is no highest and no lowest cell; only the largest bound is certain."""
    value, is_bound = grid["value"], grid["bounds"] > 0
    largest = rounded(float(np.nanmax(value)))
    return (
        f"In {int(is_bound.sum()):,} of {int(np.isfinite(value).sum()):,} cells the mean is only a lower bound, so no"
        f" cell is the highest or the lowest; the largest of all means is at least {largest}."
    )
