"""Trading and liquidation fees of one market, in parts per million of the notional traded."""

from typing import Annotated

from pydantic import Field, StrictInt, model_validator

from ..policy import Policy


class FeeSchedule(Policy):
    """Rates of one market. A negative maker rate is a rebate out of what the taker of the same fill paid (CLR-FEE-002).

    Whether liquidation fills pay the taker fee is a field of the liquidation policy (CLR-FEE-003).
    """

    taker_ppm: Annotated[StrictInt, Field(ge=0, lt=1_000_000)] = Field(
        description="fee of the incoming order, ppm of notional"
    )
    maker_ppm: Annotated[StrictInt, Field(gt=-1_000_000, lt=1_000_000)] = Field(
        description="fee of the resting order, ppm of notional; negative: a rebate"
    )
    liquidation_ppm: Annotated[StrictInt, Field(ge=0, lt=1_000_000)] = Field(
        default=0, description="penalty on liquidated notional, ppm; at most what the account has left"
    )

    @model_validator(mode="after")
    def _rebate_is_covered(self) -> "FeeSchedule":
        if self.taker_ppm + self.maker_ppm < 0:
            raise ValueError(
                f"taker_ppm + maker_ppm must not be negative ({self.taker_ppm} + {self.maker_ppm}): the exchange"
                " would pay for every trade"
            )
        return self
