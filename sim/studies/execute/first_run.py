"""The first run of a sweep with kernels that are not compiled yet: told, alone, and with a second process to help."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..design.job import Job, run_job
from .pool import Run


@contextmanager
def first_run(job: Job | None, run: Run, say: Callable[[str], None]) -> Iterator[bool]:
    """Around the first job of a batch; True if it will compile the engine's kernels, which all processes then share."""
    from ...kernels.jit import is_cache_cold
    from ...runs.first_start import first_start

    if job is None or run is not run_job or job.fidelity != "full" or not is_cache_cold():
        yield False
        return
    with first_start(say):
        yield True
