"""Recorded histories of a fund: imported from downloaded files, and what their months say."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from ..errors import ConfigError, InputDataError
from ..history.common_file import read_history, write_history, write_text
from ..history.daily import gap_notes, joined, step_notes
from ..history.importing import import_candles, import_days
from ..history.layouts import require_kind
from ..history.public_record import public_record
from . import _analysis as analysis
from .backtest import history_frame
from .door import checked, checked_class
from .result import chosen_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

SCHEMA_VERSION = 1
Kind = Literal["fund", "open_interest", "liquidations", "index"]


@checked
def import_history(
    files: Sequence[str | Path],
    kind: str,
    out: str | Path,
    *,
    layout: str | None = None,
    symbol: str | None = None,
    unit: str | None = None,
    injected: Mapping[date, float | str] | None = None,
    opening_balance: float | str | None = None,
    join: bool = False,
    overwrite: bool = False,
) -> list[str]:
    """Turn downloaded files of a venue into one daily history (or, of an index, one file of candles); return notes.

    Args:
        files: files of one kind and layout: JSON or CSV, also gzipped or the one file of a zip.
        kind: fund, open_interest, liquidations or index.
        out: file to write. Of days: `date_utc`, then columns like `balance (USDT)`. Of an index: `ts_ms` and candles,
            which a price of `kind: replay` reads.
        layout: name of the files' layout; default: detected.
        symbol: coin, symbol or pool to keep, where the files have several.
        unit: unit of the values, where the files do not name it.
        injected: day -> money that came from outside on it (negative: was taken out), for files that do not say.
        opening_balance: balance before the first day, for files of daily results.
        join: add the column to the history that `out` holds.
        overwrite: replace `out`.

    Returns notes: layout, gaps, duplicates, steps that may be resets. Raises ConfigError for arguments that do not fit,
    InputDataError with every faulty cell of a file. Nothing is written then.

        notes = clearsim.import_history(["insurance.json"], "fund", "fund.csv", overwrite=True)
    """
    require_kind(kind)
    paths, target = [Path(file) for file in files], Path(out)
    if not paths:
        raise ConfigError("files: at least one is needed")
    if join and kind == "index":
        raise ConfigError("join: candles are a file of their own")
    if target.exists() and not (join or overwrite):
        raise ConfigError(f"{target}: exists; name another, or --overwrite it, or --join a column to it")
    if kind == "index":
        if symbol or unit or injected or opening_balance is not None:
            raise ConfigError("symbol, unit, injected and opening_balance do not apply to candles")
        candles = import_candles(paths, layout=layout)
        write_text(target, candles.text())
        return list(candles.notes)
    history = import_days(
        paths,
        kind,
        layout=layout,
        symbol=symbol,
        unit=unit,
        injected={day: _decimal(amount, f"injected {day}") for day, amount in (injected or {}).items()},
        opening=None if opening_balance is None else _decimal(opening_balance, "opening_balance"),
    )
    whole = joined(read_history(target), history, path=target) if join and target.exists() else history
    write_history(whole, target)
    return list(history.notes)


@checked_class
class FundHistory:
    """A fund's recorded history: months, draws, drawdowns, growth, shares of open interest.

    Amounts are in `unit`, without money from outside.

        history = clearsim.fund_history("fund-days.csv")
        history.months, history.summary
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        read = read_history(path)
        if "balance" not in read.units:
            raise InputDataError(f"{path}: has no column balance; found {', '.join(read.units)}")
        self.unit = read.units["balance"]
        self.has_level = read.has_level
        self.frame = history_frame(read)
        self.notes = (*gap_notes(list(read.column("balance")), "balance"), *step_notes(read))
        try:
            self.months: pd.DataFrame = analysis.months_of(self.frame, units=dict(read.units), has_level=read.has_level)
        except analysis.AnalysisError as error:
            raise InputDataError(f"{path}: {error}") from error
        self._counted = analysis.months_with_draw(self.months)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row per quantity of a month: n, mean, quantiles, interval of the median."""
        return analysis.summary_of(self.months)

    @property
    def months_with_loss(self) -> dict[str, float]:
        """Months with a net loss: events, n, share, and its Clopper-Pearson interval low and high at 95%."""
        return dict(vars(self._counted))

    @cached_property
    def worst_days(self) -> pd.DataFrame:
        """The five days with the largest losses: day, result."""
        return analysis.worst_days(self.frame)

    @property
    def figures(self) -> tuple[str, ...]:
        """Names that `figure` takes."""
        return ("history",)

    def figure(self, name: str = "history") -> "go.Figure":
        """The balance over time, and each month's result and draw."""
        drawn = analysis.draw_fund_history(self.frame, self.months, self._counted, self._context)
        return chosen_figure({"history": drawn}, name)

    def data(self) -> dict[str, Any]:
        """Everything as plain data, as in history.json."""
        return {
            "schema_version": SCHEMA_VERSION,
            "source": self.path.name,
            "first": self._context.first,
            "last": self._context.last,
            "days": self._context.days,
            "unit": self.unit,
            "months_with_loss": self.months_with_loss,
            "summary": _plain(self.summary),
            "months": _plain(self.months),
            "worst_days": _plain(self.worst_days),
            "notes": list(self.notes),
        }

    def save(self, folder: str | Path, *, command: str = "") -> list[Path]:
        """Write history.html, history.json and months.csv into a folder; return their paths. ConfigError."""
        target = Path(folder)
        page = analysis.build_fund_history_page(
            self.frame,
            self.months,
            self.summary,
            self._counted,
            self.worst_days,
            self._context,
            notes=self.notes,
            command=command or f"clearsim.fund_history({str(self.path)!r})",
        )
        texts = {
            "history.html": page,
            "history.json": json.dumps(self.data(), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
            "months.csv": analysis.csv_text(self.months),
        }
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{target}: cannot be made: {error.strerror}") from error
        for name, text in texts.items():
            write_text(target / name, text)
        return [target / name for name in texts]

    @cached_property
    def _context(self) -> "analysis.HistoryContext":
        known = self.frame["balance"].dropna().index
        first, last = str(known[0].date()), str(known[-1].date())
        return analysis.HistoryContext(self.path.name, first, last, len(known), self.unit, self.has_level)

    def __str__(self) -> str:
        """The history as the command line prints it."""
        counted, worst = self._counted, self.worst_days
        lines = [
            self._context.caption,
            f"months with a net loss: {counted.events} of {counted.n}, {100 * counted.share:.3g}%"
            f" [{100 * counted.low:.3g}, {100 * counted.high:.3g}] at 95%; Clopper-Pearson",
        ]
        if len(worst):
            shown = (f"{row.day} {analysis.format_short(row.result, self.unit)}" for row in worst.itertuples())
            lines.append(f"worst days: {', '.join(shown)}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        """File, span and number of months."""
        return f"<FundHistory {self._context.caption}, {self._counted.n} months>"

    def tables(self) -> "tuple[tuple[Sequence[str], list[list[str]]], tuple[Sequence[str], list[list[str]]]]":
        """(header, rows of text) of the summary, and of the months."""
        summary = analysis.summary_header(), analysis.summary_rows(self.summary, self.unit)
        return summary, (analysis.month_header(self.months), list(analysis.month_rows(self.months, self.unit)))


@checked
def fund_history(path: str | Path) -> FundHistory:
    """Read a fund's daily history and summarise it by month.

    Args:
        path: a CSV file with `date_utc`, `balance (UNIT)` and, where known, injected, open_interest, liquidated, adl;
            `import_history` writes one.

    Returns the FundHistory. Raises InputDataError for a faulty file, or one without a complete month.

        clearsim.fund_history("fund-days.csv").summary
    """
    return FundHistory(Path(path))


def record_rows() -> list[tuple[str, ...]]:
    """The reported draws of the public record as text, a header first: event, venue, days, amount, shares, source."""
    header = ("event", "venue", "from", "to", "amount", "of the fund", "of open interest", "scope", "source")
    rows: list[tuple[str, ...]] = [header]
    for draw in public_record().draws:
        low, high = draw.shares
        shares = (
            "–" if math.isnan(low) else f"{100 * high:.2g}%" if low == high else f"{100 * low:.2g} to {100 * high:.2g}%"
        )
        fund = "–" if math.isnan(draw.share_of_fund) else f"{100 * draw.share_of_fund:.3g}%"
        amount = "–"
        if draw.amount is not None:
            ends = dict.fromkeys((draw.amount.low, draw.amount.high))
            amount = " to ".join(analysis.format_short(end, draw.amount.unit) for end in ends)
        rows.append(
            (
                draw.event,
                draw.venue,
                str(draw.date_utc),
                str(draw.to_utc),
                amount,
                fund,
                shares,
                draw.scope,
                draw.source,
            )
        )
    return rows


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain data; NaN as null."""
    return [
        {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _decimal(value: Any, what: str) -> Decimal:
    from ..cells import decimal_of

    found = decimal_of(str(value))
    if found is None:
        raise ConfigError(f"{what}: must be a number, found {value!r}")
    return found
