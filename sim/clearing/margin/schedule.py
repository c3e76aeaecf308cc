"""Common to all margin schedules: the base of the rates, the closing fee, and the lowered parameters.

Tiers are floors of notional with a maintenance rate and a maximum leverage. The deduction ("maintenance amount") of a
tier is derived so that the requirement is continuous: cum_n = cum_{n-1} + floor_n x (mmr_n - mmr_{n-1}).
Source: binance.com support b3c689c1f50a44cabb3a84e663b81d93, read 2026-11.
"""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from ...errors import ConfigError
from ...layout import Records
from ...policy import Policy
from ...units import PPM
from ..fees import FeeSchedule

_BASES = {"mark": 0, "entry": 1, "mark_plus_fee": 2}

RatePpm = Annotated[StrictInt, Field(gt=0, lt=PPM)]
MarginBaseName = Literal["mark", "entry", "mark_plus_fee"]


def initial_ppm_of(leverage: Decimal) -> int:
    """Initial-margin rate of a leverage, ppm, rounded up."""
    return int((PPM / leverage).to_integral_value(ROUND_CEILING))


class ScheduleBase(Policy):
    """Base of the shipped schedules: the base of the rates, and how the parameters are lowered."""

    base: MarginBaseName = Field(
        "mark",
        description="base of the maintenance rate: notional at mark (Binance), at entry (Bybit isolated), or"
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

    def lower(
        self, *, quantum: Decimal, fees: FeeSchedule, lot_size: Decimal = Decimal(1)
    ) -> tuple[Mapping[str, int], Records]:
        """Return the parameters and the tiers (K,) that kernels read: floor, maintenance ppm, deduction, initial
        ppm."""
        raise NotImplementedError

    def params(self, fees: FeeSchedule, cap: int, n_tiers: int, highest_ppm: int) -> dict[str, int]:
        """Return the parameters that kernels read; ConfigError if no equity could cover the rates."""
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


def require_below_initial(maintenance_ppm: int, max_leverage: Decimal, where: str) -> None:
    """Raise ValueError unless the maintenance rate is below the initial rate of the leverage."""
    initial = initial_ppm_of(max_leverage)
    if maintenance_ppm >= initial:
        raise ValueError(
            f"{where}maintenance_ppm must be below the initial rate of {max_leverage}x ({maintenance_ppm} >= {initial})"
        )
