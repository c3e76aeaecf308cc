"""Builds the opening book: every trader's rows, money, positions and stops before the run begins.

Lays traders out as margin rows (wallets of the cohorts in order, then named agents, then isolated rows), shares the
open interest over cohorts, and has `holdings.py` draw the rest. Long lots equal short lots in every market exactly:
both sides are split from the same whole number, named agents first. The engine posts the book: deposits from OUTSIDE,
then positions against OUTSIDE at their entry prices.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

import numpy as np

from ..errors import ConfigError, at_key
from ..layout import I64
from ..rng import Streams
from ..units import PPM, QUANTA_LIMIT
from .book import Draft, OpeningBook
from .cohort import Cohort, PopulationConfig
from .draws import strata
from .holdings import Holdings, MarketTerms, draw_holdings
from .named import NamedPosition, NamedTrader
from .shares import Venue, cohort_parts, named_lots, open_interest_lots, trader_counts

__all__ = ["OpeningBook", "Venue", "build_opening", "trader_counts"]


def build_opening(
    config: PopulationConfig,
    agents: Sequence[NamedTrader],
    venue: Venue,
    *,
    streams: Streams,
    traders: int | None = None,
) -> tuple[OpeningBook, list[I64]]:
    """Return the book, and per cohort the capital (n,) of its traders beyond the margin of their positions, quanta.

    ConfigError names the cohort, agent or market that cannot be built as asked.
    """
    names = (*(cohort.name for cohort in config.cohorts), *(agent.name for agent in agents))
    if len(set(names)) != len(names):
        raise ConfigError("names of cohorts and named agents must all differ")
    counts = trader_counts(config, n_agents=len(agents), traders=traders)
    draft = _lay_out(config, agents, counts, venue.first_trader)
    open_interest = open_interest_lots(config, agents, venue)
    left = np.column_stack([open_interest, open_interest])
    for number, agent in enumerate(agents):
        with at_key("agents", number):
            _add_agent(draft, agent, venue, wallet=draft.starts[len(counts) + number], left=left, config=config)
    _add_cohorts(draft, config, venue, counts, left, open_interest, streams)
    capital = []
    for number, cohort in enumerate(config.cohorts):
        own = slice(draft.starts[number], draft.starts[number + 1])
        capital.append(_capital(cohort, venue, counts[number], draft.beside[own], streams))
        draft.deposit[own] += capital[-1]
    draft.deposit[draft.starts[len(counts)] :] += draft.beside[draft.starts[len(counts)] :]
    makes = [*(cohort.behaviour.is_maker for cohort in config.cohorts), *(False for _ in agents)]
    return draft.finish(names, makes=makes, n_cohorts=len(counts), open_interest=open_interest), capital


def _lay_out(config: PopulationConfig, agents: Sequence[NamedTrader], counts: list[int], first: int) -> Draft:
    """Wallet rows of all traders, with their leverage setting."""
    sizes = [*counts, *(1 for _ in agents)]
    highest = [*(cohort.max_leverage for cohort in config.cohorts), *(agent.max_leverage for agent in agents)]
    starts = (first + np.concatenate([[0], np.cumsum(sizes)])).astype(int).tolist()
    setting = [-(-PPM // leverage) for leverage in highest]
    return Draft(starts, np.repeat(np.array([PPM, *setting], np.int64), [first, *sizes]))


def _add_agent(
    draft: Draft, agent: NamedTrader, venue: Venue, *, wallet: int, left: I64, config: PopulationConfig
) -> None:
    """Enter a named agent's money and positions, and take the latter off the open interest left for cohorts."""
    scale = venue.share if agent.venue_scale else Decimal(1)
    draft.beside[wallet] += int(agent.deposit_quote * scale / venue.quantum)
    for number, position in enumerate(agent.positions):
        with at_key("positions", number):
            market, holding = _open_named(agent, position, venue, left, config.minimum_margin_ratio_ppm)
        draft.add(np.array([wallet]), market, holding)


