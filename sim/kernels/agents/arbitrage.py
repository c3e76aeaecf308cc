"""Kernel of index-perpetual arbitrageurs: orders at arrival slots, the hedge outside, and the money they send."""

import math

from ...layout import F64, FLAG_FROZEN, I32, I64, Records
from ..elementary import log1p
from ..jit import kernel
from ..packed import Packed
from .cohorts import BUY, KIND_LIMIT, REDUCE_ONLY, SELL, TIF_IOC, arrival_key, put_order
from .makers import standing


class ArbitrageArrays(Packed):
    """Arrival slots and the purses outside of a cohort of n arbitrageurs."""

    uniforms: F64  # (slots, 2) gap, trader
    cursor: I64  # (1,) slots used
    clock: Records  # (1,) CLOCK_DTYPE
    home: I32  # (n,) rows
    outside: Records  # (n,) OUTSIDE_DTYPE
    params: Records  # (1,) ARBITRAGE_PARAMS_DTYPE
    moves: I64  # (slots, 3) row, quanta, due ms: deposits, written here


@kernel
def rehedge(outside, held, index, tick_value, now_ms):
    """Hold minus `held` lots outside, traded at the index; clear money that has arrived. Return equity outside,
    quanta."""
    if outside.sent > 0 and outside.due_ms <= now_ms:
        outside.sent = 0
    change = -held - outside.hedge
    outside.cash -= change * index * tick_value
    outside.hedge = -held
    return outside.cash + outside.hedge * index * tick_value


@kernel
def wanted_trade(held, largest, step, index, best_bid, best_ask, entry, leave):
    """Return (lots to trade, + buys; limit price): towards the basis beyond `entry`, flat inside `leave`, down to
    `largest`."""
    if abs(held) > largest:
        change = largest - held if held > 0 else -largest - held
        wide = 10.0 * entry
        limit = math.ceil(index * (1.0 - wide)) if change < 0 else math.floor(index * (1.0 + wide))
        return max(-step, min(step, change)), limit
    if best_ask > 0 and best_ask < index * (1.0 - entry):
        return max(0, min(step, largest - held)), math.floor(index * (1.0 - leave))
    if best_bid > index * (1.0 + entry):
        return -max(0, min(step, largest + held)), math.ceil(index * (1.0 + leave))
    if held > 0 and best_bid >= index * (1.0 - leave):
        return -min(step, held), math.ceil(index * (1.0 - leave))
    if held < 0 and best_ask > 0 and best_ask <= index * (1.0 + leave):
        return min(step, -held), math.floor(index * (1.0 + leave))
    return 0, 0


@kernel
def money_to_send(outside, equity, abroad, needed, low_water):
    """Quanta to send to the wallet: half the difference of the purses, if the wallet is below its low-water mark and
    nothing is on its way."""
    if outside.sent > 0 or needed <= 0 or equity >= low_water * needed or abroad <= equity:
        return 0
    return (abroad - max(0, equity)) // 2


@kernel
def arbitrage_orders(arbitrage, exchange, market, index, best_bid, best_ask, now_ms, rows):
    """Write the orders of arbitrageurs that look at arrival slots to `rows`; return (intents, deposits written to
    moves).

    arbitrage: ArbitrageArrays.  index, best_bid, best_ask: ticks.
    Capacity is leverage x the smaller purse at the index; the purse here counts money that is on its way as outside's.
    """
    uniforms, cursor, clock, params = arbitrage.uniforms, arbitrage.cursor, arbitrage.clock, arbitrage.params
    home, outside, moves = arbitrage.home, arbitrage.outside, arbitrage.moves
    accounts, markets = exchange.accounts, exchange.markets
    last_ms = clock[0].last_ms
    traders = home.shape[0]
    tick_value = markets.params[market].tick_value
    n = 0
    sent = 0
    while clock[0].next_ms <= now_ms:
        if cursor[0] == uniforms.shape[0]:
            return n, sent
        u = uniforms[cursor[0]]
        cursor[0] += 1
        at_ms = clock[0].next_ms
        clock[0].next_ms = at_ms - log1p(-u[0]) / params[0].per_ms
        trader = min(int(u[1] * traders), traders - 1)
        account = home[trader]
        purse = outside[trader]
        held = accounts.lots[account, market]
        abroad = rehedge(purse, held, index, tick_value, now_ms)
        if accounts.flags[account] & FLAG_FROZEN:
            continue
        equity, _gross, _profit = standing(accounts, markets, account)
        needed = int(abs(held) * index * tick_value / params[0].leverage)
        amount = money_to_send(purse, equity, abroad, needed, params[0].low_water)
        if amount > 0:
            purse.cash -= amount
            purse.sent = amount
            purse.due_ms = now_ms + int(params[0].delay_ms)
            moves[sent, 0], moves[sent, 1], moves[sent, 2] = account, amount, purse.due_ms
            sent += 1
        largest = max(0, int(params[0].leverage * min(equity, abroad) / (index * tick_value)))
        step = max(1, int(params[0].step * max(largest, abs(held))))
        change, limit = wanted_trade(held, largest, step, index, best_bid, best_ask, params[0].entry, params[0].exit)
        if change == 0 or limit <= 0:
            continue
        reducing = REDUCE_ONLY if held != 0 and (held > 0) != (change > 0) and abs(change) <= abs(held) else 0
        side = BUY if change > 0 else SELL
        key = arrival_key(at_ms, last_ms, float(now_ms))
        put_order(rows, n, account, market, side, KIND_LIMIT, TIF_IOC, limit, abs(change), reducing, key)
        n += 1
    clock[0].last_ms = now_ms
    return n, sent
