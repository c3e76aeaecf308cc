"""The page of every report: its building blocks as HTML, the sections that reports share, and how the file is written.

One self-contained page, no requests, the same bytes for the same content. Its Content-Security-Policy lets a browser
execute two scripts, by their hashes: plotly.js, and the one that draws the figures from JSON. Whatever else got into a
page, it is text.
"""

import base64
import hashlib
import html
import json
import os
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from ..errors import AnalysisError

_STYLE = """
@page { size: A4 landscape; margin: 10mm; }
body { font: 15px/1.5 Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif; color: #222; background: #fff;
  width: 1000px; max-width: 100%; margin: 24px auto 60px; padding: 0 16px; box-sizing: content-box; }
h1 { font-size: 27px; margin: 0 0 2px; } h2 { font-size: 20px; margin: 34px 0 8px; border-bottom: 1px solid #ccc; }
p.sub { color: #555; margin: 0 0 14px; } p.note { color: #555; font-size: 13px; margin: 6px 0; }
.box { border: 2px solid #D55E00; background: #fff4ec; padding: 10px 16px; margin: 16px 0; border-radius: 6px; }
.box h2 { border: 0; margin: 0 0 4px; font-size: 17px; color: #A34700; } .box ul { margin: 0; padding-left: 20px; }
.answer { border: 2px solid #0072B2; background: #eff6fb; padding: 10px 16px; margin: 16px 0; border-radius: 6px; }
.answer h2 { border: 0; margin: 0 0 4px; font-size: 17px; color: #004F7C; } .answer p { margin: 4px 0; }
.cards { display: grid; grid-template-columns: repeat(4, 1fr); gap: 10px; margin: 14px 0; }
.card { border: 1px solid #ddd; border-radius: 6px; padding: 8px 12px; break-inside: avoid; }
.card b { display: block; font-size: 19px; line-height: 1.25; } .card span { color: #555; font-size: 12.5px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; margin: 8px 0; }
th { text-align: left; border-bottom: 2px solid #888; padding: 4px 8px; vertical-align: bottom; background: #fff; }
td { border-bottom: 1px solid #e4e4e4; padding: 3px 8px; vertical-align: top; overflow-wrap: anywhere; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; overflow-wrap: normal; }
tr.sum td { border-top: 2px solid #888; font-weight: bold; } tr.warn td { background: #fff4ec; }
tr { break-inside: avoid; } .wide { overflow-x: auto; } .dim { color: #8a8a8a; }
.small table { font-size: 10px; } .small td, .small th { padding: 3px; }
.small td:first-child { white-space: nowrap; } .small th { white-space: normal !important; }
.origins td:first-child { min-width: 170px; } .origins td { overflow-wrap: break-word; }
.figure { break-inside: avoid; margin: 18px 0; overflow-x: auto; } .figure > div { margin: 0 auto; }
.tag { padding: 1px 7px; border-radius: 9px; font-size: 12px; white-space: nowrap; }
.fact { background: #cfe8dc; } .scaled { background: #d5e8f5; } .assumption { background: #fbe3c0; }
pre { background: #f6f6f6; padding: 10px; font-size: 12px; overflow-x: auto; white-space: pre-wrap; }
code { background: #f2f2f2; padding: 1px 4px; } summary { cursor: pointer; font-weight: bold; }
nav { font-size: 13px; margin: 10px 0; } nav a { margin-right: 12px; color: #0072B2; }
@media print {
  .figure { margin: 0; }
  body { margin: 0; padding: 0; width: 1000px; }
  nav, .modebar { display: none !important; }
  h2 { break-after: avoid; }
  .small table { font-size: 8.5px; } .small td, .small th { padding: 2px 3px; }
  .box, .answer, .card { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
#: Number of characters of an input file that a page shows.
MAX_FILE_CHARACTERS = 200_000
#: Deterministic and offline: no logo, no server link, no upload.
_PLOT_CONFIG = {
    "displaylogo": False,
    "responsive": False,
    "showLink": False,
    "plotlyServerURL": "",
    "showSendToCloud": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
}


@dataclass(frozen=True)
class Cell:
    """A table cell that is not plain text: `markup` is HTML, `kind` a CSS class."""

    markup: str
    kind: str = ""


def escape(text: object) -> str:
    """Text -> HTML."""
    return html.escape(str(text), quote=True)


def tag(word: str) -> Cell:
    """A coloured label: fact, scaled or assumption."""
    return Cell(f'<span class="tag {escape(word)}">{escape(word)}</span>')


def amount(text: str) -> Cell:
    """A number cell; decimals are lighter, so that large sums stay readable."""
    whole, point, decimals = text.partition(".")
    if not text.strip("-0.,"):
        return Cell('<span class="dim">0</span>', "n")
    return Cell(f'{escape(whole)}<span class="dim">{point}{escape(decimals)}</span>', "n")


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    sums: Sequence[object] | None = None,
    numbers: Container[int] = (),
    kind: str = "wide",
) -> str:
    """A table; the columns in `numbers` have right-aligned headers, `sums` is a bold last row."""
    head = "".join(f"<th{' class=n' if i in numbers else ''}>{escape(name)}</th>" for i, name in enumerate(header))
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    last = f'<tr class="sum">{"".join(map(_cell, sums))}</tr>' if sums is not None else ""
    return f'<div class="{kind}"><table><thead><tr>{head}</tr></thead><tbody>{body}{last}</tbody></table></div>'


def _cell(value: object) -> str:
    if isinstance(value, Cell):
        kind = f' class="{value.kind}"' if value.kind else ""
        return f"<td{kind}>{value.markup}</td>"
    return f"<td>{escape(value)}</td>"


def embed(name: str, figure: go.Figure) -> str:
    """A figure as a div and the JSON that the page's script draws in it."""
    parts = json.loads(figure.to_json())
    width, height = int(figure.layout.width), int(figure.layout.height)
    return (
        f'<div class="figure"><div class="plot" id="{escape(f"figure-{name}")}"'
        f' style="width:{width}px;height:{height}px"></div>'
        f'<script type="application/json">{_script_json({key: parts[key] for key in ("data", "layout")})}</script>'
        "</div>\n"
    )


