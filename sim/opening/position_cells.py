"""One line of a positions file -> whole lots, ticks and quanta, with every fault of its cells.

A cell that is off its grid is a fault, unless rounding is wished: then sizes go to the nearest lot and prices to the
nearest tick (ties to even), money down to a whole quantum, and what that changes is summed for a note.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from ..cells import Faults, decimal_of, shown, whole_of
from ..config.nearest import nearest_hint
from ..instrument import Instrument
from ..ledger.accounts import is_reserved_name
from ..units import PPM, QUANTA_LIMIT

MAX_NAME = 80
#: First characters that a spreadsheet takes for a formula.
FORMULA = ("=", "+", "-", "@")
_POSITION_COLUMNS = ("side", "quantity", "entry", "margin", "stop", "stop_quantity")


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


@dataclass
class Rounding:
    """What rounding to the grid did: (market, column) -> count and sum of the changes, in base or quote units."""

    changes: dict[tuple[str, str], tuple[int, Fraction]] = field(default_factory=dict)
    dropped: int = 0  # positions smaller than half a lot

    def note(self, market: str, column: str, change: Fraction) -> None:
        """Count one change."""
        count, total = self.changes.get((market, column), (0, Fraction(0)))
        self.changes[market, column] = (count + 1, total + change)

    def lines(self) -> list[str]:
        """One line per market and column that was rounded."""
        lines = [
            f"rounded {count:,} cells of {column}{f' of {market}' if market else ''}, together by {float(total):+.6g}"
            for (market, column), (count, total) in self.changes.items()
        ]
        if self.dropped:
            lines.append(f"left out {self.dropped:,} positions smaller than half a lot")
        return lines


@dataclass(frozen=True)
class Line:
    """The cells of one line; faults and rounding of the file are noted as cells are read."""

    number: int
    cells: Mapping[str, str]
    faults: Faults
    rounding: Rounding | None

    def text(self, column: str) -> str:
        """The cell, empty if the column is not in the file."""
        return self.cells.get(column, "")

    def fault(self, column: str, requirement: str, detail: str = "") -> None:
        """Note a fault of a cell."""
        found = shown(self.text(column)) if self.text(column) else "nothing"
        self.faults.add(self.number, f"{column} {requirement}", f"{detail}, found {found}")

    def decimal(self, column: str, *, positive: bool) -> Decimal | None:
        """The cell as a number; None after a fault."""
        value = decimal_of(self.text(column))
        if value is None or value < 0 or (positive and value == 0):
            self.fault(column, "must be a positive number" if positive else "must be a number, zero or more")
            return None
        return value

    def money(self, column: str, quantum: Decimal, *, positive: bool = False) -> int:
        """The cell as whole quanta, 0 after a fault."""
        value = self.decimal(column, positive=positive)
        if value is None:
            return 0
        top, bottom = _ratio(value, quantum)
        quanta, rest = divmod(top, bottom)
        if quanta > QUANTA_LIMIT:
            self.fault(column, f"must be within the head-room of {QUANTA_LIMIT} quanta of {quantum}")
            return 0
        if rest:
            if self.rounding is None:
                self.fault(column, f"must be whole quanta of {quantum}")
            else:
                self.rounding.note("", column, -Fraction(rest, bottom) * Fraction(quantum))
        return quanta

    def whole(self, column: str, value: Decimal | None, instrument: Instrument, *, price: bool) -> int:
        """A positive number in whole ticks or lots, 0 after a fault."""
        if value is None:
            return 0
        unit = instrument.tick_size if price else instrument.lot_size
        top, bottom = _ratio(value, unit)
        count, rest = divmod(top, bottom)
        if rest:
            count = round(Fraction(top, bottom))
        if count > QUANTA_LIMIT:
            self.fault(column, f"exceeds the int64 head-room of {QUANTA_LIMIT} {'ticks' if price else 'lots'}")
            return 0
        if rest:
            if self.rounding is None:
                self.fault(column, f"must be a whole multiple of the {'tick' if price else 'lot'} {unit}")
            elif count == 0 and price:
                self.fault(column, f"must be at least half the tick {unit}")
            else:
                self.rounding.note(instrument.name, column, (count - Fraction(top, bottom)) * Fraction(unit))
        return count


def _ratio(value: Decimal, unit: Decimal) -> tuple[int, int]:
    """value / unit as two whole numbers, exact at any size."""
    top, bottom = value.as_integer_ratio()
    unit_top, unit_bottom = unit.as_integer_ratio()
    return top * unit_bottom, bottom * unit_top


def read_row(line: Line, by_name: Mapping[str, int], instruments: Sequence[Instrument]) -> PositionRow:
    """The row of a line; what cannot be read is 0 in it, after a fault."""
    _check_name(line)
    quantum = instruments[0].quantum
    collateral = line.money("collateral", quantum) if line.text("collateral") else None
    initial_ppm = _initial_ppm(line)
    market = by_name.get(line.text("market"), -1)
    if line.text("market") and market < 0:
        names = list(by_name)
        hint = nearest_hint(line.text("market"), names)
        line.fault("market", f"must be one of {', '.join(names)}", hint)
    elif market >= 0:
        return _read_position(line, market, instruments[market], collateral, initial_ppm)
    else:
        for column in _POSITION_COLUMNS:
            if line.text(column):
                line.fault(column, "must be empty if market is empty")
        if line.text("mode").lower() not in ("cross", ""):
            line.fault("mode", "must be cross or empty if market is empty")
    return _without_position(line, collateral, initial_ppm)


def _without_position(line: Line, collateral: int | None, initial_ppm: int | None) -> PositionRow:
    name, cohort = line.text("account"), line.text("cohort")
    return PositionRow(line.number, name, -1, 0, 0, 0, False, collateral, cohort, initial_ppm, 0, 0)


def _check_name(line: Line) -> None:
    name = line.text("account")
    if not name:
        line.fault("account", "must be a name")
    elif is_reserved_name(name):
        line.fault(
            "account", "must not be a name of the exchange's own accounts (OUTSIDE, FEES, ROUNDING, FUND:, ENGINE:)"
        )
    elif name.startswith(FORMULA):
        line.fault("account", f"must not start with {' '.join(FORMULA)}, as formulas of spreadsheets do")
    elif len(name) > MAX_NAME or not name.isprintable():
        line.fault("account", f"must be up to {MAX_NAME} printable characters")


def _initial_ppm(line: Line) -> int | None:
    text = line.text("initial_ppm")
    value = whole_of(text) if text else None
    if text and (value is None or not 1 <= value <= PPM):
        line.fault("initial_ppm", "must be a whole number from 1 to 1,000,000")
    return value


def _read_position(
    line: Line, market: int, instrument: Instrument, collateral: int | None, initial_ppm: int | None
) -> PositionRow:
    sign, size = _side_and_size(line)
    mode = {"crossed": "cross"}.get(line.text("mode").lower(), line.text("mode").lower())
    if mode not in ("cross", "isolated"):
        line.fault("mode", "must be cross or isolated")
    isolated = mode == "isolated"
    lots = line.whole("quantity", size, instrument, price=False)
    entry = line.whole("entry", line.decimal("entry", positive=True), instrument, price=True)
    margin = line.money("margin", instrument.quantum, positive=isolated) if line.text("margin") or isolated else 0
    if lots * entry * instrument.tick_value > QUANTA_LIMIT:
        line.fault(
            "quantity", f"times entry exceeds the int64 head-room of {QUANTA_LIMIT} quanta of {instrument.quantum}"
        )
    stop, stop_lots = _stop(line, instrument, lots)
    if size is not None and lots == 0:
        if line.rounding is not None:
            line.rounding.dropped += 1
        return _without_position(line, collateral, initial_ppm)
    return PositionRow(
        line=line.number,
        account=line.text("account"),
        market=market,
        lots=sign * lots,
        entry=entry,
        margin=margin,
        isolated=isolated,
        collateral=collateral,
        cohort=line.text("cohort"),
        initial_ppm=initial_ppm,
        stop=stop,
        stop_lots=stop_lots,
    )


def _side_and_size(line: Line) -> tuple[int, Decimal | None]:
    """(1 or -1, size) from `side` and the sign of the quantity; no size after a fault."""
    side = line.text("side").lower()
    if side not in ("long", "short", "both", ""):
        line.fault("side", "must be long or short")
    value = decimal_of(line.text("quantity"))
    if value is None or value == 0 or (value < 0 and side == "long"):
        line.fault("quantity", "must be a positive number")
        return 1, None
    return -1 if side == "short" or value < 0 else 1, abs(value)


def _stop(line: Line, instrument: Instrument, lots: int) -> tuple[int, int]:
    """Trigger price and size of the stop; (0, 0) without one."""
    if not line.text("stop"):
        if line.text("stop_quantity"):
            line.fault("stop_quantity", "must be empty if stop is empty")
        return 0, 0
    stop = line.whole("stop", line.decimal("stop", positive=True), instrument, price=True)
    if not line.text("stop_quantity"):
        return stop, lots
    stop_lots = line.whole("stop_quantity", line.decimal("stop_quantity", positive=True), instrument, price=False)
    if stop_lots > lots:
        line.fault("stop_quantity", "must not exceed quantity")
    return stop, stop_lots
