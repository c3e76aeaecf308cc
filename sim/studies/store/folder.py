"""The files of a study folder besides its tables: the study, its base config, its points, the manifest."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...config import InputFile, input_files, to_yaml
from ...results import SCHEMA_VERSION
from ...runs.environment import environment, environment_id
from ...runs.manifest import describe_run, manifest_text
from ..design.load_study import study_text
from ..design.plan import Plan
from .disk_errors import telling_what_is_kept
from .part_files import parquet_bytes, write_whole
from .store import StudyStore

#: The base config of a study folder, resolved; replay and verify read it.
BASE_FILE = "base.yaml"
POINTS_FILE = "points.parquet"


def open_store(plan: Plan, folder: Path, *, command: Sequence[str] = (), shard: tuple[int, int] = (1, 1)) -> StudyStore:
    """The study folder, created if absent; one of the same study is opened and not yet changed (see `refresh`)."""
    if (folder / "manifest.json").is_file():
        return StudyStore.open(folder, study_hash=plan.hash)
    manifest = {**manifest_of(plan), "command": list(command), "shard": list(shard)}
    text = study_text(plan.loaded, plan.study)
    return StudyStore.create(folder, study_yaml=text, manifest=manifest, files=_derived_files(plan))


def refresh(store: StudyStore, plan: Plan, *, command: Sequence[str] = ()) -> None:
    """Write the present texts of the study into its folder, and those files that are damaged or missing.

    The number of replications in the manifest never falls: stored runs remain part of the study.
    """
    known = int(store.manifest.get("replications", 1))
    if known <= plan.study.replications:
        new = {"title": plan.study.title, "notes": list(plan.notes), "command": list(command)}
        _write_manifest(store, {**new, "replications": plan.study.replications, "n_runs": plan.n_runs})
        with telling_what_is_kept(store.folder):
            write_whole(store.folder / "study.yaml", study_text(plan.loaded, plan.study).encode())
    for name, content in (store.made_files or _derived_files(plan)).items():
        path = store.folder / name
        if not _holds(path, content):
            with telling_what_is_kept(store.folder):
                path.parent.mkdir(exist_ok=True)
                write_whole(path, content)
            store.problems.append(f"{path}: was missing, damaged or changed; it was written again from the study")


def _derived_files(plan: Plan) -> dict[str, bytes]:
    """The files of the folder that follow from the study, so that it can be resumed and verified anywhere."""
    inputs = {file.kept_name(): file.read() for _, file in input_files(plan.base)}
    base = to_yaml(plan.base, InputFile.kept_name).encode()
    return {POINTS_FILE: parquet_bytes(plan.table()).to_pybytes(), **inputs, BASE_FILE: base}


def _holds(path: Path, content: bytes) -> bool:
    """True if the file has this content; of a table, if it has the same rows."""
    try:
        found = path.read_bytes()
        if found == content or path.name != POINTS_FILE:
            return found == content
        return bool(pq.read_table(pa.BufferReader(found)).equals(pq.read_table(pa.BufferReader(content))))
    except (OSError, pa.ArrowException):
        return False


def damage_of_points(folder: Path) -> str:
    """The problem of the points table of a folder, as a sentence; empty if it can be read."""
    try:
        pq.read_table(folder / POINTS_FILE)
    except (OSError, pa.ArrowException) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        return f"{folder / POINTS_FILE}: cannot be read ({first}); sweep the study again to write it"
    return ""


def note_result(store: StudyStore) -> None:
    """Write the number of stored runs and their hash into the manifest."""
    _write_manifest(store, {"result_hash": store.result_hash(), "n_stored": len(store.done_ids())})


def note_environment(store: StudyStore, known: Mapping[str, str]) -> None:
    """Write an environment that computes runs of the study into the manifest."""
    environments = {**store.manifest.get("environments", {}), environment_id(known): dict(known)}
    if environments != store.manifest.get("environments"):
        _write_manifest(store, {"environments": environments})


def _write_manifest(store: StudyStore, changes: dict[str, Any]) -> None:
    store.manifest.update(changes)
    with telling_what_is_kept(store.folder):
        write_whole(store.folder / "manifest.json", manifest_text(store.manifest).encode())


def manifest_of(plan: Plan) -> dict[str, Any]:
    """The content of the manifest of a study."""
    described = describe_run(plan.base)
    kept = ("asset", "quantum", "simulated_share", "markets", "versions", "python", "host", "git_commit")
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "study",
        "name": plan.study.name,
        "title": plan.study.title,
        "study_hash": plan.hash,
        "base": plan.study.base,
        "base_config_hash": plan.base_hash,
        "seed": plan.base.seed,
        "fidelity": " and ".join(plan.fidelities),
        "n_points": plan.n_points,
        "n_arms": len(plan.arms),
        "replications": plan.study.replications,
        "n_runs": plan.n_runs,
        "paths": plan.study.paths if "reduced" in plan.fidelities else 0,
        "notes": list(plan.notes),
        "environments": {environment_id(environment()): environment()},
        **{name: described[name] for name in kept},
    }
