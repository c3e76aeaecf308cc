"""Kernels of cohorts that act at arrival slots: noise, signal traders, arbitrageurs. Each appends intents and returns
how many, at the beginning of `rows`.

A slot is a row of uniforms; column 0 is the gap to the next. A kernel takes slots until the next arrival lies after
`now_ms` or the chunk is used up; then the caller refills and calls again. `clock` holds the next arrival and the last
wake; the last wake moves to `now_ms` only when the slots up to now are done. One row per slot (noise: two, and the
ring) must be reserved. The plain twin in `tests/agents/test_cohort_kernels.py` equals them exactly.
"""

import math

from ...layout import F64, FLAG_FROZEN, I32, I64, OrderFlag, OrderKind, Records, Side, TimeInForce
from ..elementary import expm1, log
from ..jit import kernel
from ..packed import Packed

# Codes of orders, as plain numbers for the compiler.
KIND_LIMIT, KIND_MARKET, KIND_CANCEL_ALL = int(OrderKind.LIMIT), int(OrderKind.MARKET), int(OrderKind.CANCEL_ALL)
TIF_GTC, TIF_IOC = int(TimeInForce.GTC), int(TimeInForce.IOC)
TIF_FOK, TIF_POST_ONLY = int(TimeInForce.FOK), int(TimeInForce.POST_ONLY)
BUY, SELL = int(Side.BUY), int(Side.SELL)
REDUCE_ONLY = int(OrderFlag.REDUCE_ONLY)
KEYS = 1 << 20  # arrival keys of a tick, view.ARRIVAL_SLOTS


class NoiseArrays(Packed):
    """The arrival slots of a cohort of noise traders, and the ring of limit orders that will expire."""

    uniforms: F64  # (slots, 6) gap, trader, side, kind, size, distance
    cursor: I64  # (1,) slots used
    clock: Records  # (1,) CLOCK_DTYPE
    ring: I64  # (capacity, 2) expiry ms, row; oldest first
    ring_ends: I64  # (2,) head, tail: counters that only grow
    home: I32  # (n,) rows
    params: Records  # (1,) NOISE_PARAMS_DTYPE


class SignalArrays(Packed):
    """Arrival slots, averages and traits of traders that act on the distance from an average. n traders, H horizons."""

    uniforms: F64  # (slots, 3) gap, trader, spare
    cursor: I64  # (1,) slots used
    clock: Records  # (1,) CLOCK_DTYPE
    home: I32  # (n,) rows
    averages: F64  # (H,) ticks
    horizons_ms: F64  # (H,)
    traits: F64  # (n, 2) threshold as a fraction, log of the personal factor on the average
    largest: I64  # (n,) lots that capital and leverage carry at the opening mark
    params: Records  # (1,) SIGNAL_PARAMS_DTYPE


@kernel
def put_order(rows, n, account, market, side, kind, tif, price, lots, flags, arrival):
    """Write one intent at rows[n]."""
    row = rows[n]
    row.account = account
    row.market = market
    row.side = side
    row.kind = kind
    row.tif = tif
    row.price = price
    row.lots = lots
    row.order_flags = flags
    row.order = -1
    row.arrival = arrival
    row.status = -1
    row.filled = 0


@kernel
def arrival_key(at_ms, last_ms, now_ms):
    """Place of an arrival between the last wake and now, 0 .. KEYS - 1."""
    if now_ms <= last_ms:
        return 0
    key = int((at_ms - last_ms) / (now_ms - last_ms) * KEYS)
    return min(max(key, 0), KEYS - 1)


@kernel
def _expire(noise, accounts, market, now_ms, rows):
    """Cancel the limit orders of the ring that expire by `now_ms`; return how many intents."""
    ring, ring_ends, last_ms = noise.ring, noise.ring_ends, noise.clock[0].last_ms
    open_bid, open_ask = accounts.open_bid, accounts.open_ask
    n = 0
    capacity = ring.shape[0]
    while ring_ends[0] < ring_ends[1]:
        slot = ring_ends[0] % capacity
        if ring[slot, 0] > now_ms:
            break
        account = ring[slot, 1]
        if open_bid[account, market] != 0 or open_ask[account, market] != 0:
            key = arrival_key(float(ring[slot, 0]), last_ms, float(now_ms))
            put_order(rows, n, account, market, BUY, KIND_CANCEL_ALL, TIF_GTC, 0, 0, 0, key)
            n += 1
        ring_ends[0] += 1
    return n


