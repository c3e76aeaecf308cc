"""Sizes and times of jumps. Sizes are log returns: a log jump y multiplies the price by e^y.

`mean_return(beta)` is E[e^(beta y)] - 1, the compensator per jump; `mean`, `variance` are of the log size.
"""

from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from ...elementary import expm1, squared
from ...policy import Policy, PositiveDecimal, SharePpm
from ...variates import poisson, standard_exponential, standard_normal
from .skeleton import F64, I64, YEAR_S

JumpsPerYear = Annotated[Decimal, Field(ge=0, description="Expected jumps per year of 365 days.")]


class NormalJump(Policy):
    """Log size is normal (Merton 1976)."""

    kind: Literal["normal"] = Field("normal", description="Normal log sizes.")
    log_mean: Decimal = Field(description="Mean of the log size: -0.05 is a fall of about 5%.")
    log_sd: Annotated[Decimal, Field(ge=0)] = Field(description="Standard deviation of the log size.")

    def draw(self, generator: np.random.Generator, count: int) -> F64:
        """`count` independent log sizes."""
        return float(self.log_mean) + float(self.log_sd) * standard_normal(generator, count)

    def mean_return(self, beta: float = 1.0) -> float:
        """E[e^(beta y)] - 1."""
        return expm1(beta * float(self.log_mean) + 0.5 * squared(beta * float(self.log_sd)))

    @property
    def mean(self) -> float:
        """Mean log size."""
        return float(self.log_mean)

    @property
    def variance(self) -> float:
        """Variance of the log size."""
        return squared(float(self.log_sd))


class DoubleExponentialJump(Policy):
    """Log size is -Exp(down_eta) with probability down_share, else +Exp(up_eta) (Kou 2002)."""

    kind: Literal["double_exponential"] = Field("double_exponential", description="Two-sided exponential log sizes.")
    down_share_ppm: SharePpm = Field(description="Probability that a jump is down, ppm.")
    down_eta: PositiveDecimal = Field(description="1 / mean log size of down jumps: 35 is a mean fall of 2.9%.")
    up_eta: PositiveDecimal = Field(description="1 / mean log size of up jumps; above 1.")

    @model_validator(mode="after")
    def _mean_price_is_finite(self) -> "DoubleExponentialJump":
        if self.up_eta <= 1:
            raise ValueError(
                f"up_eta must be above 1, otherwise the mean of the price is infinite (found {self.up_eta})"
            )
        return self

    @property
    def _down_share(self) -> float:
        return self.down_share_ppm / 1e6

    def draw(self, generator: np.random.Generator, count: int) -> F64:
        """`count` independent log sizes."""
        is_down = generator.random(count) < self._down_share
        size = standard_exponential(generator, count)
        return np.where(is_down, -size / float(self.down_eta), size / float(self.up_eta))

    def mean_return(self, beta: float = 1.0) -> float:
        """E[e^(beta y)] - 1; ValueError if the expectation is infinite."""
        down, up = float(self.down_eta), float(self.up_eta)
        if beta >= up or beta <= -down:
            raise ValueError(f"a jump of {beta} times this size has no finite mean: beta must be in (-{down}, {up})")
        share = self._down_share
        return share * down / (down + beta) + (1 - share) * up / (up - beta) - 1

    @property
    def mean(self) -> float:
        """Mean log size."""
        return (1 - self._down_share) / float(self.up_eta) - self._down_share / float(self.down_eta)

    @property
    def variance(self) -> float:
        """Variance of the log size."""
        share = self._down_share
        square = 2 * share / squared(float(self.down_eta)) + 2 * (1 - share) / squared(float(self.up_eta))
        return square - squared(self.mean)


JumpSize = Annotated[NormalJump | DoubleExponentialJump, Field(discriminator="kind")]


def poisson_times(generator: np.random.Generator, *, per_year: float, duration_ms: int) -> I64:
    """Sorted times of a Poisson process, whole milliseconds in [1, duration]."""
    count = poisson(generator, per_year * duration_ms / 1e3 / YEAR_S)
    return to_times_ms(generator.random(count) * duration_ms, duration_ms)


def to_times_ms(times: F64, duration_ms: int) -> I64:
    """Times as sorted whole milliseconds in [1, duration]: each jump lands at the millisecond that ends it."""
    return np.clip(np.ceil(np.sort(times)), 1, duration_ms).astype(np.int64)
