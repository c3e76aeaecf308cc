"""`figure`: a figure of anything that has figures; charts of the user's own."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..errors import ConfigError
from .door import checked

if TYPE_CHECKING:
    import plotly.graph_objects as go


class HasFigures(Protocol):
    """A Result, StudyResult, Answer or StressFrontier."""

    def figure(self, name: str) -> "go.Figure":
        """The figure of this name."""


R = TypeVar("R", bound=HasFigures)


@checked
def figure(result: R, name: "str | Callable[[R], go.Figure]") -> "go.Figure":
    """A figure of a result by its name or the beginning of it (first match); or a chart of your own.

    Args:
        result: a Result, StudyResult, Answer or StressFrontier.
        name: like "price" or "who-paid"; `result.figures` lists them. Or a function that makes a plotly figure of the
            result: a chart of your own.

    Returns a plotly figure. Raises ConfigError naming the available figures, or if your function returns no figure.

        clearsim.figure(clearsim.open_run("results/base-1"), "price")
    """
    if not hasattr(result, "figure"):
        raise ConfigError(f"figure: result must be a result with figures, found {type(result).__name__}")
    if isinstance(name, str):
        return result.figure(name)
    drawn = name(result)
    if not (hasattr(drawn, "to_plotly_json") and hasattr(drawn, "update_layout")):
        who = getattr(name, "__name__", "the chart")
        raise ConfigError(f"{who} must return a plotly figure, not {type(drawn).__name__}")
    return drawn


def own_charts(result: R, charts: "Sequence[Callable[[R], go.Figure]]") -> "dict[str, go.Figure]":
    """Figures of the user's own by the names of their functions; ConfigError if two have the same, or one is none."""
    if callable(charts):
        raise ConfigError("charts must be a list of functions of the result, found one function")
    if not isinstance(charts, Iterable) or isinstance(charts, str):
        raise ConfigError(f"charts must be a list of functions of the result, found {charts!r}")
    drawn: dict[str, go.Figure] = {}
    for chart in charts:
        name = str(getattr(chart, "__name__", type(chart).__name__))
        if not callable(chart):
            raise ConfigError(f"charts must be functions of the result, found {name}")
        if name in drawn:
            raise ConfigError(f"two charts are named {name}: give their functions different names")
        drawn[name] = figure(result, chart)
    return drawn
