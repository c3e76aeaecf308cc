"""Diffusion with self-exciting jumps: each jump raises the rate of further ones, which decays exponentially.

Intensity = base + sum over past jumps of branching * decay * e^(-decay * age) (Hawkes 1971). Times are drawn exactly by
the branching representation (Hawkes & Oakes 1974): base jumps are Poisson, each has Poisson(branching) children after
exponential delays. The run starts without history: the intensity at time 0 is the base rate.
"""

from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ...elementary import LN2, exp, log, squared
from ...policy import PositiveDecimal
from ...variates import poisson, poissons, standard_exponential
from .jumps import JumpSize, JumpsPerYear, to_times_ms
from .skeleton import (
    F64,
    I64,
    YEAR_S,
    AnnualDrift,
    AnnualVolatility,
    InitialPrice,
    PathContext,
    PriceProcessBase,
    Skeleton,
    constant_sigma,
    diffusion,
)


class HawkesJumps(PriceProcessBase):
    """Jumps in clusters of mean size 1 / (1 - branching), over a diffusion."""

    kind: Literal["hawkes_jumps"] = Field("hawkes_jumps", description="Diffusion with self-exciting jumps.")
    initial_price: InitialPrice
    annual_volatility: AnnualVolatility
    annual_drift: AnnualDrift = Decimal(0)
    base_jumps_per_year: JumpsPerYear
    branching_ppm: Annotated[int, Field(ge=0, lt=1_000_000, strict=True)] = Field(
        description="Mean number of further jumps that one jump triggers, ppm; below 1,000,000."
    )
    excitation_half_life_s: PositiveDecimal = Field(
        description="Half-life of the increased rate after a jump, seconds."
    )
    size: JumpSize = Field(description="Distribution of the log size of a jump.")
    compensate: bool = Field(
        True, description="Subtract the jumps' mean return at the current intensity: E[S_t] = S_0 e^(drift t)."
    )

    @property
    def decay_per_s(self) -> float:
        """Decay rate of the excitation."""
        return LN2 / float(self.excitation_half_life_s)

    def draw_times_s(self, generator: np.random.Generator, duration_s: float) -> F64:
        """Times of all jumps in [0, duration), unsorted."""
        branching = self.branching_ppm / 1e6
        count = poisson(generator, float(self.base_jumps_per_year) / YEAR_S * duration_s)
        parents: F64 = generator.random(count) * duration_s
        generations = [parents]
        while len(parents):
            parents = np.repeat(parents, poissons(generator, branching, len(parents)))
            parents = parents + standard_exponential(generator, len(parents)) / self.decay_per_s
            parents = parents[parents < duration_s]
            generations.append(parents)
        return np.concatenate(generations)

    def integrated_intensity(self, jumps_ms: I64, times_ms: I64) -> F64:
        """Expected jumps up to each of `times_ms` given those before it (compensator of the counting process)."""
        decay = self.decay_per_s / 1e3
        base: F64 = float(self.base_jumps_per_year) / YEAR_S / 1e3 * times_ms.astype(np.float64)
        if len(jumps_ms) == 0:
            return base
        n_before = np.searchsorted(jumps_ms, times_ms, side="right")
        left = np.zeros(len(times_ms))  # sum over past jumps of e^(-decay age), updated from tick to tick
        level, previous, seen = 0.0, 0, 0
        jumps = jumps_ms.tolist()
        for k, (now, n) in enumerate(zip(times_ms.tolist(), n_before.tolist(), strict=True)):
            level *= exp(-decay * (now - previous)) if level else 1.0
            for i in range(seen, n):
                level += exp(-decay * (now - jumps[i]))
            previous, seen = now, n
            left[k] = level
        return base + self.branching_ppm / 1e6 * (n_before - left)

    def start_price(self) -> Decimal:
        """The stated price."""
        return self.initial_price

    def skeleton(self, context: PathContext, normals: F64) -> Skeleton:
        """Return the path on the base grid; the compensator is straight within a base step."""
        generator = context.stream("jumps")
        raw = self.draw_times_s(generator, context.duration_ms / 1e3)
        times = to_times_ms(raw * 1e3, context.duration_ms)
        annual = float(self.annual_drift) - squared(float(self.annual_volatility)) / 2
        line: F64 = log(float(self.initial_price)) + annual / YEAR_S * context.times_ms.astype(np.float64) / 1e3
        if self.compensate:
            line = line - self.size.mean_return() * self.integrated_intensity(times, context.times_ms)
        sigma = constant_sigma(context, self.annual_volatility)
        return Skeleton(
            line_ms=context.times_ms,
            line_log=line,
            noise=diffusion(context, sigma, normals),
            noise_sigma=sigma,
            sigma=sigma,
            jump_ms=times,
            jump_log=self.size.draw(generator, len(times)),
        )
