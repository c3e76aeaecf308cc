"""Elements of charts other than lines: interval bands and bars, marks for `0 of n`, numbers with three digits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from ..money import format_short
from .chart_context import StudyContext
from .theme import BLUE

F64 = npt.NDArray[np.float64]


BAND = "rgba(0,114,178,0.20)"


FAINT = "rgba(213,94,0,0.18)"


#: Colours of lines for the ordered levels of a quantity.
LINES = (BLUE, "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")


def band(
    x: Any, low: Any, high: Any, *, name: str, floor: float | None = None, shape: str = "linear", fill: str = BAND
) -> list[go.Scatter]:
    """A filled band between two bounds; bounds of zero are drawn at `floor`, the low end of a logarithmic axis."""
    lower, upper = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if floor is not None:
        lower, upper = np.maximum(lower, floor), np.maximum(upper, floor)
    common: dict[str, Any] = {
        "x": np.asarray(x), "mode": "lines", "hoverinfo": "skip", "legendgroup": name,
    }  # fmt: skip
    line = {"width": 0, "shape": shape}
    return [
        go.Scatter(**common, y=lower, line=line, showlegend=False),
        go.Scatter(**common, y=upper, line=line, fill="tonexty", fillcolor=fill, name=name),
    ]


def bars_of(value: Any, low: Any, high: Any, *, colour: str = "#222222", width: int = 5) -> dict[str, Any]:
    """Error bars from interval bounds, for error_x or error_y; none if a bound is infinite or missing."""
    values = np.asarray(value, np.float64)
    up, down = np.asarray(high, np.float64) - values, values - np.asarray(low, np.float64)
    return {
        "type": "data", "symmetric": False, "array": np.where(np.isfinite(up), np.maximum(up, 0.0), 0.0),
        "arrayminus": np.where(np.isfinite(down), np.maximum(down, 0.0), 0.0), "color": colour, "thickness": 1.6,
        "width": width,
    }  # fmt: skip


def at_most(
    x: Any, high: Any, n: Any, *, context: StudyContext, name: str = "0 of n: at most", **more: Any
) -> go.Scatter:
    """Downward triangles at the upper bounds of probabilities whose event was never observed."""
    return go.Scatter(
        x=x,
        y=high,
        customdata=np.asarray(n),
        mode="markers",
        name=name,
        cliponaxis=False,
        marker={"symbol": "triangle-down", "size": 11, "color": BLUE, "line": {"color": "#222222", "width": 1}},
        hovertemplate=f"0 of %{{customdata:,}}: at most %{{y:.3g}} ({context.interval})<extra></extra>",
        **more,
    )


def rounded(value: float) -> str:
    """A number with three digits in common notation: 0.00123, 1.2e-06, 3,000, 20.0 million."""
    if abs(value) >= 1e6:
        return format_short(value)
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def between(low: float, high: float) -> str:
    """Bounds in brackets."""
    return f"[{rounded(low)}, {rounded(high)}]"


def column(frame: Any, name: str) -> F64:
    """A column as float64."""
    return np.asarray(frame[name], dtype=np.float64)


def require(frame: Any, names: Sequence[str], chart: str) -> None:
    """ValueError that names the columns a chart needs and the frame lacks."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ValueError(f"{chart}: the frame lacks {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
