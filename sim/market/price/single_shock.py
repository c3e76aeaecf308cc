"""A drift-free diffusion with one jump of a given size at a given time: the simplest stress."""

from decimal import Decimal
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ...elementary import log1p, squared
from ...errors import ConfigError
from ...policy import PositiveInt
from .skeleton import (
    F64,
    AnnualVolatility,
    InitialPrice,
    PathContext,
    PriceProcessBase,
    Skeleton,
    assemble,
)


class SingleShock(PriceProcessBase):
    """E[S_t] is constant before and after the shock; at `shock_ms` the price is multiplied by 1 + shock_fraction."""

    plays_event: ClassVar[bool] = True

    kind: Literal["single_shock"] = Field("single_shock", description="Diffusion with one jump at a given time.")
    initial_price: InitialPrice
    annual_volatility: AnnualVolatility
    shock_ms: PositiveInt = Field(description="Time of the jump since the start of the run, ms.")
    shock_fraction: Decimal = Field(description="Size of the jump as a fraction of the price: -0.1 is a fall of 10%.")

    @model_validator(mode="after")
    def _price_stays_positive(self) -> "SingleShock":
        if self.shock_fraction <= -1:
            raise ValueError(
                f"shock_fraction must be above -1, otherwise the price is not positive: {self.shock_fraction}"
            )
        return self

    def start_price(self) -> Decimal:
        """The stated price."""
        return self.initial_price

    def require_inputs(self, context: PathContext) -> None:
        """ConfigError if the shock comes after the end of the run."""
        if self.shock_ms > context.duration_ms:
            raise ConfigError(
                f"market {context.name}: price.shock_ms is {self.shock_ms},"
                f" after the end of the run ({context.duration_ms} ms)"
            ).at("shock_ms")

    def skeleton(self, context: PathContext, normals: F64) -> Skeleton:
        """Return the path on the base grid; ConfigError if the shock comes after the end of the run."""
        self.require_inputs(context)
        return assemble(
            context,
            initial_price=self.initial_price,
            normals=normals,
            annual_volatility=self.annual_volatility,
            annual_log_drift=-squared(float(self.annual_volatility)) / 2,
            jump_ms=np.array([self.shock_ms], np.int64),
            jump_log=np.array([log1p(float(self.shock_fraction))]),
        )
