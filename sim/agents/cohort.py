"""The population section of a config: cohorts of like traders, their opening holdings, and the venue's open interest.

Money and sizes are written at venue scale; `Population.build` multiplies them by the simulated share, once.
"""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StrictInt, model_validator

from ..policy import Name, NonNegativeDecimal, Policy, PositiveDecimal, PositiveInt, SharePpm
from .behaviours import Behaviour
from .distributions import Ageing, EqualSizes, LeverageDistribution, PpmRange, SizeDistribution


class Capital(Policy):
    """Money of a cohort beyond the margin of its opening positions."""

    quote: NonNegativeDecimal = Field(
        default=Decimal(0), description="money of the whole cohort, quote units at venue scale"
    )
    split: SizeDistribution = Field(default=EqualSizes(), description="how it is split over the traders")


class Stops(Policy):
    """Stop-losses placed at the opening: market orders, reduce-only, triggered by the mark."""

    accounts_ppm: SharePpm = Field(description="share of the positions that have a stop, parts per million")
    distance: PpmRange = Field(description="distance of the trigger from the opening mark, on the losing side")


class OpeningPositions(Policy):
    """Holdings of a cohort in one market before the run begins."""

    market: str = Field(description="name of the market")
    long_weight: NonNegativeDecimal = Field(
        description="this cohort's part of the market's long open interest, relative"
    )
    short_weight: NonNegativeDecimal = Field(
        description="this cohort's part of the market's short open interest, relative"
    )
    accounts_ppm: SharePpm = Field(default=1_000_000, description="share of the cohort's traders with a position here")
    long_accounts_ppm: SharePpm = Field(
        default=500_000, description="share of those that are long (notional balances anyway)"
    )
    size: SizeDistribution = Field(description="sizes of positions, relative")
    largest_share_ppm: SharePpm = Field(description="maximum position as a share of the market's open interest")
    leverage: LeverageDistribution = Field(description="leverage of positions, given size under the margin tiers")
    isolated_ppm: SharePpm = Field(default=0, description="share of positions on isolated margin")
    capital_share_per_position: PpmRange = Field(
        default=PpmRange(low_ppm=1_000_000, high_ppm=1_000_000),
        description="margin of the position over margin plus spare wallet money",
    )
    ageing: Ageing = Field(description="distance of entry prices from the opening price")
    stops: Stops | None = Field(default=None, description="stop-losses placed at the opening")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.capital_share_per_position.low_ppm == 0:
            raise ValueError("capital_share_per_position.low_ppm must be above 0")
        if self.capital_share_per_position.high_ppm > 1_000_000:
            raise ValueError("capital_share_per_position.high_ppm must not exceed 1,000,000")
        if self.stops is not None and not 0 < self.stops.distance.low_ppm <= self.stops.distance.high_ppm < 1_000_000:
            raise ValueError("stops.distance must lie between 1 and 999,999 ppm")
        return self


#: Cohorts that custom positions add: accounts that only hold, and the account that balances longs and shorts.
OWN_BOOK, RESIDUAL = "own book", "residual account"


class Cohort(Policy):
    """A group of traders that decide alike, each an individual with its own wallet, positions and orders."""

    name: Name = Field(description="name of the cohort")
    traders: PositiveInt = Field(description="number of traders")
    behaviour: Behaviour = Field(description="how each of them decides")
    interval_ms: PositiveInt = Field(
        default=1000,
        description="time between two wakes of the cohort; makers at least as often as they look; flow per second"
        " does not depend on it",
    )
    capital: Capital = Field(default=Capital(), description="money beyond the margin of opening positions")
    max_leverage: Annotated[StrictInt, Field(ge=1, le=1000)] = Field(
        default=10, description="leverage setting of traders that hold no opening position"
    )
    opening: tuple[OpeningPositions, ...] = Field(default=(), description="opening positions, by market")

    @model_validator(mode="after")
    def _once(self) -> Self:
        markets = [item.market for item in self.opening]
        if len(set(markets)) != len(markets):
            raise ValueError(f"cohort {self.name}: a market appears twice in opening")
        return self


class OpenInterest(Policy):
    """A market's open interest at the opening, venue scale: exactly one of base or quote."""

    market: str = Field(description="name of the market")
    base: PositiveDecimal | None = Field(default=None, description="contracts in base units, one side")
    quote: PositiveDecimal | None = Field(
        default=None, description="value at the opening mark in quote units, one side"
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.base is None) == (self.quote is None):
            raise ValueError("give exactly one of base and quote")
        return self


class PopulationConfig(Policy):
    """All cohorts and the open interest they share."""

    open_interest: tuple[OpenInterest, ...] = Field(default=(), description="open interest by market, venue scale")
    cohorts: tuple[Cohort, ...] = Field(default=(), description="cohorts")
    minimum_margin_ratio_ppm: Annotated[StrictInt, Field(ge=1_000_000)] = Field(
        default=1_200_000,
        description="minimum equity of a position at the start, as a multiple of its maintenance margin, ppm",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [cohort.name for cohort in self.cohorts]
        if len(set(names)) != len(names):
            raise ValueError("cohort names must differ")
        stated = [item.market for item in self.open_interest]
        if len(set(stated)) != len(stated):
            raise ValueError("a market appears twice in open_interest")
        for cohort in self.cohorts:
            for item in cohort.opening:
                if item.market not in stated:
                    raise ValueError(f"cohort {cohort.name} opens in {item.market}, which open_interest does not list")
        return self
