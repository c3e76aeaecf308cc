"""The folder of a study: outcomes arrive one by one and are on disk, in complete part files, a few seconds later.

    study.yaml  manifest.json  points.parquet  inputs/  runs/part-*.parquet  paths/part-*.parquet  quarantine/

A part of `paths` counts only together with the part of `runs` of the same name, which is written after it: a run is
stored or not, whatever ends the process. A run's rows do not depend on the order in which runs end, nor does the result
hash; the names and sizes of parts do.
"""

import shutil
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import ResultError
from ...results import SCHEMA_VERSION
from ...runs.folder import ResultFolder, combine_hashes
from ...runs.lock import FolderLock
from ...runs.manifest import manifest_text, read_manifest
from .disk_errors import telling_what_is_kept
from .part_files import (
    PATHS_SCHEMA,
    RUNS_SCHEMA,
    CorruptPartError,
    check_part,
    hash_paths_of_runs,
    hash_rows,
    parquet_bytes,
    paths_to_batch,
    read_part,
    rows_to_batch,
    write_whole,
)

if TYPE_CHECKING:
    from ..design.job import Outcome

FLUSH_RUNS = 1_000
FLUSH_BYTES = 64 * 2**20
FLUSH_SECONDS = 10.0
#: In a long sweep rows wait a hundredth of its time so far, so that it has hundreds of parts, not thousands.
LONGEST_SECONDS = 60.0


@dataclass
class _Waiting:
    """Outcomes that are not on disk yet; they become the part with this name."""

    name: str
    runs: list[tuple[Mapping[str, Any], pa.RecordBatch | None]] = field(default_factory=list)  # a row and its paths
    n_bytes: int = 0
    since: float = field(default_factory=time.monotonic)


