"""Own book: opening positions read from a CSV file and written to one."""

from sim.positions.csvfile import COLUMNS, OPTIONAL_COLUMNS, PositionRow, read_positions, write_positions
from sim.positions.opening import opening_from_positions, positions_of_opening

__all__ = [
    "COLUMNS",
    "OPTIONAL_COLUMNS",
    "PositionRow",
    "opening_from_positions",
    "positions_of_opening",
    "read_positions",
    "write_positions",
]
