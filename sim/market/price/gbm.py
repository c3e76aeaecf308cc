"""Geometric Brownian motion: no jumps. Exact on any grid."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from ...elementary import squared
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


class Gbm(PriceProcessBase):
    """dS/S = drift dt + volatility dW."""

    kind: Literal["gbm"] = Field("gbm", description="Geometric Brownian motion.")
    initial_price: InitialPrice
    annual_volatility: AnnualVolatility
    annual_drift: AnnualDrift = Decimal(0)

    def start_price(self) -> Decimal:
        """The stated price."""
        return self.initial_price

    def skeleton(self, context: PathContext, normals: F64) -> Skeleton:
        """Return the path on the base grid."""
        return assemble(
            context,
            initial_price=self.initial_price,
            normals=normals,
            annual_volatility=self.annual_volatility,
            annual_log_drift=float(self.annual_drift) - squared(float(self.annual_volatility)) / 2,
        )
