"""The part of a sweep that runs inside a Dask worker: take a parcel of jobs, run them, return a parcel of outcomes.

Parcels are bytes, so that Dask neither inspects nor copies them.
"""

import pickle
import time
from typing import TYPE_CHECKING, NamedTuple

from ...runs.environment import differences, environment
from .failed_run import run_guarded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..design.job import Outcome
    from .pool import Run, Work


class Parcel(NamedTuple):
    """The result of a task: outcomes in the order of the jobs, or why the worker refused them."""

    outcomes: bytes
    seconds: float
    refused: str = ""


def run_parcel(parcel: bytes, expected: dict[str, str] | None) -> Parcel:
    """Run the jobs of a parcel one after another; refuse them unless this process has the expected environment."""
    if expected is not None and (found := differences(expected, environment())):
        return Parcel(b"", 0.0, "; ".join(found))
    started = time.perf_counter()
    run, jobs = pickle.loads(parcel)
    outcomes = [run_guarded(run, job) for job in jobs]
    return Parcel(pickle.dumps(outcomes, protocol=5), time.perf_counter() - started)


def pack(run: "Run", jobs: "Sequence[Work]") -> bytes:
    """The parcel of a task."""
    import cloudpickle

    data: bytes = cloudpickle.dumps((run, list(jobs)), protocol=5)
    return data


def unpack(parcel: Parcel) -> "list[Outcome]":
    """The outcomes of a task."""
    outcomes: list[Outcome] = pickle.loads(parcel.outcomes)
    return outcomes
