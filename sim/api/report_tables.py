"""Additional tables of a study's report: the closed form of gap risk, and balances of the fund over time."""

from pathlib import Path

import pyarrow as pa

from ..errors import ClearsimError
from ..funds.balances import fund_balances
from ..funds.baseline import BASELINE_FILE, write_baseline
from ..studies.store.part_files import parquet_bytes, write_whole
from . import _analysis as analysis
from .progress import Note, noting

FAN_FILE = "fund_paths.parquet"


def add_tables(folder: Path, on_note: Note | None = None) -> None:
    """Write the tables that are missing; a report can be made without them, so a failure is only noted."""
    if not (folder / "base.yaml").is_file():
        return
    try:
        if not (folder / BASELINE_FILE).is_file():
            write_baseline(folder)
        if not (folder / FAN_FILE).is_file():
            _write_fan(folder)
    except ClearsimError as error:
        noting(on_note)(f"the report has no closed form or fan chart: {error}")


def _write_fan(folder: Path) -> None:
    """Quantiles of the fund over time of the first arm: time_days, quantile, fund, n, arm."""
    days, balances = fund_balances(folder)
    if not len(days):
        return
    fan = analysis.fan_frame(days, balances).assign(n=len(balances), arm=0)
    write_whole(folder / FAN_FILE, parquet_bytes(pa.Table.from_pandas(fan, preserve_index=False)))
