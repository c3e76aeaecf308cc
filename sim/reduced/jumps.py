"""The law of jumps of a config as numbers: intensity, sizes, compensator, tables of the number of jumps, and its tilt.

Rates are per year, sizes are logs. Leaves to others: drawing (`kernels/draw.py`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..config.reduced import Concentration, KouJumps, MertonJumps, ThresholdJumps
from ..elementary import exp, expm1, log, log1p
from ..layout import F64, Records
from ..market.price import Gbm, Kou, Merton, SingleShock
from ..market.price.jumps import DoubleExponentialJump, NormalJump
from ..market.price.skeleton import YEAR_S
from . import layout as at

#: Maximum probability of more jumps than the tables hold; the last entry stands for all of them.
LEFT_OUT = 1e-15


@dataclass(frozen=True)
class Jumps:
    """Intensity per year and the lowered law of sizes."""

    per_year: float
    law: Records  # (1,) LAW_DTYPE
    compensator: float  # expected return of one jump that the drift compensates; 0: none

    def mean_count(self, years: float) -> float:
        """Expected number of jumps in a horizon."""
        return self.per_year * years


def jumps_of(
    price: object, stated: KouJumps | MertonJumps | ThresholdJumps | None, concentration: Concentration | None = None
) -> Jumps:
    """The jumps of an admitted price process, or those that the `reduced` section adds to a gbm."""
    jumps = _jumps_of(price, stated)
    shares = (1.0, 1.0, 1.0) if concentration is None else gap_shares(concentration)
    for name, share in zip(("share_low", "share_middle", "share_high"), shares, strict=True):
        jumps.law[name] = share
    return jumps


def gap_shares(stated: Concentration) -> tuple[float, float, float]:
    """Smallest, median and largest part of a jump that comes within the venue's delay: the curve, read there."""
    delay, curve = float(stated.liquidation_delay_s), stated.curve
    delays = np.array([float(point.delay_s) for point in curve])
    ends = np.array([[point.low_ppm, point.middle_ppm, point.high_ppm] for point in curve]) / 1e6
    if delay <= delays[0]:
        low, middle, high = ends[0] * (delay / delays[0])
    else:
        low, middle, high = (np.interp(log(np.array([delay])), log(delays), ends[:, side])[0] for side in range(3))
    return float(low), float(middle), float(high)


def _jumps_of(price: object, stated: KouJumps | MertonJumps | ThresholdJumps | None) -> Jumps:
    if isinstance(price, SingleShock):
        law = np.zeros(1, at.LAW_DTYPE)
        law["kind"], law["log_mean"] = at.LAW_FIXED, log1p(float(price.shock_fraction))
        law["time"] = price.shock_ms / 1e3 / YEAR_S
        return Jumps(0.0, law, 0.0)
    if isinstance(price, (Kou, Merton)):
        size = price.size
        return Jumps(float(price.jumps_per_year), law_of(size), size.mean_return() if price.compensate else 0.0)
    assert isinstance(price, Gbm)
    if stated is None:
        return Jumps(0.0, np.zeros(1, at.LAW_DTYPE), 0.0)
    law = law_of(stated)
    if not stated.compensate:
        return Jumps(float(stated.jumps_per_year), law, 0.0)
    mean = mean_return(law) if isinstance(stated, ThresholdJumps) else stated.mean_return()
    return Jumps(float(stated.jumps_per_year), law, mean)


def law_of(size: DoubleExponentialJump | NormalJump | ThresholdJumps) -> Records:
    """A distribution of log sizes as kernels read it."""
    law = np.zeros(1, at.LAW_DTYPE)
    if isinstance(size, NormalJump):
        law["kind"], law["log_mean"], law["log_sd"] = at.LAW_NORMAL, float(size.log_mean), float(size.log_sd)
        return law
    law["kind"] = at.LAW_TWO_SIDED
    if isinstance(size, DoubleExponentialJump):
        law["down_share"] = size.down_share_ppm / 1e6
        law["down_beta"], law["up_beta"] = 1.0 / float(size.down_eta), 1.0 / float(size.up_eta)
        return law
    law["down_share"] = float(size.falls_per_year / size.jumps_per_year)
    for name in ("down_threshold", "down_xi", "down_beta", "up_threshold", "up_xi", "up_beta"):
        law[name] = float(getattr(size, name))
    return law


def expectation(law: Records, function: Callable[[F64], F64], n: int = 20_000) -> float:
    """E[function(size)] by the midpoint rule, `n` points for each half of the distribution and finer into its tails.

    function: of an array of log sizes. Quantiles are 1/2 v^3 from either end, so points lie far out in the tails.
    """
    from .kernels.draw import jump_sizes

    middle = (np.arange(n) + 0.5) / n
    weight = 1.5 * middle**2 / n
    tail = 0.5 * middle**3
    total = 0.0
    for u in (tail, 1.0 - tail):
        sizes = np.zeros(n)
        jump_sizes(law[0], u, sizes)
        total += float(np.sum(weight * function(sizes)))
    return total


def mean_return(law: Records) -> float:
    """E[e^size] - 1."""
    return expectation(law, expm1)


def count_table(mean: float, tilted_mean: float) -> Records:
    """(n,) COUNT_DTYPE of Poisson numbers of jumps."""
    n = _most_jumps(max(mean, tilted_mean))
    k, factorials = np.arange(n + 1), _log_factorials(n)
    plain, tilted = (
        k * log(m) - m - factorials if m > 0 else np.where(k == 0, 0.0, -np.inf) for m in (mean, tilted_mean)
    )
    table = np.zeros(n + 1, at.COUNT_DTYPE)
    table["cumulative"], table["log"] = np.cumsum(exp(plain)), plain
    table["tilted_cumulative"], table["tilted_log"] = np.cumsum(exp(tilted)), tilted
    return table


def _log_factorials(n: int) -> F64:
    """Logs of 0! .. n!."""
    return np.concatenate([[0.0], np.cumsum(log(np.arange(1.0, n + 1.0)))])


def _most_jumps(mean: float) -> int:
    """Smallest n >= 2 with P(N > n) <= LEFT_OUT, by a bound: the next probability over 1 - ratio, for n + 2 > mean."""
    if mean <= 0:
        return 2
    first = max(2, math.floor(mean) - 1)
    n = np.arange(first, first + 64 + math.ceil(12.0 * math.sqrt(mean)))
    terms = exp((n + 1) * log(mean) - mean - _log_factorials(int(n[-1]) + 1)[n + 1])
    return int(n[np.argmax(terms / (1.0 - mean / (n + 2)) <= LEFT_OUT)])
