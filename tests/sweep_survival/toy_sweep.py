"""Toy jobs for sweeps: what `Job` promises, with runs that take no time, fail, or kill their process."""

import math
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from clearsim.results import STUDY_PATHS, STUDY_RUNS
from clearsim.studies.design.job import Outcome

_EMPTY = {"int64": 0, "int32": 0, "float64": math.nan, "bool": False, "string": ""}


@dataclass(frozen=True)
class ToyJob:
    """Behaves as `what` says: done, paths, raises, leaks, exits, kills, waits (for a kill, the first time)."""

    run_id: str
    number: int
    what: str = "done"
    seconds: float = 0.0
    notes: str = ""  # folder for what must be remembered between attempts
    scenario: int = 0
    replication: int = 0
    point: int = 7
    arm: int = 0
    seed: int = 11
    fidelity: str = "full"


def toy_jobs(n, *, what="done", seconds=0.0, notes="", special=None):
    """n jobs; `special` maps a number to another behaviour."""
    special = special or {}
    for number in range(n):
        yield ToyJob(f"{number:016x}", number, special.get(number, what), seconds, str(notes), replication=number)


def toy_row(job, *, status="done", error=""):
    row = {column.name: _EMPTY[column.kind] for column in STUDY_RUNS}
    names = ("run_id", "scenario", "replication", "point", "arm", "seed", "fidelity")
    row |= {name: getattr(job, name) for name in names}
    required = int(np.random.default_rng(job.number).integers(2**50))
    return row | {"status": status, "error": error, "required_fund_quanta": required, "seconds": time.perf_counter()}


def toy_paths(job, n=5):
    rng = np.random.default_rng(job.number)
    kinds = {"int64": lambda: rng.integers(2**40, size=n), "float64": lambda: rng.standard_normal(n)}
    columns = {column.name: kinds[column.kind]() for column in STUDY_PATHS if column.name not in ("run_id", "path")}
    return columns | {"path": np.arange(n)}


def run_toy(job):
    """The stand-in for run_job."""
    if job.seconds:
        time.sleep(job.seconds)
    if job.what == "raises":
        return Outcome(job.run_id, toy_row(job, status="failed", error="ValueError: as planned"), None)
    if job.what == "leaks":
        raise RuntimeError("this should have become a row")
    if job.what == "exits":
        raise SystemExit(3)
    if job.what == "kills":
        os.kill(os.getpid(), signal.SIGKILL)
    if job.what == "waits" and _first_time(job):
        time.sleep(600)
    return Outcome(job.run_id, toy_row(job), toy_paths(job) if job.what == "paths" else None)


def burn(job):
    """A run that keeps a core busy, by a fixed amount of work that takes about a tenth of a second."""
    total = 0
    for number in range(3_000_000):
        total += number & 7
    return Outcome(job.run_id, toy_row(job), None)


def _first_time(job):
    note = Path(job.notes) / f"{job.run_id}.tried"
    if note.exists():
        return False
    note.with_suffix(".new").write_text(str(os.getpid()))
    note.with_suffix(".new").rename(note)
    return True
