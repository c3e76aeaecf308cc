"""Kernel of market makers: when to requote, and the ladder each quotes. Bands are cumulative, sizes whole lots.

Factors on the quoted size of a side, each 1 when calm:
  volatility  min(1, (tolerance / ratio)**power), ratio = realised / calm volatility
  deleveraging  1 - aversion x quantile in the ADL queue x unrealised profit / equity (at most 1)
  equity      position that equity can still carry over that at the opening: less where it adds to the position
  inventory   1 - |inventory| / limit, on the side that adds to the position
  depletion   1 - the share taken on that side and not yet refilled (half-life)
Distances widen by ratio**widening; the middle is skewed against the inventory. Neither time nor the fall of the price
is an input.
"""

import math

from ...layout import F64, FLAG_FROZEN, I32, I64, Records
from ..elementary import power
from ..jit import kernel
from ..packed import Packed
from .cohorts import BUY, KEYS, KIND_CANCEL_ALL, KIND_LIMIT, SELL, TIF_GTC, TIF_POST_ONLY, put_order


class MakerArrays(Packed):
    """Quotes and state of the makers of one cohort. n makers, L levels per side."""

    home: I32  # (n,) rows
    memory: Records  # (n,) MAKER_DTYPE
    limits: F64  # (n, 2) inventory limit in lots, capacity (capital x leverage) in quanta
    distances: F64  # (n, L) fractions of the middle, calm
    bids: F64  # (n, L) lots, calm
    asks: F64
    totals: F64  # (n, 2) lots
    parameters: Records  # (1,) MAKER_PARAMS_DTYPE
    keys: I64  # (n x rounds,) pre-drawn arrival keys, used in turn
    adl_quantile: F64  # (A,) place in the deleveraging queue, or empty


@kernel
def standing(accounts, markets, row):
    """Return (equity, gross position value, unrealised profit) of a row over all markets, quanta."""
    lots = accounts.lots
    equity = accounts.quote[row]
    gross = 0
    profit = 0
    for m in range(lots.shape[1]):
        held = lots[row, m]
        if held != 0:
            value = held * markets.mark[m] * markets.params[m].tick_value
            equity += value
            gross += abs(value)
            profit += value - accounts.cost[row, m]
    return equity, gross, profit


@kernel
def size_factors(parameters, volatility, equity, gross, profit, quantile, inventory, capacity):
    """Return (bid factor, ask factor, widening) before depletion.

    inventory: position over limit, + long.  capacity: equity x leverage at the opening, quanta.  gross: value of
    positions, quanta.
    """
    if equity <= 0:
        return 0.0, 0.0, 1.0
    ratio = volatility / parameters[0].calm
    both = 1.0
    if ratio > parameters[0].tolerance:
        both = power(parameters[0].tolerance / ratio, parameters[0].power)
    gain = min(1.0, max(0.0, profit / equity))
    both *= max(0.0, 1.0 - parameters[0].aversion * quantile * gain)
    carries = equity * parameters[0].max_leverage
    adding = both * min(1.0, max(0.0, (carries - gross) / capacity)) * (1.0 - min(1.0, abs(inventory)))
    reducing = both * min(1.0, (carries + gross) / capacity)
    widening = power(max(1.0, ratio), parameters[0].widening)
    if inventory > 0:
        return adding, reducing, widening
    return reducing if inventory < 0 else adding, adding, widening


@kernel
def _remember_fills(makers, i, held, now_ms):
    """Refill the depletion of maker `i` since its last look, then add the lots taken now."""
    memory, bid_lots, ask_lots = makers.memory[i], makers.totals[i, 0], makers.totals[i, 1]
    if memory.seen_ms < 0:  # the first look: its position was opened before
        memory.lots = held
        memory.seen_ms = now_ms
    decay = power(0.5, (now_ms - memory.seen_ms) / makers.parameters[0].half_life_ms)
    change = held - memory.lots
    memory.taken_bid *= decay
    memory.taken_ask *= decay
    if change > 0 and bid_lots > 0:
        memory.taken_bid = min(1.0, memory.taken_bid + change / bid_lots)
    if change < 0 and ask_lots > 0:
        memory.taken_ask = min(1.0, memory.taken_ask - change / ask_lots)
    memory.lots = held
    memory.seen_ms = now_ms


