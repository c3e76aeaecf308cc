"""The fund for a target if the path before exhaustion depends on the fund's size: a search on the same randomness.

Crude runs go to `bisection.fund_by_bisection`, whose interval is that of order statistics. Weighted runs are searched
here: the points at which the estimate and its two bounds cross the target. The weights do not depend on the fund.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..estimators.bisection import fund_by_bisection
from ..estimators.estimate import Estimate, RefusedError
from ..estimators.gpd import pareto_shape
from ..estimators.importance_sampling import WeightCheck, WeightLimits, as_weights, check_weights
from ..estimators.intervals import clopper_pearson, normal_quantile

Bool = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]
Happened = Callable[[float], Bool]

#: A bisection of counts stops when the bracket is this share of the fund.
RELATIVE = 2e-3
#: How far from a rough root the search with all weighted runs looks first; it ends between funds twice as far apart,
#: where a straight line through the logs is off by less than a thousandth.
_NEAR = 0.015


class UnattainableError(RefusedError):
    """No fund meets the target, however many runs are drawn."""


def require_attainable(happened: Happened, p: float, *, largest: float, why: str) -> None:
    """UnattainableError if even the largest fund clearly shows the event more often than p."""
    event = np.asarray(happened(largest), bool)
    low = float(clopper_pearson(np.count_nonzero(event), len(event), level=0.999)[0])
    if low > p:
        raise UnattainableError(
            f"even a fund of {largest:,.0f} shows the event in {np.count_nonzero(event):,} of {len(event):,} runs:"
            f" the size of the fund does not decide ({why})"
        )


def crude_root(
    happened: Happened,
    p: float,
    *,
    runs: int,
    largest: float,
    level: float = 0.95,
    unit: str = "",
    start: float = 0.0,
) -> Estimate:
    """The smallest fund with at most p of the runs showing the event; exact interval. RefusedError as in the search.

    start: a guess of the fund; doubling brackets the root from there, which saves most of the range.
    """
    top = _bracket_above(happened, p, start=start, largest=largest)
    return fund_by_bisection(
        happened, p, runs=runs, smallest=0.0, largest=top, tolerance=max(RELATIVE * top, 1e-9), level=level, unit=unit
    )


def _bracket_above(happened: Happened, p: float, *, start: float, largest: float) -> float:
    """A fund above the root and its upper bound, at most `largest`: the event is rarer than a quarter of p there."""
    top = start if start > 0 else largest / 1024
    while top < largest:
        if np.mean(happened(top)) <= p / 4:
            return top
        top *= 2
    return largest


class _Weighted:
    """Weighted probability of the event by fund, each size simulated once."""

    def __init__(self, happened: Happened, log_weight: F64, z: float) -> None:
        self.happened, self.weight, self.z = happened, as_weights(log_weight), z
        self.seen: dict[float, tuple[float, float]] = {}
        self.events: dict[float, Bool] = {}

    def at(self, fund: float, bound: int) -> float:
        """Estimate (bound 0), lower (-1) or upper (+1) bound."""
        if fund not in self.seen:
            event = np.asarray(self.happened(fund), bool)
            parts = np.where(event, self.weight, 0.0)
            error = float(parts.std(ddof=1)) / math.sqrt(len(parts))
            self.seen[fund], self.events[fund] = (float(parts.mean()), error), event
        mean, error = self.seen[fund]
        return mean + bound * self.z * error

    def check(self, fund: float) -> WeightCheck:
        """The state of the weights of the runs that show the event at a fund."""
        self.at(fund, 0)
        shape = pareto_shape(self.weight[self.weight > 0])
        return check_weights(np.where(self.events[fund], self.weight, 0.0), shape=shape)


def weighted_root(
    happened: Happened,
    log_weight: npt.ArrayLike,
    p: float,
    *,
    largest: float,
    level: float = 0.95,
    unit: str = "",
    limits: WeightLimits | None = None,
    start: float = 0.0,
    near: float = 0.0,
) -> Estimate:
    """The smallest fund at which the weighted probability of the event is at most p, and where its bounds cross p.

    RefusedError where the weights at the fund or its upper bound are bad, where even `largest` does not do, or where
    the probability rises with the fund by more than its errors. start: a fund above the root, near: one close to it.
    """
    search = _Weighted(happened, np.asarray(log_weight, np.float64), normal_quantile(level))
    if near > 0:
        search.at(near * (1 - _NEAR), 0)
        start = near * (1 + _NEAR)
    top = start if start > 0 else largest / 1024
    while top < largest and search.at(top, 1) > p:
        top = min((1 + 4 * _NEAR) * top if near > 0 else 2 * top, largest)
    if search.at(top, 1) > p:
        raise RefusedError(
            f"a fund of {largest:g} still fails with probability {search.at(top, 0):.3g}: no fund meets the target"
        )
    value, high, low = (_root(search, p, bound, top, tolerance=2 * _NEAR) for bound in (0, 1, -1))
    checks = [search.check(fund) for fund in (value, max(high, value))]
    for check, what in zip(checks, ("fund", "upper bound"), strict=True):
        if check.events and (fault := check.fault(limits or WeightLimits())):
            raise RefusedError(f"the {what} for {p:g} from {len(search.weight):,} weighted runs is refused: {fault}")
    return _estimate(search, (value, low, high), checks[0], p, level=level, unit=unit)


def _estimate(
    search: _Weighted, found: tuple[float, float, float], check: WeightCheck, p: float, *, level: float, unit: str
) -> Estimate:
    """The fund, its bounds, and the state of the weights at it."""
    value, low, high = found
    n, error = len(search.weight), search.seen[value][1]
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        level=level,
        method="importance sampling, bisection on common random numbers",
        n=n,
        events=check.events,
        unit=unit,
        variance_reduction=p * (1 - p) / (n * error**2) if error > 0 else math.nan,
        effective_sample_size=check.effective_sample_size,
        largest_weight_share=check.largest_weight_share if check.events else math.nan,
        note=f"{len(search.seen)} fund sizes; {_reversals(search)}",
    )


def rough_root(happened: Happened, log_weight: npt.ArrayLike, p: float, *, largest: float, start: float) -> float:
    """An unchecked guess of the fund from few weighted runs: the start of a search with more runs."""
    search = _Weighted(happened, np.asarray(log_weight, np.float64), 0.0)
    top = min(start, largest)
    while top < largest and search.at(top, 0) > p:
        top = min(2 * top, largest)
    return _root(search, p, 0, top, tolerance=4 * _NEAR) if search.at(top, 0) <= p else largest


def _root(search: _Weighted, p: float, bound: int, top: float, *, tolerance: float) -> float:
    """The fund at which the bound is p: between two funds closer than the tolerance, on the line through their logs."""
    below = [fund for fund in search.seen if search.at(fund, bound) > p]
    if not below:
        if search.at(0.0, bound) <= p:
            return 0.0
        below = [0.0]
    low = max(below)
    high = min([fund for fund in search.seen if fund > low and search.at(fund, bound) <= p], default=top)
    while high - low > tolerance * high:
        middle = min(max(_crossing(search, p, bound, low, high), low + 0.1 * (high - low)), high - 0.1 * (high - low))
        low, high = (middle, high) if search.at(middle, bound) > p else (low, middle)
    return _crossing(search, p, bound, low, high)


def _crossing(search: _Weighted, p: float, bound: int, low: float, high: float) -> float:
    """Where the straight line through the logs of both ends meets the target; the middle where an end has no log."""
    at_low, at_high = search.at(low, bound), search.at(high, bound)
    if at_high <= 0 or at_low <= at_high:
        return (low + high) / 2
    return low + math.log(at_low / p) / math.log(at_low / at_high) * (high - low)


def _reversals(search: _Weighted) -> str:
    """Number of runs that fail with a larger fund but not with the next smaller one; RefusedError above a tenth of
    changes."""
    funds = sorted(search.events)
    wrong = right = 0
    for small, large in pairwise(funds):
        wrong += int(np.count_nonzero(search.events[large] & ~search.events[small]))
        right += int(np.count_nonzero(search.events[small] & ~search.events[large]))
    if wrong > 0.1 * (wrong + right):
        raise RefusedError(
            f"in {wrong:,} of {wrong + right:,} changes larger funds fail and smaller ones do not: the probability"
            " does not fall with the fund; sweep fund sizes instead"
        )
    return f"{wrong:,} of {wrong + right:,} changes against the fund's size"
