"""The dependence between the markets' price processes: independent, or with correlated diffusion and common jumps."""

from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from ...errors import ConfigError
from ...policy import Policy
from .jumps import JumpSize, JumpsPerYear, poisson_times
from .skeleton import F64, I64, YEAR_S, PathContext, Skeleton


class CommonJumps(Policy):
    """One Poisson process of jumps that hits every market at the same millisecond, market m by beta_m x size."""

    jumps_per_year: JumpsPerYear
    size: JumpSize = Field(description="Distribution of the common log size.")
    betas: tuple[Decimal, ...] = Field(
        description="Log size in each market as a multiple of the common one; one per market, in order."
    )
    compensate: bool = Field(
        True, description="Subtract each market's mean return of these jumps, so that its drift is unchanged."
    )

    def draw(self, context: PathContext) -> tuple[I64, F64]:
        """Times and common log sizes, from the stream that all markets share."""
        generator = context.streams.get("prices/common_jumps")
        times = poisson_times(generator, per_year=float(self.jumps_per_year), duration_ms=context.duration_ms)
        return times, self.size.draw(generator, len(times))

    def add_to(self, skeleton: Skeleton, *, market: int, times: I64, sizes: F64) -> Skeleton:
        """The market's path with the common jumps."""
        beta = float(self.betas[market])
        if beta == 0.0:
            return skeleton
        mean = self.size.mean_return(beta) if self.compensate else 0.0
        slope = -float(self.jumps_per_year) * mean / YEAR_S
        return skeleton.with_jumps(jump_ms=times, jump_log=beta * sizes, line_slope_per_s=slope)


class Independent(Policy):
    """Markets move independently."""

    kind: Literal["independent"] = Field("independent", description="Markets move independently.")

    def factor(self, n_markets: int) -> F64:
        """Lower triangular L with L L' = correlation of the diffusions."""
        return np.eye(n_markets)

    def shared(self, n_markets: int) -> CommonJumps | None:
        """Jumps that hit several markets at once; none."""
        return None


class Correlated(Policy):
    """Diffusions with a given correlation, and optionally common jumps.

    The correlation is of the Brownian motions; it applies to the random part of a process (a waypoint's bridge, for
    example) and has no effect on a replay.
    """

    kind: Literal["correlated"] = Field("correlated", description="Correlated diffusions, common jumps.")
    correlation: tuple[tuple[Decimal, ...], ...] = Field(
        description="Correlation matrix of the diffusions, in the order of the markets."
    )
    common_jumps: CommonJumps | None = Field(None, description="Jumps that hit all markets at the same time.")

    @field_validator("correlation")
    @classmethod
    def _is_correlation(cls, rows: tuple[tuple[Decimal, ...], ...]) -> tuple[tuple[Decimal, ...], ...]:
        if any(len(row) != len(rows) for row in rows):
            raise ValueError(f"correlation must be square, found rows of {[len(row) for row in rows]}")
        for i, row in enumerate(rows):
            if row[i] != 1:
                raise ValueError(f"correlation[{i}][{i}] must be 1, found {row[i]}")
            for j, value in enumerate(row):
                if abs(value) > 1 or rows[j][i] != value:
                    raise ValueError(f"correlation[{i}][{j}] must be in [-1, 1] and equal [{j}][{i}], found {value}")
        cholesky(np.array(rows, np.float64))
        return rows

    def factor(self, n_markets: int) -> F64:
        """Lower triangular L with L L' = correlation of the diffusions; ConfigError if the matrix has another size."""
        if len(self.correlation) != n_markets:
            raise ConfigError(f"prices.correlation has {len(self.correlation)} rows, the run has {n_markets} markets")
        return cholesky(np.array(self.correlation, np.float64))

    def shared(self, n_markets: int) -> CommonJumps | None:
        """Jumps that hit several markets at once; ConfigError if there is not one beta per market."""
        if self.common_jumps is not None and len(self.common_jumps.betas) != n_markets:
            raise ConfigError(
                f"prices.common_jumps.betas has {len(self.common_jumps.betas)} values, the run has {n_markets} markets"
            )
        return self.common_jumps


PriceSystem = Annotated[Independent | Correlated, Field(discriminator="kind")]


def cholesky(matrix: F64) -> F64:
    """Lower triangular factor of a positive semidefinite matrix, also a singular one; ValueError if it is not."""
    size = len(matrix)
    factor = np.zeros((size, size))
    for j in range(size):
        rest = matrix[j:, j] - combine(factor[j:, :j], factor[j, :j, None])[:, 0]
        if rest[0] < -1e-9 or (rest[0] < 1e-9 and np.any(np.abs(rest) > 1e-6)):
            raise ValueError("correlation must be positive semidefinite: no joint distribution has these correlations")
        if rest[0] >= 1e-9:
            factor[j:, j] = rest / np.sqrt(rest[0])
    return factor


def combine(factor: F64, rows: F64) -> F64:
    """factor (n, k) times rows (k, T), summed in the order of k: a library's sums depend on the processor."""
    total = np.zeros((len(factor), rows.shape[1]))
    for column, row in zip(factor.T, rows, strict=True):
        total += column[:, None] * row
    return total
