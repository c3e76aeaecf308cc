"""The interface of executors, and their settings."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from ..design.job import Outcome, run_job


class Work(Protocol):
    """What an executor carries out, such as a `Job`: data that can be sent, with an id that no other has."""

    @property
    def run_id(self) -> str:
        """The id."""
        ...


#: Carries out one piece of work.
Run = Callable[[Any], Outcome]


@dataclass(frozen=True)
class ExecutorSettings:
    """The executor, and its timeouts."""

    kind: Literal["serial", "local", "address", "file"] = "local"
    workers: int | None = None  # local: None is one per core
    address: str = ""  # address: of the Dask scheduler, e.g. tcp://10.0.0.5:8786
    scheduler_file: Path | None = None  # file: the JSON file that the Dask scheduler wrote
    connect_seconds: float = 15.0  # until a scheduler must have answered
    workerless_seconds: float = 60.0  # how long a cluster may be without any worker
    if_lost: str = "finished runs are stored; repeat the command to resume"  # printed if the cluster is lost

    @property
    def n_local_workers(self) -> int:
        """Worker processes on this machine."""
        return self.workers or os.cpu_count() or 1


class Pool(Protocol):
    """Something that runs jobs; it may be used for several batches, one after another."""

    @property
    def n_workers(self) -> int:
        """Number of jobs that run at once."""
        ...

    def execute(
        self,
        jobs: Iterable[Work],
        *,
        on_outcome: Callable[[Outcome], None],
        run: Run = run_job,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Run all jobs and pass on each outcome once; `stop` is called often, and once it is true the rest is dropped.

        A run that raises, or kills its worker repeatedly, is also an outcome (failed, crashed). ClusterError if the
        cluster is lost.
        """