def _open_named(
    agent: NamedTrader, position: NamedPosition, venue: Venue, left: I64, ratio_ppm: int
) -> tuple[int, Holdings]:
    """The market and the holding of a stated position, which is taken off what is left of the open interest."""
    market = venue.market(position.market, f"agent {agent.name}")
    lots = named_lots(agent, position, venue)
    column = 0 if position.side == "long" else 1
    if lots > left[market, column]:
        raise ConfigError(
            f"agent {agent.name}: its {position.side} position of {lots} lots exceeds what is left of the open"
            f" interest of {position.market}, {int(left[market, column])} lots"
        )
    left[market, column] -= lots
    terms = MarketTerms.of(venue.markets, market)
    price = position.entry_price
    entry = terms.mark if price is None else venue.instruments[market].to_ticks_exact(price)
    return market, _named_holding(agent, position, terms, lots if column == 0 else -lots, entry, ratio_ppm)


def _named_holding(
    agent: NamedTrader, position: NamedPosition, terms: MarketTerms, lots: int, entry: int, ratio_ppm: int
) -> Holdings:
    """One stated position; ConfigError if it would start too close to liquidation."""
    tick_value = int(terms.params["tick_value"])
    value = abs(lots) * entry * tick_value
    if max(value, abs(lots) * terms.unit) > QUANTA_LIMIT:
        raise ConfigError(
            f"agent {agent.name}: its position in {position.market} exceeds the int64 head-room at an entry of"
            f" {position.entry_price}"
        )
    margin = int((Decimal(value) / position.leverage).to_integral_value(ROUND_CEILING))
    equity = margin + lots * (terms.mark - entry) * tick_value
    maintenance = int(terms.maintenance(np.array([lots]), np.array([entry]))[0])
    if equity * PPM < maintenance * ratio_ppm:
        raise ConfigError(
            f"agent {agent.name}: its position in {position.market} would start with equity {equity} quanta, below"
            f" {ratio_ppm} ppm of its maintenance margin {maintenance:.0f}: lower its leverage"
        )
    return Holdings(
        trader=np.zeros(1, np.int64),
        lots=np.array([lots]),
        entry=np.array([entry]),
        margin=np.array([margin]),
        beside=np.zeros(1, np.int64),
        leverage=np.array([float(position.leverage)]),
        isolated=np.array([position.mode == "isolated"]),
        stop=np.zeros(1, np.int64),
        n_remargined=0,
    )


def _add_cohorts(
    draft: Draft,
    config: PopulationConfig,
    venue: Venue,
    counts: list[int],
    left: I64,
    open_interest: I64,
    streams: Streams,
) -> None:
    """Split what is left of each side over the cohorts by weight, and draw their positions."""
    for market, instrument in enumerate(venue.instruments):
        parts = cohort_parts(config, instrument.name, long_lots=int(left[market, 0]), short_lots=int(left[market, 1]))
        for part in parts:
            cohort = config.cohorts[part.cohort]
            with at_key("population", "cohorts", f"[{cohort.name}]", "opening", cohort.opening.index(part.item)):
                drawn = draw_holdings(
                    part.item,
                    MarketTerms.of(venue.markets, market),
                    n_traders=counts[part.cohort],
                    long_lots=part.long_lots,
                    short_lots=part.short_lots,
                    open_interest=int(open_interest[market]),
                    margin_ratio=config.minimum_margin_ratio_ppm / PPM,
                    rng=streams.get(f"opening/{cohort.name}/{instrument.name}"),
                    what=f"cohort {cohort.name} in {instrument.name}",
                )
            draft.add(draft.starts[part.cohort] + drawn.trader, market, drawn)


def _capital(cohort: Cohort, venue: Venue, count: int, beside: I64, streams: Streams) -> I64:
    """Money of a cohort's traders beyond margin: spare money of positions, and the cohort's own capital split as
    stated."""
    total = int(cohort.capital.quote * venue.share / venue.quantum)
    if total == 0:
        return beside.copy()
    sizes = cohort.capital.split.quantile(strata(count))
    money = np.floor(sizes * (total / float(sizes.sum()))).astype(np.int64)
    money[-1] += total - int(money.sum())
    return np.asarray(beside + streams.get(f"opening/{cohort.name}/capital").permutation(money))
