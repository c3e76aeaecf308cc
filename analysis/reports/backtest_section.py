"""The section of a page that holds an answer against history: the panel as tables, reds and warnings first."""

from collections.abc import Iterator

from ..backtest.binomial import RED_WORD, YELLOW_WORD
from ..backtest.panel import DrawLine, Panel
from ..backtest.panel_text import (
    count_text,
    expected_text,
    guard_text,
    headline,
    liquidation_text,
    power_text,
    price_text,
    rank_text,
    size_text,
)
from .page import Cell, escape, table

_HEAD = ("windows with a draw above", "expected", "on record", "P(so few)", "P(so many)", "colour", "Kupiec")
_STYLE = {
    "green": "background:#cfe8dc",
    YELLOW_WORD: "background:#fbe3c0",
    RED_WORD: "background:#D55E00;color:#fff",
}


def backtest_section(panel: Panel | None, reason: str, unit: str) -> list[str]:
    """The section as HTML; with the reason in place of the panel if there is none; nothing without both."""
    head = "<h2 id='history'>Is it consistent with history?</h2>"
    if panel is None:
        return [head, f"<p>Not held against history: {escape(reason)}.</p>"] if reason else []
    windows = panel.windows
    return [
        head,
        _refuted(panel, unit),
        f"<p>{escape(windows.source)}; {windows.n} windows of {windows.days:g} days.</p>",
        table(_HEAD, _rows(panel, panel.draws, unit), numbers={1, 2, 3, 4, 6}),
        "<p class='note'>Exact binomial tails of the number of windows, each at the end of its range that is kinder to"
        " the model: green above 2.5%, red below 0.01%. Silent: smaller than what the record reports. Kupiec's"
        " likelihood ratio (limit 3.84) is information.</p>",
        *_others(panel, unit),
        table(("line", "finding"), _findings(panel, unit)),
        "".join(f"<p class='note'>{escape(note)}</p>" for note in panel.notes),
    ]


def _refuted(panel: Panel, unit: str) -> str:
    text = headline(panel, unit)
    return f"<div class='box'><p><b>{escape(text)}</b></p></div>" if text else ""


def _rows(panel: Panel, lines: tuple[DrawLine, ...], unit: str) -> Iterator[list[object]]:
    for line in lines:
        low, high = line.tails.kupiec
        ratio = f"{low:.1f}" if low == high else f"{low:.1f} to {high:.1f}"
        yield [
            size_text(panel, line, unit),
            Cell(escape(expected_text(line)), "n"),
            Cell(count_text(line), "n"),
            Cell(f"{line.tails.too_harsh:.2g}", "n"),
            Cell(f"{line.tails.too_kind:.2g}", "n"),
            _coloured(line.tails.colour),
            Cell(ratio, "n"),
        ]


def _others(panel: Panel, unit: str) -> Iterator[str]:
    """Other readings of the record, then other models: one row each, one column per size."""
    rows: list[list[object]] = []
    for what, group in (("record", panel.variants), ("model", panel.rivals)):
        for name, lines in group.items():
            rows.append([f"{what}: {name}", Cell(str(lines[0].n), "n"), *(_short(line) for line in lines)])
    if rows:
        sizes = (f"above {size_text(panel, line, unit)}" for line in panel.draws)
        yield "<h3>Other readings of the record, simpler models</h3>"
        yield table(("reading", "windows", *sizes), rows, numbers={1})
        yield "<p class='note'>Expected against recorded windows.</p>"


def _short(line: DrawLine) -> Cell:
    """Expected and recorded windows with the colour."""
    return Cell(f"{escape(expected_text(line))} against {count_text(line)} {_coloured(line.tails.colour).markup}")


def _findings(panel: Panel, unit: str) -> Iterator[tuple[str, object]]:
    yield "2 power", power_text(panel)
    for rank in panel.sizes:
        yield f"3 {rank.what}", rank_text(panel, rank, unit)
    for price in panel.prices:
        yield f"4 hours that fall beyond {100 * price.record.beyond:.3g}%", price_text(price)
    for line in panel.liquidations:
        yield "5 liquidated in 30 days", liquidation_text(line)
    for guard in panel.guards:
        text = guard_text(panel, guard, unit)
        yield f"7 {guard.what}", Cell(f"<b>{escape(text)}</b>") if guard.warns else text
    for price in panel.prices[:1]:
        yield "4 source", price.record.source


def _coloured(word: str) -> Cell:
    style = _STYLE.get(word, "background:#e3e3e3")
    return Cell(f"<span class='tag' style='{style}'>{escape(word)}</span>")
