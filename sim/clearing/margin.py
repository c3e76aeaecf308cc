"""Margin schedules: what a position must hold, by its size. Decides the table that kernels read; not when it is tested.

Tiers are floors of notional with a maintenance rate and a largest leverage. The deduction ("maintenance amount") of a
tier is derived so that the requirement is continuous: cum_n = cum_{n-1} + floor_n x (mmr_n - mmr_{n-1}).
Source: binance.com support b3c689c1f50a44cabb3a84e663b81d93, read 2026-11.
"""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, StrictBool, StrictInt, model_validator

from ..errors import ConfigError
from ..instrument import to_quanta
from ..policy import NonNegativeDecimal, Policy, PositiveDecimal
from ..units import PPM, QUANTA_LIMIT
from .fees import FeeSchedule

I64 = npt.NDArray[np.int64]

#: Columns of a lowered tier, the same as sim/kernels/state.py's.
FLOOR, MAINTENANCE_PPM, DEDUCTION, INITIAL_PPM = range(4)
_BASES = {"mark": 0, "entry": 1, "mark_plus_fee": 2}

RatePpm = Annotated[StrictInt, Field(gt=0, lt=PPM)]
MarginBaseName = Literal["mark", "entry", "mark_plus_fee"]


def initial_ppm_of(leverage: Decimal) -> int:
    """Initial-margin rate of a leverage, ppm, rounded up."""
    return int((PPM / leverage).to_integral_value(ROUND_CEILING))


class _Schedule(Policy):
    base: MarginBaseName = Field(
        "mark",
        description="what the maintenance rate is applied to: notional at mark (Binance), at entry (Bybit isolated), or"
        " notional at mark with the taker fee of the close added (OKX)",
    )
    distressed_at_or_below: StrictBool = Field(
        False, description="true: equity exactly at the requirement is distressed too"
    )

    def smallest_maintenance_ppm(self) -> int:
        """Smallest maintenance rate of the schedule, ppm."""
        raise NotImplementedError

    def close_fee_ppm(self, fees: FeeSchedule) -> int:
        """Rate of the closing fee that is part of the requirement, ppm."""
        return fees.taker_ppm if self.base == "mark_plus_fee" else 0

    def _params(self, fees: FeeSchedule, cap: int, n_tiers: int, highest_ppm: int) -> dict[str, int]:
        close_fee = self.close_fee_ppm(fees)
        if highest_ppm + close_fee >= PPM:
            raise ConfigError(
                f"margin: maintenance_ppm and the closing fee together must stay below {PPM} ppm"
                f" ({highest_ppm} + {close_fee})"
            )
        return {
            "margin_base": _BASES[self.base],
            "close_fee_ppm": close_fee,
            "n_tiers": n_tiers,
            "notional_cap": cap,
            "at_or_below": int(self.distressed_at_or_below),
        }


class FlatMargin(_Schedule):
    """One maintenance rate and one largest leverage for all sizes (CLR-MRG-001, CLR-MRG-005)."""

    kind: Literal["flat"] = Field("flat", description="the same rates for every size")
    maintenance_ppm: RatePpm = Field(description="maintenance margin, ppm of the base")
    max_leverage: PositiveDecimal = Field(description="largest leverage; initial margin is 1 / leverage")
    notional_cap_quote: PositiveDecimal | None = Field(
        default=None, description="largest position, quote units; null: no limit"
    )

    @model_validator(mode="after")
    def _below_initial(self) -> "FlatMargin":
        _require_below_initial(self.maintenance_ppm, self.max_leverage, "")
        return self

    def smallest_maintenance_ppm(self) -> int:
        """The one rate."""
        return self.maintenance_ppm

    def lower(self, *, quantum: Decimal, fees: FeeSchedule) -> tuple[Mapping[str, int], I64]:
        """Return the parameters and the tier table (1, 4) that kernels read."""
        cap = QUANTA_LIMIT if self.notional_cap_quote is None else to_quanta(self.notional_cap_quote, quantum)
        table = np.array([[0, self.maintenance_ppm, 0, initial_ppm_of(self.max_leverage)]], np.int64)
        return self._params(fees, cap, 1, self.maintenance_ppm), table


class Tier(Policy):
    """One bracket of a tiered schedule."""

    floor_quote: NonNegativeDecimal = Field(description="smallest notional of the tier, quote units")
    maintenance_ppm: RatePpm = Field(description="maintenance margin, ppm of the base")
    max_leverage: PositiveDecimal = Field(description="largest leverage a position of this size may have chosen")
    deduction_quote: NonNegativeDecimal | None = Field(
        None, description="maintenance amount as published; checked against the derived one"
    )


class TieredMargin(_Schedule):
    """Maintenance rate and largest leverage by tier of notional, continuous at the joins (CLR-MRG-001, CLR-MRG-004)."""

    kind: Literal["tiered"] = Field("tiered", description="rates by tier of notional")
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)] = Field(description="tiers, by rising floor")
    notional_cap_quote: PositiveDecimal | None = Field(
        None, description="largest position of the last tier, quote units; null: no limit"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "TieredMargin":
        if self.tiers[0].floor_quote != 0:
            raise ValueError(f"tiers[0].floor_quote must be 0, found {self.tiers[0].floor_quote}")
        for i, tier in enumerate(self.tiers):
            _require_below_initial(tier.maintenance_ppm, tier.max_leverage, f"tiers[{i}].")
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

    def lower(self, *, quantum: Decimal, fees: FeeSchedule) -> tuple[Mapping[str, int], I64]:
        """Return the parameters and the tier table (K, 4); ConfigError if a floor or deduction is not whole quanta."""
        rows = []
        for i, (tier, deduction) in enumerate(zip(self.tiers, self.deductions(), strict=True)):
            try:
                floor, amount = to_quanta(tier.floor_quote, quantum), to_quanta(deduction, quantum)
            except ConfigError as error:
                raise ConfigError(f"margin.tiers[{i}]: {error}") from None
            rows.append([floor, tier.maintenance_ppm, amount, initial_ppm_of(tier.max_leverage)])
        cap = QUANTA_LIMIT if self.notional_cap_quote is None else to_quanta(self.notional_cap_quote, quantum)
        return self._params(fees, cap, len(rows), self.tiers[-1].maintenance_ppm), np.array(rows, np.int64)


def _require_below_initial(maintenance_ppm: int, max_leverage: Decimal, where: str) -> None:
    initial = initial_ppm_of(max_leverage)
    if maintenance_ppm >= initial:
        raise ValueError(
            f"{where}maintenance_ppm must be below the initial rate of {max_leverage}x ({maintenance_ppm} >= {initial})"
        )


MarginSchedule = Annotated[FlatMargin | TieredMargin, Field(discriminator="kind")]
