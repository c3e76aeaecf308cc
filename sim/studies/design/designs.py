"""The points of a study: rows of quantiles, one column per uncertainty, and which rows share their randomness.

The *scenario* of a run selects its randomness. All rows of a grid, a list or a one-at-a-time design have scenario 0:
they are compared, so they get the same randomness. Random, Latin hypercube and Sobol rows have a scenario each: they
are averaged, so their randomness should differ. A Saltelli block (one row of A, of B, and of each A with a column of B)
shares one. The arms of a study always share the scenario of their row.
"""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from ...layout import F64, I64
from ...policy import Policy, PositiveInt

#: Minimum distance of quantiles from 0 and 1.
EDGE = 1e-12
Quantile = Annotated[float, Field(gt=0, lt=1)]


class Grid(Policy):
    """Every combination of equally spaced quantiles (the middles of equal parts)."""

    kind: Literal["grid"] = Field("grid", description="Every combination of `n` values of each uncertainty.")
    n: PositiveInt = Field(1, description="Values of each uncertainty: quantiles (i + 1/2) / n.")

    def count(self, k: int) -> int:
        """n^k."""
        return int(self.n**k)

    def rows(self, k: int, seed: int) -> tuple[F64, I64]:
        """(n^k, k) quantiles and their scenarios; the first uncertainty varies slowest."""
        middles = (np.arange(self.n) + 0.5) / self.n
        axes = np.meshgrid(*[middles] * k, indexing="ij") if k else []
        rows = np.stack([axis.ravel() for axis in axes], axis=1) if k else np.zeros((1, 0))
        return rows, np.zeros(len(rows), np.int64)


class Listed(Policy):
    """The points that the study lists."""

    kind: Literal["list"] = Field("list", description="Points written out, each a mapping of names to values.")
    points: tuple[dict[str, Any], ...] = Field(min_length=1, description="Values by name of uncertainty.")

    def count(self, k: int) -> int:
        """As listed."""
        return len(self.points)

    def rows(self, k: int, seed: int) -> tuple[F64, I64]:
        """Rows without quantiles: the values are listed."""
        return np.full((len(self.points), k), np.nan), np.zeros(len(self.points), np.int64)


class Random(Policy):
    """Independent draws."""

    kind: Literal["random"] = Field("random", description="Independent random points.")
    n: PositiveInt = Field(description="Points.")

    def count(self, k: int) -> int:
        """n."""
        return self.n

    def rows(self, k: int, seed: int) -> tuple[F64, I64]:
        """(n, k) uniforms; the first rows of a longer design are those of a shorter one."""
        return inside(np.random.default_rng(seed).random((self.n, k))), np.arange(self.n)


class LatinHypercube(Policy):
    """Each uncertainty has one value in each of n equal parts."""

    kind: Literal["latin_hypercube"] = Field("latin_hypercube", description="Latin hypercube.")
    n: PositiveInt = Field(description="Points.")

    def count(self, k: int) -> int:
        """n."""
        return self.n

    def rows(self, k: int, seed: int) -> tuple[F64, I64]:
        """(n, k) quantiles."""
        from scipy.stats import qmc

        if k == 0:
            return np.zeros((self.n, 0)), np.arange(self.n)
        sample = qmc.LatinHypercube(d=k, rng=np.random.default_rng(seed)).random(self.n)
        return inside(sample), np.arange(self.n)


class Sobol(Policy):
    """A scrambled Sobol sequence; n is rounded up to a power of two."""

    kind: Literal["sobol"] = Field("sobol", description="Scrambled Sobol points; n is rounded up to a power of two.")
    n: PositiveInt = Field(description="Points.")

    def count(self, k: int) -> int:
        """n, rounded up to a power of two."""
        return power_of_two(self.n)

    def rows(self, k: int, seed: int) -> tuple[F64, I64]:
        """(2^m, k) quantiles."""
        n = power_of_two(self.n)
        return sobol_points(n, k, seed), np.arange(n)


class Saltelli(Policy):
    """Blocks for Sobol indices: A, then A with each column of B in turn, then B; n blocks, a power of two."""

    kind: Literal["saltelli"] = Field("saltelli", description="Saltelli design; n (k + 2) points, n a power of two.")
    n: PositiveInt = Field(description="Blocks (base samples); rounded up to a power of two.")

    def count(self, k: int) -> int:
        """n (k + 2), n a power of two."""
        return power_of_two(self.n) * (k + 2)

    def rows(self, k: int, seed: int) -> tuple[F64, I64]:
        """(n (k + 2), k) quantiles, block after block; a block's rows share a scenario."""
        n = power_of_two(self.n)
        both = sobol_points(n, 2 * k, seed)
        a, b = both[:, :k], both[:, k:]
        blocks = np.repeat(a[:, None, :], k + 2, axis=1)
        for column in range(k):
            blocks[:, 1 + column, column] = b[:, column]
        blocks[:, k + 1] = b
        return blocks.reshape(n * (k + 2), k), np.repeat(np.arange(n), k + 2)


class OneAtATime(Policy):
    """The medians, then each uncertainty alone at its low and its high quantile."""

    kind: Literal["one_at_a_time"] = Field("one_at_a_time", description="Base point, then low and high of each alone.")
    low: Quantile = Field(0.05, description="Low quantile.")
    high: Quantile = Field(0.95, description="High quantile.")

    def count(self, k: int) -> int:
        """1 + 2 k."""
        return 1 + 2 * k

    def rows(self, k: int, seed: int) -> tuple[F64, I64]:
        """(1 + 2 k, k) quantiles."""
        rows = np.full((1 + 2 * k, k), 0.5)
        for column in range(k):
            rows[1 + 2 * column, column], rows[2 + 2 * column, column] = self.low, self.high
        return rows, np.zeros(len(rows), np.int64)


Design = Annotated[Grid | Listed | Random | LatinHypercube | Sobol | Saltelli | OneAtATime, Field(discriminator="kind")]


def power_of_two(n: int) -> int:
    """The smallest power of two that is at least n."""
    return 1 << (n - 1).bit_length()


def inside(quantiles: F64) -> F64:
    """Quantiles kept away from 0 and 1."""
    return np.clip(quantiles, EDGE, 1.0 - EDGE)


def sobol_points(n: int, k: int, seed: int) -> F64:
    """(n, k) points of a scrambled Sobol sequence; n a power of two."""
    from scipy.stats import qmc

    if k == 0:
        return np.zeros((n, 0))
    return inside(qmc.Sobol(d=k, scramble=True, rng=np.random.default_rng(seed)).random(n))
