"""Stochastic volatility with jumps (Bates 1996): Heston's variance and Poisson jumps.

Scheme: Euler with full truncation (Lord, Koekkoek & van Dijk 2010, Quantitative Finance 10): the variance that enters
drift and diffusion is max(v, 0). Variance changes once per base tick and is constant in between, also when the grid is
refined, so a refined run shares the variance path. Bias is of the order of reversion x tick, negligible at seconds.
"""

import math
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ...elementary import log, squared
from ...policy import NonNegativeDecimal
from ...variates import standard_normal
from .jumps import JumpSize, JumpsPerYear, poisson_times
from .skeleton import (
    F64,
    YEAR_S,
    AnnualDrift,
    InitialPrice,
    PathContext,
    PriceProcessBase,
    Skeleton,
    diffusion,
)


class Bates(PriceProcessBase):
    """dv = reversion (long_run^2 - v) dt + vol_of_variance sqrt(v) dZ, with corr(dZ, dW) = leverage_correlation."""

    kind: Literal["bates"] = Field("bates", description="Stochastic volatility with Poisson jumps.")
    initial_price: InitialPrice
    annual_drift: AnnualDrift = Decimal(0)
    initial_annual_volatility: NonNegativeDecimal = Field(
        description="Volatility at the start, fraction per sqrt(year)."
    )
    long_run_annual_volatility: NonNegativeDecimal = Field(
        description="Volatility the variance reverts to, fraction per sqrt(year)."
    )
    reversion_per_year: NonNegativeDecimal = Field(description="Speed of mean reversion of the variance, per year.")
    volatility_of_variance: NonNegativeDecimal = Field(description="Volatility of the annual variance, per sqrt(year).")
    leverage_correlation: Annotated[Decimal, Field(ge=-1, le=1)] = Field(
        description="Correlation of shocks to price and variance; negative: falls raise volatility."
    )
    jumps_per_year: JumpsPerYear = Decimal(0)
    size: JumpSize | None = Field(None, description="Distribution of the log size of a jump; needed if there are any.")
    compensate: bool = Field(True, description="Subtract the jumps' mean return: E[S_t] = S_0 e^(drift t).")

    def model_post_init(self, context: object) -> None:
        """ValueError if there are jumps without a size."""
        if self.jumps_per_year > 0 and self.size is None:
            raise ValueError("size is needed when jumps_per_year is above 0")

    def variance_path(self, steps_s: F64, shocks: F64) -> F64:
        """Annual variance in each base step (T,), at least 0; `shocks` (T,) are standard normal."""
        dt_years = (steps_s / YEAR_S).tolist()
        kicks = (float(self.volatility_of_variance) * np.sqrt(steps_s / YEAR_S) * shocks).tolist()
        reversion, target = float(self.reversion_per_year), squared(float(self.long_run_annual_volatility))
        v = squared(float(self.initial_annual_volatility))
        path = []
        for dt, kick in zip(dt_years, kicks, strict=True):
            held = v if v > 0.0 else 0.0
            path.append(held)
            v += reversion * (target - held) * dt + math.sqrt(held) * kick
        return np.array(path)

    def start_price(self) -> Decimal:
        """The stated price."""
        return self.initial_price

    def skeleton(self, context: PathContext, normals: F64) -> Skeleton:
        """Return the path on the base grid."""
        own = standard_normal(context.stream("variance"), len(normals))
        rho = float(self.leverage_correlation)
        variance = self.variance_path(context.steps_s, rho * normals + math.sqrt(1 - rho * rho) * own)
        sigma = np.sqrt(variance / YEAR_S)
        generator = context.stream("jumps")
        times = poisson_times(generator, per_year=float(self.jumps_per_year), duration_ms=context.duration_ms)
        mean = float(self.jumps_per_year) * self.size.mean_return() if self.size and self.compensate else 0.0
        slope = (float(self.annual_drift) - mean - variance / 2) / YEAR_S
        start = log(float(self.initial_price))
        return Skeleton(
            line_ms=context.times_ms,
            line_log=start + np.concatenate([[0.0], np.cumsum(slope * context.steps_s)]),
            noise=diffusion(context, sigma, normals),
            noise_sigma=sigma,
            sigma=sigma,
            jump_ms=times,
            jump_log=self.size.draw(generator, len(times)) if self.size else np.zeros(0),
        )
