"""Intervals of a probability from counts: Clopper-Pearson for claims, Wilson for charts; the runs that a claim needs.

Clopper-Pearson (Biometrika 26, 1934) never covers less than its level, so claims such as "P is at most p0" use it.
Wilson (JASA 22, 1927) covers its level on average and is narrower: for error bars. Neither ever leaves [0, 1].
"""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from .estimate import Estimate

F64 = npt.NDArray[np.float64]
Side = Literal["two", "upper", "lower"]
IntervalName = Literal["clopper_pearson", "wilson"]


def tail_mass(level: float, side: Side) -> tuple[float, float]:
    """Probability left below and above an interval of this level: (lower, upper); 0 on an unbounded side."""
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, found {level}")
    outside = 1 - level
    return {"two": (outside / 2, outside / 2), "upper": (0.0, outside), "lower": (outside, 0.0)}[side]


def normal_quantile(level: float, side: Side = "two") -> float:
    """Standard normal quantile of the interval: 1.96 for 0.95 on two sides, 1.645 on one."""
    return float(stats.norm.isf(max(tail_mass(level, side))))


def clopper_pearson(
    events: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95, side: Side = "two"
) -> tuple[F64, F64]:
    """Bounds of a probability from `events` of `n`, elementwise; coverage is at least `level` for any true value.

    side: "upper" puts all the risk above (low is 0), "lower" below (high is 1). 0 of n is [0, 1 - (a/2)^(1/n)] on two.
    """
    k, size = np.asarray(events, np.float64), np.asarray(n, np.float64)
    if np.any(size < 1) or np.any(k < 0) or np.any(k > size):
        raise ValueError("events must be in 0..n and n at least 1")
    below, above = tail_mass(level, side)
    # Beta(k, n - k + 1) and Beta(k + 1, n - k) are undefined at k = 0 and k = n: the bound is then the end of [0, 1].
    low = np.where((k > 0) & (below > 0), stats.beta.ppf(below, np.maximum(k, 1), size - k + 1), 0.0)
    high = np.where((k < size) & (above > 0), stats.beta.isf(above, k + 1, np.maximum(size - k, 1)), 1.0)
    return low, high


def wilson(events: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95) -> tuple[F64, F64]:
    """Score interval of a probability from `events` of `n`, elementwise: coverage near `level`, for charts."""
    k, size = np.asarray(events, np.float64), np.asarray(n, np.float64)
    if np.any(size < 1) or np.any(k < 0) or np.any(k > size):
        raise ValueError("events must be in 0..n and n at least 1")
    share, square = k / size, normal_quantile(level) ** 2
    centre = (share + square / (2 * size)) / (1 + square / size)
    half = np.sqrt(square * (share * (1 - share) / size + square / (4 * size**2))) / (1 + square / size)
    # The exact ends at 0 and n of n, which rounding would miss by 1e-19.
    return np.where(k == 0, 0.0, centre - half), np.where(k == size, 1.0, centre + half)


def probability(
    events: int,
    n: int,
    *,
    level: float = 0.95,
    interval: IntervalName = "clopper_pearson",
    side: Side = "two",
    seconds: float = math.nan,
    note: str = "",
) -> Estimate:
    """The probability of an event seen `events` times in `n` independent runs: crude Monte Carlo."""
    if interval == "wilson":
        if side != "two":
            raise ValueError("a one-sided claim needs clopper_pearson: Wilson's interval does not guarantee coverage")
        low, high = wilson(events, n, level=level)
    else:
        low, high = clopper_pearson(events, n, level=level, side=side)
    name = {"clopper_pearson": "crude, Clopper-Pearson", "wilson": "crude, Wilson"}[interval]
    method = name if side == "two" else f"{name} ({side} bound)"
    return Estimate(
        value=events / n,
        low=float(low),
        high=float(high),
        level=level,
        method=method,
        n=n,
        events=events,
        seconds=seconds,
        variance_reduction=1.0,
        note=note,
    )


def runs_for_claim(target: float, *, events: int = 0, level: float = 0.95) -> int:
    """Number of runs that prove "below or at `target`" with `events` in them: 2,995 without any for 1e-3 at 0.95."""
    _check_probability(target)
    if events == 0:
        return math.ceil(math.log(1 - level) / math.log1p(-target))
    low, high = events, math.ceil((events + 1) * 40 / target)
    while low + 1 < high:
        middle = (low + high) // 2
        proven = clopper_pearson(events, middle, level=level, side="upper")[1] <= target
        low, high = (low, middle) if proven else (middle, high)
    return high


def runs_for_precision(p: float, relative_half_width: float, *, level: float = 0.95) -> int:
    """Crude runs after which the interval's half-width is this share of p: z^2 (1 - p) / (p w^2)."""
    _check_probability(p)
    if relative_half_width <= 0:
        raise ValueError(f"relative_half_width must be positive, found {relative_half_width}")
    return math.ceil(normal_quantile(level) ** 2 * (1 - p) / (p * relative_half_width**2))


def _check_probability(p: float) -> None:
    if not 0 < p < 1:
        raise ValueError(f"a target probability must be between 0 and 1, found {p}")
