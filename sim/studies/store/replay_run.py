"""Runs one stored row of a study again with its full event log, and compares its summary with the row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ClearsimError
from ...runs.run import Progress, RunOptions, run_config
from .environments import cause_of
from .store import StudyStore
from .verify import find_run, plan_of_folder

#: Columns that identify the run in its study; they differ between a row and a separate run.
_IDENTITY = ("run_id", "name", "status", "error", "seconds", "point", "arm", "fidelity", "made_by")


@dataclass(frozen=True)
class RowReplay:
    """The result folder of the run, the columns in which its stored row differs (none: equal), and the cause."""

    folder: Path
    different: tuple[str, ...]
    cause: str  # why they may differ: versions, source, processor


def replay_row(
    folder: Path,
    run: str,
    *,
    out: Path | None = None,
    command: Sequence[str] = (),
    progress: Progress | None = None,
    finish: Callable[[Path], None] | None = None,
) -> RowReplay:
    """Run the row whose id begins with `run` again, into `out` (default DIR/replays/RUN_ID).

    finish: writes a report into the new folder.  ClearsimError for a run of the reduced engine; ResultError if there is
    no such row.
    """
    row = find_run(folder, run)
    if row["fidelity"] != "full":
        raise ClearsimError(
            f"{folder}: run {row['run_id']} used the reduced engine, which keeps no events; see its paths"
        )
    plan = plan_of_folder(folder)
    options = RunOptions(
        out=out or folder / "replays" / row["run_id"],
        detail="events",
        scenario=row["scenario"],
        replication=row["replication"],
        command=command,
        progress=progress,
        finish=finish,
    )
    done = run_config(plan.job(plan.point(row["point"]), row["replication"]).config, options)
    compared = ((name, value) for name, value in done.result.runs.items() if name not in _IDENTITY)
    different = tuple(name for name, value in compared if not _same(value, row[name]))
    return RowReplay(done.folder, different, cause_of(StudyStore.open(folder, read_only=True), row["made_by"]))


def _same(a: Any, b: Any) -> bool:
    return bool(a == b or (a != a and b != b))
