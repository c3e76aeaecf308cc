"""Joint draws of what a study does not know, each with one event at a time: a curve P(M > u) a draw.

Every draw has values of its own for all uncertainties, and an opening book of its own, one of BOOKS. Openings are kept,
because drawing one takes longer than all events on it. A chunk is a function of its job: which worker computes it
changes no number.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config import RunConfig, Setting, with_settings
from ..layout import F64
from ..reduced.book import ThresholdIndex
from ..reduced.lower import Lowered, lower
from ..reduced.one_event import has_events, one_event
from ..studies.design.job import Outcome
from .block_jobs import portable
from .config import open_interest_quote

#: Joint draws in a job; opening books among all draws.
CHUNK, BOOKS = 64, 32
#: Sizes and gap shares of the jumps of a draw: the curve is a quantile, not a tail beyond one in a million.
SIZES, SHARES = 100, 4
_openings: dict[tuple[str, int], ThresholdIndex] = {}


@dataclass(frozen=True)
class JointJob:
    """Some draws.  rows: their settings; first: number of the first draw.  shares: sizes (m,) over open interest."""

    run_id: str
    config: RunConfig
    rows: tuple[tuple[Setting, ...], ...]
    first: int
    shares: tuple[float, ...]


def joint_jobs(config: RunConfig, rows: Sequence[Sequence[Setting]], shares: F64) -> list[JointJob]:
    """The jobs of all draws."""
    sizes = tuple(float(share) for share in shares)
    return [
        JointJob(f"joint-{first}", config, tuple(map(tuple, rows[first : first + CHUNK])), first, sizes)
        for first in range(0, len(rows), CHUNK)
    ]


def run_joint(job: JointJob) -> Outcome:
    """The curves of a job's draws: column `rate` (draws x m,), yearly rates of jumps that draw more than each size.

    An error is an outcome that carries it.
    """
    started = time.process_time()
    try:
        shares = np.array(job.shares)
        rates = [
            _rates(with_settings(job.config, row), job.first + number, shares) for number, row in enumerate(job.rows)
        ]
    except Exception as error:
        return Outcome(job.run_id, {"status": "failed", "error": str(error), "raised": portable(error)}, None)
    row: dict[str, Any] = {"status": "done", "error": "", "seconds": time.process_time() - started}
    return Outcome(job.run_id, row, {"required": np.concatenate(rates)})


def _rates(config: RunConfig, number: int, shares: F64) -> F64:
    lowered = _lowered(config, number % BOOKS)
    unit = float(config.quantum / config.scale.simulated_share)
    sizes = shares * float(open_interest_quote(config)) / unit
    if not has_events(lowered):
        return np.zeros(len(shares))
    return one_event(lowered, sizes=SIZES, shares=SHARES).rates(sizes)


def _lowered(config: RunConfig, book: int) -> Lowered:
    """The config's numbers, with an opening that is kept where nothing that draws it differs."""
    assert config.reduced is not None
    parts = (config.population, config.agents, config.markets[0].margin, config.reduced.renewal)
    key = repr((parts, config.seed, config.scale, config.reduced.buckets, config.markets[0].price)), book
    index = _openings.get(key)
    lowered = lower(config, replication=book, index=index)
    if index is None:
        while len(_openings) >= 4 * BOOKS:
            del _openings[next(iter(_openings))]
        _openings[key] = lowered.index
    return lowered
