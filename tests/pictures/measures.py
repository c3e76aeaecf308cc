"""What a browser measures of a page: its text, and of every figure the texts, traces and axes. Lengths in pixels."""

from typing import Any, NamedTuple

#: (x, y), and four of them clockwise from the top left.
Point = tuple[float, float]
Corners = tuple[Point, Point, Point, Point]


class Text(NamedTuple):
    """A text of a figure. part: plotly's class of the group it stands in.  size: of its font.  lines: their corners."""

    text: str
    part: str
    size: float
    lines: tuple[Corners, ...]


class Trace(NamedTuple):
    """A trace. points: data that are neither null nor empty, 0 if it is not visible.  groups: elements that draw it."""

    index: int
    type: str
    name: str
    points: int
    groups: int
    in_legend: bool


class Axis(NamedTuple):
    """An axis. range and data (smallest and largest of all traces, None without data): in its own numbers, which are
    decades if it is logarithmic and milliseconds since 1970 if it is a time axis.  to_zero: it has to show zero."""

    name: str
    type: str
    range: tuple[float, float]
    data: tuple[float, float] | None
    to_zero: bool
    title: str


class Figure(NamedTuple):
    """A figure by its name in exports. box: left, top, right, bottom of its drawing."""

    name: str
    box: tuple[float, float, float, float]
    texts: tuple[Text, ...]
    traces: tuple[Trace, ...]
    axes: tuple[Axis, ...]

    @property
    def text(self) -> str:
        """All its texts in one line."""
        return " ".join(text.text.replace("<br>", " ") for text in self.texts)


class Page(NamedTuple):
    """A page. text: all but its figures and what is folded away, in one line."""

    title: str
    text: str
    figures: tuple[Figure, ...]


def page_of(found: dict[str, Any]) -> Page:
    """The result of measure.js as a Page."""
    return Page(found["title"], found["text"], tuple(_figure(figure) for figure in found["figures"]))


def _figure(found: dict[str, Any]) -> Figure:
    lines = [tuple(tuple(map(tuple, line)) for line in text["lines"]) for text in found["texts"]]
    texts = tuple(Text(**{**text, "lines": of}) for text, of in zip(found["texts"], lines, strict=True))
    axes = tuple(
        Axis(**{**axis, "range": tuple(axis["range"]), "data": axis["data"] and tuple(axis["data"])})
        for axis in found["axes"]
    )
    traces = tuple(Trace(**trace) for trace in found["traces"])
    return Figure(found["name"], tuple(found["box"]), texts, traces, axes)
