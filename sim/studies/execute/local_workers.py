"""Worker processes of this machine: they listen on the loopback interface only and always end with their parent.

They take connections with credentials that Dask makes for one sweep alone. A worker that is killed is replaced, at work
by Dask, while it starts by `_refill`.
"""

import logging
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import spawn
from pathlib import Path
from typing import Any

import dask
from distributed import Client, LocalCluster, Status
from distributed.security import Security

from ...errors import ClusterError
from ...interrupt import stop_if_asked
from ...own_limit import LAST_WORDS
from .cluster import Cluster
from .pool import ExecutorSettings

ONE_THREAD = {name: 1 for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}
LOCAL = {
    "distributed.scheduler.allowed-failures": 0,  # dask_pool.py finds out which job killed a worker
    "distributed.scheduler.worker-ttl": None,  # a worker whose kernel computes for minutes is not dead
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.admin.low-level-log-length": 0,
    # Dask abandons a worker that is still restarting this long after its death; the default is 15 s.
    "distributed.deploy.lost-worker-timeout": "1000 days",
}
#: States of a worker that will not come back.
_DEAD = (Status.failed, Status.closed)


@contextmanager
def local_workers(settings: ExecutorSettings, *, say: Callable[[str], None]) -> Iterator[Cluster]:
    """Workers of this machine as a cluster; they end with the block. ClusterError if none can be started."""
    n_workers, credentials = settings.n_local_workers, _credentials(say)
    with tempfile.TemporaryDirectory(prefix="clearsim-sweep-") as last_words, _configured(last_words), _without_main():
        workers = LocalCluster(
            n_workers=0,  # added below, where one that dies while it starts is replaced
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tcp://" if credentials is None else "tls://",
            security=credentials,
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
            preload="clearsim.studies.execute.worker_setup",
        )
        silence()
        try:
            client = Client(workers, set_as_default=False, direct_to_workers=True)
            cluster = Cluster(client, name="the local cluster", settings=settings)
            cluster.last_words = Path(last_words)
            cluster.refill = lambda: _refill(workers, n_workers)
            try:
                _wait_for_workers(cluster, n_workers, settings.workerless_seconds)
                yield cluster
            finally:
                _kill_workers(workers)
                client.close(timeout=2)
        finally:
            workers.close(timeout=5)


def _credentials(say: Callable[[str], None]) -> Security | None:
    """Credentials for the workers of one sweep: without them no other user of this machine can send them a task.

    They exist in memory only. None, after a note, where the package cryptography cannot be imported.
    """
    try:
        return Security.temporary()
    except ImportError:
        say(
            "note: local workers take connections from any user of this machine (on 127.0.0.1, without credentials):"
            " pip install cryptography closes them"
        )
        return None


def _configured(last_words: str) -> Any:
    """Context in which Dask has the settings of local workers."""
    return dask.config.set({**LOCAL, "distributed.nanny.pre-spawn-environ": {**ONE_THREAD, LAST_WORDS: last_words}})


@contextmanager
def _without_main() -> Iterator[None]:
    """Inside the block, processes start without importing the main program.

    A spawned process imports it again, and a script without `if __name__ == "__main__":` would then sweep again inside
    each worker. Workers do not need it: parcels carry what is defined there (see `pack`).
    """
    original = spawn.get_preparation_data

    def prepared(name: str) -> dict[str, Any]:
        data = dict(original(name))
        for key in ("init_main_from_name", "init_main_from_path"):
            data.pop(key, None)
        return data

    spawn.get_preparation_data = prepared
    try:
        yield
    finally:
        spawn.get_preparation_data = original


def _refill(workers: Any, wanted: int) -> None:
    """Start what is missing of the wanted number of workers, also in place of those whose process died while it started
    (Dask restarts only those that had started)."""

    def replace_dead() -> None:
        for name, nanny in list(workers.workers.items()):
            if nanny.status in _DEAD:
                del workers.workers[name]
                workers.worker_spec.pop(name, None)
        workers.scale(wanted)

    workers.loop.add_callback(replace_dead)


def _wait_for_workers(cluster: Cluster, wanted: int, patience: float) -> None:
    """Wait until the workers are there, or some of them after a while; ClusterError if there is none."""
    started = time.monotonic()
    while (waited := time.monotonic() - started) < patience:
        stop_if_asked()
        if cluster.refill is not None:
            cluster.refill()
        there = cluster.count()
        if there >= wanted or (there and waited > patience / 4):
            return
        time.sleep(0.1)
    raise ClusterError(
        f"no worker process could be started on this machine in {patience:.0f} s; is there memory for them?"
        " --serial runs in this process"
    )


def _kill_workers(workers: Any) -> None:
    """End worker processes at once: their unfinished results are not needed."""
    for nanny in list(workers.workers.values()):
        nanny.close_gracefully()  # it starts no new worker
        if nanny.pid:
            with suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGKILL)


def silence() -> None:
    """Keep Dask's log off the screen; clearsim reports what matters."""
    for name in (
        "distributed", "distributed.core", "distributed.client", "distributed.comm", "distributed.scheduler",
        "distributed.nanny", "tornado.application", "asyncio",
    ):  # fmt: skip
        logging.getLogger(name).setLevel(logging.CRITICAL)
