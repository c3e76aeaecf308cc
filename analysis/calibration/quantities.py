"""The quantities estimated for one market: exponents, means, slope (functions of means); tail, top shares (largest)."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from .laws import F64, hill_alpha, truncated_exponent
from .means import FromMeans

Name = tuple[str, str, str]


class Quantities:
    """All quantities estimated from a market's positions, by name: (quantity, weight, method).

    from_means: functions of weighted means.  of_largest: functions of the number of draws of each position, (rows, n).
    classes: the quarters of the positions by size: quarter, positions, largest_notional, share_of_notional.
    """

    def __init__(self, positions: pd.DataFrame) -> None:
        leverage = positions["leverage"].to_numpy(np.float64)
        self.notional = positions["notional"].to_numpy(np.float64)
        self.logs = np.log(leverage)
        self.least, self.width = float(self.logs.min()), float(np.log(leverage.max() / leverage.min()))
        self.falling = np.argsort(-self.notional, kind="stable")
        self.k = max(10, len(positions) // 10)
        quarter = np.argsort(np.argsort(self.notional, kind="stable"), kind="stable") * 4 // len(positions)
        quarters = [quarter == q for q in range(4)]
        self.classes = [
            {"quarter": q + 1, "positions": int(held.sum()), "largest_notional": float(self.notional[held].max()),
             "share_of_notional": float(self.notional[held].sum() / self.notional.sum())}
            for q, held in enumerate(quarters)
        ]  # fmt: skip
        self.from_means = self._laws() | self._by_size(quarters)
        self.of_largest = self._concentration()

    def _laws(self) -> dict[Name, FromMeans]:
        """Laws of leverage, by accounts and by notional."""
        above = self.logs - self.least
        centred = self.logs - self.logs.mean()
        quantities: dict[Name, FromMeans] = {}
        for counts, weights in (("account", np.ones(len(self.notional))), ("notional", self.notional)):
            name = ("leverage Pareto exponent", counts, "maximum likelihood between the book's ends")
            quantities[name] = FromMeans(above[None, :], weights, self._exponent, _same)
            name = ("leverage log mean", counts, "lognormal, moments of the logarithm")
            quantities[name] = FromMeans(above[None, :], weights, _log_of_mean, lambda log: self.least + np.exp(log))
            name = ("leverage log sd", counts, "lognormal, moments of the logarithm")
            quantities[name] = FromMeans(np.stack([centred, centred**2]), weights, _log_sd, np.exp)
        return quantities

    def _by_size(self, quarters: list[np.typing.NDArray[np.bool_]]) -> dict[Name, FromMeans]:
        """Leverage given size: the slope of logarithms, and the typical leverage of each quarter."""
        size = np.log(self.notional)
        x, y = size - size.mean(), self.logs - self.logs.mean()
        slope = FromMeans(np.stack([x, y, x * x, x * y]), np.ones(len(x), np.float64), _slope, _same)
        quantities: dict[Name, FromMeans] = {
            ("leverage slope on size", "account", "least squares of logarithms"): slope
        }
        for q, held in enumerate(quarters):
            name = (f"leverage of quarter {q + 1} by size", "account", "geometric mean")
            quantities[name] = FromMeans(self.logs[None, :], held.astype(np.float64), _only, np.exp)
        return quantities

    def _concentration(self) -> dict[Name, Callable[[F64], F64]]:
        quantities: dict[Name, Callable[[F64], F64]] = {
            ("size Hill alpha", "account", f"the {self.k} largest"): self._hill
        }
        for name, top in (("largest", 1), ("ten largest", 10), ("largest 1%", max(1, len(self.notional) // 100))):
            quantities[(f"share of the {name}", "notional", f"{top} of all positions")] = self._top_share(top)
        return quantities

    def _exponent(self, means: F64) -> F64:
        if self.width == 0:
            return np.full(len(means), np.nan)
        return truncated_exponent(means[:, 0], self.width)

    def _ordered(self, drawn: F64, count: int) -> F64:
        """(rows, count) the largest notionals of each draw, falling."""
        counts = np.cumsum(drawn[:, self.falling], axis=1)
        wanted = np.arange(count) + 0.5
        place = np.array([np.searchsorted(row, wanted) for row in counts])
        return np.asarray(self.notional[self.falling][np.minimum(place, len(self.falling) - 1)])

    def _hill(self, drawn: F64) -> F64:
        return hill_alpha(self._ordered(drawn, self.k + 1), self.k)

    def _top_share(self, top: int) -> Callable[[F64], F64]:
        def share(drawn: F64) -> F64:
            return np.asarray(self._ordered(drawn, top).sum(axis=1) / (drawn @ self.notional))

        return share


def _same(values: F64) -> F64:
    return values


def _only(means: F64) -> F64:
    return np.asarray(means[:, 0])


def _log_of_mean(means: F64) -> F64:
    return np.asarray(np.log(means[:, 0]))


def _log_sd(means: F64) -> F64:
    return np.asarray(np.log(np.maximum(means[:, 1] - means[:, 0] ** 2, 0.0)) / 2)


def _slope(means: F64) -> F64:
    x, y, square, cross = means.T
    spread = square - x * x
    return np.asarray((cross - x * y) / np.where(spread > 1e-12, spread, np.nan))
