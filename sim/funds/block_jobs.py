"""A block of runs for sizing a fund as a job: what a worker needs to compute it, and its outcome.

Blocks of the reduced engine are cut into parts, so that few blocks keep many workers busy. A part is a function of its
job: which worker computes it, and how the others are cut, changes no number.
"""

import pickle
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config import RunConfig
from ..errors import ClearsimError
from ..studies.design.job import Outcome
from .worlds import BLOCK, Columns, FullWorld, ReducedWorld

World = ReducedWorld | FullWorld

#: Paths of a part of a block of the reduced engine.
PART = 1 << 14
#: Worlds of the reduced engine that a process keeps.
_KEPT = 4
_worlds: dict[tuple[str, int, int], ReducedWorld] = {}


@dataclass(frozen=True)
class BlockJob:
    """A part of a block.  key: names config and book.  required: full engine: of the run, quote units, if known."""

    run_id: str
    key: str
    config: RunConfig
    fidelity: str
    book: int
    books: int
    number: int
    fund: float | None
    aim: float | None
    first: int = 0
    paths: int = BLOCK
    required: float | None = None


def run_block(job: BlockJob, world: World | None = None) -> Outcome:
    """Compute a part of a block; an error is an outcome that carries it.  world: that of the job, where it exists."""
    started = time.process_time()
    try:
        columns = _columns(job, world or _world(job))
    except Exception as error:
        return Outcome(job.run_id, {"status": "failed", "error": str(error), "raised": portable(error)}, None)
    row = {"status": "done", "error": "", "seconds": time.process_time() - started}
    return Outcome(job.run_id, row, columns)


def _columns(job: BlockJob, world: World) -> Columns:
    if isinstance(world, ReducedWorld):
        return world.arrays(job.number, fund=job.fund, aim=job.aim, first=job.first, paths=job.paths)
    if job.required is not None:
        world.learn(job.number, job.required)
    return world.arrays(job.number, fund=job.fund, aim=job.aim)


def _world(job: BlockJob) -> World:
    """The world of a job; the latest few are kept, so that their opening books are not drawn for every part."""
    if job.fidelity == "full":
        return FullWorld(job.config)
    name = job.key, job.book, job.books
    if name not in _worlds:
        while len(_worlds) >= _KEPT:
            del _worlds[next(iter(_worlds))]
        _worlds[name] = ReducedWorld(job.config, job.book, job.books)
    return _worlds[name]


def joined(parts: list[Columns]) -> Columns:
    """The parts of a block as one."""
    return parts[0] if len(parts) == 1 else {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def portable(error: Exception) -> Any:
    """The error itself where it can be sent, else its text as an error of clearsim."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return ClearsimError(f"{type(error).__name__}: {error}")
    return error
