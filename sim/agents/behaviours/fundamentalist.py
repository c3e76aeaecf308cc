"""Fundamentalists and dip buyers: buy below their opinion of value, sell above it, with limited capital.

Decides: each trader holds its own opinion of value, a slow average of the index times a personal factor. At its own
random times, if the mark is below (above) by more than its threshold, it buys (sells) a step towards the position its
capital and leverage carry; near its value it goes flat. A dip buyer is the one-sided form: it never goes short. Leaves
to others: the margin check. Sources: fundamentalists as in Chiarella and Iori (2002); how much dip-buying
capital stands by in a crash is not observed: an uncertainty to sweep.
"""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from ...policy import NonNegativeInt, PositiveDecimal, PositiveInt, SharePpm
from ..distributions import PpmRange
from ..view import Intents, MarketView
from .base import BehaviourPolicy, CohortContext
from .signals import SignalState, make_signal_state, signal_orders


class _ValueTrader(BehaviourPolicy):
    market: str = Field(description="name of the market")
    memory_s: PositiveDecimal = Field(default=Decimal(86_400), description="averaging time of value, seconds")
    dispersion_ppm: NonNegativeInt = Field(
        default=10_000, description="standard deviation of personal opinions of value"
    )
    threshold: PpmRange = Field(description="a trader acts when the mark is this far from its value")
    decision_interval_s: PositiveDecimal = Field(description="mean time between two looks of one trader, seconds")
    step_ppm: SharePpm = Field(default=100_000, description="share of the maximum position traded per look")
    slippage_ppm: PositiveInt = Field(default=2000, description="worst price accepted, as a distance from the mark")

    def _state(self, context: CohortContext, *, long_only: bool) -> SignalState:
        return make_signal_state(
            context,
            market=self.market,
            horizons_s=[float(self.memory_s)],
            threshold=self.threshold,
            dispersion_ppm=self.dispersion_ppm,
            decision_interval_s=float(self.decision_interval_s),
            direction=-1,
            long_only=long_only,
            step_ppm=self.step_ppm,
            slippage_ppm=self.slippage_ppm,
        )

    def decide(self, state: SignalState, view: MarketView, intents: Intents) -> None:
        """Append the orders of the traders that looked since the last wake."""
        signal_orders(state, view, intents)


class Fundamentalist(_ValueTrader):
    """Buys below value and sells above it."""

    kind: Literal["fundamentalist"] = "fundamentalist"

    def initial_state(self, context: CohortContext) -> SignalState:
        """Return the state: value starts at the opening mark."""
        return self._state(context, long_only=False)


class DipBuyer(_ValueTrader):
    """Buys below value, sells back near it, and never goes short."""

    kind: Literal["dip_buyer"] = "dip_buyer"

    def initial_state(self, context: CohortContext) -> SignalState:
        """Return the state: value starts at the opening mark."""
        return self._state(context, long_only=True)
