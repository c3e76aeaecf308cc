"""Common code of momentum and value traders, which act on the distance between the mark and an average of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...layout import SIGNAL_PARAMS_DTYPE
from ...variates import standard_normal
from ..arrivals import CHUNK, Arrivals
from ..distributions import PpmRange
from ..view import Intents, MarketView
from .base import CohortContext


@dataclass
class SignalState:
    """Arrival slots, the averages, and the traits of each trader."""

    arrivals: Arrivals
    market: int
    arrays: Any  # SignalArrays
    kernel: Callable[..., Any]


def make_signal_state(
    context: CohortContext,
    *,
    market: str,
    horizons_s: Sequence[float],
    threshold: PpmRange,
    dispersion_ppm: int,
    decision_interval_s: float,
    direction: int,
    long_only: bool,
    step_ppm: int,
    slippage_ppm: int,
) -> SignalState:
    """Return the state of a cohort: trader i uses horizon i mod H, thresholds and opinions are drawn from its
    stream."""
    from ...kernels.agents import cohorts

    number = context.market(market)
    n = len(context.rows)
    thresholds = threshold.quantile(context.rng.random(n))
    opinions = dispersion_ppm / 1e6 * standard_normal(context.rng, n)
    per_ms = n / (1000.0 * decision_interval_s)
    largest = np.floor(context.capital * float(context.max_leverage) / context.unit(number))
    arrivals = Arrivals(context.rng, per_ms, width=3)
    arrays = cohorts.SignalArrays(
        uniforms=arrivals.uniforms,
        cursor=arrivals.cursor,
        clock=arrivals.clock,
        home=np.ascontiguousarray(context.home[:, number]),
        averages=np.full(len(horizons_s), float(context.markets.mark[number])),
        horizons_ms=np.array(horizons_s) * 1000.0,
        traits=np.ascontiguousarray(np.column_stack([thresholds, opinions])),
        largest=largest.astype(np.int64),
        params=np.array([(direction, long_only, step_ppm / 1e6, slippage_ppm / 1e6, per_ms)], SIGNAL_PARAMS_DTYPE),
    )
    return SignalState(arrivals, number, arrays, cohorts.signal_orders)


def signal_orders(state: SignalState, view: MarketView, intents: Intents) -> None:
    """Update the averages for the time since the last wake and append the orders of all slots that have arrived."""
    market, is_resumed = state.market, False
    index = view.index.item(market)
    while True:
        intents.reserve(CHUNK)
        written, is_used_up = state.kernel(
            state.arrays, view.exchange, market, index, is_resumed, view.time_ms, intents.rows[intents.count :]
        )
        intents.count += written
        if not is_used_up:
            return
        state.arrivals.refill()
        is_resumed = True
