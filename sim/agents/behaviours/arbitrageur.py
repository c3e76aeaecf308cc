"""Index-perpetual arbitrageurs: buy the perpetual below the index and sell it above, hedged outside, with finite
capital on both sides.

Decides: at its own random times an arbitrageur compares the best quotes with the index. Beyond `entry_ppm` it takes
the quote, down to `exit_ppm`; inside `exit_ppm` it unwinds. Its position is limited by the smaller of its two purses:
the wallet on this venue and the money outside, where it holds the opposite position at the index. When the wallet runs
short it sends money from outside, which arrives after a delay. If it is deleveraged here, the hedge outside is closed
at the index at its next look: until then it is unhedged. Leaves to others: the outside market (any size at the index,
no cost: stated, not modelled). Sources: limits of arbitrage, Shleifer and Vishny (1997); entry of 5-20
bp covers two taker fees; capital and delay are assumptions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ...layout import ARBITRAGE_PARAMS_DTYPE, OUTSIDE, OUTSIDE_DTYPE, Reason
from ...policy import NonNegativeDecimal, NonNegativeInt, PositiveDecimal, PositiveInt, SharePpm
from ..arrivals import CHUNK, Arrivals
from ..view import CashMove, Intents, MarketView
from .base import BehaviourPolicy, CohortContext


@dataclass
class ArbitrageurState:
    """Arrival slots and the purses outside."""

    arrivals: Arrivals
    market: int
    arrays: Any  # ArbitrageArrays
    kernel: Callable[..., Any]


class Arbitrageur(BehaviourPolicy):
    """Ties the perpetual to the index as far as capital allows."""

    kind: Literal["arbitrageur"] = "arbitrageur"
    is_hedged: ClassVar[bool] = True

    market: str = Field(description="name of the market")
    entry_ppm: PositiveInt = Field(description="basis beyond which it takes a position")
    exit_ppm: NonNegativeInt = Field(
        default=0, description="basis inside which it unwinds, and the worst price it accepts on entry"
    )
    decision_interval_s: PositiveDecimal = Field(description="mean time between two looks of one arbitrageur, seconds")
    step_ppm: SharePpm = Field(default=200_000, description="share of its capacity traded per look")
    outside_quote: NonNegativeDecimal = Field(
        description="the whole cohort's money outside the venue, quote units at venue scale"
    )
    low_water_ppm: SharePpm = Field(
        default=500_000, description="money is sent when wallet equity is below this share of what the position needs"
    )
    transfer_delay_ms: NonNegativeInt = Field(default=600_000, description="money from outside arrives after this time")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.exit_ppm >= self.entry_ppm:
            raise ValueError(f"exit_ppm must be below entry_ppm ({self.exit_ppm} >= {self.entry_ppm})")
        return self

    def initial_state(self, context: CohortContext) -> ArbitrageurState:
        """Return the state: flat, the outside money split like the capital here."""
        from ...kernels.agents.arbitrage import ArbitrageArrays, arbitrage_orders

        market = context.market(self.market)
        n = len(context.rows)
        outside = np.zeros(n, OUTSIDE_DTYPE)
        outside["cash"] = np.floor(context.split(float(self.outside_quote * context.share / context.quantum)))
        per_ms = n / (1000.0 * float(self.decision_interval_s))
        params = (
            self.entry_ppm / 1e6,
            self.exit_ppm / 1e6,
            self.step_ppm / 1e6,
            self.low_water_ppm / 1e6,
            float(self.transfer_delay_ms),
            float(context.max_leverage),
            per_ms,
        )
        arrivals = Arrivals(context.rng, per_ms, width=2)
        arrays = ArbitrageArrays(
            uniforms=arrivals.uniforms,
            cursor=arrivals.cursor,
            clock=arrivals.clock,
            home=np.ascontiguousarray(context.home[:, market]),
            outside=outside,
            params=np.array([params], ARBITRAGE_PARAMS_DTYPE),
            moves=np.zeros((CHUNK, 3), np.int64),
        )
        return ArbitrageurState(arrivals, market, arrays, arbitrage_orders)

    def decide(self, state: ArbitrageurState, view: MarketView, intents: Intents) -> None:
        """Append the orders, and the deposits on their way, of the arbitrageurs that looked since the last wake."""
        arrivals, market = state.arrivals, state.market
        index, bid, ask = view.index.item(market), view.best_bid.item(market), view.best_ask.item(market)
        while True:
            intents.reserve(CHUNK)
            written, moved = state.kernel(
                state.arrays, view.exchange, market, index, bid, ask, view.time_ms, intents.rows[intents.count :]
            )  # fmt: skip
            intents.count += written
            for row, quanta, due_ms in state.arrays.moves[:moved].tolist() if moved else ():
                intents.moves.append(CashMove(due_ms, OUTSIDE, row, quanta, Reason.DEPOSIT))
            if not arrivals.is_used_up:
                return
            arrivals.refill()
