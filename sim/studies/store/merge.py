"""Merges the folders of a study's shards into one, as if one sweep had run them all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import ResultError
from ...runs.folder import ResultFolder
from ...runs.manifest import manifest_text
from .environments import environments_of
from .folder import damage_of_points, note_result
from .part_files import PATHS_SCHEMA, RUNS_SCHEMA, hash_paths_of_runs, hash_rows, read_part
from .store import StudyStore


def merge(out: Path, shards: Sequence[Path], *, mix_versions: bool = False) -> Path:
    """Write `out` with all runs of the shards, each once; the shards are not changed. Return `out`.

    ResultError if `out` exists, a shard is of another study or damaged, two shards hold the same run with different
    numbers, or other versions or another source made their runs (mix_versions: allowed); nothing is written then.
    """
    if not shards:
        raise ResultError("there is nothing to merge: name at least one study folder")
    first = StudyStore.open(shards[0], read_only=True)
    if problem := damage_of_points(shards[0]):
        raise ResultError(problem)
    study_hash = first.manifest["study_hash"]
    sources = [StudyStore.open(shard, study_hash=study_hash, read_only=True) for shard in shards]
    environments = environments_of(sources, mix_versions=mix_versions)
    with ResultFolder(out, kind="study") as made:
        for path in sorted([*shards[0].glob("*.yaml"), *shards[0].glob("*.parquet")]):
            made.write_bytes(path.name, path.read_bytes())
        for path in sorted(shards[0].glob("inputs/*")):
            made.write_bytes(f"inputs/{path.name}", path.read_bytes())
        made.write_text("manifest.json", manifest_text({**_manifest_of(sources), "environments": environments}))
        with StudyStore.open(made.folder) as target:
            for source in sources:
                _take_over(source, target)
            note_result(target)
        return made.commit()


def _manifest_of(sources: Sequence[StudyStore]) -> dict[str, Any]:
    """The first shard's manifest, together with those of all shards: code and machines may differ."""
    names = [source.folder.name for source in sources]
    if len(set(names)) < len(names):
        names = [str(source.folder) for source in sources]
    shards = dict(zip(names, (source.manifest for source in sources), strict=True))
    return {**sources[0].manifest, "shard": [1, 1], "shards": shards}


def _take_over(source: StudyStore, target: StudyStore) -> None:
    for part in source.run_parts():
        rows = read_part(part, RUNS_SCHEMA)
        twin = source.folder / "paths" / part.name
        paths = read_part(twin, PATHS_SCHEMA) if twin.exists() else PATHS_SCHEMA.empty_table()
        known = pa.array(target.done_ids(), pa.string())
        again = pc.is_in(rows.column("run_id"), known)
        if pc.any(again).as_py():
            _require_equal(source, target, rows.filter(again), paths)
            paths = paths.filter(pc.invert(pc.is_in(paths.column("run_id"), known)))
        target.add_part(rows.filter(pc.invert(again)), paths)


def _require_equal(source: StudyStore, target: StudyStore, rows: pa.Table, paths: pa.Table) -> None:
    """ResultError unless the target holds the same numbers for these runs."""
    ids = rows.column("run_id")
    stored = target.rows()
    same = hash_rows(rows) == hash_rows(stored.filter(pc.is_in(stored.column("run_id"), ids.combine_chunks())))
    mine = hash_paths_of_runs(paths)
    for part in target.path_parts():
        theirs = hash_paths_of_runs(read_part(part, PATHS_SCHEMA))
        same = same and all(theirs.get(run, digest) == digest for run, digest in mine.items())
    if not same:
        some = ", ".join(ids.to_pylist()[:3])
        raise ResultError(
            f"{source.folder}: holds runs that another shard holds with other numbers, among {some}; "
            "were they computed with other versions? `clearsim verify` shows which shard is right"
        )
