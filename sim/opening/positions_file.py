"""The CSV of opening positions: strict reading with row and column in every error, and exact writing.

One line per position; an account without a position has a line with market, side, quantity, entry and margin left
empty.

    account     name; lines of the same account share one wallet
    market      name of a market of the run
    side        long or short
    quantity    base units, a positive multiple of the lot
    entry       entry price, a positive multiple of the tick
    margin      isolated: money assigned to the position. cross: the part of `collateral` assigned to it (may be 0)
    mode        cross or isolated
    collateral  money in the account's wallet, without isolated margins; the same on all of its lines, or stated once
    cohort        optional: cohort of the config whose behaviour the account follows; empty: it only holds its positions
    initial_ppm   optional: initial-margin rate it chose, parts per million (1,000,000 / leverage)
    stop, stop_quantity   optional: trigger price and size of an open stop-loss
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from ..config.canonical import decimal_text
from ..config.nearest import nearest_hint
from ..errors import ConfigError, InputDataError
from ..instrument import Instrument, to_quanta

COLUMNS = ("account", "market", "side", "quantity", "entry", "margin", "mode", "collateral")
OPTIONAL_COLUMNS = ("cohort", "initial_ppm", "stop", "stop_quantity")


@dataclass(frozen=True)
class PositionRow:
    """One line of the file in the run's units: lots (+ long), ticks, quanta. Without a position market is -1."""

    line: int
    account: str
    market: int
    lots: int
    entry: int
    margin: int
    isolated: bool
    collateral: int | None
    cohort: str
    initial_ppm: int | None
    stop: int
    stop_lots: int


