"""Opens a result folder: manifest, resolved config, and tables as pandas frames, checked against `sim/results.py`.

Decides what counts as a readable folder: a table that the run's level of detail should have must be there, every part
must carry the schema's columns and kinds, and the manifest's row counts must be met. Anything else is an AnalysisError
that names the file. Nothing here computes results.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from analysis.errors import AnalysisError
from sim.results import EVENT_TABLES, SCHEMA_VERSION, TABLES

_KINDS = {
    "int64": pa.int64(),
    "int32": pa.int32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
}
#: Tables a run must have written, by level of detail.
REQUIRED = {
    "summary": ("runs",),
    "series": ("runs", "accounts", "series"),
    "events": ("runs", "accounts", "series"),
}


@dataclass
class RunFolder:
    """A result folder whose manifest has been read; tables are read when asked for and kept."""

    path: Path
    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    config_text: str
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @property
    def run(self) -> pd.Series:
        """The one row of `runs`; AnalysisError if there is not exactly one."""
        frame = self.table("runs")
        if len(frame) != 1:
            raise AnalysisError(f"{self.path}: table runs must hold one row, found {len(frame)}")
        return frame.iloc[0]

    @property
    def series(self) -> pd.DataFrame:
        """Samples over time of all markets; without rows if the run kept none."""
        return self.table("series")

    @property
    def accounts(self) -> pd.DataFrame:
        """One row a margin account; AnalysisError if the run did not write it."""
        frame = self.table("accounts")
        if frame.empty:
            raise AnalysisError(f"{self.path}: table accounts has no rows; run with --detail series or events")
        return frame

    def has(self, table: str) -> bool:
        """True if the folder holds at least one part of `table`."""
        return bool(self._parts(table))

    def table(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """All rows of a table, in the order they were written; AnalysisError naming the part that is at fault.

        A table that this level of detail does not write is returned without rows. With `columns`, only these.
        """
        key = table if columns is None else f"{table}:{','.join(columns)}"
        if key not in self._frames:
            self._frames[key] = self._read(table, columns)
        return self._frames[key]

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """The rows of a table piece by piece, so that a table larger than memory can be summed up."""
        parts = self._parts(table)
        self._require(table, parts)
        for part in parts:
            with _opened(part, table) as handle:
                for group in range(handle.num_row_groups):
                    yield handle.read_row_group(group, columns=list(columns)).to_pandas()

    def _parts(self, table: str) -> list[Path]:
        folder = self.path / ("events" if table in EVENT_TABLES else "") / table
        return sorted(folder.glob("*.parquet"))

    def _read(self, table: str, columns: Sequence[str] | None) -> pd.DataFrame:
        parts = self._parts(table)
        names = list(columns) if columns is not None else [column.name for column in TABLES[table]]
        self._require(table, parts)
        if not parts:
            return _empty(table, names)
        read = [_read_part(part, table, names) for part in parts]
        self._check_rows(table, sum(piece.num_rows for piece in read))
        return pa.concat_tables(read).to_pandas()

    def _require(self, table: str, parts: Sequence[Path]) -> None:
        detail = str(self.manifest.get("detail", "events"))
        counted = self.manifest.get("row_counts", {}).get(table, 0)
        if not parts and (table in REQUIRED.get(detail, ()) or counted):
            raise AnalysisError(
                f"{self.path}: table {table} is missing ({counted} rows are expected at detail {detail});"
                f" replay the run: clearsim replay {self.path}"
            )

    def _check_rows(self, table: str, found: int) -> None:
        expected = self.manifest.get("row_counts", {}).get(table)
        if expected is not None and expected != found:
            raise AnalysisError(
                f"{self.path}: table {table} must hold {expected} rows by the manifest, found {found};"
                f" a part is missing or not finished: clearsim replay {self.path}"
            )

    def text(self, key: str, default: str = "") -> str:
        """A manifest entry as text."""
        value = self.manifest.get(key)
        return default if value is None else str(value)

    @property
    def quantum(self) -> Decimal:
        """Size of one quantum, quote units."""
        return self._decimal(self.manifest.get("quantum"), "quantum")

    @property
    def asset(self) -> str:
        """Settlement asset as printed."""
        return self.text("asset", "quote units")

    @property
    def markets(self) -> list[str]:
        """Names of the markets, in the config's order."""
        return [str(name) for name in self.manifest.get("markets", [])]

    def lot_size(self, market: str) -> Decimal:
        """Size of one lot, base units."""
        return self._decimal(self.manifest.get("lot_sizes", {}).get(market), f"lot_sizes.{market}")

    @property
    def start_utc(self) -> datetime | None:
        """UTC time of the start; None if the manifest has none."""
        text = self.text("start_utc")
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC) if text else None

    @property
    def funds(self) -> dict[str, list[str]]:
        """Markets of each fund scope, by its name; one unnamed fund of all markets if the config does not say."""
        scopes = self.config.get("funds") or [{"name": "", "markets": self.markets}]
        return {str(scope.get("name", "")): [str(name) for name in scope["markets"]] for scope in scopes}

    def of_market(self, market: str) -> pd.DataFrame:
        """Samples of one market, by time."""
        series = self.series
        return series[series["market"] == market].reset_index(drop=True)

    def _decimal(self, value: Any, key: str) -> Decimal:
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal(0)
        if number <= 0:
            raise AnalysisError(f"{self.path}/manifest.json: {key} must be a positive number, found {value!r}")
        return number