@kernel
def _quote_ladder(makers, i, market, middle, sizes, widening, key, rows):
    """Write the post-only orders of maker `i`; return how many. sizes: shares of its calm bid and ask sizes."""
    account, distances, bids, asks = makers.home[i], makers.distances[i], makers.bids[i], makers.asks[i]
    n = 0
    for level in range(distances.shape[0]):
        away = min(0.9, distances[level] * widening)
        lots = int(bids[level] * sizes[0])
        if lots > 0:
            price = max(1, math.floor(middle * (1.0 - away)))
            put_order(rows, n, account, market, BUY, KIND_LIMIT, TIF_POST_ONLY, price, lots, 0, key)
            n += 1
        lots = int(asks[level] * sizes[1])
        if lots > 0:
            price = math.ceil(middle * (1.0 + away))
            put_order(rows, n, account, market, SELL, KIND_LIMIT, TIF_POST_ONLY, price, lots, 0, key)
            n += 1
    return n


@kernel
def _is_stale(memory, middle, parameters, resting, wanted):
    """True if the standing quotes are too far from their intended prices or sizes."""
    if memory.middle == 0.0 or abs(middle - memory.middle) > parameters[0].requote_move * memory.middle:
        return True
    return abs(resting - wanted) > parameters[0].requote_size * max(wanted, 1.0)


@kernel
def maker_ladders(makers, exchange, next_key, market, index, volatility, now_ms, rows):
    """Let every maker that is due look at the market and requote if its quotes are stale; write the intents to `rows`
    and return how many.

    makers: MakerArrays; its arrival keys of this tick begin at `next_key`.  index: ticks.  rows: room for
    n x (2 L + 1).
    """
    home, memory, limits, totals = makers.home, makers.memory, makers.limits, makers.totals
    parameters, adl_quantile = makers.parameters, makers.adl_quantile
    accounts, markets = exchange.accounts, exchange.markets
    open_bid, open_ask, mark = accounts.open_bid, accounts.open_ask, markets.mark[market]
    n = 0
    for i in range(home.shape[0]):
        if memory[i].next_ms > now_ms:
            continue
        missed = math.floor((now_ms - memory[i].next_ms) / parameters[0].interval_ms)
        memory[i].next_ms += (missed + 1.0) * parameters[0].interval_ms
        account = home[i]
        held = accounts.lots[account, market]
        _remember_fills(makers, i, held, float(now_ms))
        if accounts.flags[account] & FLAG_FROZEN:
            memory[i].middle = 0.0
            continue
        equity, gross, profit = standing(accounts, markets, account)
        quantile = adl_quantile[account] if adl_quantile.shape[0] > 0 else 0.0
        inventory = held / limits[i, 0]
        bid, ask, widening = size_factors(
            parameters, volatility, equity, gross, profit, quantile, inventory, limits[i, 1]
        )
        bid *= 1.0 - memory[i].taken_bid
        ask *= 1.0 - memory[i].taken_ask
        reference = index + parameters[0].mark_weight * (mark - index)
        middle = reference * (1.0 - parameters[0].skew * min(1.0, max(-1.0, inventory)))
        stale = _is_stale(memory[i], middle, parameters, open_bid[account, market], bid * totals[i, 0])
        if not stale:
            stale = _is_stale(memory[i], middle, parameters, open_ask[account, market], ask * totals[i, 1])
        if not stale:
            continue
        key = min(makers.keys[next_key + i], KEYS - 1)
        if open_bid[account, market] != 0 or open_ask[account, market] != 0:
            put_order(rows, n, account, market, BUY, KIND_CANCEL_ALL, TIF_GTC, 0, 0, 0, key)
            n += 1
        memory[i].middle = middle
        n += _quote_ladder(makers, i, market, middle, (bid, ask), widening, key, rows[n:])
    return n
