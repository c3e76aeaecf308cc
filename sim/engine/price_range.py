"""Which index prices a run can hold: at least one tick, and so low that the open interest fits whole quanta in int64.

A price outside the range raises an error that names market, time and key. It is never clipped silently: the remains of
a book after an extreme jump would look like a result.
"""

import numpy as np

from ..config.places import error_at
from ..errors import ConfigError
from ..instrument import Instrument
from ..market.price.paths import PathSet
from ..units import QUANTA_LIMIT
from .world import World


def require_ticks(paths: PathSet, instruments: tuple[Instrument, ...]) -> None:
    """ConfigError if a market's exogenous price is below one tick, not a number, or too many ticks for int64."""
    for market, instrument in enumerate(instruments):
        prices, tick = paths.price[:, market], float(instrument.tick_size)
        wrong = np.flatnonzero(~((prices >= tick) & (prices < tick * QUANTA_LIMIT)))
        if len(wrong):
            at = int(wrong[0])
            limit = tick * QUANTA_LIMIT
            text = _words(instrument, float(prices[at]), int(paths.times_ms[at]), limit)
            raise ConfigError(text).at("markets", market, "price")


def set_limits(world: World) -> None:
    """Note each market's highest index in its state; ConfigError if the exogenous price rises above it."""
    held = np.maximum(world.accounts.lots, 0).sum(axis=0).tolist()
    for market, state in enumerate(world.market_states):
        state.index_limit = QUANTA_LIMIT / (max(1, held[market]) * state.tick_value) * state.tick_size
        prices = world.paths.price[:, market]
        at = int(prices.argmax())
        if prices[at] > state.index_limit:
            raise off_range(world, market, float(prices[at]), int(world.paths.times_ms[at]))


def off_range(world: World, market: int, price: float, time_ms: int, *, key: str = "price") -> ConfigError:
    """Message for an index price outside the range of its market; key: the config key that moved it there."""
    limit = world.market_states[market].index_limit
    return error_at(world.config, _words(world.instruments[market], price, time_ms, limit), "markets", market, key)


def _words(instrument: Instrument, price: float, time_ms: int, limit: float = np.inf) -> str:
    where = f"the index of {instrument.name} would be {price:g} at {time_ms:,} ms"
    if price > limit:
        return (
            f"{where}, where its open interest exceeds the int64 head-room of {QUANTA_LIMIT} quanta of"
            f" {instrument.quantum}; choose a milder process, a coarser quantum or a smaller book"
        )
    return f"{where}; it must be at least one tick, {instrument.tick_size}: choose a milder process or a smaller tick"
