"""One maintenance rate for all sizes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from ...instrument import to_quanta
from ...layout import TIER_DTYPE, Records
from ...policy import PositiveDecimal
from ...units import QUANTA_LIMIT
from ..fees import FeeSchedule
from .schedule import RatePpm, ScheduleBase, initial_ppm_of, require_below_initial


class FlatMargin(ScheduleBase):
    """One maintenance rate and one maximum leverage for all sizes (CLR-MRG-001, CLR-MRG-005)."""

    kind: Literal["flat"] = Field("flat", description="the same rates for every size")
    maintenance_ppm: RatePpm = Field(description="maintenance margin, ppm of the base")
    max_leverage: PositiveDecimal = Field(description="maximum leverage; initial margin is 1 / leverage")
    notional_cap_quote: PositiveDecimal | None = Field(
        default=None, description="maximum position, quote units; null: no limit"
    )

    @model_validator(mode="after")
    def _below_initial(self) -> "FlatMargin":
        require_below_initial(self.maintenance_ppm, self.max_leverage, "")
        return self

    def smallest_maintenance_ppm(self) -> int:
        """The one rate."""
        return self.maintenance_ppm

    def lower(
        self, *, quantum: Decimal, fees: FeeSchedule, lot_size: Decimal = Decimal(1)
    ) -> tuple[Mapping[str, int], Records]:
        """Return the parameters and the tiers (1,) that kernels read."""
        cap = QUANTA_LIMIT if self.notional_cap_quote is None else to_quanta(self.notional_cap_quote, quantum)
        table = np.array([(0, self.maintenance_ppm, 0, initial_ppm_of(self.max_leverage))], TIER_DTYPE)
        return self.params(fees, cap, 1, self.maintenance_ppm), table
