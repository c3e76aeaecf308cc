"""A user's own history updates what a model does not know: weights over draws of its parameters.

Draw i of the parameters (a delay, a cap, a tail) has simulated windows of its own; its weight is the likelihood of the
history's windows under them, times its prior weight. The history is read in cells of sizes, because a likelihood at
exact amounts would need densities, and because a report of "less than 0.5%" is a cell and not a number. Weights from a
history cannot be scored by the same history: the panel uses prior weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..estimators.estimate import RefusedError
from .windows import Windows

F64 = npt.NDArray[np.float64]
#: Upper ends of the cells of draws, shares of open interest; the last cell is open.
EDGES = (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03)
MIN_DRAWS, MIN_EFFECTIVE = 2_000, 400.0
#: Cells of a parameter's range in which prior and posterior are compared.
OVERLAP_CELLS = 20
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """Middle (predictive) and ends of an answer."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Update:
    """An answer before and after a history.

    weights: (draws,) after it, sum 1.  effective: their effective sample size.  overlap: of prior and posterior of each
    parameter, 1 where the history says nothing about it.
    """

    before: Interval
    after: Interval
    weights: F64
    effective: float
    overlap: Mapping[str, float]


def cell_probabilities(draws: F64, edges: Sequence[float] = EDGES) -> F64:
    """Probability of each cell, (len(edges) + 1,), from simulated draws (paths,).

    Cells: up to edges[0], ..., above the last. Half a path is added in all, spread over the cells, so that what no path
    shows is rare and not impossible.
    """
    cells = len(edges) + 1
    counts = np.bincount(np.searchsorted(np.asarray(edges), draws, side="left"), minlength=cells)
    return np.asarray((counts + 0.5 / cells) / (len(draws) + 0.5), np.float64)


def log_likelihood(windows: Windows, probabilities: F64, edges: Sequence[float] = EDGES) -> float:
    """Log probability of the windows' draws, given the probability of each cell.

    A draw known within a range may be in any of its cells; a window of a record without a report in any up to the
    reporting threshold. ValueError if the record's draws are amounts, but cells are shares.
    """
    if not windows.are_shares:
        raise ValueError(f"cells are shares of open interest, the history has amounts in {windows.unit}")
    below = np.searchsorted(np.asarray(edges), [windows.threshold], side="left")[0]
    first = np.searchsorted(np.asarray(edges), windows.low, side="left")
    last = np.searchsorted(np.asarray(edges), windows.high, side="left")
    if windows.threshold > 0:
        last = np.where(windows.high <= windows.threshold, below, last)
        first = np.where(windows.low <= windows.threshold, 0, first)
    cumulative = np.concatenate([[0.0], np.cumsum(probabilities)])
    return float(np.sum(np.log(cumulative[last + 1] - cumulative[first])))


def posterior_weights(log_likelihoods: F64, prior: F64 | None = None) -> F64:
    """Weights (draws,) that sum to 1: prior (default: equal) times likelihood."""
    logs = log_likelihoods + (0.0 if prior is None else np.log(prior))
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum(), np.float64)


def effective_sample_size(weights: F64) -> float:
    """(sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / np.sum(weights**2))


def overlap(values: F64, prior: F64, posterior: F64, cells: int = OVERLAP_CELLS) -> float:
    """Shared mass of two weightings of a parameter's draws, in cells of about equal mass of the prior; 1 if equal.

    Equal values are in one cell.
    """
    _, group = np.unique(values, return_inverse=True)
    mass = np.bincount(group, prior)
    place = np.minimum((np.cumsum(mass) - mass / 2) * cells, cells - 1).astype(np.int64)[group]
    before = np.bincount(place, prior, minlength=cells)
    after = np.bincount(place, posterior, minlength=cells)
    return float(np.minimum(before, after).sum())


def weighted_quantile(values: F64, weights: F64, q: float) -> float:
    """Smallest value at which the weights up to it reach q of their sum."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(reached, q - 1e-12)), len(values) - 1)])


def predictive_fund(draws: F64, weights: F64, p: float) -> float:
    """The fund f with sum_i w_i P_i(draw > f) = p.  draws: (parameters, paths)."""
    each = np.repeat(weights / draws.shape[1], draws.shape[1])
    return weighted_quantile(draws.ravel(), each, 1 - p)


def answer(draws: F64, weights: F64, p: float, level: float = LEVEL) -> Interval:
    """The predictive fund, and the weighted quantiles of the funds of single parameters as its ends.

    The ends hold the spread between parameters and each one's own sampling error; nothing is added to them. The
    predictive fund may lie above or below both.
    """
    funds = np.quantile(draws, 1 - p, axis=1, method="higher")
    tail = (1 - level) / 2
    ends = (weighted_quantile(funds, weights, q) for q in (tail, 1 - tail))
    return Interval(predictive_fund(draws, weights, p), *ends)


def update(
    draws: F64, parameters: Mapping[str, F64], windows: Windows, *, p: float, edges: Sequence[float] = EDGES
) -> Update:
    """What a history does to an answer.

    draws: (parameters, paths) largest draws, shares of open interest, one row per joint draw of the parameters.
    parameters: name -> (parameters,) values. RefusedError with fewer than MIN_DRAWS rows, or if so few of them fit the
    history that their effective number is below MIN_EFFECTIVE.
    """
    if len(draws) < MIN_DRAWS:
        raise RefusedError(f"{len(draws)} draws of the parameters: {MIN_DRAWS:,} are needed", runs_needed=MIN_DRAWS)
    prior = np.full(len(draws), 1 / len(draws))
    logs = np.array([log_likelihood(windows, cell_probabilities(row, edges), edges) for row in draws])
    weights = posterior_weights(logs)
    effective = effective_sample_size(weights)
    if effective < MIN_EFFECTIVE:
        raise RefusedError(
            f"the history leaves an effective {effective:.0f} of {len(draws):,} draws of the parameters,"
            f" {MIN_EFFECTIVE:.0f} are needed: draw more of them",
            runs_needed=int(len(draws) * MIN_EFFECTIVE / effective) + 1,
        )
    shared = {name: overlap(values, prior, weights) for name, values in parameters.items()}
    return Update(answer(draws, prior, p), answer(draws, weights, p), weights, effective, shared)