@kernel
def noise_orders(noise, exchange, market, now_ms, rows):
    """Write the orders of noise traders to `rows`; return how many intents, and if all slots are used.

    noise: NoiseArrays; a full ring drops its oldest. 1 - u is exact, and log takes half the time of log1p.
    """
    uniforms, cursor, clock, params = noise.uniforms, noise.cursor, noise.clock, noise.params
    ring, ring_ends, home = noise.ring, noise.ring_ends, noise.home
    accounts, mark = exchange.accounts, exchange.markets.mark[market]
    open_bid, open_ask, flags = accounts.open_bid, accounts.open_ask, accounts.flags
    n = _expire(noise, accounts, market, now_ms, rows)
    last_ms = clock[0].last_ms
    capacity = ring.shape[0]
    traders = home.shape[0]
    while clock[0].next_ms <= now_ms:
        if cursor[0] == uniforms.shape[0]:
            return n, True
        u = uniforms[cursor[0]]
        cursor[0] += 1
        at_ms = clock[0].next_ms
        clock[0].next_ms = at_ms - log(1.0 - u[0]) / params[0].per_ms
        account = home[min(int(u[1] * traders), traders - 1)]
        if flags[account] & FLAG_FROZEN:
            continue
        key = arrival_key(at_ms, last_ms, float(now_ms))
        if open_bid[account, market] != 0 or open_ask[account, market] != 0:
            put_order(rows, n, account, market, BUY, KIND_CANCEL_ALL, TIF_GTC, 0, 0, 0, key)
            n += 1
        side = BUY if u[2] < 0.5 else SELL
        lots = 1 + int(-log(1.0 - u[4]) * params[0].size_scale)
        if u[3] < params[0].market_share:
            put_order(rows, n, account, market, side, KIND_MARKET, TIF_IOC, 0, lots, 0, key)
            n += 1
            continue
        away = int(-log(1.0 - u[5]) * params[0].distance * mark)
        price = mark - away if side == BUY else mark + away
        if price <= 0:
            continue
        put_order(rows, n, account, market, side, KIND_LIMIT, TIF_GTC, price, lots, 0, key)
        n += 1
        if ring_ends[1] - ring_ends[0] == capacity:
            ring_ends[0] += 1
        slot = ring_ends[1] % capacity
        ring[slot, 0] = int(at_ms + params[0].lifetime_ms)
        ring[slot, 1] = account
        ring_ends[1] += 1
    clock[0].last_ms = now_ms
    return n, cursor[0] == uniforms.shape[0]


@kernel
def wanted_lots(signal, threshold, largest, held, direction, long_only):
    """Position a signal trader wants: its maximum beyond the threshold, flat once the signal is below half of it, else
    unchanged."""
    sign = 1 if signal > 0 else -1
    if abs(signal) >= threshold:
        side = sign * direction
        if side < 0 and long_only:
            return 0
        return side * largest
    if abs(signal) < 0.5 * threshold or held * sign * direction < 0:
        return 0
    return held


@kernel
def signal_orders(signals, exchange, market, index, is_resumed, now_ms, rows):
    """Write the orders of traders that compare the mark with an average to `rows`; return how many intents, and if all
    slots are used.

    signals: SignalArrays; unless resumed, the averages (of the mark if the direction is up, else of the index, ticks)
    are moved by the time since the last wake over horizons_ms here.
    """
    uniforms, cursor, clock, params = signals.uniforms, signals.cursor, signals.clock, signals.params
    averages, horizons_ms, home = signals.averages, signals.horizons_ms, signals.home
    traits, largest = signals.traits, signals.largest
    lots, flags, mark = exchange.accounts.lots, exchange.accounts.flags, exchange.markets.mark[market]
    horizons = averages.shape[0]
    price = float(mark if params[0].direction > 0 else index)
    elapsed_ms = 0.0 if is_resumed else now_ms - clock[0].last_ms
    if elapsed_ms > 0:
        for h in range(horizons):
            averages[h] += (price - averages[h]) * -expm1(-elapsed_ms / horizons_ms[h])
    last_ms = clock[0].last_ms
    traders = home.shape[0]
    n = 0
    while clock[0].next_ms <= now_ms:
        if cursor[0] == uniforms.shape[0]:
            return n, True
        u = uniforms[cursor[0]]
        cursor[0] += 1
        at_ms = clock[0].next_ms
        clock[0].next_ms = at_ms - log(1.0 - u[0]) / params[0].per_ms
        trader = min(int(u[1] * traders), traders - 1)
        account = home[trader]
        if flags[account] & FLAG_FROZEN or largest[trader] == 0:
            continue
        signal = log(mark / averages[trader % horizons]) - traits[trader, 1]
        held = lots[account, market]
        wanted = wanted_lots(
            signal, traits[trader, 0], largest[trader], held, int(params[0].direction), params[0].long_only != 0.0
        )
        change = wanted - held
        if change == 0:
            continue
        size = min(abs(change), max(1, int(params[0].step * largest[trader])))
        key = arrival_key(at_ms, last_ms, float(now_ms))
        reduce_only = REDUCE_ONLY if wanted == 0 else 0
        if change > 0:
            limit = math.floor(mark * (1.0 + params[0].slippage))
            put_order(rows, n, account, market, BUY, KIND_LIMIT, TIF_IOC, limit, size, reduce_only, key)
        else:
            limit = max(1, math.ceil(mark * (1.0 - params[0].slippage)))
            put_order(rows, n, account, market, SELL, KIND_LIMIT, TIF_IOC, limit, size, reduce_only, key)
        n += 1
    clock[0].last_ms = now_ms
    return n, cursor[0] == uniforms.shape[0]
