"""The files of a study folder besides its tables: the study, its base config, the manifest."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...config import InputFile, input_files, to_yaml
from ...results import SCHEMA_VERSION
from ...runs.manifest import describe_run, manifest_text
from ..design.load_study import study_text
from ..design.plan import Plan
from .disk_errors import telling_what_is_kept
from .part_files import write_whole
from .store import StudyStore

#: The base config of a study folder, resolved; replay and verify read it.
BASE_FILE = "base.yaml"


def open_store(plan: Plan, folder: Path, *, command: Sequence[str] = (), shard: tuple[int, int] = (1, 1)) -> StudyStore:
    """The study folder, created if absent; a folder of the same study is resumed, with the new texts of the study.

    The number of replications in the manifest never falls: stored runs remain part of the study.
    """
    manifest = {**manifest_of(plan), "command": list(command), "shard": list(shard)}
    text = study_text(plan.loaded, plan.study)
    if not (folder / "manifest.json").is_file():
        store = StudyStore.create(folder, study_yaml=text, manifest=manifest, points=plan.table())
    else:
        store = StudyStore.open(folder, study_hash=plan.hash)
        known = int(store.manifest.get("replications", 1))
        if known <= plan.study.replications:
            words = {"title": manifest["title"], "notes": manifest["notes"], "command": manifest["command"]}
            _write_manifest(store, {**words, "replications": plan.study.replications})
            with telling_what_is_kept(folder):
                write_whole(folder / "study.yaml", text.encode())
    if not (folder / BASE_FILE).is_file():
        with telling_what_is_kept(folder):
            for _, file in input_files(plan.base):  # so that the folder can be resumed and verified anywhere
                path = folder / file.kept_name()
                path.parent.mkdir(exist_ok=True)
                write_whole(path, file.read())
            write_whole(folder / BASE_FILE, to_yaml(plan.base, InputFile.kept_name).encode())
    return store


def note_result(store: StudyStore) -> None:
    """Write the number of stored runs and their hash into the manifest."""
    _write_manifest(store, {"result_hash": store.result_hash(), "n_runs": len(store.done_ids())})


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
        "paths": plan.study.paths if "reduced" in plan.fidelities else 0,
        "notes": list(plan.notes),
        **{name: described[name] for name in kept},
    }
