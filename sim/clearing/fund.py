"""Insurance funds: one FUND (cash, never below zero) and one ENGINE (inventory) per scope of markets. Rules
CLR-FND-### in RULES.md.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from ..instrument import to_quanta
from ..policy import NonNegativeDecimal, NonNegativeInt, Policy, PositiveInt, SharePpm

#: Stands for "no cap": far above any notional, far below int64.
NO_CAP = 2**62


class UnwindPolicy(Policy):
    """How ENGINE's inventory goes back to the book."""

    fraction_ppm: Annotated[SharePpm, Field(gt=0)] = Field(
        default=100_000, description="share of the inventory offered per step, at least one lot"
    )
    interval_ms: PositiveInt = Field(default=1_000, description="time between steps")
    band_ppm: NonNegativeInt = Field(
        default=5_000, le=1_000_000, description="worst price, as a distance from the mark"
    )


class FundPolicy(Policy):
    """One insurance fund and the markets it stands behind."""

    name: str = Field(min_length=1, description="name of the fund's scope")
    markets: list[str] = Field(min_length=1, description="markets in the scope")
    seed_quote: NonNegativeDecimal = Field(description="cash at the start, at venue scale")
    fee_share_ppm: SharePpm = Field(description="share of liquidation fees that the fund gets; FEES gets the rest")
    inventory_cap_quote: NonNegativeDecimal | None = Field(
        default=None, description="largest inventory ENGINE may hold at mark, at venue scale; null: no cap"
    )
    unwind: UnwindPolicy = Field(default=UnwindPolicy(), description="how the inventory goes back to the book")

    def seed_quanta(self, quantum: Decimal, scale: Decimal = Decimal(1)) -> int:
        """Cash at the start in quanta, multiplied by the simulated share and rounded down to a quantum."""
        return _scaled(self.seed_quote, quantum, scale)

    def inventory_cap_quanta(self, quantum: Decimal, scale: Decimal = Decimal(1)) -> int:
        """Inventory cap in quanta, multiplied by the simulated share and rounded down to a quantum."""
        return NO_CAP if self.inventory_cap_quote is None else _scaled(self.inventory_cap_quote, quantum, scale)


def _scaled(amount: Decimal, quantum: Decimal, scale: Decimal) -> int:
    return to_quanta((amount * scale / quantum).to_integral_value("ROUND_FLOOR") * quantum, quantum)
