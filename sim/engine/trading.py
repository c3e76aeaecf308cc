"""Steps 1 to 7 of the cycle: due money moves, the index, orders, matching, the mark, stops, funding.

Decides nothing: policies decide, kernels apply. `match` is the only way for orders to reach the books.
"""

import heapq
import math

import numpy as np

from ..elementary import half_lives
from ..errors import InvariantError
from ..kernels.book.impact_price import impact_price
from ..kernels.book.levels import ASK, BID, best_prices, recentre
from ..kernels.book.matching import cancel_account_orders
from ..kernels.book.stops import trigger_stops
from ..kernels.elementary import exp, log
from ..kernels.ledger.funding import apply_funding
from ..kernels.margin.withdrawable import free_equity
from ..kernels.step import trade
from ..layout import OUTSIDE, Reason, Records
from ..market.funding import PremiumClamp
from ..market.impact import ExogenousIndex, ImpactRule
from ..market.mark import MarkInputs
from .build import spill
from .lights import look_at_queue
from .price_range import off_range
from .world import MarketState, World

#: Half-life of the realised volatility that makers watch: "over seconds".
VOLATILITY_HALF_LIFE_S = 10.0
#: Log shift of the index whose exponential is still finite; such an index is rejected anyway.
MAX_SHIFT = 700.0


def spill_logs(world: World) -> None:
    """Pass the filled part of the logs to the event tables and empty them."""
    spill(world.log, world.events)


def match(world: World, rows: Records, n: int, *, is_sorted: bool = True, releases: bool = False) -> None:
    """Send intents rows[:n] to the books in their order, and update the view's best prices; spill the logs whenever
    they are full.

    is_sorted: False puts them in the order of arrival first.  releases: then the money of isolated positions that were
    closed goes back to their wallets (after a liquidation it does not: penalties are still to be charged).
    """
    done, is_done = 0, n == 0
    intents, scratch = rows[:n], world.intents.scratch()
    while not is_done:
        reached, is_done = trade(world.exchange, world.tick, intents, *scratch, done, is_sorted, releases)
        if not is_done:
            if reached == done and world.log.header["n_transfers"][0] == 0:
                raise InvariantError(f"cycle {world.cycle}: one order needs more room than the whole log has")
            spill_logs(world)
        done, is_sorted = reached, True
    if world.events.keeps_orders and n:
        world.events.orders(rows[:n], time_ms=world.time_ms, cycle=world.cycle)


def release_due(world: World) -> None:
    """Step 1: carry out the money moves whose time has come, each limited to what its payer can free."""
    while world.moves and world.moves[0][0] <= world.time_ms:
        move = heapq.heappop(world.moves)[2]
        quanta = move.quanta
        if move.payer != OUTSIDE:
            quanta = min(quanta, int(free_equity(world.accounts, world.markets, move.payer)))
        if quanta > 0:
            reserve_log(world, 1)
            world.ledger.transfer(payer=move.payer, payee=move.payee, quote=quanta, reason=Reason(move.reason))


def reserve_log(world: World, n_transfers: int) -> None:
    """Spill the logs unless `n_transfers` more fit."""
    header = world.log.header
    if header["log_on"][0] and header["n_transfers"][0] + n_transfers > len(world.log.transfers):
        spill_logs(world)


def update_index(world: World) -> None:
    """Step 2: the exogenous price of this instant, shifted by this venue's own flow."""
    view, seconds = world.view, world.dt_ms / 1000.0
    kept = half_lives(seconds, VOLATILITY_HALF_LIFE_S)
    prices = world.paths.price[world.step].tolist()
    for market, state in enumerate(world.market_states):
        before, index = state.index, prices[market]
        impact = world.config.markets[market].impact
        if not isinstance(impact, ExogenousIndex):
            index *= exp(min(_shift(world, market, state, impact), MAX_SHIFT))
        if not state.tick_size <= index <= state.index_limit:
            raise off_range(world, market, index, world.time_ms, key="impact")
        state.index = world.index_path[world.step, market] = index
        log_return = log(index / before)
        state.variance = kept * state.variance + (1.0 - kept) * log_return * log_return / seconds
        view.volatility[market] = math.sqrt(state.variance)
        view.index[market] = round(index / state.tick_size)


def _shift(world: World, market: int, state: MarketState, impact: ImpactRule) -> float:
    """Shift of the log index by the net taker flow since the last tick."""
    flow = int(world.markets.params["net_taker_lots"][market])
    flow_lots, state.taker_net_seen = flow - state.taker_net_seen, flow
    quote = flow_lots * int(world.markets.mark[market]) * state.tick_value * state.quantum
    return impact.step(state.impact, net_taker_quote=quote, dt_ms=world.dt_ms)