def _script_json(value: object) -> str:
    """JSON that is safe inside a script element."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


#: Draws every figure from the JSON behind its div. A constant: its hash is in the page's policy.
_DRAW = (
    "for(const place of document.querySelectorAll('div.plot')){"
    "const figure=JSON.parse(place.nextElementSibling.textContent);"
    f"Plotly.newPlot(place,figure.data,figure.layout,{json.dumps(_PLOT_CONFIG, separators=(',', ':'))});}}"
)


def page(*, title: str, body: str) -> str:
    """A whole page, which contains plotly.js once and draws the figures of `body`."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style>\n<script>{get_plotlyjs()}</script></head>\n<body>\n{body}\n"
        f"<script>{_DRAW}</script></body></html>\n"
    )


@cache
def _policy() -> str:
    """The Content-Security-Policy of a page: our two scripts by hash, inline styles, pictures that plotly makes."""
    scripts = " ".join(f"'sha256-{_hash(text)}'" for text in (get_plotlyjs(), _DRAW))
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:;"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class Finding(NamedTuple):
    """One check: its subject, its result, the meaning of the result, and whether it is a warning."""

    subject: str
    result: str
    meaning: str
    warns: bool = False


def warnings_box(findings: Iterable[Finding]) -> str:
    """The box at the top of a report with every finding that is a warning; empty if there is none."""
    lines = [
        f"<li><b>{escape(finding.subject)}: {escape(finding.result)}.</b> {escape(finding.meaning)}</li>"
        for finding in findings
        if finding.warns
    ]
    return f"<div class='box'><h2>Read this first</h2><ul>{''.join(lines)}</ul></div>" if lines else ""


def trust_section(findings: Iterable[Finding]) -> str:
    """All findings as a table."""
    rows = [
        [finding.subject, Cell(f"<b>{escape(finding.result)}</b>"), finding.meaning + (" ⚠" if finding.warns else "")]
        for finding in findings
    ]
    return "<h2 id='trust'>Reliability</h2>" + table(("check", "result", "meaning"), rows)


def again_section(how: str, facts: Iterable[Sequence[object]], *, file: str, text: str) -> str:
    """How to reproduce it (`how` is HTML), its identity, and its input file, folded."""
    return (
        f"<h2 id='again'>How to reproduce this</h2><p>{how}</p>"
        + table(("", ""), facts)
        + f"<details><summary>{file} ({len(text.splitlines()):,} lines)</summary>"
        f"<pre>{escape(text[:MAX_FILE_CHARACTERS])}</pre></details>"
    )


def versions_text(versions: Mapping[str, object]) -> str:
    """Package versions in one line, sorted by name."""
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) or "–"


def save_page(target: Path, text: str) -> Path:
    """Write a page to `target`, whole or not at all; return it. AnalysisError if it cannot be written."""
    waiting = target.with_name(f".{target.name}.partial")
    try:
        waiting.write_text(text, encoding="utf-8")
        os.replace(waiting, target)
    except OSError as error:
        waiting.unlink(missing_ok=True)
        raise AnalysisError(f"{target}: cannot be written: {error.strerror or error}") from error
    return target
