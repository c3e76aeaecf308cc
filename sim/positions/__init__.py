"""Own book: opening positions read from a CSV file and written to one."""

from sim.positions.choose import choose_opening
from sim.positions.csvfile import COLUMNS, OPTIONAL_COLUMNS, PositionRow, read_positions, write_positions
from sim.positions.opening import ImportedOpening, opening_from_positions, positions_of_opening

__all__ = [
    "COLUMNS",
    "OPTIONAL_COLUMNS",
    "ImportedOpening",
    "PositionRow",
    "choose_opening",
    "opening_from_positions",
    "positions_of_opening",
    "read_positions",
    "write_positions",
]
