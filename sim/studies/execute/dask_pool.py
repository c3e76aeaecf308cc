"""Runs jobs on Dask workers: keeps each busy with a short queue of tasks, and finds the jobs that kill workers.

A task whose worker dies is split into one task per job; a job whose single task dies too waits until all other work is
done and then runs alone. A job that kills a worker then is blamed: it cannot be another.
"""

import queue
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from distributed import CancelledError, Future, KilledWorker

from ...errors import ClusterError
from ...interrupt import stop_if_asked
from ..design.job import Outcome, run_job
from .chunks import Chunks
from .cluster import Cluster
from .clusters import open_cluster
from .failed_run import describe, lost_outcome
from .first_run import first_run
from .pool import ExecutorSettings, Run, Work
from .worker_tasks import Parcel, pack, run_parcel, unpack

POLL_SECONDS = 0.1
#: A job is blamed when this many workers died with it, the last one while running it alone.
DEATHS = 3
#: Maximum number of suspects that wait until the end.
MAX_SUSPECTS = 100
CRASHED = (
    f"the run ended its worker process {DEATHS} times, the last time with no other run beside it "
    "(out of memory, a crash in native code, or an agent that ends the process)"
)


@dataclass
class _Task:
    """Jobs that are sent together; `alone` if no other task is running."""

    jobs: list[Work]
    alone: bool = False


class DaskPool:
    """Workers of a Dask cluster, on this machine or elsewhere."""

    def __init__(self, settings: ExecutorSettings, *, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start or connect to the cluster; ClusterError if it cannot be used."""
        self._cluster = self._stack.enter_context(open_cluster(self._settings, say=self._say))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers that were started, at once."""
        self._stack.close()

    @property
    def n_workers(self) -> int:
        """Number of tasks that run at once now."""
        return self._cluster.n_slots()

    def execute(
        self,
        jobs: Iterable[Work],
        *,
        on_outcome: Callable[[Outcome], None],
        run: Run = run_job,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """As `Pool.execute`."""
        self._cluster.heard()
        batch = _Batch(self._cluster, Chunks(jobs, n_workers=self._cluster.n_slots()), run, on_outcome, stop)
        try:
            first = batch.chunks.peek() if self._settings.kind == "local" else None
            with first_run(first, run, self._say) as compiles:
                while compiles and not batch.n_outcomes and not stop() and batch.step(most_sent=1):
                    pass
            while not stop() and batch.step():
                pass
        finally:
            batch.drop()


@dataclass
class _Batch:
    """One call of `execute`: tasks sent, results received, jobs suspected."""

    cluster: Cluster
    chunks: Chunks[Work]
    run: Run
    on_outcome: Callable[[Outcome], None]
    stop: Callable[[], bool]
    n_outcomes: int = 0
    sent: dict[Future, _Task] = field(default_factory=dict)
    back: "queue.SimpleQueue[Future]" = field(default_factory=queue.SimpleQueue)
    single: deque[Work] = field(default_factory=deque)  # of tasks whose worker died
    suspects: deque[Work] = field(default_factory=deque)
    deaths: dict[str, int] = field(default_factory=dict)

    def step(self, *, most_sent: int | None = None) -> bool:
        """Send as many tasks as there is room for and receive one, after a short wait at most; False if all is done.

        most_sent: maximum number of tasks sent at once; None is two per worker, so that no worker waits.
        """
        stop_if_asked()
        self._send(most_sent or 2 * self.cluster.n_slots())
        if not self.sent:
            return False
        try:
            future = self.back.get(timeout=POLL_SECONDS)
        except queue.Empty:
            self.cluster.check()
            return True
        task = self.sent.pop(future, None)
        if task is not None:
            self.cluster.heard()
            if future.status in ("pending", "lost"):  # its worker died with the result, which is computed again
                self._wait_for(future, task)
            else:
                self._receive(future, task)
                future.release()
        return True

    def drop(self) -> None:
        """Drop the tasks that are running."""
        sent, self.sent = list(self.sent), {}
        if sent:
            with suppress(Exception):  # the scheduler may be gone
                self.cluster.client.cancel(sent, force=True)

    def _send(self, room: int) -> None:
        while len(self.sent) < room and (task := self._next()) is not None:
            parcel = pack(self.run, task.jobs)
            future = self.cluster.client.submit(run_parcel, parcel, self.cluster.expected, pure=False)
            self._wait_for(future, task)

    def _wait_for(self, future: Future, task: _Task) -> None:
        self.sent[future] = task
        future.add_done_callback(self.back.put)

    def _next(self) -> _Task | None:
        """The next task to send; a suspect is sent only when nothing else is running, and runs alone."""
        if any(task.alone for task in self.sent.values()):
            return None
        if len(self.suspects) < MAX_SUSPECTS:
            if self.single:
                return _Task([self.single.popleft()])
            if jobs := self.chunks.take():
                return _Task(jobs)
        if self.suspects and not self.sent:
            return _Task([self.suspects.popleft()], alone=True)
        return None

    def _receive(self, future: Future, task: _Task) -> None:
        if future.status == "error":
            self._blame(task, future.exception())
            return
        try:
            parcel: Parcel = future.result()
        except KilledWorker as error:  # while the result was being sent
            self._blame(task, error)
            return
        except (OSError, TimeoutError, CancelledError) as error:
            raise self.cluster.gone("dropped the tasks or no longer answers") from error
        if parcel.refused:
            raise ClusterError(f"{self.cluster.name}: a worker would compute other numbers: {parcel.refused}")
        self.chunks.learn(seconds=parcel.seconds, n_jobs=len(task.jobs))
        for outcome in unpack(parcel):
            if not self.stop():
                self._hand_over(outcome)

    def _blame(self, task: _Task, error: BaseException) -> None:
        """Split a task that failed; a job that failed in a separate task, or is known to be the cause, is recorded."""
        ended = {job.run_id: why for job in task.jobs if (why := self.cluster.why_ended(job.run_id))}
        if ended:
            for job in task.jobs:
                if job.run_id in ended:
                    self._hand_over(lost_outcome(job, "failed", f"AgentError: {ended[job.run_id]}"))
                else:
                    self.single.append(job)
            return
        if len(task.jobs) > 1:
            for job in task.jobs:
                self.deaths[job.run_id] = 1
            self.single.extend(task.jobs)
            return
        (job,) = task.jobs
        if not isinstance(error, KilledWorker):
            self._hand_over(lost_outcome(job, "failed", describe(error)))
            return
        deaths = self.deaths[job.run_id] = self.deaths.get(job.run_id, 0) + 1
        if task.alone and deaths >= DEATHS:
            self._hand_over(lost_outcome(job, "crashed", CRASHED))
        else:
            self.suspects.append(job)

    def _hand_over(self, outcome: Outcome) -> None:
        self.deaths.pop(outcome.run_id, None)
        self.n_outcomes += 1
        self.on_outcome(outcome)
