"""What is estimated of one market: exponents, means, slope, tail, shares, for a whole bootstrap at once."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.calibration.laws import F64, hill_alpha, truncated_exponent, weighted_means

Part = tuple[tuple[str, str, str], Callable[[F64], F64]]


class Quantities:
    """Everything estimated, as functions of how often each position is drawn (rows, n).

    classes: the quarters of the positions by size: quarter, positions, largest_notional, share_of_notional.
    """

    def __init__(self, positions: pd.DataFrame) -> None:
        self.leverage = positions["leverage"].to_numpy(np.float64)
        self.notional = positions["notional"].to_numpy(np.float64)
        self.logs = np.log(self.leverage)
        self.low, self.high = float(self.leverage.min()), float(self.leverage.max())
        self.falling = np.argsort(-self.notional, kind="stable")
        self.k = max(10, len(positions) // 10)
        quarter = np.argsort(np.argsort(self.notional, kind="stable"), kind="stable") * 4 // len(positions)
        self.quarters = [quarter == q for q in range(4)]
        self.classes = [
            {"quarter": q + 1, "positions": int(own.sum()), "largest_notional": float(self.notional[own].max()),
             "share_of_notional": float(self.notional[own].sum() / self.notional.sum())}
            for q, own in enumerate(self.quarters)
        ]  # fmt: skip
        self.parts: list[Part] = self._parts()

    @property
    def names(self) -> list[tuple[str, str, str]]:
        """(quantity, what counts, method)."""
        return [name for name, _ in self.parts]

    def of(self, drawn: F64) -> F64:
        """(rows, quantities)."""
        return np.stack([part(drawn) for _, part in self.parts], axis=1)

    def _parts(self) -> list[Part]:
        parts: list[Part] = []
        for counts, weights in (("account", np.ones(len(self.notional))), ("notional", self.notional)):
            parts += [
                ((f"leverage {name}", counts, method), _weighted(part, weights))
                for name, method, part in (
                    ("Pareto exponent", "maximum likelihood between the book's ends", self._exponent),
                    ("log mean", "lognormal, moments of the logarithm", self._log_mean),
                    ("log sd", "lognormal, moments of the logarithm", self._log_sd),
                )
            ]
        parts.append((("leverage slope on size", "account", "least squares of logarithms"), self._slope))
        parts += [
            ((f"leverage of quarter {q + 1} by size", "account", "geometric mean"), _weighted(self._typical, own * 1.0))
            for q, own in enumerate(self.quarters)
        ]
        parts.append((("size Hill alpha", "account", f"the {self.k} largest"), self._hill))
        for name, top in (("largest", 1), ("ten largest", 10), ("largest 1%", max(1, len(self.notional) // 100))):
            parts.append(((f"share of the {name}", "notional", f"{top} of all positions"), self._top_share(top)))
        return parts

    def _exponent(self, weights: F64) -> F64:
        if self.low == self.high:
            return np.full(len(weights), np.nan)
        mean = weighted_means(self.logs - np.log(self.low), weights)
        return truncated_exponent(mean, float(np.log(self.high / self.low)))

    def _log_mean(self, weights: F64) -> F64:
        return weighted_means(self.logs, weights)

    def _log_sd(self, weights: F64) -> F64:
        square = weighted_means(self.logs**2, weights) - weighted_means(self.logs, weights) ** 2
        return np.asarray(np.sqrt(np.maximum(square, 0)))

    def _typical(self, weights: F64) -> F64:
        with np.errstate(invalid="ignore"):
            return np.asarray(np.exp(weighted_means(self.logs, weights)))

    def _slope(self, drawn: F64) -> F64:
        size = np.log(self.notional)
        x, y = weighted_means(size, drawn), weighted_means(self.logs, drawn)
        cross = weighted_means(size * self.logs, drawn) - x * y
        spread = weighted_means(size**2, drawn) - x**2
        return np.asarray(cross / np.where(spread > 1e-12, spread, np.nan))

    def _ordered(self, drawn: F64, most: int) -> F64:
        """(rows, most) the largest notionals of each draw, falling."""
        counts = np.cumsum(drawn[:, self.falling], axis=1)
        wanted = np.arange(most) + 0.5
        place = np.array([np.searchsorted(row, wanted) for row in counts])
        return np.asarray(self.notional[self.falling][np.minimum(place, len(self.falling) - 1)])

    def _hill(self, drawn: F64) -> F64:
        return hill_alpha(self._ordered(drawn, self.k + 1), self.k)

    def _top_share(self, top: int) -> Callable[[F64], F64]:
        def share(drawn: F64) -> F64:
            return np.asarray(self._ordered(drawn, top).sum(axis=1) / (drawn @ self.notional))

        return share


def _weighted(part: Callable[[F64], F64], weights: F64) -> Callable[[F64], F64]:
    def of(drawn: F64) -> F64:
        return part(drawn * weights)

    return of
