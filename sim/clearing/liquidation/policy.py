"""Liquidation policies: how much of a distressed position goes to the book, at what limit, in what order, how fast.

The margin schedule decides who is distressed; the waterfall handles what the book leaves. Rules: CLR-LIQ-### in
RULES.md. A policy holds parameters only; the state of each row is in `WaitingArrays`.
"""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ...layout import (
    PLAN_DTYPE,
    STEP_COMPLIANT,
    STEP_FRACTION,
    STEP_FULL,
    STEP_TIER_FLOOR,
    STYLE_BANKRUPTCY_LIMIT,
    STYLE_MARKET,
    Records,
)
from ...policy import NonNegativeDecimal, NonNegativeInt, Policy, PositiveInt, SharePpm
from ...units import INT64_MAX

I64 = npt.NDArray[np.int64]

PRIORITIES = ("riskiest_first", "by_account_id", "random")


class LiquidationBase(Policy):
    """Base of all liquidation policies: their common fields."""

    ADDED_FIELDS: ClassVar[frozenset[str]] = frozenset({"taker_fee", "penalty_base"})

    order: Literal["bankruptcy_limit", "market"] = Field(
        default="bankruptcy_limit",
        description="IOC limit at the bankruptcy price, or a market order (within band_ppm, if given)",
    )
    band_ppm: SharePpm | None = Field(
        default=None, description="market orders only: worst price, as a distance from the mark; null: no limit"
    )
    priority: Literal["riskiest_first", "by_account_id", "random"] = Field(
        default="riskiest_first", description="order of liquidation; riskiest: lowest equity / maintenance; ties by id"
    )
    mode: Literal["batch", "interleaved"] = Field(
        default="batch", description="all on one walk of the book, or one account at a time, retested before each"
    )
    per_second: PositiveInt | None = Field(
        default=None, description="maximum liquidations started per second (bursts of one second); null: no limit"
    )
    latency_ms: NonNegativeInt = Field(default=0, description="time from the first distress to the first order")
    taker_fee: Literal["exempt", "charged"] = Field(
        default="exempt",
        description="trading fee of the liquidated account's fills: none, or the market's taker fee, at most what the"
        " account has left (OKX, Gate, BitMEX)",
    )
    penalty_base: Literal["mark", "fill"] = Field(
        default="mark", description="what the liquidation penalty is charged on: value at mark, or at the fills (dYdX)"
    )
    surplus: Literal["fund", "trader"] = Field(
        default="fund", description="who keeps the money left in an account closed above its bankruptcy price"
    )
    rounds_max: PositiveInt = Field(default=8, description="maximum clearing rounds in a cycle while the mark moves")

    @property
    def cooldown(self) -> int:
        """Milliseconds between two steps of one account."""
        return 0

    def step_code(self) -> tuple[int, int, Decimal, bool, bool]:
        """(step, share in ppm, value below which all is closed, all at the second step, a share is rounded down)."""
        raise NotImplementedError

    def lower(self, quantum: Decimal) -> Records:
        """Return the parameters as kernels read them: PLAN_DTYPE (1,), money in quanta of size `quantum`."""
        step, fraction_ppm, whole_below, then_whole, round_down = self.step_code()
        style = STYLE_MARKET if self.order == "market" else STYLE_BANKRUPTCY_LIMIT
        band_ppm = -1 if self.band_ppm is None else self.band_ppm
        below = min(int(whole_below / quantum), INT64_MAX)
        return np.array([(step, fraction_ppm, below, int(then_whole), int(round_down), style, band_ppm)], PLAN_DTYPE)


class FullLiquidation(LiquidationBase):
    """A distressed account is closed in full at once: BitMEX lowest tier, Hyperliquid up to 100k (CLR-LIQ-001)."""

    kind: Literal["full"] = "full"

    def step_code(self) -> tuple[int, int, Decimal, bool, bool]:
        """Close all."""
        return STEP_FULL, 1_000_000, Decimal(0), False, False


class TierDownLiquidation(LiquidationBase):
    """One order that restores the account: just enough contracts (CLR-LIQ-006), or down to the tier below
    (CLR-LIQ-007)."""

    kind: Literal["tier_down"] = "tier_down"
    reduce_to: Literal["compliant", "tier_floor"] = Field(
        default="compliant",
        description="compliant: minimum contracts after which equity covers maintenance (Binance's one large IOC);"
        " tier_floor: down into the tier below, then test again (BitMEX, OKX)",
    )

    def step_code(self) -> tuple[int, int, Decimal, bool, bool]:
        """Close as much as the tier or the requirement asks."""
        step = STEP_COMPLIANT if self.reduce_to == "compliant" else STEP_TIER_FLOOR
        return step, 1_000_000, Decimal(0), False, False


class FractionLiquidation(LiquidationBase):
    """A share of the position per step, with a pause between: Hyperliquid, FTX, dYdX (CLR-LIQ-008)."""

    ADDED_FIELDS: ClassVar[frozenset[str]] = LiquidationBase.ADDED_FIELDS | {"rounding"}

    kind: Literal["fraction"] = "fraction"
    fraction_ppm: Annotated[SharePpm, Field(gt=0)] = Field(description="share of the position closed per step")
    cooldown_ms: NonNegativeInt = Field(
        default=0, description="pause after a step; cut short when equity falls below zero"
    )
    whole_below_quote: NonNegativeDecimal = Field(
        default=Decimal(0), description="positions worth up to this are closed at once"
    )
    then_whole: bool = Field(default=False, description="the second step closes all (Hyperliquid)")
    rounding: Literal["up", "down"] = Field(
        default="up", description="a share that is no whole number of contracts: up, or down to no less than one (dYdX)"
    )

    @property
    def cooldown(self) -> int:
        """Milliseconds between two steps of one account."""
        return self.cooldown_ms

    def step_code(self) -> tuple[int, int, Decimal, bool, bool]:
        """Close a share."""
        round_down = self.rounding == "down"
        return STEP_FRACTION, self.fraction_ppm, self.whole_below_quote, self.then_whole, round_down


LiquidationPolicy = Annotated[
    FullLiquidation | TierDownLiquidation | FractionLiquidation,
    Field(discriminator="kind", description="how distressed accounts are liquidated"),
]
