"""Custom positions: opening positions read from a CSV file and written to one."""

from .choose import choose_opening
from .custom_book import ImportedOpening, opening_from_positions, positions_of_opening
from .positions_file import COLUMNS, OPTIONAL_COLUMNS, PositionRow, read_positions, write_positions

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
