"""An interval from independent replicates of a whole procedure: Student's t on their values."""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from .estimate import Estimate, RefusedError
from .intervals import tail_mass


def from_replicates(
    values: npt.ArrayLike,
    *,
    method: str,
    n: int,
    min_replicates: int,
    level: float = 0.95,
    events: int = -1,
    crude_variance: float = math.nan,
    is_probability: bool = False,
    unit: str = "",
    seconds: float = math.nan,
    note: str = "",
) -> Estimate:
    """The mean of replicates, unbiased if each is.  n: runs of all replicates together.

    crude_variance: variance of one crude run, from which the variance reduction for the same number of runs follows;
    for probabilities it is p (1 - p) at the estimate itself. RefusedError below `min_replicates` replicates.
    """
    sample = np.asarray(values, np.float64).ravel()
    count = len(sample)
    if count < min_replicates:
        raise RefusedError(
            f"{method} needs {min_replicates} replicates for an interval, found {count}", runs_needed=min_replicates
        )
    mean, variance = float(sample.mean()), float(sample.var(ddof=1)) / count
    half = float(stats.t.isf(tail_mass(level, "two")[1], count - 1)) * math.sqrt(variance)
    low, high = mean - half, mean + half
    if is_probability:
        low, high = max(0.0, low), min(1.0, high)
        crude_variance = mean * (1 - mean)
    return Estimate(
        value=mean,
        low=min(low, mean),
        high=max(high, mean),
        level=level,
        method=method,
        n=n,
        events=events,
        unit=unit,
        seconds=seconds,
        variance_reduction=crude_variance / n / variance if variance else math.inf,
        note=note or f"{count} replicates",
    )
