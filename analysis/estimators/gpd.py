"""Fits of the generalised Pareto law by maximum likelihood, many samples at once.

P(excess > y) = (1 + xi y / beta)^(-1/xi). With theta = xi / beta the best xi for a theta is the mean of
log(1 + theta y) (Grimshaw, Technometrics 35, 1993), so one number is searched: on a grid, then by golden section.
"""

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

_GRID = np.arange(-4.0, 27.0, 1.0)  # log(1 + theta * largest): from xi near -1 to xi of several
_GOLDEN = (5**0.5 - 1) / 2
_HALVINGS = 26


def fit_excesses(excesses: npt.ArrayLike) -> tuple[F64, F64]:
    """(xi, beta) of each row of excesses over a threshold, (samples, k) or (k,): 0-d or (samples,) arrays.

    Excesses are not negative and not all zero in any row. xi is not searched below about -1, where the likelihood has
    no maximum; laws with a shorter tail are reported near that value.
    """
    sample = np.atleast_2d(np.asarray(excesses, np.float64))
    xi, beta = _fit(sample, None)
    return (xi, beta) if np.ndim(excesses) == 2 else (xi[0], beta[0])


def fit_resampled(excesses: npt.ArrayLike, counts: npt.ArrayLike) -> tuple[F64, F64]:
    """(xi, beta), each (samples,), of excesses (k,) of which each sample holds each `counts` (samples, k) times.

    NaN for a sample with fewer than two different excesses. As `fit_excesses` otherwise.
    """
    sample, times = np.asarray(excesses, np.float64), np.asarray(counts, np.float64)
    held = np.where(times > 0, sample, 0.0)
    low = np.where(times > 0, sample, np.inf).min(axis=1)
    usable = held.max(axis=1) > low
    xi, beta = np.full(len(times), np.nan), np.full(len(times), np.nan)
    if usable.any():
        weights = times[usable] / times[usable].sum(axis=1, keepdims=True)
        xi[usable], beta[usable] = _fit(held[usable], weights)
    return xi, beta


def _fit(sample: F64, weights: F64 | None) -> tuple[F64, F64]:
    """(xi, beta), each (samples,); weights: of each excess, 1 in sum; None: all equal."""
    largest = sample.max(axis=1)
    if sample.shape[1] < 2 or np.any(sample < 0) or not np.all(largest > 0) or not np.isfinite(sample).all():
        raise ValueError("a tail fit needs at least two excesses a sample, finite, not negative and not all zero")
    scaled = sample / largest[:, None]
    grid = np.stack([_likelihood(scaled, weights, np.full(len(scaled), s)) for s in _GRID])
    best = _GRID[np.argmax(grid, axis=0)]
    xi, theta = _shape(scaled, weights, _golden_section(scaled, weights, best - 1, best + 1))
    return xi, largest * _scale(scaled, weights, xi, theta)


def _golden_section(scaled: F64, weights: F64 | None, low: F64, high: F64) -> F64:
    """The point of largest likelihood in [low, high], row by row."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = _likelihood(scaled, weights, left), _likelihood(scaled, weights, right)
    for _ in range(_HALVINGS):
        go_left = at_left > at_right
        low, high = np.where(go_left, low, left), np.where(go_left, right, high)
        new = np.where(go_left, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        at_new = _likelihood(scaled, weights, new)
        left, right = np.where(go_left, new, right), np.where(go_left, left, new)
        at_left, at_right = np.where(go_left, at_new, at_right), np.where(go_left, at_left, at_new)
    return np.asarray((low + high) / 2)


def _shape(scaled: F64, weights: F64 | None, s: F64) -> tuple[F64, F64]:
    """(xi, theta) at s = log(1 + theta), for excesses scaled to a largest of 1."""
    theta = np.expm1(s)
    return _mean(np.log1p(theta[:, None] * scaled), weights), theta


def _mean(values: F64, weights: F64 | None) -> F64:
    return np.asarray(values.mean(axis=1) if weights is None else (values * weights).sum(axis=1))


def _scale(scaled: F64, weights: F64 | None, xi: F64, theta: F64) -> F64:
    """beta of the scaled excesses: xi / theta, or their mean where theta is 0."""
    return np.where(np.abs(theta) < 1e-9, _mean(scaled, weights), xi / np.where(theta == 0, 1.0, theta))


def _likelihood(scaled: F64, weights: F64 | None, s: F64) -> F64:
    """Profile log likelihood per observation."""
    xi, theta = _shape(scaled, weights, s)
    return np.asarray(-np.log(_scale(scaled, weights, xi, theta)) - xi - 1)


def pareto_shape(weights: npt.ArrayLike) -> float:
    """Tail index of positive weights: xi of the largest min(n/5, 3 sqrt(n)); 0 if all are equal.

    Moments of order 1/xi and above do not exist: at 0.5 a standard error is meaningless, above 0.7 an average of so
    many weights is unreliable (Vehtari, Simpson, Gelman, Yao & Gabry, JMLR 25, 2024). NaN with fewer than 25 weights.
    """
    sample = np.asarray(weights, np.float64)
    n = len(sample)
    if n < 25:
        return float("nan")
    k = int(min(n / 5, 3 * n**0.5))
    top = np.sort(np.partition(sample, n - k - 1)[n - k - 1 :])
    excesses = top[1:] - top[0]
    if excesses[-1] <= 1e-12 * top[-1]:
        return 0.0
    return float(fit_excesses(excesses)[0])
