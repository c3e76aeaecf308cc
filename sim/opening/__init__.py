"""Custom positions: opening positions read from a CSV file and written to one."""

from .choose import check_positions, choose_opening
from .custom_book import ImportedOpening, opening_from_positions
from .exported_rows import positions_of_opening
from .plausibility import OpeningState, equity_of, measure_opening
from .position_cells import PositionRow
from .position_columns import ALL_COLUMNS, COLUMNS, OPTIONAL_COLUMNS
from .positions_file import read_positions, scan_positions, write_positions

__all__ = [
    "ALL_COLUMNS",
    "COLUMNS",
    "OPTIONAL_COLUMNS",
    "ImportedOpening",
    "OpeningState",
    "PositionRow",
    "check_positions",
    "choose_opening",
    "equity_of",
    "measure_opening",
    "opening_from_positions",
    "positions_of_opening",
    "read_positions",
    "scan_positions",
    "write_positions",
]
