"""The largest and the sum of a history's draws among simulated histories of as many windows.

A simulated history is n windows drawn from the model's paths with replacement. What the record would not have reported
is left out of both.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .binomial import GREEN, GREEN_WORD, YELLOW_WORD
from .windows import Windows

F64 = npt.NDArray[np.float64]
HISTORIES = 10_000
#: Draws that are held at once.
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Rank:
    """A statistic of the history, its range, and the range of its rank among simulated ones, 0 to 1."""

    what: str
    low: float
    high: float
    rank_low: float
    rank_high: float

    @property
    def colour(self) -> str:
        """Green if the rank may lie within the middle 95%."""
        inside = self.rank_high >= GREEN and self.rank_low <= 1 - GREEN
        return GREEN_WORD if inside else YELLOW_WORD


def ranks(draws: F64, windows: Windows, *, histories: int = HISTORIES, seed: int = 1) -> tuple[Rank, Rank]:
    """Ranks of the largest draw and of the sum of draws.  draws: (paths,) of the model, in the unit of the windows."""
    reported = np.where(draws > windows.threshold, draws, 0.0)
    low = np.where(windows.low > windows.threshold, windows.low, 0.0)
    high = np.where(windows.high > windows.threshold, windows.high, 0.0)
    largest, total = _simulated(reported, windows.n, histories, seed)
    return (
        _rank("largest draw", largest, float(low.max()), float(high.max())),
        _rank("sum of all draws", total, float(low.sum()), float(high.sum())),
    )


def _simulated(draws: F64, n: int, histories: int, seed: int) -> tuple[F64, F64]:
    """(largest, sum) of each simulated history."""
    generator = np.random.default_rng(seed)
    size = max(1, _CHUNK // n)
    largest, total = np.empty(histories), np.empty(histories)
    for first in range(0, histories, size):
        last = min(first + size, histories)
        chosen = draws[generator.integers(0, len(draws), size=(last - first, n))]
        largest[first:last], total[first:last] = chosen.max(axis=1), chosen.sum(axis=1)
    return largest, total


def _rank(what: str, simulated: F64, low: float, high: float) -> Rank:
    below, up_to = float(np.mean(simulated < low)), float(np.mean(simulated <= high))
    return Rank(what, low, high, below, up_to)
