"""The first run of a sweep that has to compile kernels: it is announced and runs alone, and a second process helps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..design.job import Job, run_job
from .pool import Run, Work


@contextmanager
def first_run(job: Work | None, run: Run, say: Callable[[str], None]) -> Iterator[bool]:
    """Context of the first job of a batch; True if it compiles the engine's kernels, which all processes then share."""
    from ...runs.first_start import announced_start, first_start, is_cache_cold

    if run is not run_job or not isinstance(job, Job):
        yield False
    elif job.fidelity == "full" and is_cache_cold():
        with announced_start(say):
            yield True
    else:
        with first_start(say):  # some kernels may be new to this machine
            yield False
