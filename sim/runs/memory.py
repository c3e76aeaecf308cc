"""A run whose tables stay in memory: the same tables, hashes and manifest as in a result folder, without files."""

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..config import RunConfig, require_runnable, to_yaml
from .folder import ColumnHashes, Columns, arrow_schema, to_record_batch
from .run import RunOptions, Simulate, fill_tables, manifest_of, simulate_into, write_run


class MemoryTables:
    """Takes tables as a result folder does, and keeps them. It is also the engine's event sink."""

    def __init__(self, keep: Container[str] | None = None) -> None:
        self._keep = keep  # names of the tables to keep; None: all
        self._batches: dict[str, list[pa.RecordBatch]] = {}
        self._hashes: dict[str, ColumnHashes] = {}

    def append(self, table: str, columns: Columns) -> None:
        """Add rows to a table; ResultError if they do not fit its schema."""
        if self._keep is not None and table not in self._keep:
            return
        batch = to_record_batch(table, columns)
        self._hashes.setdefault(table, ColumnHashes(table)).update(batch)
        self._batches.setdefault(table, []).append(batch)

    def close_tables(self) -> dict[str, str]:
        """The hash of every table, by name."""
        return {name: hashes.digest() for name, hashes in sorted(self._hashes.items())}

    def row_counts(self) -> dict[str, int]:
        """Rows of each table so far."""
        return {name: hashes.rows for name, hashes in sorted(self._hashes.items())}

    def tables(self) -> dict[str, pa.Table]:
        """Every table that has been written to, by name."""
        return {name: self.table(name) for name in self._batches}

    def table(self, name: str) -> pa.Table:
        """All rows of a table so far."""
        return pa.Table.from_batches(self._batches.get(name, []), arrow_schema(name))


@dataclass(frozen=True)
class MemoryRun:
    """A finished run: its config, its tables by name, and what `manifest.json` would contain."""

    config: RunConfig
    tables: dict[str, pa.Table]
    manifest: dict[str, Any]

    @property
    def config_text(self) -> str:
        """The resolved config as YAML."""
        return to_yaml(self.config)

    def write(self, folder: Path, *, overwrite: bool = False) -> Path:
        """Write its result folder, as `run_config` would have; ResultError if it cannot be written."""
        columns = {
            name: dict(zip(table.column_names, table.columns, strict=True)) for name, table in self.tables.items()
        }
        own = ("scenario", "replication", "command", "seconds", "detail", "step_check", "endless_fund", "input_notes")
        extra = {name: self.manifest[name] for name in own if name in self.manifest}
        return write_run(folder, self.config, columns, extra, overwrite=overwrite)


def run_in_memory(config: RunConfig, options: RunOptions, *, simulate: Simulate | None = None) -> MemoryRun:
    """Run a config and keep its tables in memory; `out`, `overwrite` and `finish` of the options are ignored."""
    require_runnable(config)
    sink = MemoryTables()
    result, extra = simulate_into(sink, config, options, simulate=simulate)
    fill_tables(sink, result, str(extra["detail"]))
    manifest = manifest_of(config, extra, hashes=sink.close_tables(), row_counts=sink.row_counts())
    return MemoryRun(config, sink.tables(), manifest)
