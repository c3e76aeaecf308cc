"""Writes a result folder that is either complete or absent: into a hidden sibling folder, then renamed.

Tables follow the schema of `sim/results.py` exactly. Parquet bytes depend on the column values and the pyarrow version
only. The result hash is over canonical column values: not over bytes, batches, or the manifest.
"""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..arrow import arrow_array, numbers_of, text_buffers
from ..errors import ResultError
from ..results import EVENT_TABLES, SCHEMA_VERSION, TABLES, Column
from .background import BackgroundWriter
from .place import Place, Say

Columns = Mapping[str, Any]

ROWS_PER_GROUP = 131_072
ROWS_PER_PART = 8 * 1_048_576
#: Columns that identify the run rather than describe its outcome; they are not part of the result hash.
IDENTITY_COLUMNS = frozenset({("runs", "run_id"), ("runs", "config_hash"), ("runs", "name")})

_ARROW = {
    "int64": pa.int64(),
    "int32": pa.int32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
}


def arrow_schema(table: str) -> pa.Schema:
    """The Arrow schema of a table; unit and meaning of a column are its metadata."""
    return schema_of(TABLES[table])


def schema_of(columns: Iterable[Column]) -> pa.Schema:
    """The Arrow schema of declared columns."""
    return pa.schema([_field(column) for column in columns])


def _field(column: Column) -> pa.Field:
    return pa.field(
        column.name, _ARROW[column.kind], nullable=False, metadata={"unit": column.unit, "meaning": column.meaning}
    )


def table_folder(table: str) -> str:
    """The path of a table in the result folder."""
    return f"events/{table}" if table in EVENT_TABLES else table


def to_record_batch(table: str, columns: Columns) -> pa.RecordBatch:
    """Columns of equal length -> a batch of the table's schema; ResultError for a missing, unknown or unfit column."""
    return batch_of(arrow_schema(table), columns, table=table)


def batch_of(schema: pa.Schema, columns: Columns, *, table: str) -> pa.RecordBatch:
    """As `to_record_batch`, with any schema; `table` is its name in errors."""
    unknown = set(columns) - set(schema.names)
    missing = [name for name in schema.names if name not in columns]
    if unknown or missing:
        raise ResultError(f"table {table}: missing columns {missing}, unknown columns {sorted(unknown)}")
    try:
        arrays = [_to_arrow(columns[field.name], field.type) for field in schema]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError) as error:
        raise ResultError(f"table {table}: columns do not fit the schema: {error}") from error


def _to_arrow(column: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    array = column if isinstance(column, pa.Array) else arrow_array(np.asarray(column))
    if array.null_count or pa.types.is_null(array.type):
        if len(array):
            raise ValueError("a value is missing")
        return pa.array([], kind)
    if not _may_become(array.type, kind):
        raise ValueError(f"{array.type} does not become {kind}")
    return array.cast(kind)


def _may_become(found: pa.DataType, wanted: pa.DataType) -> bool:
    """True if a cast keeps the meaning: text stays text, truth stays truth, numbers stay numbers (whole ones whole)."""
    if pa.types.is_dictionary(found):
        found = found.value_type
    if pa.types.is_string(wanted):
        return bool(pa.types.is_string(found) or pa.types.is_large_string(found))
    if pa.types.is_boolean(wanted):
        return bool(pa.types.is_boolean(found))
    return bool(pa.types.is_integer(found) or pa.types.is_floating(found))


class ColumnHashes:
    """SHA-256 of each column's values, fed batch by batch; batch boundaries make no difference."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._hashers: dict[str, Any] = {}
        self.rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Add the next rows."""
        self.rows += batch.num_rows
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            if (self._table, name) in IDENTITY_COLUMNS:
                continue
            for part, data in _canonical_bytes(array).items():
                self._hashers.setdefault(f"{name}{part}", hashlib.sha256()).update(data)

    def digest(self) -> str:
        """SHA-256 (hex) over the table's name, row count and columns."""
        digest = hashlib.sha256(f"{self._table}:{self.rows}".encode())
        for name in sorted(self._hashers):
            digest.update(f"|{name}=".encode() + self._hashers[name].digest())
        return digest.hexdigest()


def _canonical_bytes(array: pa.Array) -> dict[str, bytes | memoryview]:
    """Little-endian values; floats with one NaN and no negative zero; text as separate lengths and characters."""
    if pa.types.is_string(array.type):
        offsets, characters = text_buffers(array)
        return {"#": np.diff(offsets).astype("<i4").tobytes(), "": characters}
    values = numbers_of(array)
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.nan, values + 0.0)
    return {"": np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()}