def keep_on_grid(world: World) -> None:
    """Shift the price grid of a book whose mark is within an eighth of its edge.

    Rows with an order so far away that it would fall off the grid lose their orders in that market.
    """
    size = world.books.levels.shape[1]
    for market, mark in enumerate(world.markets.mark.tolist()):
        base = int(world.books.tops["base_ticks"][market])
        if size // 8 <= mark - base < size - size // 8:
            continue
        middle = max(1, mark - size // 2)
        if middle == base:
            continue
        if not recentre(world.books, market, middle):
            _cancel_outside(world, market, middle, middle + size)
            recentre(world.books, market, middle)
            refresh_quotes(world)


def _cancel_outside(world: World, market: int, lowest: int, end: int) -> None:
    """Cancel the orders in `market` of every row that has one there outside [lowest, end) ticks."""
    orders = world.books.orders
    outside = (orders["price"] < lowest) | (orders["price"] >= end)
    rows = np.unique(orders["owner"][(orders["id"] != 0) & (orders["market"] == market) & outside]).astype(np.int64)
    cancel_account_orders(world.exchange, rows, market)


def gather_intents(world: World) -> None:
    """Step 3: every cohort and agent that is due decides; their orders are interleaved by arrival time."""
    view, intents = world.view, world.intents
    view.time_ms, view.cycle, view.dt_ms = world.time_ms, world.cycle, world.dt_ms
    look_at_queue(world)
    intents.clear()
    cohorts, agents = world.always_awake
    world.population.decide(view, intents, cohorts=[*cohorts, *world.due.cohorts], agents=[*agents, *world.due.agents])
    world.due.cohorts.clear()
    world.due.agents.clear()
    for move in intents.moves:
        heapq.heappush(world.moves, (move.due_ms, world.n_moves, move))
        world.n_moves += 1


def match_intents(world: World) -> None:
    """Step 4: orders meet the book in the order of arrival."""
    match(world, world.intents.rows, world.intents.count, is_sorted=False, releases=True)


def refresh_quotes(world: World) -> None:
    """Read the best prices of every market into the view: needed after cancels, because matching updates them."""
    for market in range(len(world.instruments)):
        bid, ask = best_prices(world.books, market)
        world.view.best_bid[market] = bid
        world.view.best_ask[market] = ask


def publish_mark(world: World, *, elapsed_ms: int) -> bool:
    """Step 5: the mark rule's price of every market; True if any mark moved.

    elapsed_ms: the tick for the first mark of a cycle, 0 when marks are repeated within it.
    """
    moved = False
    before, bids, asks = world.markets.mark.tolist(), world.view.best_bid.tolist(), world.view.best_ask.tolist()
    for market, state in enumerate(world.market_states):
        seen = MarkInputs(
            state.index / state.tick_size,
            bids[market],
            asks[market],
            state.last_trade.item(market),
            elapsed_ms,
            state.funding_rate_ppb,
            max(0, state.next_funding_ms - world.time_ms),
        )
        mark = world.config.markets[market].mark.step(state.mark, seen)
        if mark != before[market]:
            moved = True
            world.markets.mark[market] = mark
    return moved


def fire_stops(world: World) -> None:
    """Step 6: stops that the new mark triggers go into the book as market orders."""
    world.intents.clear()
    world.intents.reserve(int(world.exchange.stops.head[1]))
    count = trigger_stops(world.exchange, world.intents.rows)
    if count:
        match(world, world.intents.rows, count, releases=True)


def pay_funding(world: World) -> None:
    """Step 7: sample premiums, and pay where a payment is due."""
    sample_funding(world)
    for market in world.due.funding:
        _pay(world, market)
    world.due.funding.clear()


def sample_funding(world: World) -> None:
    """Let every market's funding rule see the premium of this instant."""
    for market, state in enumerate(world.market_states):
        rule = world.config.markets[market].funding
        bid, ask = float(world.view.best_bid[market]), float(world.view.best_ask[market])
        if (
            isinstance(rule, PremiumClamp)
            and rule.impact_notional_quote
            and rule.premium == "impact"
            and rule.is_sample_due(state.funding, dt_ms=world.dt_ms)
        ):
            share = world.config.scale.simulated_share
            bid, ask = _impact_prices(world, market, int(rule.impact_notional_quote * share / world.config.quantum))
        rule.sample(state.funding, index=state.index / state.tick_size, bid=bid, ask=ask, dt_ms=world.dt_ms)


def _impact_prices(world: World, market: int, notional: int) -> tuple[float, float]:
    """Average prices in ticks at which `notional` quanta could be sold and bought, 0 where the book is too thin."""
    return (
        float(impact_price(world.exchange, market, BID, notional)),
        float(impact_price(world.exchange, market, ASK, notional)),
    )


def _pay(world: World, market: int) -> None:
    state = world.market_states[market]
    rule = world.config.markets[market].funding
    state.funding_rate_ppb = world.sampled.funding_ppb[market] = rule.rate_ppb(state.funding)
    state.next_funding_ms = world.time_ms + (rule.interval_ms or 0)
    position, end = 0, 2 * world.accounts.quote.shape[0]
    while position < end:
        position = apply_funding(world.exchange, market, state.funding_rate_ppb, position)
        if position < end:
            spill_logs(world)
    rule.restart(state.funding)
