"""Starts workers on this machine, or connects to a running Dask cluster and checks that it computes the same numbers.

A cluster is refused if it does not answer, has no workers, or runs other versions or another source of clearsim.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from distributed import Client

from ...errors import ClusterError
from ...runs.environment import differences, environment, processor
from .cluster import Cluster
from .local_workers import local_workers, silence
from .pool import ExecutorSettings


@contextmanager
def open_cluster(settings: ExecutorSettings, *, say: Callable[[str], None]) -> Iterator[Cluster]:
    """Workers to send tasks to; those that were started here end with the block."""
    if settings.kind == "local":
        with local_workers(settings, say=say) as cluster:
            yield cluster
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