def read_positions(path: Path, instruments: Sequence[Instrument]) -> list[PositionRow]:
    """Return the lines of a positions file; InputDataError with file, row and column for every fault."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            rows = list(_rows(path, csv.reader(handle, strict=True), instruments))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputDataError(f"{path}: cannot be read as CSV: {error}") from error
    if not rows:
        raise InputDataError(f"{path}: has a header but no positions")
    _refuse_duplicates(path, rows, instruments)
    return rows


def _rows(path: Path, lines: Iterator[list[str]], instruments: Sequence[Instrument]) -> Iterator[PositionRow]:
    header = _header(path, next(lines, []))
    by_name = {instrument.name: number for number, instrument in enumerate(instruments)}
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise InputDataError(f"{path}: row {number}: must have {len(header)} cells, found {len(cells)}")
        line = _Line(path, number, dict(zip(header, (cell.strip() for cell in cells), strict=True)))
        yield _read_row(line, by_name, instruments)


def _header(path: Path, cells: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    if not any(names):
        raise InputDataError(f"{path}: the file is empty; expected a header {','.join(COLUMNS)}")
    known = (*COLUMNS, *OPTIONAL_COLUMNS)
    for name in names:
        if name not in known:
            raise InputDataError(f"{path}: row 1: column {name!r} is unknown{nearest_hint(name, known)}")
        if names.count(name) > 1:
            raise InputDataError(f"{path}: row 1: column {name} is a duplicate")
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise InputDataError(f"{path}: row 1: column {missing[0]} is missing; expected {','.join(COLUMNS)}")
    return names


@dataclass(frozen=True)
class _Line:
    """The cells of one line, and errors with their position."""

    path: Path
    number: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """The cell, empty if the column is not in the file."""
        return self.cells.get(column, "")

    def error(self, column: str, requirement: str) -> InputDataError:
        """An error at a cell."""
        found = repr(self.text(column)) if self.text(column) else "nothing"
        return InputDataError(f"{self.path}: row {self.number}: {column} {requirement}, found {found}")

    def decimal(self, column: str, *, positive: bool) -> Decimal:
        """The cell as a number."""
        requirement = "must be a positive number" if positive else "must be a number, zero or more"
        try:
            value = Decimal(self.text(column))
        except InvalidOperation:
            raise self.error(column, requirement) from None
        if not value.is_finite() or value < 0 or (positive and value == 0):
            raise self.error(column, requirement)
        return value

    def money(self, column: str, quantum: Decimal, *, positive: bool = False) -> int:
        """The cell as whole quanta."""
        try:
            return to_quanta(self.decimal(column, positive=positive), quantum)
        except ConfigError as error:
            raise self.error(column, f"must be whole quanta of {quantum} within the head-room ({error})") from error

    def whole(self, column: str, convert: "Instrument", *, price: bool) -> int:
        """The cell as a positive number of ticks or lots."""
        value = self.decimal(column, positive=True)
        unit = convert.tick_size if price else convert.lot_size
        if value % unit != 0:
            raise self.error(column, f"must be a whole multiple of the {'tick' if price else 'lot'} {unit}")
        return convert.to_ticks_exact(value) if price else convert.to_lots_exact(value)


def _read_row(line: _Line, by_name: Mapping[str, int], instruments: Sequence[Instrument]) -> PositionRow:
    if not line.text("account"):
        raise line.error("account", "must be a name")
    quantum = instruments[0].quantum
    collateral = line.money("collateral", quantum) if line.text("collateral") else None
    initial_ppm = _initial_ppm(line)
    if not line.text("market"):
        for column in ("side", "quantity", "entry", "margin", "stop", "stop_quantity"):
            if line.text(column):
                raise line.error(column, "must be empty if market is empty")
        if line.text("mode") not in ("cross", ""):
            raise line.error("mode", "must be cross or empty if market is empty")
        return PositionRow(
            line.number, line.text("account"), -1, 0, 0, 0, False, collateral, line.text("cohort"), initial_ppm, 0, 0
        )
    if line.text("market") not in by_name:
        names = list(by_name)
        raise line.error("market", f"must be one of {', '.join(names)}{nearest_hint(line.text('market'), names)}")
    market = by_name[line.text("market")]
    return _read_position(line, market, instruments[market], collateral, initial_ppm)


def _initial_ppm(line: _Line) -> int | None:
    text = line.text("initial_ppm")
    if not text:
        return None
    if not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise line.error("initial_ppm", "must be a whole number from 1 to 1,000,000")
    return int(text)


def _read_position(
    line: _Line, market: int, instrument: Instrument, collateral: int | None, initial_ppm: int | None
) -> PositionRow:
    if line.text("side") not in ("long", "short"):
        raise line.error("side", "must be long or short")
    if line.text("mode") not in ("cross", "isolated"):
        raise line.error("mode", "must be cross or isolated")
    isolated = line.text("mode") == "isolated"
    lots = line.whole("quantity", instrument, price=False)
    entry = line.whole("entry", instrument, price=True)
    margin = line.money("margin", instrument.quantum, positive=isolated) if line.text("margin") or isolated else 0
    try:
        instrument.require_headroom(lots=lots, ticks=entry, what=f"{line.path}: row {line.number}: quantity")
    except ConfigError as error:
        raise InputDataError(str(error)) from error
    stop = line.whole("stop", instrument, price=True) if line.text("stop") else 0
    stop_lots = line.whole("stop_quantity", instrument, price=False) if line.text("stop_quantity") else 0
    if stop_lots > lots:
        raise line.error("stop_quantity", "must not exceed quantity")
    return PositionRow(
        line=line.number,
        account=line.text("account"),
        market=market,
        lots=lots if line.text("side") == "long" else -lots,
        entry=entry,
        margin=margin,
        isolated=isolated,
        collateral=collateral,
        cohort=line.text("cohort"),
        initial_ppm=initial_ppm,
        stop=stop,
        stop_lots=stop_lots or (lots if stop else 0),
    )


def _refuse_duplicates(path: Path, rows: Sequence[PositionRow], instruments: Sequence[Instrument]) -> None:
    first: dict[tuple[str, int], int] = {}
    accounts: dict[str, PositionRow] = {}
    for row in rows:
        key = (row.account, row.market)
        if key in first:
            name = instruments[row.market].name if row.market >= 0 else "no market"
            raise InputDataError(
                f"{path}: row {row.line}: account {row.account} has a second line for {name}"
                f" (first at row {first[key]})"
            )
        first[key] = row.line
        known = accounts.setdefault(row.account, row)
        if row.cohort != known.cohort:
            raise InputDataError(
                f"{path}: row {row.line}: cohort of account {row.account} must be the same on all its lines,"
                f" found {row.cohort!r} after {known.cohort!r} at row {known.line}"
            )
    _refuse_two_collaterals(path, rows)


def _refuse_two_collaterals(path: Path, rows: Sequence[PositionRow]) -> None:
    stated: dict[str, PositionRow] = {}
    for row in rows:
        if row.collateral is None:
            continue
        known = stated.setdefault(row.account, row)
        if row.collateral != known.collateral:
            raise InputDataError(
                f"{path}: row {row.line}: collateral of account {row.account} must be the same on all its lines,"
                f" or stated once (row {known.line} differs)"
            )


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
