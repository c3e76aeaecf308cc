"""The fund by bisection, for worlds in which the path before exhaustion depends on the fund: caps, pools, drawdown
triggers.

Every size is simulated on the same runs (common random numbers), so a run that survives with a smaller
fund should survive with a larger one, and counts fall with size. The interval uses order statistics: binomial ranks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .estimate import Estimate, RefusedError
from .quantiles import order_ranks, runs_for_quantile

Bool = npt.NDArray[np.bool_]
Exhausted = Callable[[float], npt.ArrayLike]


@dataclass
class _Search:
    """Counts of exhausted runs by fund size, each size simulated once."""

    simulate: Exhausted
    runs: int
    seen: dict[float, Bool] = field(default_factory=dict)

    def count(self, fund: float) -> int:
        if fund not in self.seen:
            outcome = np.asarray(self.simulate(fund), bool).ravel()
            if len(outcome) != self.runs:
                raise ValueError(f"a fund of {fund:g} gave {len(outcome)} runs where {self.runs} were expected")
            self.seen[fund] = outcome
        return int(np.count_nonzero(self.seen[fund]))

    def bracket(self, allowed: int, low: float, high: float, tolerance: float) -> tuple[float, float]:
        """(a, b), b - a <= tolerance: more than `allowed` runs are exhausted at a, at most `allowed` at b.

        Both are the smallest fund if at most `allowed` are exhausted even there.
        """
        for fund in sorted(self.seen):
            if self.count(fund) > allowed:
                low = max(low, fund)
            else:
                high = min(high, fund)
                break
        if self.count(low) <= allowed:
            return low, low
        while high - low > tolerance:
            middle = (low + high) / 2
            low, high = (middle, high) if self.count(middle) > allowed else (low, middle)
        return low, high

    def changes_against_size(self, largest_share: float) -> str:
        """Number of runs that a larger fund exhausts although the next smaller one tried does not, and number of all
        changes.

        RefusedError if that is more than `largest_share` of them.
        """
        funds = sorted(self.seen)
        wrong = right = 0
        for small, large in pairwise(funds):
            wrong += int(np.count_nonzero(self.seen[large] & ~self.seen[small]))
            right += int(np.count_nonzero(self.seen[small] & ~self.seen[large]))
        if wrong > largest_share * (wrong + right):
            raise RefusedError(
                f"larger funds exhaust runs that smaller ones survive in {wrong:,} of {wrong + right:,} changes:"
                " the probability does not fall with the fund; sweep fund sizes instead"
            )
        return f"{wrong:,} of {wrong + right:,}"


def fund_by_bisection(
    simulate: Exhausted,
    p: float,
    *,
    runs: int,
    smallest: float,
    largest: float,
    tolerance: float,
    level: float = 0.95,
    unit: str = "",
    seconds: float = math.nan,
    largest_reversal: float = 0.1,
) -> Estimate:
    """The smallest fund for which at most p of the runs are exhausted, with its interval, to within `tolerance`.

    simulate: fund size -> whether each of the `runs` runs is exhausted (runs,), always on the same randomness.
    Raises RefusedError if runs are too few for an upper bound, if even `largest` is too small, or if larger funds
    exhaust runs that smaller ones survive in more than `largest_reversal` of the changes: then there is no unique root.
    """
    low_rank, rank, high_rank = order_ranks(runs, p, level=level)
    if high_rank > runs:
        needed = runs_for_quantile(p, level=level)
        raise RefusedError(f"{runs:,} runs cannot bound the fund for {p:g}: {needed:,} are needed", runs_needed=needed)
    search = _Search(simulate, runs)
    if search.count(largest) > runs - high_rank:
        raise RefusedError(
            f"a fund of {largest:g} is exhausted in {search.count(largest):,} of {runs:,} runs: search above it"
        )
    value = search.bracket(runs - rank, smallest, largest, tolerance)[1]
    high = search.bracket(runs - high_rank, smallest, largest, tolerance)[1]
    low = search.bracket(runs - low_rank, smallest, largest, tolerance)[0]
    against = search.changes_against_size(largest_reversal)
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        level=level,
        method="bisection on common random numbers",
        n=runs,
        events=search.count(value),
        unit=unit,
        seconds=seconds,
        variance_reduction=1.0,
        note=f"{len(search.seen)} fund sizes; {against} changes against the fund's size",
    )
