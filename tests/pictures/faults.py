"""What is wrong with a drawn figure: a trace without a pixel, an axis far from its data, texts that collide or leave.

Each function returns sentences, none for a figure without fault. Tolerances are for what a reader does not see: the
blank above and below the letters of a line, which belongs to its box.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations, pairwise

from tests.pictures.browser import Browser
from tests.pictures.measures import Corners, Figure, Page

#: An axis may span this many times its data.
MAX_SPAN = 100.0
#: Pixels by which a text may cross the edge of its figure.
_EDGE = 1.0
#: Blank of a line of text that may lie over another: share of its height above and below; pixels at its ends.
_BLANK, _ENDS = 0.1, 1.0
#: A time axis may reach this share of the run beyond its start and end.
_MARGIN = 0.05


def faults_of(browser: Browser, page: Page, *, span_ms: tuple[float, float] | None = None) -> list[str]:
    """All faults of the figures of the page that is open; span_ms: start and end of the run, since 1970."""
    found = []
    for number, figure in enumerate(page.figures):
        texts = [*collisions(figure), *escapes(figure), *wide_axes(figure, span_ms), *undrawn(browser, number, figure)]
        found += [f"{figure.name}: {text}" for text in texts]
    return found


def undrawn(browser: Browser, number: int, figure: Figure) -> Iterator[str]:
    """Traces with data that change no pixel of figure `number` of the open page when they alone are shown; entries of
    the legend without data."""
    traces = [trace for trace in figure.traces if trace.points]
    for trace in figure.traces:
        if trace.in_legend and not trace.points:
            yield f"trace {trace.index} ({trace.type} “{trace.name}”) stands in the legend and has no data"
    if not traces:
        return
    browser.show_traces(number)
    blank = browser.photograph(number)
    for trace in traces:
        browser.show_traces(number, only=trace.index)
        if browser.photograph(number) == blank:
            yield f"trace {trace.index} ({trace.type} “{trace.name}”) has {trace.points} points and draws no pixel"


def wide_axes(figure: Figure, span_ms: tuple[float, float] | None) -> Iterator[str]:
    """Axes that span over MAX_SPAN times their data; time axes that leave the run; probabilities beyond 0 and 1."""
    for axis in figure.axes:
        if axis.type == "date" and span_ms is not None:
            room = _MARGIN * (span_ms[1] - span_ms[0]) + 1
            if min(axis.range) < span_ms[0] - room or max(axis.range) > span_ms[1] + room:
                ends = " to ".join(_instant(end) for end in sorted(axis.range))
                yield f"{axis.name} runs from {ends}, not over the run"
        if axis.data is None or axis.type in ("category", "multicategory"):
            continue
        low, high = axis.data
        if axis.to_zero:
            low, high = min(low, 0.0), max(high, 0.0)
        span = abs(axis.range[1] - axis.range[0])
        if high > low and span > MAX_SPAN * (high - low):
            yield f"{axis.name} (“{axis.title}”) spans {span / (high - low):,.0f} times its data"


def escapes(figure: Figure) -> Iterator[str]:
    """Texts that leave the figure."""
    left, top, right, bottom = figure.box
    for text in figure.texts:
        xs, ys = zip(*(corner for line in text.lines for corner in line), strict=True)
        beyond = max(left - min(xs), top - min(ys), max(xs) - right, max(ys) - bottom)
        if beyond > _EDGE:
            yield f"the text “{_short(text.text)}” leaves the figure by {beyond:.0f} px"


def collisions(figure: Figure) -> Iterator[str]:
    """Pairs of texts that overlap."""
    for first, second in combinations(figure.texts, 2):
        if any(overlap(_letters(a), _letters(b)) for a in first.lines for b in second.lines):
            yield f"the texts “{_short(first.text)}” and “{_short(second.text)}” overlap"


def _letters(line: Corners) -> Corners:
    """The box of a line of text without its blank."""
    top_left, top_right, bottom_right, bottom_left = line

    def between(a: tuple[float, float], b: tuple[float, float], share: float) -> tuple[float, float]:
        return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])

    width = ((top_right[0] - top_left[0]) ** 2 + (top_right[1] - top_left[1]) ** 2) ** 0.5
    end = min(_ENDS / width, 0.5) if width else 0.5
    tops = between(top_left, bottom_left, _BLANK), between(top_right, bottom_right, _BLANK)
    bottoms = between(bottom_left, top_left, _BLANK), between(bottom_right, top_right, _BLANK)
    return (
        between(*tops, end),
        between(*reversed(tops), end),
        between(*reversed(bottoms), end),
        between(*bottoms, end),
    )


def overlap(first: Corners, second: Corners) -> bool:
    """Whether two convex boxes share an area: no side of either separates them."""
    for box in (first, second):
        for (x0, y0), (x1, y1) in pairwise([*box, box[0]]):
            across = (y1 - y0, x0 - x1)
            a, b = ([across[0] * x + across[1] * y for x, y in of] for of in (first, second))
            if (across[0] or across[1]) and (max(a) <= min(b) + 1e-9 or max(b) <= min(a) + 1e-9):
                return False
    return True


def _instant(milliseconds: float) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M}"


def _short(text: str) -> str:
    line = text.replace("<br>", " ")
    return line if len(line) <= 60 else f"{line[:57]}..."
