"""The row stored for a run that failed or crashed: its identity, its status and error, zeros for results."""

from collections.abc import Callable
from typing import Any

from ...interrupt import stop_if_asked
from ...own_limit import set_label
from ...runs.environment import maker
from ..design.job import EMPTY_ROW, Outcome
from .pool import Work


def lost_outcome(job: Work, status: str, error: str) -> Outcome:
    """The outcome of a run without result; `error` is text that does not depend on where it ran."""
    row = {name: getattr(job, name, empty) for name, empty in EMPTY_ROW.items()}
    row |= {"status": status, "error": error, "seconds": 0.0, "made_by": maker()}
    return Outcome(job.run_id, row, None)


def run_guarded(run: Callable[[Any], Outcome], job: Work) -> Outcome:
    """The outcome of a run, also if it raises or tries to exit the process; a signal still ends the process."""
    set_label(job.run_id)
    try:
        return run(job)
    except (Exception, SystemExit) as error:
        stop_if_asked()
        return lost_outcome(job, "failed", describe(error))


def describe(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {error}"
