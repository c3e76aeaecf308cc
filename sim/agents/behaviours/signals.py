"""Common code of momentum and value traders, which act on the distance between the mark and an average of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...layout import SIGNAL_PARAMS_DTYPE, Records
from ...variates import standard_normal
from ..arrivals import CHUNK, Arrivals
from ..distributions import PpmRange
from ..view import Intents, MarketView
from .base import CohortContext


@dataclass
class SignalState:
    """Arrival slots, the averages, and the traits of each trader. n traders, H horizons."""

    arrivals: Arrivals
    market: int
    home: npt.NDArray[np.int32]  # (n,)
    averages: npt.NDArray[np.float64]  # (H,) ticks
    horizons_ms: npt.NDArray[np.float64]  # (H,)
    traits: npt.NDArray[np.float64]  # (n, 2) threshold, log of personal factor of value
    largest: npt.NDArray[np.int64]  # (n,) lots capital and leverage carry at the opening mark
    params: Records  # (1,) SIGNAL_PARAMS_DTYPE
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
    from ...kernels.agents.cohorts import signal_orders as kernel

    number = context.market(market)
    n = len(context.rows)
    thresholds = threshold.quantile(context.rng.random(n))
    opinions = dispersion_ppm / 1e6 * standard_normal(context.rng, n)
    per_ms = n / (1000.0 * decision_interval_s)
    largest = np.floor(context.capital * float(context.max_leverage) / context.unit(number))
    return SignalState(
        arrivals=Arrivals(context.rng, per_ms, width=3),
        market=number,
        home=np.ascontiguousarray(context.home[:, number]),
        averages=np.full(len(horizons_s), float(context.markets.mark[number])),
        horizons_ms=np.array(horizons_s) * 1000.0,
        traits=np.ascontiguousarray(np.column_stack([thresholds, opinions])),
        largest=largest.astype(np.int64),
        params=np.array([(direction, long_only, step_ppm / 1e6, slippage_ppm / 1e6, per_ms)], SIGNAL_PARAMS_DTYPE),
        kernel=kernel,
    )


def signal_orders(state: SignalState, view: MarketView, intents: Intents) -> None:
    """Update the averages for the time since the last wake and append the orders of all slots that have arrived."""
    arrivals, accounts = state.arrivals, view.accounts
    reference = view.mark if state.params["direction"][0] > 0 else view.index
    elapsed_ms = view.time_ms - float(arrivals.clock["last_ms"][0])
    while True:
        intents.reserve(CHUNK)
        intents.count += state.kernel(
            arrivals.uniforms, arrivals.cursor, arrivals.clock, state.home, state.averages, state.horizons_ms,
            state.traits, state.largest, state.params, accounts.lots, accounts.flags, state.market,
            view.mark[state.market], float(reference[state.market]), elapsed_ms, view.time_ms, intents.rows,
            intents.count,
        )  # fmt: skip
        if not arrivals.is_used_up:
            return
        arrivals.refill()
        elapsed_ms = 0.0
