"""One run of a study: everything needed to carry it out, and its outcome.

A job is a function of its fields: where and in which order jobs run changes no row. A run that raises is also an
outcome.
"""

import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...config import RunConfig, with_settings
from ...results import STUDY_RUNS
from ...runs.environment import maker


@dataclass(frozen=True)
class Job:
    """A run of one point of a study. The fields that are columns of STUDY_RUNS go into its row as they are."""

    run_id: str
    name: str
    seed: int
    scenario: int
    replication: int
    point: int
    arm: int
    fidelity: str  # full | reduced
    base: RunConfig  # the study's base config, the same for all its jobs
    settings: tuple[tuple[str, Any], ...] = ()  # paths into it and the values of this point
    paths: int = 0  # reduced: paths of the run
    sampler: str = "crude"
    target: float = 1e-3  # reduced, importance: probability that importance sampling aims at
    keep_paths: bool = False  # reduced: one row per path besides the summary

    @property
    def config(self) -> RunConfig:
        """The config of the run; ConfigError if the settings break it."""
        return with_settings(self.base, self.settings)


@dataclass(frozen=True)
class Outcome:
    """The results of a run: its row of STUDY_RUNS and, if kept, its rows of STUDY_PATHS."""

    run_id: str
    row: dict[str, Any]
    paths: dict[str, npt.NDArray[Any]] | None


def run_job(job: Job) -> Outcome:
    """Carry a job out. Any exception (except Ctrl-C and the like) becomes a row with status `failed`."""
    started = time.perf_counter()
    try:
        row, paths = _reduced(job) if job.fidelity == "reduced" else _full(job)
        status, error = "done", ""
    except Exception as problem:
        row, paths = dict(EMPTY_ROW), None
        status, error = "failed", _words(problem)
    ended = {"status": status, "error": error, "seconds": time.perf_counter() - started, "made_by": maker()}
    return Outcome(job.run_id, {**row, **own_columns(job), **ended}, paths)


def own_columns(job: Job) -> dict[str, Any]:
    """The columns of a row that come from its job."""
    return {name: getattr(job, name) for name in _OWN}


def _full(job: Job) -> tuple[dict[str, Any], None]:
    from ...engine.simulation import simulate

    result = simulate(job.config, detail="summary", scenario=job.scenario, replication=job.replication)
    return dict(result.runs), None


def _reduced(job: Job) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]] | None]:
    from ...reduced.run import simulate_batch
    from ...reduced.summary import summarise

    config = job.config
    batch = simulate_batch(
        config,
        scenario=job.scenario,
        replication=job.replication,
        paths=job.paths,
        sampler=job.sampler,
        target=job.target,
    )
    row = summarise(config, batch, scenario=job.scenario, replication=job.replication)
    return row, batch.columns(job.run_id) if job.keep_paths else None


def _words(error: Exception) -> str:
    """The error, then where it was raised: file names without folders, so that the text is the same on any machine."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return "\n".join([f"{type(error).__name__}: {error}", *places])


_OWN = ("run_id", "name", "seed", "scenario", "replication", "point", "arm", "fidelity")
_NOTHING: dict[str, Any] = {"int64": 0, "int32": 0, "float64": np.nan, "bool": False, "string": ""}
#: A row of `runs` without results.
EMPTY_ROW = {column.name: _NOTHING[column.kind] for column in STUDY_RUNS}
