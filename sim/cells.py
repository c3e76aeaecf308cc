"""Cells of users' CSV files: numbers by one strict pattern, and all faults of a file in one error, with their rows.

Python's own readers of numbers take more: digits of other scripts, underscores between digits, `nan` and `inf`, numbers
of any length. Here a cell is read as it is written, or refused.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

from .errors import InputDataError

#: Maximum number of characters of a number in a file.
MAX_CHARACTERS = 60
#: Rows that an error lists for one kind of fault, and kinds of fault that it lists.
MAX_ROWS_SHOWN = 5
MAX_KINDS_SHOWN = 20
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")


def decimal_of(text: str) -> Decimal | None:
    """The number that a text writes, exactly; None if it is not a plain ASCII number like -12.5 or 1e-3."""
    if len(text) > MAX_CHARACTERS or not _NUMBER.fullmatch(text):
        return None
    return Decimal(text)


def whole_of(text: str) -> int | None:
    """The whole number that a text writes; None if it is not up to 20 ASCII digits, with or without a sign."""
    return int(text) if _WHOLE.fullmatch(text) else None


def shown(text: str) -> str:
    """A cell as an error shows it: quoted, shortened if it is long."""
    return repr(text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 3]}...")


class Faults:
    """The faults of one file. Faults of one kind (the same requirement) share a line with their count and rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, list[int]] = {}  # requirement -> rows
        self._first: dict[str, str] = {}  # requirement -> text of its first fault

    def __bool__(self) -> bool:
        """True if there is one."""
        return bool(self._rows)

    def add(self, row: int, requirement: str, found: str = "") -> None:
        """Note a fault in a row (0: of the file as a whole).  found: what stands there instead, of this row only."""
        self._rows.setdefault(requirement, []).append(row)
        self._first.setdefault(requirement, found)

    def lines(self) -> Iterator[str]:
        """One line per kind of fault."""
        for requirement, rows in list(self._rows.items())[:MAX_KINDS_SHOWN]:
            place = f"row {rows[0]}: " if rows[0] else ""
            yield f"{self.path}: {place}{requirement}{self._first[requirement]}{_others(rows)}"
        if len(self._rows) > MAX_KINDS_SHOWN:
            yield f"{self.path}: and {len(self._rows) - MAX_KINDS_SHOWN} more kinds of fault"

    def require_none(self) -> None:
        """InputDataError with all of them if there is one."""
        if self:
            self.refuse()

    def refuse(self) -> NoReturn:
        """Raise the InputDataError."""
        raise InputDataError("\n".join(self.lines()))


def _others(rows: list[int]) -> str:
    """How many rows have the fault, and the first of them; empty for one."""
    if len(rows) == 1:
        return ""
    listed = ", ".join(map(str, rows[:MAX_ROWS_SHOWN]))
    return f" ({len(rows):,} rows: {listed}{', ...' if len(rows) > MAX_ROWS_SHOWN else ''})"