class StudyStore:
    """Outcomes of one study on disk. Writers hold the folder's lock until `close`; readers take none."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any], lock: FolderLock | None) -> None:
        self.folder = folder
        self.manifest = dict(manifest)
        #: Problems of the folder when it was opened, as sentences; empty if there were none.
        self.problems: list[str] = []
        #: Files beside the tables as this process made them with the folder; empty for a folder that was there.
        self.made_files: Mapping[str, bytes] = {}
        self._lock = lock
        self._writer = uuid.uuid4().hex[:8]
        self._number = 0
        self._ids: set[str] = set()
        self._opened = time.monotonic()
        self._waiting = self._new_part()

    @classmethod
    def create(
        cls, folder: Path, *, study_yaml: str, manifest: Mapping[str, Any], files: Mapping[str, bytes] | None = None
    ) -> Self:
        """A new study folder, open for writing; ResultError if it exists. `manifest` must hold `study_hash`.

        files: content of other files by their path in the folder.
        """
        manifest = {"schema_version": SCHEMA_VERSION, **manifest}
        if "study_hash" not in manifest:
            raise ValueError("the manifest of a study needs study_hash")
        notes: list[str] = []
        with ResultFolder(folder, kind="study", say=notes.append) as made:
            made.write_text("study.yaml", study_yaml)
            made.write_text("manifest.json", manifest_text(manifest))
            for name, content in (files or {}).items():
                made.write_bytes(name, content)
            for table in ("runs", "paths"):
                (made.folder / table).mkdir()
            placed = made.commit()
        if placed != folder:
            shutil.rmtree(placed)
            raise ResultError(f"{folder}: was made by something else meanwhile; choose another folder")
        store = cls.open(placed, study_hash=manifest["study_hash"])
        store.problems += notes
        store.made_files = dict(files or {})
        return store

    @classmethod
    def open(cls, folder: Path, *, study_hash: str | None = None, read_only: bool = False) -> Self:
        """An existing study folder, cleaned up if it is opened for writing: leftovers removed, damaged parts set aside.

        ResultError if it is not a study folder, has another schema version or another study than `study_hash`, or
        another process is writing to it.
        """
        manifest = read_manifest(folder)
        _require_same(folder, manifest, study_hash)
        if read_only:
            return cls(folder, manifest, None)
        lock = FolderLock(folder)
        lock.acquire()
        try:
            store = cls(folder, manifest, lock)
            with telling_what_is_kept(folder):
                store._put_in_order()
            return store
        except BaseException:
            lock.release()
            raise

    def __enter__(self) -> Self:
        """Return the folder, which is already open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write pending outcomes, also on an error or Ctrl-C, and release the lock; a full disk is reported once."""
        try:
            self.flush()
        except ResultError:
            if not isinstance(error, ResultError):
                raise
        finally:
            self._release()

    def close(self) -> None:
        """Write pending outcomes and release the lock."""
        try:
            self.flush()
        finally:
            self._release()

    def done_ids(self) -> frozenset[str]:
        """Ids of all stored runs, whatever their status."""
        if self._lock is not None:
            return frozenset(self._ids)
        return frozenset(run_id for path in self.run_parts() for run_id in _ids_of(path))

    def add(self, outcome: "Outcome") -> None:
        """Add an outcome; it is written when enough are pending, or some seconds later at the next `add` or `tick`."""
        if self._lock is None:
            raise ValueError("the study folder is open for reading")
        run_id = outcome.run_id
        if run_id in self._ids:
            raise ResultError(f"{self.folder}: run {run_id} is stored already; a study must not contain a run twice")
        if set(outcome.row) != set(RUNS_SCHEMA.names):
            differ = sorted(set(outcome.row) ^ set(RUNS_SCHEMA.names))
            raise ResultError(f"run {run_id}: its row has missing or unknown columns: {', '.join(differ)}")
        batch = paths_to_batch(run_id, outcome.paths) if outcome.paths is not None else None
        waiting = self._waiting
        if not waiting.runs:
            waiting.since = time.monotonic()
        self._ids.add(run_id)
        waiting.runs.append((outcome.row, batch))  # one step, so that an interrupt leaves no row without its paths
        waiting.n_bytes += batch.nbytes if batch is not None else 0
        if len(waiting.runs) >= FLUSH_RUNS or waiting.n_bytes >= FLUSH_BYTES:
            self.flush()
        else:
            self.tick()

    def add_part(self, rows: pa.Table, paths: pa.Table) -> None:
        """Add complete runs of another study folder, with their paths; they are on disk at once."""
        self.flush()
        part = self._new_part()
        if rows.num_rows:
            self._write(part, rows, paths)
            self._ids.update(rows.column("run_id").to_pylist())

    def tick(self) -> None:
        """Write pending outcomes if they have waited long; cheap, for idle moments of the caller."""
        now = time.monotonic()
        patience = max(FLUSH_SECONDS, min(LONGEST_SECONDS, (now - self._opened) / 100))
        if self._waiting.runs and now - self._waiting.since >= patience:
            self.flush()

    def flush(self) -> None:
        """Write everything that was added to disk, durably; ResultError if that fails (it stays pending)."""
        waiting = self._waiting
        if not waiting.runs:
            return
        rows = pa.Table.from_batches([rows_to_batch([row for row, _ in waiting.runs])])
        batches = [batch for _, batch in waiting.runs if batch is not None]
        self._write(waiting, rows, pa.Table.from_batches(batches, schema=PATHS_SCHEMA))
        self._waiting = self._new_part()  # after both: an interrupt before this line writes the same part again

    def forget(self, statuses: Sequence[str]) -> int:
        """Remove all runs with these statuses (`failed`, `crashed`), to run them again; return their number."""
        self.flush()
        n_forgotten = 0
        for part in self.run_parts():
            rows = read_part(part, RUNS_SCHEMA)
            ended_so = pc.is_in(rows.column("status"), pa.array(list(statuses), pa.string()))
            ids = rows.filter(ended_so).column("run_id")
            if len(ids):
                self._rewrite(part, rows.filter(pc.invert(ended_so)), without=ids)
                self._ids.difference_update(ids.to_pylist())
                n_forgotten += len(ids)
        return n_forgotten

    def run_parts(self) -> list[Path]:
        """Parts of `runs`."""
        return sorted((self.folder / "runs").glob("part-*.parquet"))

    def path_parts(self) -> list[Path]:
        """Parts of `paths` whose runs are stored."""
        found = (self.folder / "paths" / part.name for part in self.run_parts())
        return [path for path in found if path.exists()]

    def rows(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Rows of all runs stored, sorted by run_id; CorruptPartError names a damaged part."""
        self.flush()
        wanted = list(columns) if columns is not None else RUNS_SCHEMA.names
        read = wanted if "run_id" in wanted else ["run_id", *wanted]
        parts = [read_part(path, RUNS_SCHEMA, read) for path in self.run_parts()]
        schema = pa.schema([RUNS_SCHEMA.field(name) for name in read])
        table = pa.concat_tables([schema.empty_table(), *parts]).sort_by("run_id")
        return table.select(wanted).combine_chunks()

    def result_hash(self) -> str:
        """SHA-256 (hex) of all rows without their seconds, and of all paths; order of runs and parts is irrelevant."""
        rows = self.rows()
        by_run: dict[str, str] = {}
        for path in self.path_parts():
            by_run.update(hash_paths_of_runs(read_part(path, PATHS_SCHEMA)))
        return combine_hashes({"runs": hash_rows(rows), **{f"paths/{run}": by_run[run] for run in sorted(by_run)}})

    def _write(self, part: _Waiting, rows: pa.Table, paths: pa.Table) -> None:
        with telling_what_is_kept(self.folder, n_waiting=rows.num_rows):
            if paths.num_rows:
                write_whole(self.folder / "paths" / part.name, parquet_bytes(paths))
            write_whole(self.folder / "runs" / part.name, parquet_bytes(rows))

    def _rewrite(self, part: Path, rows: pa.Table, *, without: pa.ChunkedArray) -> None:
        """Replace a part; at every moment its paths are those of its runs, or of fewer runs."""
        twin = self.folder / "paths" / part.name
        with telling_what_is_kept(self.folder):
            if not rows.num_rows:
                part.unlink()
                twin.unlink(missing_ok=True)
                return
            if twin.exists():
                paths = read_part(twin, PATHS_SCHEMA)
                others = pc.invert(pc.is_in(paths.column("run_id"), without.combine_chunks()))
                write_whole(twin, parquet_bytes(paths.filter(others)))
            write_whole(part, parquet_bytes(rows))

    def _new_part(self) -> _Waiting:
        name = f"part-{self._writer}-{self._number:06d}.parquet"
        self._number += 1
        return _Waiting(name)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _put_in_order(self) -> None:
        for table in ("runs", "paths"):
            (self.folder / table).mkdir(exist_ok=True)
            for leftover in (self.folder / table).glob(".part-*.partial"):
                leftover.unlink()
        for path in self.run_parts():
            twin = self.folder / "paths" / path.name
            damage = _damage_of(path, RUNS_SCHEMA) or (twin.exists() and _damage_of(twin, PATHS_SCHEMA))
            if damage:
                self._quarantine([path, twin], damage)
            else:
                self._ids.update(_ids_of(path))
        stored = {path.name for path in self.run_parts()}
        for path in (self.folder / "paths").glob("part-*.parquet"):
            if path.name not in stored:  # its process ended before it wrote the runs
                path.unlink()

    def _quarantine(self, parts: Iterable[Path], damage: str) -> None:
        for path in parts:
            if path.exists():
                aside = self.folder / "quarantine" / path.parent.name / path.name
                aside.parent.mkdir(parents=True, exist_ok=True)
                path.rename(aside)
        self.problems.append(f"{damage}; it was moved to {self.folder / 'quarantine'}, and its runs are run again")


def _require_same(folder: Path, manifest: Mapping[str, Any], study_hash: str | None) -> None:
    found = manifest.get("study_hash")
    if found is None:
        raise ResultError(f"{folder}: is the folder of a run, not of a study")
    version = manifest.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ResultError(
            f"{folder}: was written with schema version {version}, this version of clearsim writes {SCHEMA_VERSION}; "
            "choose another folder, or use the version that wrote it"
        )
    if study_hash is not None and found != study_hash:
        raise ResultError(
            f"{folder}: holds another study: the study file or its base config changed since the sweep started "
            f"({found[:12]} there, {study_hash[:12]} now); choose another folder, or undo the change"
        )


def _damage_of(path: Path, schema: pa.Schema) -> str:
    try:
        check_part(path, schema)
    except CorruptPartError as error:
        return str(error)
    return ""


def _ids_of(path: Path) -> list[str]:
    ids: list[str] = read_part(path, RUNS_SCHEMA, ["run_id"]).column("run_id").to_pylist()
    return ids
