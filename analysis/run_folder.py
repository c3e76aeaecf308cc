"""Opens a result folder: manifest, resolved config, and tables as pandas frames.

Defines a readable folder: every table of the run's level of detail must exist, and the
row counts must match the manifest. Anything else is an AnalysisError that names the file. Nothing here computes
results.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pandas as pd
from clearsim.results import EVENT_TABLES, TABLES

from .errors import AnalysisError
from .folder import opened_part, read_arrays, read_manifest, read_parts, read_yaml

_CURE = "replay the run to rewrite it"
#: Tables a run must have written, by level of detail.
REQUIRED = {
    "summary": ("runs",),
    "series": ("runs", "accounts", "series"),
    "events": ("runs", "accounts", "series"),
    "orders": ("runs", "accounts", "series"),
}


@dataclass
class RunFolder:
    """A result folder whose manifest has been read; tables are read on first use and kept."""

    path: Path
    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    config_text: str
    derived: dict[str, Any] = field(default_factory=dict, repr=False)  # kept by those who compute it from the tables
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @property
    def run(self) -> pd.Series:
        """The one row of `runs`; AnalysisError if there is not exactly one."""
        frame = self.table("runs")
        if len(frame) != 1:
            raise AnalysisError(f"{self.path}: table runs must have one row, found {len(frame)}")
        return frame.iloc[0]

    @property
    def series(self) -> pd.DataFrame:
        """Samples over time of all markets; no rows if the run stored none."""
        return self.table("series")

    @property
    def accounts(self) -> pd.DataFrame:
        """One row per margin account; AnalysisError if the run did not write it."""
        frame = self.table("accounts")
        if frame.empty:
            raise AnalysisError(f"{self.path}: table accounts has no rows; run with --detail series or events")
        return frame

    def has(self, table: str) -> bool:
        """True if the folder holds at least one part of `table`."""
        return bool(self._parts(table))

    def table(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """All rows of a table, in the order they were written; AnalysisError names the faulty part.

        A table that this level of detail does not write has no rows. With `columns`, only these.
        """
        key = table if columns is None else f"{table}:{','.join(columns)}"
        if key not in self._frames:
            self._frames[key] = self._read(table, columns)
        return self._frames[key]

    def arrays(self, table: str, columns: Sequence[str]) -> dict[str, Any]:
        """As `table`, with these columns as arrays (see `arrays_of`); read on every call."""
        parts = self._parts(table)
        self._require(table, parts)
        kinds = {column.name: column for column in TABLES[table]}
        found = read_arrays(parts, [kinds[name] for name in columns], cure=_CURE)
        if parts:
            self._check_rows(table, len(found[columns[0]]))
        return found

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """The rows of a table piece by piece, so that a table larger than memory can be summed."""
        parts = self._parts(table)
        self._require(table, parts)
        for part in parts:
            with opened_part(part, TABLES[table], cure=_CURE) as handle:
                for group in range(handle.num_row_groups):
                    yield handle.read_row_group(group, columns=list(columns)).to_pandas()

    def _parts(self, table: str) -> list[Path]:
        folder = self.path / ("events" if table in EVENT_TABLES else "") / table
        return sorted(folder.glob("*.parquet"))

    def _read(self, table: str, columns: Sequence[str] | None) -> pd.DataFrame:
        parts = self._parts(table)
        self._require(table, parts)
        frame = read_parts(parts, TABLES[table], cure=_CURE, names=columns)
        if parts:
            self._check_rows(table, len(frame))
        return frame

    def _require(self, table: str, parts: Sequence[Path]) -> None:
        detail = str(self.manifest.get("detail", "events"))
        counted = self.manifest.get("row_counts", {}).get(table, 0)
        if not parts and (table in REQUIRED.get(detail, ()) or counted):
            raise AnalysisError(
                f"{self.path}: table {table} is missing ({counted} rows are expected at detail {detail});"
                f" replay the run: clearsim replay {self.path}"
            )

    def _check_rows(self, table: str, rows: int) -> None:
        expected = self.manifest.get("row_counts", {}).get(table)
        if expected is not None and expected != rows:
            raise AnalysisError(
                f"{self.path}: table {table} must have {expected} rows according to the manifest, found {rows};"
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
    manifest = read_manifest(
        folder,
        kind="result",
        give="the folder of a run's results",
        subject="results have",
        cure=", or run the config again",
    )
    config, text = read_yaml(folder / "config.yaml")
    return RunFolder(folder, manifest, config, text)
