"""The contents of a study folder, and whether its runs can be reproduced: status, verify, replay of one run."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...config.nearest import nearest_hint
from ...errors import ResultError
from ...runs.environment import NO_CAUSE
from ..design.job import Outcome, run_job
from ..design.load_study import load_study
from ..design.plan import Plan
from ..design.plan_checks import plan_study
from .environments import cause_of
from .folder import BASE_FILE, damage_of_points
from .part_files import UNHASHED, hash_paths_of_runs, hash_rows, paths_to_batch, rows_to_batch
from .store import StudyStore


def plan_of_folder(folder: Path) -> Plan:
    """The plan of a study folder; ResultError if its meaning has changed since."""
    store = StudyStore.open(folder, read_only=True)
    base = folder / BASE_FILE
    if not base.is_file():
        raise ResultError(f"{folder}: is not a complete study folder (no {BASE_FILE})")
    plan = plan_study(load_study(folder / "study.yaml", base=base))
    if plan.hash != store.manifest["study_hash"]:
        raise ResultError(
            f"{folder}: its study or base config was changed after the sweep, or has another meaning in this version"
            f" (hash {plan.hash[:12]}, the manifest has {str(store.manifest['study_hash'])[:12]})"
        )
    return plan


@dataclass(frozen=True)
class Status:
    """The progress of a study."""

    name: str
    points: int
    wanted: int
    by_status: dict[str, int]
    errors: dict[str, int]  # first lines of errors and their counts
    disk_bytes: int
    problems: tuple[str, ...]


def status_of(folder: Path) -> Status:
    """Count the contents of a study folder; nothing is changed."""
    store = StudyStore.open(folder, read_only=True)
    rows = store.rows(["run_id", "status", "error"]).to_pylist()
    by_status: dict[str, int] = {}
    errors: dict[str, int] = {}
    for row in rows:
        by_status[row["status"]] = by_status.get(row["status"], 0) + 1
        if row["status"] != "done":
            first = str(row["error"]).splitlines()[0] if row["error"] else row["status"]
            errors[first] = errors.get(first, 0) + 1
    manifest = store.manifest
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    points = int(manifest.get("n_points", 0))
    return Status(
        name=str(manifest.get("name", folder.name)),
        points=points,
        wanted=points * int(manifest.get("replications", 1)),
        by_status=by_status,
        errors=errors,
        disk_bytes=size,
        problems=tuple(filter(None, [*store.problems, damage_of_points(folder)])),
    )


@dataclass
class Verification:
    """Runs that were rerun: how many were equal, and what differed."""

    checked: int = 0
    different: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify(folder: Path, *, runs: int = 5, seed: int = 0) -> Verification:
    """Rerun `runs` random finished rows and compare the hashes of their rows and paths, seconds left out."""
    plan = plan_of_folder(folder)
    store = StudyStore.open(folder, read_only=True)
    found = Verification()
    if problem := damage_of_points(folder):
        found.notes.append(problem)
    done = {row["run_id"]: row for row in store.rows().to_pylist() if row["status"] == "done"}
    if not done:
        raise ResultError(f"{folder}: no run is done, so there is nothing to verify")
    chosen = sorted(random.Random(seed).sample(sorted(done), min(runs, len(done))))
    for run in chosen:
        stored = Outcome(run, done[run], _paths_of(store, run))
        again = run_job(plan.job(plan.point(done[run]["point"]), done[run]["replication"]))
        found.checked += 1
        cause = cause_of(store, done[run]["made_by"])
        if row_hash(stored) != row_hash(again):
            names = [k for k, v in stored.row.items() if k not in UNHASHED and _differs(v, again.row.get(k))]
            found.different.append(f"{run}: {', '.join(names) or 'paths'} differ; {cause}")
        elif cause != NO_CAUSE and (note := f"equal although {cause.removeprefix('cause: ')}") not in found.notes:
            found.notes.append(note)
    return found


def row_hash(outcome: Outcome) -> tuple[str, str]:
    """Hashes of a run's row (without seconds) and of its paths."""
    paths = ""
    if outcome.paths is not None:
        table = pa.Table.from_batches([paths_to_batch(outcome.run_id, outcome.paths)])
        paths = hash_paths_of_runs(table)[outcome.run_id]
    return hash_rows(pa.Table.from_batches([rows_to_batch([outcome.row])])), paths


def _differs(a: Any, b: Any) -> bool:
    return not (a == b or (a != a and b != b))


def _paths_of(store: StudyStore, run: str) -> dict[str, Any] | None:
    import pyarrow.parquet as pq

    for part in store.path_parts():
        table = pq.read_table(part, filters=[("run_id", "=", run)])
        if table.num_rows:
            return {name: table[name].to_numpy() for name in table.column_names}
    return None


def find_run(folder: Path, run: str) -> dict[str, Any]:
    """The stored row of a run; ResultError with the nearest id."""
    rows = {row["run_id"]: row for row in StudyStore.open(folder, read_only=True).rows().to_pylist()}
    matches = [name for name in rows if name.startswith(run)]
    if len(matches) == 1:
        found: dict[str, Any] = rows[matches[0]]
        return found
    if matches:
        raise ResultError(f"{folder}: {run} matches {len(matches)} runs; give more of its id")
    raise ResultError(f"{folder}: holds no run {run}{nearest_hint(run, rows)}; the table `runs` lists them")
