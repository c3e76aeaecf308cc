"""Starts workers on this machine, or connects to a running Dask cluster and checks that it computes the same numbers.

A cluster is refused if it does not answer, has no workers, or runs other versions or another source of clearsim.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from distributed import Client

from ...errors import ClusterError
from ...runs.environment import differences, environment, processor
from .local_workers import local_workers, silence
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

    def gone(self, what: str) -> ClusterError:
        """The error of a cluster that can no longer be used."""
        return ClusterError(f"{self.name} {what}; finished runs are stored; repeat the command to resume")

    def count(self) -> int:
        """The number of threads of all workers now; 0 if the scheduler does not answer."""
        with suppress(OSError, TimeoutError):
            return sum(self.client.nthreads().values())
        return 0


@contextmanager
def open_cluster(settings: ExecutorSettings, *, say: Callable[[str], None]) -> Iterator[Cluster]:
    """Workers to send tasks to; those that were started here end with the block."""
    if settings.kind == "local":
        with local_workers(
            settings, lambda client: Cluster(client, name="the local cluster", settings=settings)
        ) as own:
            yield own
        return
    silence()
    target, name = _target(settings)
    client = _connect(target, name, settings)
    try:
        _require_same(client, name, settings, say)
        yield Cluster(client, name=name, expected=dict(environment()), settings=settings)
    finally:
        client.close(timeout=2)


def _target(settings: ExecutorSettings) -> tuple[dict[str, Any], str]:
    """Arguments of the client, and the name of the scheduler in messages."""
    if settings.kind == "address":
        return {"address": settings.address}, f"the scheduler at {settings.address}"
    path = settings.scheduler_file or Path()
    if not path.is_file():
        raise ClusterError(f"{path}: no such scheduler file; is `dask scheduler --scheduler-file {path}` running?")
    return {"scheduler_file": str(path)}, f"the scheduler of {path}"


def _connect(target: dict[str, Any], name: str, settings: ExecutorSettings) -> Any:
    try:
        return Client(**target, timeout=settings.connect_seconds, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"{name} does not answer ({error}); check that it is running and that this machine can reach it"
        ) from error


def _require_same(client: Any, name: str, settings: ExecutorSettings, say: Callable[[str], None]) -> None:
    try:
        client.wait_for_workers(1, timeout=settings.workerless_seconds)
    except TimeoutError as error:
        raise ClusterError(f"{name} has no workers; start some with `dask worker --nthreads 1`") from error
    _require_installed(client, name)
    for worker, theirs in client.run(environment).items():
        if found := differences(environment(), theirs):
            raise ClusterError(
                f"{name}: worker {worker} would compute other numbers: {'; '.join(found)}; install the same there"
            )
    other = {theirs for theirs in client.run(processor).values() if theirs != processor()}
    if other:
        say(f"note: workers run on {', '.join(sorted(other))}, this machine is {processor()}; each row names its own")


def _require_installed(client: Any, name: str) -> None:
    """Ask with the standard library only, because clearsim may not be installed there."""
    for worker, theirs in client.run(metadata.version, "clearsim", on_error="return").items():
        mine = environment()["clearsim"]
        if isinstance(theirs, BaseException):
            raise ClusterError(f"{name}: clearsim is not installed on worker {worker}; install {mine} there")
        if theirs != mine:
            raise ClusterError(f"{name}: worker {worker} has clearsim {theirs}, here it is {mine}; install the same")
