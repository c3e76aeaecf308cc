"""`positions`: opening positions from a table."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import RunConfig
from ..config.nearest import nearest_hint
from ..errors import InputDataError
from ..opening import COLUMNS, OPTIONAL_COLUMNS
from .door import checked
from .inputs import positions_value

if TYPE_CHECKING:
    import pandas as pd


@checked
def positions(
    table: "pd.DataFrame",
    *,
    columns: Mapping[str, str] | None = None,
    residual_account: str | None = None,
    round_to_lot: bool = False,
    path: str | Path | None = None,
) -> dict[str, Any]:
    """Opening positions of a run from a table, as a value for `config.with_({"positions": ...})`.

    Args:
        table: one row per position: account, market, side (long, short, or none: the sign of the quantity), quantity
            (base units), entry (price), margin, mode (cross or isolated), collateral; optional cohort, initial_ppm,
            stop, stop_quantity. A row without a market holds money only.
        columns: names in the table -> names above, where they differ.
        residual_account: account that takes the difference of longs and shorts; None: they must balance.
        round_to_lot: round sizes to the lot, prices to the tick, money down to the quantum; False: refuse others.
        path: CSV file to write; default: one in the user's cache folder, named by its content.

    Returns the value. Raises InputDataError for columns that are missing or unknown; cells are checked against the
    markets when the config is run, with row and column.

        config = clearsim.load("own-book").with_({"positions": clearsim.positions(table, residual_account="house")})
    """
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        raise InputDataError(f"positions: table must be a DataFrame, found {type(table).__name__}")
    known = (*COLUMNS, *OPTIONAL_COLUMNS)
    frame = table.rename(columns=dict(columns or {}))
    missing = [name for name in COLUMNS if name not in frame and name != "side"]
    if missing:
        raise InputDataError(
            f"positions: column {', '.join(missing)} is missing; expected {', '.join(COLUMNS)}, found"
            f" {', '.join(map(str, frame.columns))} (columns={{'theirs': 'ours'}} renames)"
        )
    unknown = [str(name) for name in frame if name not in known]
    if unknown:
        hint = nearest_hint(unknown[0], known)
        raise InputDataError(f"positions: column {unknown[0]!r} is not known{hint}; columns are {', '.join(known)}")
    text = frame.to_csv(index=False)
    file = _own_file(text) if path is None else Path(path)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputDataError(f"positions: {file}: cannot be written: {error.strerror}") from error
    return positions_value(file, residual=residual_account, round_to_lot=round_to_lot)


def write_opening(config: RunConfig, path: Path) -> int:
    """Write the opening positions of a config as CSV, for `positions.file`; return the number of rows."""
    from ..runs.run import export_positions

    return export_positions(config, path)


def _own_file(text: str) -> Path:
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    root = (
        os.environ.get("CLEARSIM_CACHE_DIR")
        or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "clearsim"
    )
    return Path(root) / "positions" / f"{name}.csv"
