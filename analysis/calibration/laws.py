"""Laws fitted to weighted positive numbers: Pareto between two ends, lognormal, Hill's tail; arithmetic on arrays.

Weights are ones for accounts, notional for "share of open interest above x". Bootstraps pass a matrix
of weights, so everything here is a function of weighted means.
"""

import numpy as np
import numpy.typing as npt
from scipy import stats

F64 = npt.NDArray[np.float64]

#: Range in which a Pareto exponent is searched; at 0 the law is log-uniform, below it rises towards its upper end.
STEEPEST, FLATTEST = 60.0, -20.0


def weighted_means(values: F64, weights: F64) -> F64:
    """(rows,) means of values (n,) by each row of weights (rows, n)."""
    return np.asarray(weights @ values / weights.sum(axis=-1))


def truncated_exponent(mean_log: npt.ArrayLike, width: float) -> F64:
    """Exponent of a Pareto law between minimum and maximum, by maximum likelihood, elementwise.

    mean_log: mean of ln(x / minimum).  width: ln(maximum / minimum). Solves mean_log = 1/a - width / (e^(a width) - 1),
    which falls in a; the ends of the range if the mean is outside it.
    Source: Aban, Meerschaert & Panorska, JASA 101 (2006), theorem 2.
    """
    mean = np.atleast_1d(np.asarray(mean_log, np.float64))
    low, high = np.full(mean.shape, FLATTEST), np.full(mean.shape, STEEPEST)
    for _ in range(80):
        middle = (low + high) / 2
        too_flat = _mean_of_log(middle, width) > mean
        low, high = np.where(too_flat, middle, low), np.where(too_flat, high, middle)
    return np.asarray((low + high) / 2)


def _mean_of_log(exponent: F64, width: float) -> F64:
    """Mean of ln(x / minimum) under the law; width / 2 at exponent 0."""
    x = exponent * width
    near = np.abs(x) < 1e-5
    safe = np.where(near, 1.0, x)
    with np.errstate(over="ignore"):
        exact = width * (1 / safe - 1 / np.expm1(safe))
    return np.where(near, width * (0.5 - x / 12), exact)


def pareto_cdf(x: F64, exponent: float, minimum: float, maximum: float) -> F64:
    """P(X <= x) of the law between its ends."""
    inside = np.clip(x, minimum, maximum)
    if abs(exponent) < 1e-9:
        return np.asarray(np.log(inside / minimum) / np.log(maximum / minimum))
    return np.asarray(np.expm1(-exponent * np.log(inside / minimum)) / np.expm1(-exponent * np.log(maximum / minimum)))


def censored_exponent(ratios: F64) -> float:
    """Exponent of a Pareto law from values over their minimum; if several values are the largest, they count as cut
    off there.

    Maximum likelihood: values that are not cut off over the sum of logarithms. Infinite if all are equal.
    """
    total = float(np.log(ratios).sum())
    at_cap = int((ratios == ratios.max()).sum())
    seen = len(ratios) - (at_cap if at_cap > 1 else 0)
    return seen / total if total > 0 else float("inf")


def hill_alpha(ordered: F64, k: int) -> F64:
    """Hill's tail exponent from the k largest of each row of `ordered` (rows, n), falling; inf if they are equal."""
    top = np.log(ordered[..., :k] / ordered[..., k : k + 1]).mean(axis=-1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(top > 0, 1 / top, np.inf))


def distance(values: F64, weights: F64, cdf: F64) -> float:
    """Kolmogorov-Smirnov distance of weighted values from a law whose cdf at the values is given."""
    order = np.argsort(values, kind="stable")
    steps = np.cumsum(weights[order]) / weights.sum()
    below = np.concatenate([[0.0], steps[:-1]])
    ordered = values[order]
    # equal values are one step of the empirical law
    last = np.append(ordered[1:] != ordered[:-1], True)
    first = np.append(True, ordered[1:] != ordered[:-1])
    at_values = cdf[order]
    return float(max(np.abs(steps - at_values)[last].max(), np.abs(below - at_values)[first].max()))


def lognormal_cdf(x: F64, mean: float, sd: float) -> F64:
    """P(X <= x) of a lognormal law; a step if sd is 0."""
    if sd <= 0:
        return np.asarray(np.log(x) >= mean, np.float64)
    return np.asarray(stats.norm.cdf(np.log(x), mean, sd))


def effective_number(weights: F64) -> float:
    """(sum w)^2 / sum w^2: the number of equal weights with the same information."""
    return float(weights.sum() ** 2 / (weights**2).sum())
