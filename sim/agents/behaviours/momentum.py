"""Momentum traders: buy after a rise, sell after a fall, over horizons of their own.

Decides: at its own random times a trader compares the mark with a moving average of it. Beyond its threshold it moves
a step towards a position in the direction of the move, limited by its capital and leverage; when the move has
faded it goes flat. Orders are immediate-or-cancel limits with a slippage tolerance. Leaves to others: the
margin check. Sources: chartists as in Chiarella and Iori (2002) and Brock and Hommes (1998); horizons of seconds to
an hour and thresholds of 0.1-1% are assumptions, to be swept.
"""

from typing import Literal

from pydantic import Field

from ...policy import PositiveDecimal, PositiveInt, SharePpm
from ..distributions import PpmRange
from ..view import Intents, MarketView
from .base import BehaviourPolicy, CohortContext
from .signals import SignalState, make_signal_state, signal_orders


class Momentum(BehaviourPolicy):
    """Trend followers with limited capital."""

    kind: Literal["momentum"] = "momentum"

    market: str = Field(description="name of the market")
    horizons_s: tuple[PositiveDecimal, ...] = Field(
        min_length=1, description="averaging times, seconds; assigned to the traders in turn"
    )
    threshold: PpmRange = Field(description="a trader acts when the mark is this far from its average")
    decision_interval_s: PositiveDecimal = Field(description="mean time between two looks of one trader, seconds")
    step_ppm: SharePpm = Field(default=250_000, description="share of the maximum position traded per look")
    slippage_ppm: PositiveInt = Field(default=5000, description="worst price accepted, as a distance from the mark")

    def initial_state(self, context: CohortContext) -> SignalState:
        """Return the state: averages start at the opening mark."""
        return make_signal_state(
            context,
            market=self.market,
            horizons_s=[float(h) for h in self.horizons_s],
            threshold=self.threshold,
            dispersion_ppm=0,
            decision_interval_s=float(self.decision_interval_s),
            direction=1,
            long_only=False,
            step_ppm=self.step_ppm,
            slippage_ppm=self.slippage_ppm,
        )

    def decide(self, state: SignalState, view: MarketView, intents: Intents) -> None:
        """Append the orders of the traders that looked since the last wake."""
        signal_orders(state, view, intents)
