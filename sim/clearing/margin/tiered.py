"""Maintenance rates by tier of notional, continuous at the joins.

Decides rates, floors and deductions. `sim/kernels/margin/requirement.py` computes the margin of a position from them.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from ...errors import ConfigError
from ...instrument import to_quanta
from ...layout import TIER_DTYPE, Records
from ...policy import NonNegativeDecimal, Policy, PositiveDecimal
from ...units import PPM, QUANTA_LIMIT
from ..fees import FeeSchedule
from .schedule import RatePpm, ScheduleBase, initial_ppm_of, require_below_initial


class Tier(Policy):
    """One bracket of a tiered schedule."""

    floor_quote: NonNegativeDecimal = Field(description="minimum notional of the tier, quote units")
    maintenance_ppm: RatePpm = Field(description="maintenance margin, ppm of the base")
    max_leverage: PositiveDecimal = Field(description="maximum leverage for a position of this size")
    deduction_quote: NonNegativeDecimal | None = Field(
        None, description="published maintenance amount; checked against the derived one"
    )


class TieredMargin(ScheduleBase):
    """Maintenance rate and maximum leverage by tier of notional, continuous at the joins (CLR-MRG-001, CLR-MRG-004)."""

    kind: Literal["tiered"] = Field("tiered", description="rates by tier of notional")
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)] = Field(description="tiers, by rising floor")
    notional_cap_quote: PositiveDecimal | None = Field(
        None, description="maximum position of the last tier, quote units; null: no limit"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "TieredMargin":
        if self.tiers[0].floor_quote != 0:
            raise ValueError(f"tiers[0].floor_quote must be 0, found {self.tiers[0].floor_quote}")
        for i, tier in enumerate(self.tiers):
            require_below_initial(tier.maintenance_ppm, tier.max_leverage, f"tiers[{i}].")
            if i == 0:
                continue
            before = self.tiers[i - 1]
            if tier.floor_quote <= before.floor_quote:
                raise ValueError(
                    f"tiers[{i}].floor_quote must be above the floor before it"
                    f" ({tier.floor_quote} <= {before.floor_quote})"
                )
            if tier.maintenance_ppm <= before.maintenance_ppm:
                raise ValueError(
                    f"tiers[{i}].maintenance_ppm must rise with size"
                    f" ({tier.maintenance_ppm} <= {before.maintenance_ppm})"
                )
            if tier.max_leverage > before.max_leverage:
                raise ValueError(
                    f"tiers[{i}].max_leverage must not rise with size ({tier.max_leverage} > {before.max_leverage})"
                )
        if self.notional_cap_quote is not None and self.notional_cap_quote <= self.tiers[-1].floor_quote:
            raise ValueError(f"notional_cap_quote must exceed the last floor ({self.tiers[-1].floor_quote})")
        for i, (tier, derived) in enumerate(zip(self.tiers, self.deductions(), strict=True)):
            if tier.deduction_quote is not None and tier.deduction_quote != derived:
                raise ValueError(
                    f"tiers[{i}].deduction_quote must be {derived.normalize():f}, found {tier.deduction_quote}"
                )
        return self

    def deductions(self) -> list[Decimal]:
        """Deduction of each tier, quote units."""
        out = [Decimal(0)]
        for before, tier in zip(self.tiers, self.tiers[1:], strict=False):
            step = tier.floor_quote * (tier.maintenance_ppm - before.maintenance_ppm) / PPM
            out.append(out[-1] + step)
        return out

    def smallest_maintenance_ppm(self) -> int:
        """The first tier's rate."""
        return self.tiers[0].maintenance_ppm

    def lower(
        self, *, quantum: Decimal, fees: FeeSchedule, lot_size: Decimal = Decimal(1)
    ) -> tuple[Mapping[str, int], Records]:
        """Return the parameters and the tiers (K,); ConfigError if a floor or deduction is not whole quanta."""
        rows = []
        for i, (tier, deduction) in enumerate(zip(self.tiers, self.deductions(), strict=True)):
            try:
                floor, amount = to_quanta(tier.floor_quote, quantum), to_quanta(deduction, quantum)
            except ConfigError as error:
                raise ConfigError(f"margin.tiers[{i}]: {error}") from None
            rows.append((floor, tier.maintenance_ppm, amount, initial_ppm_of(tier.max_leverage)))
        cap = QUANTA_LIMIT if self.notional_cap_quote is None else to_quanta(self.notional_cap_quote, quantum)
        return self.params(fees, cap, len(rows), self.tiers[-1].maintenance_ppm), np.array(rows, TIER_DTYPE)
