"""Computes blocks of runs for sizing a fund: in this process, on local workers, or on a Dask cluster.

Every block is put together in the order of its paths, and blocks are returned in the order of the requests: no number
depends on where a part was computed, or when. Decides also when local workers are worth their start.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from ..errors import ClearsimError
from ..interrupt import stop_if_asked
from ..layout import F64
from ..runs.first_start import first_start
from ..studies.design.job import Outcome
from ..studies.execute.executors import ExecutorSettings, Pool, open_pool
from .block_jobs import PART, BlockJob, World, joined, run_block
from .joint import JointJob, run_joint
from .worlds import BLOCK, Columns, FullWorld, ReducedWorld

#: Seconds of computation, spent and expected, from which on local workers are started: two of them then end as early as
#: one process would, for their start costs about three seconds.
START_SECONDS = 6.0


class Asked(NamedTuple):
    """A block of a world, as in its `arrays`."""

    world: World
    number: int
    fund: float | None = None
    aim: float | None = None


class Computed(NamedTuple):
    """The columns of a block, and the processor seconds that it took."""

    columns: Columns
    seconds: float


class BlockRuns:
    """Computes blocks; a context, whose workers end with it.

    starts_early: start workers at once and not when they are worth it.  say: notes for the user.  on_runs: called with
    the number of runs of each part.
    """

    def __init__(
        self,
        executor: ExecutorSettings,
        *,
        starts_early: bool = True,
        say: Callable[[str], None] = lambda text: None,
        on_runs: Callable[[int], None] = lambda runs: None,
    ) -> None:
        self._executor, self._say, self._on_runs = executor, say, on_runs
        self._starts_early = starts_early
        self._stack = ExitStack()
        self._pool: Pool | None = None
        self._runs, self._seconds = 0, 0.0  # computed in this process

    def __enter__(self) -> Self:
        """Start or connect to the workers; ClusterError if there are none."""
        if self._executor.kind != "serial" and self._starts_early:
            self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers that were started."""
        self._stack.close()

    @property
    def n_workers(self) -> int:
        """Number of processes that compute."""
        if self._executor.kind == "local":
            return self._executor.n_local_workers
        return 1 if self._executor.kind == "serial" else self._open().n_workers

    def compute(self, asked: Sequence[Asked]) -> list[Computed]:
        """The blocks in the order of the requests. Raises the error of a run that fails, ClusterError if workers are
        lost."""
        if self._executor.kind == "serial":
            return [self._whole(one) for one in asked]
        cut = [(one, _parts(place, one)) for place, one in enumerate(asked)]
        outcomes = self._outcomes([(job, one.world) for one, jobs in cut for job in jobs])
        return [_put_together(one, [outcomes[job.run_id] for job in jobs]) for one, jobs in cut]

    def compute_joint(self, jobs: Sequence[JointJob]) -> tuple[F64, float]:
        """(yearly rates (draws, m), processor seconds) of joint draws. Raises the error of a draw that fails."""
        found: dict[str, Outcome] = {}
        draws = {job.run_id: len(job.rows) for job in jobs}

        def take(outcome: Outcome) -> None:
            if outcome.row["status"] != "done":
                raise outcome.row.get("raised") or ClearsimError(f"{outcome.run_id}: {outcome.row['error']}")
            found[outcome.run_id] = outcome
            self._on_runs(draws[outcome.run_id])

        if self._executor.kind == "serial" or self._executor.n_local_workers < 2:
            for job in jobs:
                stop_if_asked()
                take(run_joint(job))
        else:
            self._open().execute(jobs, on_outcome=take, run=run_joint)
        parts = [(found[job.run_id].paths or {})["required"].reshape(len(job.rows), -1) for job in jobs]
        return np.concatenate(parts), sum(float(found[job.run_id].row["seconds"]) for job in jobs)

    def _whole(self, one: Asked) -> Computed:
        """A block in this process."""
        (job,) = _parts(0, one, part=BLOCK)
        return _put_together(one, [self._here(job, one.world)])

    def _outcomes(self, jobs: list[tuple[BlockJob, World]]) -> dict[str, Outcome]:
        """The outcome of each job by its id."""
        found: dict[str, Outcome] = {}
        left = sum(job.paths for job, _ in jobs)
        for place, (job, world) in enumerate(jobs):
            if self._runs and place + 1 < len(jobs) and self._is_worth_workers(left):
                self._on_workers([job for job, _ in jobs[place:]], found)
                break
            left -= job.paths
            found[job.run_id] = self._here(job, world)  # the first one always: it compiles for all, and shows the speed
        return found

    def _is_worth_workers(self, left: int) -> bool:
        """Whether the rest, `left` runs, goes to workers."""
        if self._pool is not None:
            return True
        if self._executor.n_local_workers < 2:
            return False
        return self._seconds * (1 + left / self._runs) > START_SECONDS

    def _here(self, job: BlockJob, world: World) -> Outcome:
        """The outcome of a job that runs in this process."""
        stop_if_asked()
        with first_start(self._say):
            outcome = run_block(job, world)
        stop_if_asked()  # a signal may have become another error
        self._take(outcome, {})
        self._runs, self._seconds = self._runs + job.paths, self._seconds + float(outcome.row["seconds"])
        return outcome

    def _on_workers(self, jobs: list[BlockJob], found: dict[str, Outcome]) -> None:
        pool = self._open()
        pool.execute(jobs, on_outcome=lambda outcome: self._take(outcome, found), run=run_block)

    def _take(self, outcome: Outcome, found: dict[str, Outcome]) -> None:
        """Keep an outcome; raise what its run raised."""
        if outcome.row["status"] != "done":
            raise outcome.row.get("raised") or ClearsimError(f"{outcome.run_id}: {outcome.row['error']}")
        assert outcome.paths is not None
        found[outcome.run_id] = outcome
        self._on_runs(len(outcome.paths["required"]))

    def _open(self) -> Pool:
        if self._pool is None:
            self._pool = self._stack.enter_context(open_pool(self._executor, say=self._say))
        return self._pool


def _parts(place: int, one: Asked, *, part: int = PART) -> list[BlockJob]:
    """The jobs of a block; `place`: of the request, in their ids."""
    world = one.world
    is_reduced = isinstance(world, ReducedWorld)
    size = BLOCK if is_reduced else 1
    return [
        BlockJob(
            run_id=f"{place}-block-{one.number}-from-{first}",
            key=world.key,
            config=world.config,
            fidelity="reduced" if is_reduced else "full",
            book=world.book if isinstance(world, ReducedWorld) else 0,
            books=world.books if isinstance(world, ReducedWorld) else 1,
            number=one.number,
            fund=one.fund,
            aim=one.aim,
            first=first,
            paths=min(part, size - first),
            required=world.known(one.number) if isinstance(world, FullWorld) else None,
        )
        for first in range(0, size, part)
    ]


def _put_together(one: Asked, outcomes: Sequence[Outcome]) -> Computed:
    """The block of a request from its parts, in the order of their paths."""
    columns = joined([outcome.paths or {} for outcome in outcomes])
    if isinstance(one.world, FullWorld):
        one.world.learn(one.number, float(columns["required"][0]))
    return Computed(columns, sum(float(outcome.row["seconds"]) for outcome in outcomes))
