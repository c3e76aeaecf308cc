"""Where the runs of a study are carried out: in this process, by workers of this machine, or by a Dask cluster.

Every executor streams: jobs are read a little ahead of the workers, outcomes are passed on in the caller's thread as
they arrive (in no particular order) and are not kept. What a run returns does not depend on the executor. Dask is
imported only by those executors that use it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from ...interrupt import stop_if_asked
from ..design.job import Outcome, run_job
from .failed_run import run_guarded
from .first_run import first_run
from .pool import ExecutorSettings, Pool, Run, Work

__all__ = ["ExecutorSettings", "Pool", "Run", "SerialPool", "execute", "open_pool"]


class SerialPool:
    """Runs jobs in this process, one after another: for debugging: a run that kills its process ends the sweep."""

    def __init__(self, *, say: Callable[[str], None] = lambda text: None) -> None:
        self._say = say

    n_workers = 1

    def execute(
        self,
        jobs: Iterable[Work],
        *,
        on_outcome: Callable[[Outcome], None],
        run: Run = run_job,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """As `Pool.execute`."""
        for number, job in enumerate(jobs):
            stop_if_asked()
            if stop():
                return
            with first_run(None if number else job, run, self._say):
                outcome = run_guarded(run, job)
            on_outcome(outcome)


@contextmanager
def open_pool(settings: ExecutorSettings, *, say: Callable[[str], None] = lambda text: None) -> Iterator[Pool]:
    """A pool to run jobs in; its workers end with the block. ClusterError if a scheduler cannot be used.

    say: receives notes for the user (kernels being compiled, processors that differ from this one).
    """
    if settings.kind == "serial":
        yield SerialPool(say=say)
        return
    from .dask_pool import DaskPool

    with DaskPool(settings, say=say) as pool:
        yield pool


def execute(
    jobs: Iterable[Work],
    *,
    settings: ExecutorSettings,
    on_outcome: Callable[[Outcome], None],
    run: Run = run_job,
    stop: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda text: None,
) -> None:
    """Run jobs in a new pool; see `Pool.execute`."""
    with open_pool(settings, say=say) as pool:
        pool.execute(jobs, on_outcome=on_outcome, run=run, stop=stop)