class TableWriter:
    """Appends batches to one table's Parquet parts, a row group at a time."""

    def __init__(self, folder: Path, table: str) -> None:
        self._folder = folder / table_folder(table)
        self._table = table
        self._schema = arrow_schema(table)
        self._waiting: list[pa.RecordBatch] = []
        self._n_waiting = 0
        self._writer: pq.ParquetWriter | None = None
        self._part = 0
        self._rows_in_part = 0
        self.hashes = ColumnHashes(table)

    def append(self, columns: Columns) -> None:
        """Add rows; they reach the disk when a row group is full or at `close`."""
        self.append_batch(to_record_batch(self._table, columns))

    def append_batch(self, batch: pa.RecordBatch) -> None:
        """As `append`, with rows of the table's schema."""
        self.hashes.update(batch)
        self._waiting.append(batch)
        self._n_waiting += batch.num_rows
        while self._n_waiting >= ROWS_PER_GROUP:
            self._flush(ROWS_PER_GROUP)

    def close(self) -> None:
        """Write the pending rows (a table without rows is one empty part) and finish the last part."""
        if self._n_waiting or (self._part == 0 and self._writer is None):
            self._flush(self._n_waiting)
        self._finish_part()

    def abandon(self) -> None:
        """Close the open file; its content no longer matters."""
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except (OSError, pa.ArrowException):
                return

    def _flush(self, n_rows: int) -> None:
        rows = pa.Table.from_batches(self._waiting, schema=self._schema)
        rest = rows.slice(n_rows)
        self._waiting = rest.to_batches()
        self._n_waiting = rest.num_rows
        if self._writer is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._writer = _parquet_writer(self._folder / f"part-{self._part:04d}.parquet", self._schema)
        self._writer.write_table(rows.slice(0, n_rows).combine_chunks(), row_group_size=ROWS_PER_GROUP)
        self._rows_in_part += n_rows
        if self._rows_in_part >= ROWS_PER_PART:
            self._finish_part()

    def _finish_part(self) -> None:
        if self._writer is not None:
            self._writer.close()
            _sync(self._folder / f"part-{self._part:04d}.parquet")
            self._writer = None
            self._part += 1
            self._rows_in_part = 0


def _parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    return pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        compression="zstd",
        compression_level=3,
        use_dictionary=texts,
        write_statistics=True,
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def telling_disk_errors(
    target: Path, *, remedy: str = "Free space, or use --detail series or summary"
) -> Iterator[None]:
    """Turn an OSError from writing into a ResultError that states the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
            raise ResultError(f"{target}: the disk is full; nothing was kept. {remedy}") from error
        raise ResultError(f"{target}: cannot be written: {error.strerror or error}") from error


class ResultFolder:
    """A result folder being written; use it as a context manager. Without `commit`, nothing is left behind.

    kind, overwrite, numbered: see `Place`.  say: receives notes for the user.
    It is also the engine's event sink: `append(table, columns)`.
    """

    def __init__(
        self,
        target: Path,
        *,
        kind: Literal["run", "study"] = "run",
        overwrite: bool = False,
        numbered: bool = False,
        say: Say = lambda text: None,
    ) -> None:
        self._place = Place(target, kind=kind, overwrite=overwrite, numbered=numbered, say=say)
        self._writers: dict[str, TableWriter] = {}
        self._background = BackgroundWriter()
        self._folder = target

    def __enter__(self) -> Self:
        """Claim the place and make the hidden folder; ResultError if it is taken, or cannot be made."""
        with telling_disk_errors(self.target):
            self._place.claim()
        self._folder = self._place.partial
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove whatever was not committed."""
        try:
            self._background.drop()
            for writer in self._writers.values():
                writer.abandon()
        finally:
            self._place.release()

    @property
    def target(self) -> Path:
        """Where the folder will be."""
        return self._place.target

    @property
    def folder(self) -> Path:
        """Where files are written until `commit`."""
        return self._folder

    def append(self, table: str, columns: Columns) -> None:
        """Add rows to a table, written by another thread; ResultError if they do not fit its schema, or if earlier rows
        could not be written.

        `columns` must not be changed afterwards.
        """
        with telling_disk_errors(self.target):
            writer = self._writers.get(table)
            if writer is None:
                if table not in TABLES:
                    raise ResultError(f"there is no table {table}; tables are {', '.join(TABLES)}")
                writer = self._writers[table] = TableWriter(self._folder, table)
            batch = to_record_batch(table, columns)
            self._background.add(partial(writer.append_batch, batch))

    def write_text(self, name: str, text: str) -> None:
        """Write a small file."""
        self.write_bytes(name, text.encode())

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a small file."""
        path = self._folder / name
        with telling_disk_errors(self.target):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())

    def close_tables(self) -> dict[str, str]:
        """Finish every table; return their hashes by name."""
        with telling_disk_errors(self.target):
            self._background.finish()
            for writer in self._writers.values():
                writer.close()
        return {name: writer.hashes.digest() for name, writer in sorted(self._writers.items())}

    def row_counts(self) -> dict[str, int]:
        """Rows of each table so far."""
        return {name: writer.hashes.rows for name, writer in sorted(self._writers.items())}

    def commit(self) -> Path:
        """Move the complete folder to its place and return that; from then on it survives a crash of the machine."""
        with telling_disk_errors(self.target):
            _sync(self._folder)
            placed = self._place.put()
            _sync(placed.resolve().parent)
        return placed


def combine_hashes(table_hashes: Mapping[str, str]) -> str:
    """The result hash: SHA-256 (hex) over the hashes of all tables."""
    text = "\n".join(f"{name}={table_hashes[name]}" for name in sorted(table_hashes))
    return hashlib.sha256(f"schema {SCHEMA_VERSION}\n{text}".encode()).hexdigest()
