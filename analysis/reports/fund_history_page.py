"""The page of a fund's recorded history: the figure, what the months say together, all months, the worst days."""

from collections.abc import Iterable, Sequence

import pandas as pd

from ..charts.fund_history import HistoryContext, draw_fund_history
from ..history.months import QUANTILES, SHARES, MonthsWithDraw
from ..money import format_percent, format_short
from .page import Cell, embed, escape, page, table

TITLE = "History of a fund"


def build_fund_history_page(
    history: pd.DataFrame,
    months: pd.DataFrame,
    summary: pd.DataFrame,
    counted: MonthsWithDraw,
    worst: pd.DataFrame,
    context: HistoryContext,
    *,
    notes: Sequence[str] = (),
    command: str = "",
) -> str:
    """One self-contained page; the same bytes for the same history."""
    body = [
        f"<h1>{escape(TITLE)}: {escape(context.source)}</h1><p class='sub'>{escape(context.caption)}</p>",
        _items(notes),
        embed("fund-history", draw_fund_history(history, months, counted, context)),
        "<h2>The months together</h2>",
        table(summary_header(), ([Cell(escape(c), "n") if i else c for i, c in enumerate(row)]
                                 for row in summary_rows(summary, context.unit)),
              numbers=set(range(1, 10)), kind="wide small"),
        "<p class='note'>Without money from outside. Brackets: order statistics that hold the median at 95%.</p>",
        "<h2>Worst days</h2>",
        table(("day", "result"), ((row.day, Cell(escape(format_short(row.result, context.unit)), "n"))
                                  for row in worst.itertuples()), numbers={1}),
        "<h2>All months</h2>",
        table(month_header(months), ([Cell(escape(c), "n") if i else c for i, c in enumerate(row)]
                                     for row in month_rows(months, context.unit)),
              numbers=set(range(1, 12)), kind="wide small"),
        f"<h2>How to reproduce this</h2><pre>{escape(command)}</pre>",
    ]  # fmt: skip
    return page(title=f"{TITLE} · clearsim", body="\n".join(body))


def summary_header() -> tuple[str, ...]:
    """Columns of `summary_rows`."""
    return ("of a month", "n", *(f"p{round(100 * q)}" for q in QUANTILES), "median at 95%")


def summary_rows(summary: pd.DataFrame, unit: str) -> list[list[str]]:
    """The summary as text, amounts with their unit, shares as percentages."""
    rows = []
    for row in summary.to_dict("records"):
        shown = [_shown(row["quantity"], row[f"p{round(100 * q)}"], unit) for q in QUANTILES]
        ends = [_shown(row["quantity"], row[name], unit) for name in ("median_low", "median_high")]
        interval = f"[{ends[0]}, {ends[1]}]" if ends[0] != "–" else "n too small"
        rows.append([row["meaning"], str(row["n"]), *shown, interval])
    return rows


def month_header(months: pd.DataFrame) -> list[str]:
    """Columns of `month_rows`: those that some month has."""
    names = ["start", "injected", "result", "draw", "drawdown", *SHARES]
    if not months["injected"].any():
        names.remove("injected")
    return ["month", *(name.replace("_share", " / open interest") for name in names if months[name].notna().any())]


def month_rows(months: pd.DataFrame, unit: str) -> Iterable[list[str]]:
    """The months as text."""
    names = [name.replace(" / open interest", "_share") for name in month_header(months)[1:]]
    for row in months.to_dict("records"):
        yield [row["month"], *(_shown(name, row[name], unit) for name in names)]


def _shown(name: str, value: float, unit: str) -> str:
    if value != value:
        return "–"
    return format_percent(100 * value) if name in SHARES else format_short(value, unit)


def _items(lines: Sequence[str]) -> str:
    return f"<ul class='note'>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""
