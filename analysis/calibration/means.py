"""Quantities that are functions of weighted means, with their standard errors, for a whole bootstrap at once.

The standard error is from the delta method over accounts, because positions of one account are not independent. It
corrects bootstrap intervals with few heavy weights: plain percentiles of such a bootstrap are too narrow.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .laws import F64

STEP = 1e-5


@dataclass(frozen=True)
class FromMeans:
    """A quantity: `back(inner(means))`, where the bootstrap is studentised on the inner scale.

    features: (K, n) one row per mean, by position.  weights: (n,).  inner: (rows, K) means -> (rows,) numbers.
    back: an increasing function from the inner scale to the scale of the quantity.
    """

    features: F64
    weights: F64
    inner: Callable[[F64], F64]
    back: Callable[[F64], F64]

    def measured(self, place: npt.NDArray[np.int64], drawn: F64) -> tuple[F64, F64]:
        """(rows,) inner values and their standard errors; account `place[i]` of position i is drawn drawn[:, place[i]].

        NaN if a row draws only zero weights.
        """
        accounts = drawn.shape[1]
        total = np.bincount(place, self.weights, accounts)
        sums = np.stack([np.bincount(place, self.weights * feature, accounts) for feature in self.features])
        with np.errstate(invalid="ignore", divide="ignore"):
            weight = drawn @ total
            means = (drawn @ sums.T) / weight[:, None]
            value = self.inner(means)
            apart = self._slopes(means) @ sums - (self._slopes(means) * means).sum(axis=1)[:, None] * total
            return value, np.sqrt((drawn * apart**2).sum(axis=1)) / weight

    def _slopes(self, means: F64) -> F64:
        """(rows, K) derivative of `inner` by each mean."""
        steps = STEP * np.maximum(np.abs(means), STEP)
        columns = []
        for k in range(means.shape[1]):
            moved = np.zeros_like(means)
            moved[:, k] = steps[:, k]
            columns.append((self.inner(means + moved) - self.inner(means - moved)) / (2 * steps[:, k]))
        return np.stack(columns, axis=1)


def studentised(
    quantity: FromMeans, values: F64, errors: F64, drawn_values: F64, drawn_errors: F64, *, level: float
) -> tuple[float, float, float]:
    """(value, low, high): the symmetric studentised bootstrap (Hall 1992, 3.6) on the inner scale, transformed back.

    values, errors: (1,) of the book.  drawn_values, drawn_errors: (rows,) of the bootstrap.
    """
    value, error = float(values[0]), float(errors[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.abs(drawn_values - value) / drawn_errors
    apart = apart[np.isfinite(apart)]
    reach = error * float(np.quantile(apart, level, method="inverted_cdf")) if len(apart) and error > 0 else 0.0
    low, middle, high = quantity.back(np.array([value - reach, value, value + reach]))
    return float(middle), float(low), float(high)
