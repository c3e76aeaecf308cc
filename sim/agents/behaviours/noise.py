"""Noise traders: orders without a view, at a rate, from random members of the cohort.

Decides: at each arrival of a Poisson process one trader sends one order, buy or sell with equal chance, market or
limit, of geometric size; a limit lies an exponential distance on the passive side of the mark and is cancelled after
its lifetime. A trader first cancels its resting orders in the market. Leaves to others: whether it can pay (the margin
check refuses orders that it cannot). Sources: zero intelligence as in Farmer, Patelli, Zovko (2005), with market and
limit flow at constant rates; 15% market orders is the share of the ZI workload in the tests; a venue's traded volume
per second at the calm hour sets `volume_quote_per_s`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ...elementary import log1p
from ...errors import ConfigError
from ...layout import NOISE_PARAMS_DTYPE
from ...policy import PositiveDecimal, PositiveInt, SharePpm
from ..arrivals import CHUNK, Arrivals
from ..view import Intents, MarketView
from .base import BehaviourPolicy, CohortContext


@dataclass
class NoiseState:
    """Arrival slots, and the ring of limit orders that will expire."""

    arrivals: Arrivals
    market: int
    arrays: Any  # NoiseArrays
    kernel: Callable[..., Any]


class Noise(BehaviourPolicy):
    """Random market and limit orders at a stated rate and volume."""

    kind: Literal["noise"] = "noise"
    ordinary: ClassVar[bool] = True

    market: str = Field(description="name of the market")
    orders_per_s: PositiveDecimal = Field(
        description="orders per second of the whole cohort, as simulated (not scaled)"
    )
    volume_quote_per_s: PositiveDecimal = Field(
        description="ordered value per second of the whole cohort, quote units at venue scale; sets the mean size"
    )
    market_order_ppm: SharePpm = Field(default=150_000, description="share of market orders, parts per million")
    limit_distance_ppm: PositiveInt = Field(default=1000, description="mean distance of a limit order from the mark")
    limit_lifetime_s: PositiveInt = Field(default=60, description="a limit order is cancelled after this time, seconds")

    def max_orders_per_s(self, traders: int) -> float:
        """The stated rate."""
        return float(self.orders_per_s)

    def initial_state(self, context: CohortContext) -> NoiseState:
        """Return the state; ConfigError if the mean order is below one lot."""
        from ...kernels.agents.cohorts import NoiseArrays, noise_orders

        market = context.market(self.market)
        rate = float(self.orders_per_s)
        mean_lots = context.venue_lots(self.volume_quote_per_s, market) / rate
        if mean_lots < 1.0:
            raise ConfigError(
                f"cohort {context.name}: mean order is {mean_lots:.3g} lots; set orders_per_s below"
                f" {rate * mean_lots:.3g}, raise volume_quote_per_s or the simulated share, or use a smaller lot"
            ).at("behaviour", "volume_quote_per_s")
        scale = -1.0 / log1p(-1.0 / mean_lots) if mean_lots > 1.0 else 0.0
        lifetime_ms = self.limit_lifetime_s * 1000
        capacity = int(rate * self.limit_lifetime_s * 2) + 1024
        arrivals = Arrivals(context.rng, rate / 1000.0, width=6)
        params = scale, self.market_order_ppm / 1e6, self.limit_distance_ppm / 1e6, lifetime_ms, rate / 1000.0
        arrays = NoiseArrays(
            uniforms=arrivals.uniforms,
            cursor=arrivals.cursor,
            clock=arrivals.clock,
            ring=np.zeros((capacity, 2), np.int64),
            ring_ends=np.zeros(2, np.int64),
            home=np.ascontiguousarray(context.home[:, market]),
            params=np.array([params], NOISE_PARAMS_DTYPE),
        )
        return NoiseState(arrivals, market, arrays, noise_orders)

    def decide(self, state: NoiseState, view: MarketView, intents: Intents) -> None:
        """Append the orders of all slots that have arrived, and the cancels of limit orders that have expired."""
        while True:
            intents.reserve(2 * CHUNK + state.arrays.ring.shape[0])
            written, is_used_up = state.kernel(
                state.arrays, view.exchange, state.market, view.time_ms, intents.rows[intents.count :]
            )
            intents.count += written
            if not is_used_up:
                return
            state.arrivals.refill()
