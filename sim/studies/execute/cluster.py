"""A Dask cluster as a sweep sees it: how many tasks can run at once, and whether it is still there."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...errors import ClusterError
from .pool import ExecutorSettings

REFRESH_SECONDS = 5.0


class Cluster:
    """A client and what it expects of the workers."""

    def __init__(
        self, client: Any, *, name: str, settings: ExecutorSettings, expected: dict[str, str] | None = None
    ) -> None:
        self.client = client
        self.name = name
        #: What workers must run with; None for local workers, which are copies of this process.
        self.expected = expected
        #: Starts missing workers, where this process is responsible for them.
        self.refill: Callable[[], None] | None = None
        #: Where a worker that is ended by the time limit of a user's code leaves the reason, under the id of the run.
        self.last_words: Path | None = None
        self._settings = settings
        self._slots = 0
        self._asked = -REFRESH_SECONDS
        self._bad_since: float | None = None

    def n_slots(self) -> int:
        """The number of tasks that can run at once, at least 1; queried from the scheduler every few seconds."""
        now = time.monotonic()
        if now - self._asked >= (REFRESH_SECONDS if self._slots else REFRESH_SECONDS / 5):
            self._asked = now
            self._slots = self.count()
            if self.refill is not None:
                self.refill()
        return max(1, self._slots)

    def heard(self) -> None:
        """Note that a result arrived: the cluster is alive."""
        self._bad_since = None

    def check(self) -> None:
        """ClusterError if the scheduler has been gone, or without workers, for too long."""
        now = time.monotonic()
        self.n_slots()
        lost = self.client.status != "running"
        if self._slots and not lost:
            self.heard()
            return
        self._bad_since = self._bad_since or now
        patience = self._settings.connect_seconds if lost else self._settings.workerless_seconds
        if now - self._bad_since > patience:
            raise self.gone("no longer answers" if lost else "has no workers left")

    def why_ended(self, run_id: str) -> str:
        """Why a worker was ended during this run; empty if that is not known."""
        if self.last_words is None:
            return ""
        with suppress(OSError):
            return (self.last_words / run_id).read_text(encoding="utf-8")
        return ""

    def gone(self, what: str) -> ClusterError:
        """The error of a cluster that can no longer be used."""
        return ClusterError(f"{self.name} {what}; {self._settings.if_lost}")

    def count(self) -> int:
        """The number of threads of all workers now; 0 if the scheduler does not answer."""
        with suppress(OSError, TimeoutError):
            return sum(self.client.nthreads().values())
        return 0