def open_run(path: str | Path) -> RunFolder:
    """Open a result folder of this schema version; AnalysisError if it is not one."""
    folder = Path(path)
    manifest = _read_manifest(folder)
    version = manifest.get("schema_version")
    if version != SCHEMA_VERSION:
        raise AnalysisError(
            f"{folder}: results have schema version {version}, this program reads version {SCHEMA_VERSION};"
            " use the clearsim version named in manifest.json, or run the config again"
        )
    text = _read_text(folder / "config.yaml")
    try:
        config = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise AnalysisError(f"{folder}/config.yaml: is not valid YAML: {error}") from error
    if not isinstance(config, dict):
        raise AnalysisError(f"{folder}/config.yaml: must be a mapping, found {type(config).__name__}")
    return RunFolder(folder, manifest, config, text)


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not folder.is_dir():
        raise AnalysisError(f"{folder}: is not a folder; give the folder of a run's results")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AnalysisError(f"{folder}: is not a result folder (manifest.json: {error.strerror})") from error
    except ValueError as error:
        raise AnalysisError(f"{path}: is not valid JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise AnalysisError(f"{path}: must be a mapping, found {type(manifest).__name__}")
    return manifest


def _read_text(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AnalysisError(f"{path}: cannot be read: {error}") from error


@contextmanager
def _opened(part: Path, table: str) -> Iterator[pq.ParquetFile]:
    """A part of the schema's columns and kinds, open for reading; AnalysisError names the part."""
    try:
        with pq.ParquetFile(part) as handle:
            _check_columns(part, table, {entry.name: entry.type for entry in handle.schema_arrow})
            yield handle
    except (pa.ArrowException, OSError) as error:
        raise AnalysisError(
            f"{part}: cannot be read, the part is corrupt or cut short ({error}); replay the run to write it again"
        ) from error


def _read_part(part: Path, table: str, names: Sequence[str]) -> pa.Table:
    with _opened(part, table) as handle:
        return handle.read(columns=list(names)).select(list(names))


def _check_columns(part: Path, table: str, found: Mapping[str, pa.DataType]) -> None:
    missing = [column.name for column in TABLES[table] if column.name not in found]
    if missing:
        raise AnalysisError(f"{part}: columns {', '.join(missing)} are missing; it was written by another version")
    for column in TABLES[table]:
        kind = found[column.name]
        if kind != _KINDS[column.kind]:
            raise AnalysisError(f"{part}: column {column.name} must be {column.kind}, found {kind}")


def _empty(table: str, names: Sequence[str]) -> pd.DataFrame:
    kinds = {column.name: _KINDS[column.kind] for column in TABLES[table]}
    return pa.schema([(name, kinds[name]) for name in names]).empty_table().to_pandas()
