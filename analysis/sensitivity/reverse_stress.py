"""Reverse stress test: the smallest shock that exhausts a given fund, by bisection on common random numbers.

The world is a callable, always run on the same randomness: shock -> whether each of its n runs is
exhausted. Each run then has a critical shock of its own; the answer is the shock that exhausts a stated share of them
(half by default), bounded by order statistics. One run gives the bracket of the search in place of an interval.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..estimators.estimate import RefusedError
from ..estimators.quantiles import order_ranks

Bool = npt.NDArray[np.bool_]
#: Size of a shock -> (n,) whether each run's fund is exhausted.
Exhausts = Callable[[float], npt.ArrayLike]
#: Jump size, depth loss, concentration -> (n,) whether each run's fund is exhausted.
World = Callable[[float, float, float], npt.ArrayLike]

FRONTIER = (
    "depth_loss", "concentration", "jump", "jump_low", "jump_high", "searched_to", "n", "level", "method", "note"
)  # fmt: skip


@dataclass(frozen=True)
class SmallestShock:
    """Smallest size that exhausts `share` of n runs; NaN where none up to searched_to does (high likewise).

    low, high: order-statistic interval of confidence `level`, or the search's bracket for one run. evaluations: sizes
    simulated. against: runs that a larger shock spared though a smaller one exhausted them, of all that changed.
    """

    value: float
    low: float
    high: float
    level: float
    share: float
    n: int
    searched_to: float
    evaluations: int
    against: str
    method: str


@dataclass
class _Search:
    """Outcomes by size of shock, each simulated once."""

    exhausts: Exhausts
    seen: dict[float, Bool] = field(default_factory=dict)

    def count(self, size: float) -> int:
        if size not in self.seen:
            outcome = np.asarray(self.exhausts(size), bool).ravel()
            known = next(iter(self.seen.values()), outcome)
            if len(outcome) != len(known) or not len(outcome):
                raise ValueError(f"a shock of {size:g} gave {len(outcome)} runs where {len(known)} were expected")
            self.seen[size] = outcome
        return int(np.count_nonzero(self.seen[size]))

    def bracket(self, least: int, low: float, high: float, tolerance: float) -> tuple[float, float]:
        """(a, b), b - a <= tolerance: fewer than `least` runs at a, `least` or more at b; b NaN if not even at high."""
        if self.count(high) < least:
            return high, float("nan")
        if self.count(low) >= least:
            return low, low
        for size in sorted(self.seen):
            if self.count(size) >= least:
                high = min(high, size)
                break
            low = max(low, size)
        while high - low > tolerance:
            middle = (low + high) / 2
            low, high = (low, middle) if self.count(middle) >= least else (middle, high)
        return low, high

    def against(self) -> tuple[int, int]:
        """(runs that survive a larger shock although a smaller one exhausts them, all changes between neighbours)."""
        wrong = changes = 0
        for small, large in pairwise(sorted(self.seen)):
            wrong += int(np.count_nonzero(self.seen[small] & ~self.seen[large]))
            changes += int(np.count_nonzero(self.seen[small] != self.seen[large]))
        return wrong, changes


def smallest_shock(
    exhausts: Exhausts,
    *,
    largest: float,
    smallest: float = 0.0,
    tolerance: float,
    share: float = 0.5,
    level: float = 0.95,
    largest_reversal: float = 0.1,
) -> SmallestShock:
    """The smallest shock between `smallest` and `largest` that exhausts `share` of the runs, to within `tolerance`.

    Raises RefusedError where more than `largest_reversal` of the changes go against the size: then there is no smallest
    shock above which the fund fails, and a grid shows more. ValueError for a range or a tolerance that is none.
    """
    if not (largest > smallest >= 0 and tolerance > 0):
        raise ValueError(f"expected 0 <= smallest < largest and a tolerance, found {smallest}, {largest}, {tolerance}")
    search = _Search(exhausts)
    search.count(largest)
    n = len(search.seen[largest])
    low_rank, rank, high_rank = order_ranks(n, 1 - share, level=level) if n > 1 else (1, 1, 1)
    bounds = (smallest, largest, tolerance)
    value = search.bracket(rank, *bounds)
    low = search.bracket(low_rank, *bounds)[0] if low_rank >= 1 else smallest
    high = search.bracket(high_rank, *bounds)[1] if high_rank <= n else float("nan")
    wrong, changes = search.against()
    if wrong > largest_reversal * changes:
        raise RefusedError(
            f"in {wrong:,} of {changes:,} changes funds survive larger shocks but not smaller ones: there is no"
            " smallest shock; use a grid of sizes instead"
        )
    method = "bisection on common random numbers, order statistics" if n > 1 else "bisection, bracket of one run"
    return SmallestShock(
        value[1], low, high, level, share, n, largest, len(search.seen), f"{wrong:,} of {changes:,}", method
    )


def frontier(
    world: World,
    *,
    depth_losses: Sequence[float],
    concentrations: Sequence[float],
    largest_jump: float,
    smallest_jump: float = 0.0,
    tolerance: float = 0.0025,
    share: float = 0.5,
    level: float = 0.95,
) -> pd.DataFrame:
    """The smallest jump for each loss of depth and each concentration: one row a pair, columns FRONTIER.

    world(jump, depth_loss, concentration): jump is a fraction of the price, its size without sign; depth_loss the share
    of depth that goes with it; concentration the share of open interest in the largest position. jump is NaN where none
    up to searched_to exhausts the fund; jump_high where the bound lies beyond it.
    """
    rows = []
    for concentration in concentrations:
        for depth_loss in depth_losses:
            found = smallest_shock(
                _along_the_jump(world, depth_loss, concentration),
                smallest=smallest_jump,
                largest=largest_jump,
                tolerance=tolerance,
                share=share,
                level=level,
            )
            ends = (found.value, found.low, found.high, found.searched_to, found.n, level, found.method)
            note = f"{found.evaluations} sizes; {found.against} changes against the size; exhausts {share:g} of runs"
            rows.append((depth_loss, concentration, *ends, note))
    return pd.DataFrame(rows, columns=list(FRONTIER))


def _along_the_jump(world: World, depth_loss: float, concentration: float) -> Exhausts:
    def exhausts(jump: float) -> npt.ArrayLike:
        return world(jump, depth_loss, concentration)

    return exhausts


def nearest(found: pd.DataFrame, scales: Mapping[str, float], base: Mapping[str, float] | None = None) -> pd.DataFrame:
    """The frontier's points by their distance from calm, nearest first, with a column `distance`.

    scales: what counts as one unit of jump, depth_loss and concentration, say what a bad day brings: there is no
    smallest of three shocks without a stated exchange rate.  base: what calm means (0 each by default). Points where
    no jump exhausts the fund are left out.
    """
    reached = found[np.isfinite(found["jump"])]
    square = np.zeros(len(reached))
    for name in ("jump", "depth_loss", "concentration"):
        calm = (base or {}).get(name, 0.0)
        square += ((reached[name].to_numpy(np.float64) - calm) / scales[name]) ** 2
    return reached.assign(distance=np.sqrt(square)).sort_values("distance", kind="stable").reset_index(drop=True)
