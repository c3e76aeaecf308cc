"""`figure`: a figure of anything that has figures."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import plotly.graph_objects as go


class HasFigures(Protocol):
    """A Result, StudyResult, Answer or StressFrontier."""

    def figure(self, name: str) -> "go.Figure":
        """The figure of this name."""


def figure(result: HasFigures, name: str) -> "go.Figure":
    """A figure of a result by its name, or by the beginning of it: the first that fits.

    Args:
        result: a Result, StudyResult, Answer or StressFrontier.
        name: like "price" or "who-paid"; `result.figures` lists them.

    Returns a plotly figure. Raises ConfigError naming the figures there are.

        clearsim.figure(clearsim.open_run("results/base-1"), "price")
    """
    return result.figure(name)
