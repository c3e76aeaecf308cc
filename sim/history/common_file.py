"""The daily history as a CSV file: `date_utc`, then columns like `balance (USDT)`; the header has the unit of each.

    date_utc,balance (USDT),injected (USDT),open_interest (USDT),liquidated (USDT),adl (USDT)
    2020-03-12,12864000,0,257000000,,

One line per UTC day. balance: of the fund at the end of the day. injected: money that came from outside on that day,
negative if it left. open_interest: at the end of the day. liquidated, adl: notional of the day. Only balance is
required for the history of a fund; an empty cell is not known. `balance (USD, from 0)` is a sum of daily results.
"""

import csv
import io
import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from ..cells import Faults, decimal_of, shown
from ..config.canonical import decimal_text
from ..config.nearest import nearest_hint
from ..errors import ConfigError, InputDataError
from .daily import COLUMNS, DailyHistory
from .source import open_source

DATE = "date_utc"
FROM_ZERO = ", from 0"
_HEADER = re.compile(r"(\w+) \(([^()]+?)\)")
_MAY_BE_NEGATIVE = ("balance", "injected")


def read_history(path: Path) -> DailyHistory:
    """The history in a file; InputDataError with every fault, by kind, with file, rows and column."""
    source = open_source(path)
    if source.data is not None or not source.rows:
        raise InputDataError(f"{path}: must be a CSV with the header {DATE},balance (UNIT),..., as import writes it")
    faults = Faults(path)
    names, units, has_level = _header(source.rows[0][1], faults)
    faults.require_none()
    days: dict[date, dict[str, Decimal]] = {}
    latest: date | None = None
    for line, cells in source.rows[1:]:
        if len(cells) != len(names):
            faults.add(line, f"must have {len(names)} cells", f", found {len(cells)}")
            continue
        day = _date(cells[names.index(DATE)])
        if day is None:
            faults.add(line, f"column {DATE}: must be a date like 2025-10-10", f", found {shown(cells[0])}")
            continue
        if latest is not None and day <= latest:
            faults.add(line, f"column {DATE}: dates must rise, each once", f", found {day} after {latest}")
        latest = day
        days[day] = _values(line, names, cells, faults)
    faults.require_none()
    if not days:
        raise InputDataError(f"{path}: has a header but no days")
    return DailyHistory(units, days, has_level)


def _header(cells: list[str], faults: Faults) -> tuple[list[str], dict[str, str], bool]:
    """(column names in order, units, whether the balance has a level) of a header."""
    names: list[str] = []
    units: dict[str, str] = {}
    has_level = True
    for cell in cells:
        if cell == DATE:
            names.append(cell)
            continue
        found = _HEADER.fullmatch(cell)
        name = found[1] if found else cell.partition("(")[0].strip()
        if name not in COLUMNS:
            hint = nearest_hint(name, (DATE, *COLUMNS))
            faults.add(1, f"columns are {DATE}, {', '.join(COLUMNS)}", f"; found {shown(name)}{hint}")
            continue
        if found is None:
            faults.add(1, "a column needs its unit in the header", f": write {name} (USDT), for example")
            continue
        if name in names:
            faults.add(1, f"column {name} comes twice")
        names.append(name)
        units[name] = found[2].removesuffix(FROM_ZERO)
        has_level = has_level and not found[2].endswith(FROM_ZERO)
    if DATE not in names:
        faults.add(1, f"column {DATE} is missing")
    if "injected" in units and units.get("balance") != units["injected"]:
        found_units = f"; found {units.get('balance', 'none')} and {units['injected']}"
        faults.add(1, "balance and injected must have the same unit", found_units)
    return names, units, has_level


def _values(line: int, names: list[str], cells: list[str], faults: Faults) -> dict[str, Decimal]:
    values = {}
    for name, cell in zip(names, cells, strict=True):
        if name == DATE or not cell:
            continue
        value = decimal_of(cell)
        if value is None:
            faults.add(line, f"column {name}: must be a number, or empty", f", found {shown(cell)}")
        elif value < 0 and name not in _MAY_BE_NEGATIVE:
            faults.add(line, f"column {name}: must not be negative", f", found {shown(cell)}")
        else:
            values[name] = value
    return values


def write_history(history: DailyHistory, path: Path) -> None:
    """Write a history, whole or not at all; ConfigError if it cannot be written."""
    names = [name for name in COLUMNS if name in history.units]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    tails = {"balance": "" if history.has_level else FROM_ZERO}
    writer.writerow([DATE, *(f"{name} ({history.units[name]}{tails.get(name, '')})" for name in names)])
    for day in sorted(history.days):
        values = history.days[day]
        writer.writerow([day, *(decimal_text(values[name]) if name in values else "" for name in names)])
    write_text(path, text.getvalue())


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all; ConfigError if it cannot be written."""
    waiting = path.with_name(f".{path.name}.partial")
    try:
        waiting.write_text(text, encoding="utf-8")
        os.replace(waiting, path)
    except OSError as error:
        waiting.unlink(missing_ok=True)
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error


def _date(text: str) -> date | None:
    """A date written as 2025-10-10; None for anything else."""
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None
