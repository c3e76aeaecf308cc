"""Diffusion with Poisson jumps: the common part of Merton and Kou. Subclasses define the `size` of a jump."""

from decimal import Decimal

from pydantic import Field

from ...elementary import squared
from .jumps import DoubleExponentialJump, JumpsPerYear, NormalJump, poisson_times
from .skeleton import (
    F64,
    AnnualDrift,
    AnnualVolatility,
    InitialPrice,
    PathContext,
    PriceProcessBase,
    Skeleton,
    assemble,
)


class PoissonJumps(PriceProcessBase):
    """dS/S- = drift dt + volatility dW + (e^y - 1) dN, minus the jumps' mean if `compensate` is true."""

    initial_price: InitialPrice
    annual_volatility: AnnualVolatility
    annual_drift: AnnualDrift = Decimal(0)
    jumps_per_year: JumpsPerYear
    compensate: bool = Field(
        True, description="Subtract the jumps' mean return, so that E[S_t] = S_0 e^(drift t) with the jumps included."
    )

    @property
    def size(self) -> NormalJump | DoubleExponentialJump:
        """Distribution of the log size of a jump."""
        raise NotImplementedError

    @property
    def annual_log_drift(self) -> float:
        """Drift per year of the log price between jumps."""
        mean = float(self.jumps_per_year) * self.size.mean_return() if self.compensate else 0.0
        return float(self.annual_drift) - squared(float(self.annual_volatility)) / 2 - mean

    def start_price(self) -> Decimal:
        """The stated price."""
        return self.initial_price

    def skeleton(self, context: PathContext, normals: F64) -> Skeleton:
        """Return the path on the base grid."""
        generator = context.stream("jumps")
        times = poisson_times(generator, per_year=float(self.jumps_per_year), duration_ms=context.duration_ms)
        return assemble(
            context,
            initial_price=self.initial_price,
            normals=normals,
            annual_volatility=self.annual_volatility,
            annual_log_drift=self.annual_log_drift,
            jump_ms=times,
            jump_log=self.size.draw(generator, len(times)),
        )
