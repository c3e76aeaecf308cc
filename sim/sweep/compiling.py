"""The first run of a sweep with kernels that are not compiled yet: told, alone, and with a second process to help."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sim.sweep.job import Job, run_job
from sim.sweep.pools import Run


@contextmanager
def first_run(job: Job | None, run: Run, say: Callable[[str], None]) -> Iterator[bool]:
    """Around the first job of a batch; True if it will compile the engine's kernels, which all processes then share."""
    from sim.firststart import announced_start, is_cache_cold

    if job is None or run is not run_job or job.fidelity != "full" or not is_cache_cold():
        yield False
        return
    with announced_start(say):
        yield True
