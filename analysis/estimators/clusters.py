"""Means and shares of outcomes that come in groups: the group is the independent draw, not the outcome.

Groups are the runs of a point, or the points of a Saltelli block, which share inputs and randomness.
"""

import numpy as np
import numpy.typing as npt
from scipy import stats

from .estimate import Estimate
from .intervals import tail_mass, wilson

F64 = npt.NDArray[np.float64]

#: With fewer groups their spread is too uncertain: reports then print intervals for these groups alone, with a note.
MIN_CLUSTERS = 10


def mean_over_clusters(values: npt.ArrayLike, cluster: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Mean of `values` (n,) with the t interval over their clusters (n,); n counts clusters, ValueError for one.

    The standard error of a ratio of sums over clusters (Cochran 1977, 6.4): with one value per cluster it is the usual
    standard error of a mean.
    """
    sample = np.asarray(values, np.float64)
    value, error, n = _mean_and_error(sample, cluster)
    half = float(stats.t.isf(tail_mass(level, "two")[1], n - 1)) * error
    method = "mean, t interval" + ("" if n == len(sample) else " over blocks of points")
    return Estimate(value, value - half, value + half, level, method, n, -1)


def share_over_clusters(
    happened: npt.ArrayLike, cluster: npt.ArrayLike, *, draws: int | None = None, level: float = 0.95
) -> Estimate:
    """Share of `happened` (n,) with Wilson's interval for the effective number of runs; n counts all of them.

    draws: number with independent randomness (default: all). The effective number is at most that, and smaller by the
    factor by which clusters increase the binomial variance (Kish's design effect), but at least the number of clusters.
    """
    sample = np.asarray(happened, np.float64)
    n, events = len(sample), int(sample.sum())
    worth = worth_of(sample, cluster, draws=draws)
    low, high = wilson(events / n * worth, worth, level=level)
    method = "Wilson" if worth == n else f"Wilson, worth {worth:.0f} independent runs"
    return Estimate(events / n, float(low), float(high), level, method, n, events)


def worth_of(values: npt.ArrayLike, cluster: npt.ArrayLike, *, draws: int | None = None) -> float:
    """Effective number of independent runs: between the number of clusters and `draws` (or n)."""
    sample = np.asarray(values, np.float64)
    n, clusters = len(sample), len(np.unique(np.asarray(cluster)))
    worth = float(n if draws is None else draws)
    variance = float(sample.var())
    if variance == 0 or not 1 < clusters < n:
        return worth
    error = _mean_and_error(sample, cluster)[1]
    return max(float(clusters), min(worth, variance / error**2 if error > 0 else worth))


def _mean_and_error(values: F64, cluster: npt.ArrayLike) -> tuple[float, float, int]:
    """Mean, its standard error over clusters, and their number."""
    _, place = np.unique(np.asarray(cluster), return_inverse=True)
    n_clusters = int(place.max()) + 1
    if n_clusters < 2:
        raise ValueError("a spread over clusters needs at least 2 of them")
    value = float(values.mean())
    sums = np.bincount(place, weights=values - value)
    error = float(np.sqrt(n_clusters / (n_clusters - 1) * (sums**2).sum())) / len(values)
    return value, error, n_clusters
