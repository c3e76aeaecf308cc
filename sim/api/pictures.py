"""The display of an object in a notebook: a table and a small picture as inline SVG, without scripts or requests."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 560, 110
_BLUE, _GREY = "#0072B2", "#7f7f7f"
#: More points than this are thinned before they are drawn.
MAX_POINTS = 500


def card(title: str, rows: Mapping[str, object], picture: str = "", table: str = "") -> str:
    """A heading, facts as a two-column table, a picture, a table of results (HTML)."""
    cells = "".join(
        f"<tr><td style='text-align:left'>{escape(name)}</td><td style='text-align:left'>{escape(str(value))}</td></tr>"
        for name, value in rows.items()
    )
    return f"<div><b>{escape(title)}</b><table>{cells}</table>{picture}{table}</div>"


def line(values: Sequence[float], *, label: str) -> str:
    """A line through equally spaced values, with its lowest and highest value as text."""
    step = max(1, math.ceil(len(values) / MAX_POINTS))
    shown = [float(value) for value in values[::step] if math.isfinite(value)]
    if len(shown) < 2:
        return ""
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0
    points = " ".join(
        f"{60 + (WIDTH - 70) * at / (len(shown) - 1):.1f},{HEIGHT - 15 - (HEIGHT - 40) * (value - low) / span:.1f}"
        for at, value in enumerate(shown)
    )
    body = f"<polyline points='{points}' fill='none' stroke='{_BLUE}' stroke-width='1.5'/>"
    return _svg(body + _text(0, 30, f"{high:,.6g}") + _text(0, HEIGHT - 12, f"{low:,.6g}"), label)


def dots(x: Sequence[float], y: Sequence[float], *, label: str) -> str:
    """Points in a square of two quantities, each from its lowest to its highest value."""
    pairs = [(float(a), float(b)) for a, b in zip(x, y, strict=True) if math.isfinite(a) and math.isfinite(b)]
    if not pairs:
        return ""
    (left, right), (low, high) = ((min(column), max(column)) for column in zip(*pairs, strict=True))
    body = "".join(
        f"<circle cx='{60 + (WIDTH - 70) * (a - left) / ((right - left) or 1):.1f}'"
        f" cy='{HEIGHT - 15 - (HEIGHT - 40) * (b - low) / ((high - low) or 1):.1f}' r='2.5' fill='{_BLUE}'/>"
        for a, b in pairs[:MAX_POINTS]
    )
    return _svg(body + _text(0, 30, f"{high:,.4g}") + _text(0, HEIGHT - 12, f"{low:,.4g}"), label)


def interval(rows: Sequence[tuple[str, float, float, float]], *, label: str) -> str:
    """One row per point with its interval: (name, value, low, high)."""
    shown = [row for row in rows if all(map(math.isfinite, row[1:]))]
    if not shown:
        return ""
    most = max(row[3] for row in shown) or 1.0
    body = ""
    for at, (name, value, low, high) in enumerate(shown):
        y = 32 + 22 * at
        ends = [200 + (WIDTH - 220) * end / most for end in (low, high, value)]
        body += _text(0, y + 4, name[:32])
        body += f"<line x1='{ends[0]:.1f}' x2='{ends[1]:.1f}' y1='{y}' y2='{y}' stroke='{_GREY}' stroke-width='3'/>"
        body += f"<circle cx='{ends[2]:.1f}' cy='{y}' r='4' fill='{_BLUE}'/>"
    return _svg(body, label, height=30 + 22 * len(shown))


def _text(x: float, y: float, text: str) -> str:
    return f"<text x='{x}' y='{y}' font-size='10' fill='{_GREY}'>{escape(text)}</text>"


def _svg(body: str, label: str, height: int = HEIGHT) -> str:
    head = f"<svg width='{WIDTH}' height='{height}' role='img' aria-label='{escape(label)}' font-family='Arial'>"
    return f"{head}<text x='0' y='12' font-size='11' fill='#222'>{escape(label)}</text>{body}</svg>"
