"""Part files of a study's tables: each a Parquet file that is complete or absent, with checksums in its pages.

Decides how a part is written, read and found to be corrupt; `store.py` decides which parts exist.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import ResultError
from ...results import STUDY_PATHS, STUDY_RUNS
from ...runs.folder import ColumnHashes, batch_of, schema_of

RUNS_SCHEMA = schema_of(STUDY_RUNS)
PATHS_SCHEMA = schema_of(STUDY_PATHS)
#: Columns of `runs` that are not part of the result hash.
UNHASHED = ("seconds", "made_by")


class CorruptPartError(ResultError):
    """A part file is damaged."""


def rows_to_batch(rows: list[Mapping[str, Any]]) -> pa.RecordBatch:
    """Rows of `runs` as a batch of its schema; ResultError if a value does not fit."""
    return batch_of(RUNS_SCHEMA, {name: [row[name] for row in rows] for name in RUNS_SCHEMA.names}, table="runs")


def paths_to_batch(run_id: str, paths: Mapping[str, Any]) -> pa.RecordBatch:
    """Paths of one run as a batch of their schema; ResultError if a column is missing, unknown or does not fit."""
    length = len(next(iter(paths.values()))) if paths else 0
    columns = {"path": np.arange(length, dtype=np.int64), **paths, "run_id": pa.repeat(run_id, length)}
    return batch_of(PATHS_SCHEMA, columns, table="paths")


def parquet_bytes(table: pa.Table) -> pa.Buffer:
    """A table as the bytes of a Parquet file with page checksums."""
    sink = pa.BufferOutputStream()
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    pq.write_table(
        table, sink, version="2.6", compression="zstd", use_dictionary=texts, write_page_checksum=True
    )  # fmt: skip
    return sink.getvalue()


def write_whole(path: Path, data: pa.Buffer | bytes) -> None:
    """Make `path` hold `data`, durable; on any error (OSError) it holds the old content or does not exist."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_part(path: Path, schema: pa.Schema, columns: list[str] | None = None) -> pa.Table:
    """Content of a part, checked against its checksums; CorruptPartError if damaged or of another schema."""
    with _opened(path, schema) as file:
        return file.read(columns=columns, use_threads=False)


def check_part(path: Path, schema: pa.Schema) -> None:
    """Read every page of a part, a row group at a time; CorruptPartError if damaged or of another schema."""
    with _opened(path, schema) as file:
        for _ in file.iter_batches(use_threads=False):
            pass


@contextmanager
def _opened(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(schema):
                raise ResultError(
                    f"{path}: has other columns than this version of clearsim writes; choose another folder, or use"
                    " the version that wrote it"
                )
            yield file
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise ResultError(f"{path}: cannot be read: {error.strerror or error}") from error
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CorruptPartError(f"{path}: is damaged: {first}") from error


def hash_rows(rows: pa.Table) -> str:
    """SHA-256 (hex) of rows of `runs` in any order, without the columns that are outside the result hash."""
    rows = rows.drop_columns(list(UNHASHED)).sort_by("run_id").combine_chunks()
    hashes = ColumnHashes("study runs")
    for batch in rows.to_batches():
        hashes.update(batch)
    return hashes.digest()


def hash_paths_of_runs(part: pa.Table) -> dict[str, str]:
    """SHA-256 (hex) of the paths of each run in a part; the rows of a run are contiguous there."""
    part = part.combine_chunks()
    ids = part.column("run_id").to_numpy(zero_copy_only=False)
    if not len(ids):
        return {}
    starts = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
    hashes = {}
    for start, stop in zip(starts, [*starts[1:], len(ids)], strict=True):
        run = ColumnHashes("study paths")
        for batch in part.slice(start, stop - start).to_batches():
            run.update(batch)
        hashes[str(ids[start])] = run.digest()
    return hashes
