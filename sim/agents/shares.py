"""Shares of the open interest by holder, in traders and in lots: arithmetic, before anything is drawn.

Money and sizes of the config are at venue scale; here, and in `opening.py`, they are multiplied by the simulated share.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from ..errors import ConfigError, at_key
from ..instrument import Instrument
from ..layout import I64, MarketArrays
from ..units import allocate_largest_remainder
from .cohort import Cohort, OpeningPositions, OpenInterest, PopulationConfig
from .holdings import MarketTerms
from .named import NamedPosition, NamedTrader

WEIGHT_SCALE = 10**9


class Venue(NamedTuple):
    """The exchange as the opening uses it: its markets at the opening mark, the quantum, the simulated
    share."""

    instruments: tuple[Instrument, ...]
    markets: MarketArrays
    quantum: Decimal
    share: Decimal
    first_trader: int  # row of the first trader

    def market(self, name: str, who: str) -> int:
        """Number of the market called `name`; ConfigError naming `who` if there is none."""
        names = [instrument.name for instrument in self.instruments]
        if name not in names:
            raise ConfigError(f"{who}: no market is called {name!r}; the markets are {', '.join(names)}")
        return names.index(name)


def trader_counts(config: PopulationConfig, *, n_agents: int, traders: int | None) -> list[int]:
    """Traders per cohort. With `traders`, ordinary cohorts are rescaled so that all (named agents too) make that
    many."""
    counts = [cohort.traders for cohort in config.cohorts]
    if traders is None:
        return counts
    ordinary = [count if cohort.behaviour.ordinary else 0 for count, cohort in zip(counts, config.cohorts, strict=True)]
    fixed = sum(counts) - sum(ordinary) + n_agents
    n_ordinary = sum(1 for count in ordinary if count)
    if not n_ordinary or traders - fixed < n_ordinary:
        raise ConfigError(
            f"--traders {traders} is too few: {fixed} traders are makers, arbitrageurs, named agents and others with"
            f" fixed numbers, and {n_ordinary} ordinary cohorts need at least one each"
        )
    scaled = allocate_largest_remainder(traders - fixed - n_ordinary, ordinary)
    return [part + 1 if own else count for part, own, count in zip(scaled, ordinary, counts, strict=True)]


def open_interest_lots(config: PopulationConfig, agents: Sequence[NamedTrader], venue: Venue) -> I64:
    """(M,) lots, one side, after scaling; markets not listed: the positions of named agents, if they balance."""
    lots = np.zeros(len(venue.instruments), np.int64)
    for number, item in enumerate(config.open_interest):
        with at_key("population", "open_interest", number):
            market = venue.market(item.market, "population.open_interest")
            lots[market] = _stated_lots(item, market, venue)
    stated = {item.market for item in config.open_interest}
    for number, agent in enumerate(agents):
        for place, position in enumerate(agent.positions):
            if position.market not in stated:
                with at_key("agents", number, "positions", place):
                    market = venue.market(position.market, f"agent {agent.name}")
                    lots[market] += named_lots(agent, position, venue) if position.side == "long" else 0
    return lots


def _stated_lots(item: OpenInterest, market: int, venue: Venue) -> int:
    """Lots, one side, of a market's stated open interest; ConfigError if below one lot or too many."""
    instrument = venue.instruments[market]
    if item.base is not None:
        lots = instrument.to_lots(item.base * venue.share)
    else:
        assert item.quote is not None
        lots = int(item.quote * venue.share / venue.quantum) // MarketTerms.of(venue.markets, market).unit
    if lots <= 0:
        raise ConfigError(f"population.open_interest of {item.market} is below one lot after scaling by {venue.share}")
    what = f"population.open_interest of {item.market}"
    instrument.require_headroom(lots=lots, ticks=int(venue.markets.mark[market]), what=what)
    return lots


def named_lots(agent: NamedTrader, position: NamedPosition, venue: Venue) -> int:
    """Lots (positive) of a named agent's position; ConfigError if below one lot."""
    market = venue.market(position.market, f"agent {agent.name}")
    scale = venue.share if agent.venue_scale else Decimal(1)
    if position.base is not None:
        lots = venue.instruments[market].to_lots(position.base * scale)
    else:
        assert position.quote is not None
        lots = int(position.quote * scale / venue.quantum) // MarketTerms.of(venue.markets, market).unit
    if lots <= 0:
        raise ConfigError(f"agent {agent.name}: position in {position.market} is below one lot")
    return lots


class CohortPart(NamedTuple):
    """Holdings of one cohort in one market, lots per side."""

    cohort: int
    item: OpeningPositions
    long_lots: int
    short_lots: int


def cohort_parts(config: PopulationConfig, market: str, *, long_lots: int, short_lots: int) -> list[CohortPart]:
    """Split a market's lots over the cohorts that open in it, by weight, to the lot."""
    members = [(c, item) for c, cohort in enumerate(config.cohorts) for item in _items(cohort, market)]
    longs = _split_side(long_lots, [item.long_weight for _, item in members], market, "long")
    shorts = _split_side(short_lots, [item.short_weight for _, item in members], market, "short")
    return [CohortPart(c, item, *lots) for (c, item), *lots in zip(members, longs, shorts, strict=True)]


def _items(cohort: Cohort, market: str) -> list[OpeningPositions]:
    return [item for item in cohort.opening if item.market == market]


def _split_side(lots: int, weights: Sequence[Decimal], market: str, side: str) -> list[int]:
    """Split one side's lots by weight; ConfigError if lots are left and no cohort has a weight."""
    whole = [int(weight * WEIGHT_SCALE) for weight in weights]
    if sum(whole) > 0:
        return allocate_largest_remainder(lots, whole)
    if lots:
        raise ConfigError(
            f"market {market}: {lots} lots of the {side} open interest have no holder: give a cohort a"
            f" {side}_weight, or balance the named agents' positions"
        ).at("population", "cohorts")
    return [0] * len(whole)
