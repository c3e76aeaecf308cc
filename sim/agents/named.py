"""Base of named agents: one trader with a name, its money, its opening positions, and the interval of its wakes."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StrictInt, model_validator

from ..policy import Name, NonNegativeDecimal, Policy, PositiveDecimal, PositiveInt


class NamedPosition(Policy):
    """One opening position of a named agent. Exactly one of base and quote."""

    market: str = Field(description="name of the market")
    side: Literal["long", "short"] = Field(description="side of the position")
    base: PositiveDecimal | None = Field(default=None, description="size in base units")
    quote: PositiveDecimal | None = Field(default=None, description="size as value at the opening mark, quote units")
    entry_price: PositiveDecimal | None = Field(default=None, description="entry price; the opening mark if not given")
    leverage: PositiveDecimal = Field(description="entry value over margin; its margin comes on top of the deposit")
    mode: Literal["cross", "isolated"] = Field(default="cross", description="margin mode")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.base is None) == (self.quote is None):
            raise ValueError("give exactly one of base and quote")
        return self


class NamedTrader(Policy):
    """Fields of every named agent."""

    #: True: amounts are written at venue scale and multiplied by the simulated share; False: taken as written.
    venue_scale: ClassVar[bool] = True

    name: Name = Field(description="name of the agent")
    deposit_quote: NonNegativeDecimal = Field(
        default=Decimal(0), description="money beyond the margin of its positions"
    )
    max_leverage: Annotated[StrictInt, Field(ge=1, le=1000)] = Field(
        default=10, description="leverage setting for new orders"
    )
    interval_ms: PositiveInt = Field(default=1000, description="time between two wakes of the agent")
    positions: tuple[NamedPosition, ...] = Field(default=(), description="opening positions")

    @model_validator(mode="after")
    def _once(self) -> Self:
        markets = [position.market for position in self.positions]
        if len(set(markets)) != len(markets):
            raise ValueError(f"agent {self.name}: a market appears twice in positions")
        return self
