"""Stand-ins for unions that have not landed yet; this file goes away with the last of them."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from sim.policy import NonNegativeDecimal, Policy, PositiveInt, SharePpm


class FlatMargin(Policy):
    """Stand-in."""

    kind: Literal["flat"] = "flat"
    maintenance_ppm: SharePpm
    initial_ppm: SharePpm


class TieredMargin(Policy):
    """Stand-in."""

    kind: Literal["tiered"] = "tiered"
    tiers: tuple[tuple[Decimal, ...], ...] = ()


MarginSchedule = Annotated[FlatMargin | TieredMargin, Field(discriminator="kind")]


class Fees(Policy):
    """Stand-in."""

    taker_ppm: int = 0
    maker_ppm: int = 0
    liquidation_ppm: int = 0


class FundPolicy(Policy):
    """Stand-in."""

    name: str
    markets: tuple[str, ...]
    seed_quote: NonNegativeDecimal = Decimal(0)
    fee_share_ppm: SharePpm = 0
    inventory_cap_quote: NonNegativeDecimal | None = None


class FullLiquidation(Policy):
    """Stand-in."""

    kind: Literal["full"] = "full"


LiquidationPolicy = FullLiquidation


class InsuranceFund(Policy):
    """Stand-in."""

    kind: Literal["insurance_fund"] = "insurance_fund"


class Adl(Policy):
    """Stand-in."""

    kind: Literal["adl"] = "adl"


WaterfallLayer = Annotated[InsuranceFund | Adl, Field(discriminator="kind")]


class Noise(Policy):
    """Stand-in."""

    kind: Literal["noise"] = "noise"


class Cohort(Policy):
    """Stand-in."""

    name: str
    traders: PositiveInt
    behaviour: Noise


class PopulationConfig(Policy):
    """Stand-in."""

    cohorts: tuple[Cohort, ...] = ()


class Whale(Policy):
    """Stand-in."""

    kind: Literal["whale"] = "whale"
    name: str


NamedAgent = Whale
