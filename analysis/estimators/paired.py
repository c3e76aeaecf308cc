"""Differences between two arms that ran on the same randomness: pairing removes noise, not effect."""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from .clusters import worth_of
from .estimate import Estimate
from .intervals import normal_quantile, tail_mass


def paired_difference(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    level: float = 0.95,
    unit: str = "",
    seconds: float = math.nan,
    note: str = "",
) -> Estimate:
    """Mean of second - first, run by run on the same randomness; t interval.

    variance_reduction: versus the same number of unpaired runs.
    """
    a, b = np.asarray(first, np.float64).ravel(), np.asarray(second, np.float64).ravel()
    n = len(a)
    if n != len(b) or n < 2:
        raise ValueError(f"paired arms need the same two runs or more, found {n} and {len(b)}")
    gaps = b - a
    variance = float(gaps.var(ddof=1))
    half = float(stats.t.isf(tail_mass(level, "two")[1], n - 1)) * math.sqrt(variance / n)
    apart = float(a.var(ddof=1) + b.var(ddof=1))
    value = float(gaps.mean())
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        method="paired difference",
        n=n,
        events=int(np.count_nonzero(gaps)),
        unit=unit,
        seconds=seconds,
        variance_reduction=apart / variance if variance else math.inf,
        note=note or "events: runs in which the arms differ",
    )


def paired_probability(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    level: float = 0.95,
    cluster: npt.ArrayLike | None = None,
    draws: int | None = None,
    seconds: float = math.nan,
    note: str = "",
) -> Estimate:
    """P(event in second) - P(event in first) from paired runs; never a single point, even if the arms agree in all
    runs.

    Wald interval with half a run added to each of the four cells (Agresti & Min, Statistics in Medicine 24, 2005).
    cluster: (n,) runs of one share inputs or randomness, `draws` as in `share_over_clusters`: the cells then add up
    to the effective number of runs.
    """
    a, b = np.asarray(first, bool).ravel(), np.asarray(second, bool).ravel()
    n = len(a)
    if n != len(b) or n < 1:
        raise ValueError(f"paired arms need the same runs, found {n} and {len(b)}")
    only_first, only_second = int(np.count_nonzero(a & ~b)), int(np.count_nonzero(b & ~a))
    worth = float(n) if cluster is None else worth_of(b.astype(np.float64) - a, cluster, draws=draws)
    up, down, total = only_second * worth / n + 0.5, only_first * worth / n + 0.5, worth + 2
    centre = (up - down) / total
    half = normal_quantile(level) * math.sqrt((up + down) - (up - down) ** 2 / total) / total
    value = (only_second - only_first) / n
    pair_variance = (only_first + only_second) / n - value**2
    apart = float(a.mean() * (1 - a.mean()) + b.mean() * (1 - b.mean()))
    return Estimate(
        value=value,
        low=max(-1.0, min(centre - half, value)),
        high=min(1.0, max(centre + half, value)),
        level=level,
        method="paired difference of probabilities",
        n=n,
        events=only_first + only_second,
        seconds=seconds,
        variance_reduction=apart / pair_variance if pair_variance > 0 else math.inf,
        note=note or "events: runs in which the arms differ",
    )
