"""Compares two result folders, or two study folders, value by value, from their Parquet files alone.

Names of runs and hashes of configs do not count, nor seconds, nor the tracebacks of failed runs; everything else does.
Rows of a study are put in order by point and replication, for its runs end in any order.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.guard.renames import Renames

Tables = dict[str, pa.Table]

#: Columns that name a run or measure the machine.
UNCOUNTED = {"runs": ("run_id", "config_hash", "seconds"), "paths": ("run_id",), "points": ("config_hash",)}
#: Sum over the rows of `runs`: what a job exercised.
COUNTED = (
    "liquidated_accounts",
    "taken_over_quanta",
    "fund_draw_quanta",
    "adl_matches",
    "socialised_loss_quanta",
    "bad_debt_quanta",
)


@dataclass(frozen=True)
class Difference:
    """The first difference of a table: its column, row and both values; `time_ms` of the row if the table has times."""

    table: str
    column: str
    row: int
    base: Any
    here: Any
    time_ms: float = float("inf")

    def __str__(self) -> str:
        """One line."""
        at = f" at {self.time_ms:g} ms" if self.time_ms < float("inf") else ""
        return f"{self.table}.{self.column} row {self.row}{at}: {self.base!r} in base, {self.here!r} here"


def read_tables(folder: Path) -> Tables:
    """Every table below `folder` by name: that of its parts' folder, or of the file that holds it alone."""
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.parquet")):
        files.setdefault(path.parent.name if path.name.startswith("part-") else path.stem, []).append(path)
    return {name: pa.concat_tables([pq.ParquetFile(path).read() for path in paths]) for name, paths in files.items()}


def rename(tables: Tables, renames: Renames) -> Tables:
    """The tables of the base commit under the names that they have here."""
    renamed = {}
    for old, table in tables.items():
        name, columns = renames.tables.get(old, old), renames.columns.get(old, {})
        table = table.drop_columns([column for column in table.column_names if columns.get(column, column) is None])
        table = table.rename_columns([columns.get(column) or column for column in table.column_names])
        for column in table.column_names:
            texts = renames.values.get((name, column))
            if texts is not None:
                changed = [texts.get(text, text) for text in table.column(column).to_pylist()]
                table = table.set_column(table.column_names.index(column), column, pa.array(changed, pa.string()))
        renamed[name] = table
    return renamed


def without_added(tables: Tables, renames: Renames) -> Tables:
    """The tables of this checkout without the columns that the base does not have; KeyError if one is not there."""
    return {name: table.drop_columns(list(renames.added.get(name, ()))) for name, table in tables.items()}


def comparable(tables: Tables) -> Tables:
    """The tables in an order of their own, without what does not count."""
    if "points" in tables and "runs" in tables:
        tables = _study_in_order(tables)
    return {
        name: table.drop_columns([c for c in UNCOUNTED.get(name, ()) if c in table.column_names])
        for name, table in tables.items()
    }


def _study_in_order(tables: Tables) -> Tables:
    runs = tables["runs"].sort_by([("point", "ascending"), ("replication", "ascending"), ("arm", "ascending")])
    first_lines = [text.split("\n", 1)[0] for text in runs.column("error").to_pylist()]
    place = runs.column_names.index("error")
    ordered = {**tables, "points": tables["points"].sort_by("point")}
    ordered["runs"] = runs.set_column(place, "error", pa.array(first_lines, pa.string()))
    if "paths" in tables:
        number = {run_id: n for n, run_id in enumerate(runs.column("run_id").to_pylist())}
        ids = tables["paths"].column("run_id").to_pylist()
        paths = tables["paths"].append_column("run", pa.array([number[run_id] for run_id in ids], pa.int64()))
        ordered["paths"] = paths.sort_by([("run", "ascending"), ("path", "ascending")])
    return ordered


def differences(base: Tables, here: Tables) -> list[Difference]:
    """The first difference of each table, the earliest in time first; empty if all values are equal."""
    found = [Difference("tables", "", 0, "absent", "present") for _ in range(not base and not here)]
    for name in sorted({*base, *here}):
        if name not in base or name not in here:
            found.append(Difference(name, "", 0, *("present" if name in side else "absent" for side in (base, here))))
            continue
        found += _first_of(_of_table(name, base[name], here[name]))
    return sorted(found, key=lambda difference: difference.time_ms)


def _first_of(found: Iterator[Difference]) -> list[Difference]:
    first = min(found, key=lambda difference: difference.row, default=None)
    return [] if first is None else [first]


def _of_table(name: str, base: pa.Table, here: pa.Table) -> Iterator[Difference]:
    """The first difference of each column, and that of the numbers of columns or rows."""
    one_sided = {*base.column_names} ^ {*here.column_names}
    for column in sorted(one_sided):
        yield Difference(name, column, -1, *("present" if column in t.column_names else "absent" for t in (base, here)))
    n_rows = min(base.num_rows, here.num_rows)
    if base.num_rows != here.num_rows:
        yield Difference(name, "(number of rows)", n_rows, base.num_rows, here.num_rows)
    times = base.column("time_ms").to_numpy() if "time_ms" in base.column_names else None
    for column in base.column_names:
        if column in one_sided:
            continue
        ours, theirs = base.column(column).slice(0, n_rows), here.column(column).slice(0, n_rows)
        if _sort_of(ours.type) != _sort_of(theirs.type):
            yield Difference(name, column, -1, str(ours.type), str(theirs.type))
            continue
        row = first_unequal(ours, theirs)
        if row is not None:
            time = float("inf") if times is None else float(times[row])
            yield Difference(name, column, row, ours[row].as_py(), theirs[row].as_py(), time)


def _sort_of(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_integer(kind):
        return "whole"
    if pa.types.is_floating(kind):
        return "float"
    return "text" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else str(kind)


def first_unequal(base: pa.ChunkedArray, here: pa.ChunkedArray) -> int | None:
    """First row where two columns of one length differ; NaN equals NaN, and a missing value another."""
    if base.equals(here):
        return None
    if _sort_of(base.type) in ("whole", "float") and not base.null_count and not here.null_count:
        a, b = base.to_numpy(), here.to_numpy()
        unequal = (a != b) & ~((a != a) & (b != b))
    else:
        unequal = np.array([x != y for x, y in zip(base.to_pylist(), here.to_pylist(), strict=True)], bool)
    return int(np.argmax(unequal)) if unequal.any() else None


def counts_of(tables: Tables) -> dict[str, int]:
    """Sums over the runs of what they exercised, and contracts torn up where the events are written down."""
    runs = tables.get("runs")
    if runs is None:
        return {}
    counts = {name: int(pc.sum(runs.column(name)).as_py() or 0) for name in COUNTED if name in runs.column_names}
    transfers = tables.get("transfers")
    if transfers is not None and {"reason", "lots"} <= {*transfers.column_names}:
        torn = transfers.filter(pc.equal(transfers.column("reason"), "SOCIALISED_LOSS")).column("lots")
        counts["torn_up_lots"] = int(pc.sum(pc.abs(torn)).as_py() or 0)
    return counts


def manifest_of(folder: Path) -> Mapping[str, Any]:
    """What stands in the manifest."""
    manifest: Mapping[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return manifest
