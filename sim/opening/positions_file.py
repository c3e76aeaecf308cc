"""The CSV of opening positions: strict reading, all faults of a file in one error with rows, and exact writing.

One line per position; an account without a position has a line with market, side, quantity, entry and margin left
empty. Columns: `position_columns.py`; cells: `position_cells.py`.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..cells import Faults, shown
from ..config.canonical import decimal_text
from ..errors import InputDataError
from ..instrument import Instrument
from .position_cells import Line, PositionRow, Rounding, read_row
from .position_columns import COLUMNS, OPTIONAL_COLUMNS, Header, read_header


@dataclass(frozen=True)
class PositionsScan:
    """The lines of a file, its faults so far, and what a user should know about how it was read."""

    rows: list[PositionRow]
    faults: Faults
    notes: list[str]


def read_positions(
    path: Path,
    instruments: Sequence[Instrument],
    *,
    columns: Mapping[str, str] | None = None,
    round_to_lot: bool = False,
) -> list[PositionRow]:
    """Return the lines of a positions file; InputDataError with every fault, by kind, with file, rows and column.

    columns: our name of a column -> the file's, where they differ.  round_to_lot: sizes off the lot, prices off the
    tick and money off the quantum are rounded instead of refused.
    """
    scan = scan_positions(path, instruments, columns=columns, round_to_lot=round_to_lot)
    scan.faults.require_none()
    return scan.rows


def scan_positions(
    path: Path,
    instruments: Sequence[Instrument],
    *,
    columns: Mapping[str, str] | None = None,
    round_to_lot: bool = False,
) -> PositionsScan:
    """Read as `read_positions` does, but return the faults of the lines; InputDataError for one of the whole file."""
    faults = Faults(path)
    rounding = Rounding() if round_to_lot else None
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            lines = csv.reader(handle, strict=True)
            header = read_header(path, next(lines, []), columns or {})
            rows = _read_rows(lines, header, instruments, faults, rounding)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputDataError(f"{path}: cannot be read as CSV: {error}") from error
    if not rows and not faults:
        raise InputDataError(f"{path}: has a header but no positions")
    _check_side_is_known(header, rows, faults)
    _check_accounts(rows, instruments, faults)
    notes = [f"note: {path.name}: {text}" for text in rounding.lines()] if rounding else []
    if header.unused:
        notes.append(f"note: {path.name}: columns that are not read: {', '.join(header.unused)}")
    return PositionsScan(rows, faults, notes)


def _read_rows(
    lines: Iterable[list[str]],
    header: Header,
    instruments: Sequence[Instrument],
    faults: Faults,
    rounding: Rounding | None,
) -> list[PositionRow]:
    by_name = {instrument.name: number for number, instrument in enumerate(instruments)}
    rows = []
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != header.width:
            faults.add(number, f"must have {header.width} cells", f", found {len(cells)}")
            continue
        named = {name: cells[place].strip() for name, place in header.places.items()}
        rows.append(read_row(Line(number, named, faults, rounding), by_name, instruments))
    return rows


def _check_side_is_known(header: Header, rows: Sequence[PositionRow], faults: Faults) -> None:
    """Without a column `side` some quantity must be negative: else all positions would be taken for longs."""
    if "side" not in header.places and not any(row.lots < 0 for row in rows):
        faults.add(1, "column side is missing, and no quantity is negative: give side, or signed quantities")


def _check_accounts(rows: Sequence[PositionRow], instruments: Sequence[Instrument], faults: Faults) -> None:
    """Note a second line for a market, and what differs between lines of one account."""
    first: dict[tuple[str, int], int] = {}
    accounts: dict[str, PositionRow] = {}
    stated: dict[str, PositionRow] = {}
    for row in rows:
        key = (row.account, row.market)
        if key in first:
            name = instruments[row.market].name if row.market >= 0 else "no market"
            text = f": {shown(row.account)} for {name} (first at row {first[key]})"
            faults.add(row.line, "an account has a second line for a market", text)
        first.setdefault(key, row.line)
        known = accounts.setdefault(row.account, row)
        if row.cohort != known.cohort:
            text = f": {shown(row.account)} has {row.cohort!r} after {known.cohort!r} at row {known.line}"
            faults.add(row.line, "cohort of an account must be the same on all its lines", text)
        if row.collateral is not None:
            known = stated.setdefault(row.account, row)
            if row.collateral != known.collateral:
                text = f": {shown(row.account)} differs from row {known.line}"
                faults.add(row.line, "collateral of an account must be the same on all its lines, or stated once", text)


def write_positions(path: Path, rows: Sequence[PositionRow], instruments: Sequence[Instrument]) -> None:
    """Write the lines to `path`, all columns, exact decimals."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow((*COLUMNS, *OPTIONAL_COLUMNS))
        writer.writerows(_cells(row, instruments) for row in rows)


def _cells(row: PositionRow, instruments: Sequence[Instrument]) -> list[str]:
    quantum = instruments[0].quantum
    collateral = "" if row.collateral is None else decimal_text(row.collateral * quantum)
    tail = [row.cohort, "" if row.initial_ppm is None else str(row.initial_ppm)]
    if row.market < 0:
        return [row.account, "", "", "", "", "", "cross", collateral, *tail, "", ""]
    instrument = instruments[row.market]
    return [
        row.account,
        instrument.name,
        "long" if row.lots > 0 else "short",
        decimal_text(instrument.size(abs(row.lots))),
        decimal_text(instrument.price(row.entry)),
        decimal_text(row.margin * quantum),
        "isolated" if row.isolated else "cross",
        collateral,
        *tail,
        decimal_text(instrument.price(row.stop)) if row.stop else "",
        decimal_text(instrument.size(row.stop_lots)) if row.stop else "",
    ]
