"""Control variates: a second result of the same runs, with known mean, removes its noise from the estimate."""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from .estimate import Estimate, RefusedError
from .intervals import tail_mass


def control_variate(
    values: npt.ArrayLike,
    control: npt.ArrayLike,
    known_mean: float,
    *,
    level: float = 0.95,
    unit: str = "",
    seconds: float = math.nan,
    note: str = "",
) -> Estimate:
    """The mean of `values` (n,), corrected by the deviation of `control` (n,) from its known mean.

    The slope is fitted, which costs a bias of order 1/n; variance reduction is 1 / (1 - r^2). A jump-only shortfall
    with mean rate x T x E[shortfall] is the usual control. RefusedError if the control's sample mean is over five
    standard errors from the stated one: then the stated mean is wrong, and would bias the estimate.
    """
    y, c = np.asarray(values, np.float64).ravel(), np.asarray(control, np.float64).ravel()
    n = len(y)
    if n != len(c) or n < 30:
        raise ValueError(f"a control variate needs 30 runs with both results, found {n} and {len(c)}")
    slope = float(np.cov(y, c, ddof=1)[0, 1]) / _checked_variance(c, known_mean)
    left = y - slope * (c - known_mean)
    variance = float(left.var(ddof=1)) * (n - 1) / (n - 2)
    half = float(stats.t.isf(tail_mass(level, "two")[1], n - 2)) * math.sqrt(variance / n)
    value = float(left.mean())
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        method="control variate",
        n=n,
        events=-1,
        unit=unit,
        seconds=seconds,
        variance_reduction=float(y.var(ddof=1)) / variance if variance else math.inf,
        note=note,
    )


def _checked_variance(control: npt.NDArray[np.float64], known_mean: float) -> float:
    """The control's variance; RefusedError if it is zero, or if its mean differs from the stated one."""
    spread = float(control.var(ddof=1))
    if spread == 0:
        raise RefusedError("the control is the same in every run: it cannot remove noise")
    mean = float(control.mean())
    off = (mean - known_mean) / math.sqrt(spread / len(control))
    if abs(off) > 5:
        raise RefusedError(
            f"the control's mean is {mean:.6g}, but {known_mean:.6g} is stated, {off:+.1f} standard errors away:"
            " the stated mean is wrong, or runs and control differ"
        )
    return spread
