"""Kernels of users' cohorts: the arrivals that are due, and the check of an answer while it becomes intents."""

from typing import NamedTuple

from ...layout import I64
from ..elementary import log
from ..jit import kernel
from ..structs import by_address
from .cohorts import (
    BUY,
    KIND_CANCEL_ALL,
    KIND_LIMIT,
    KIND_MARKET,
    REDUCE_ONLY,
    TIF_FOK,
    TIF_GTC,
    TIF_IOC,
    TIF_POST_ONLY,
    arrival_key,
    put_order,
)

#: Faults of an action, in the order in which they are checked; 0: none.
FAULTS = ("", "account", "market", "lots", "price_ticks", "value", "time_in_force", "post_only", "arrival")
_ACCOUNT, _MARKET, _LOTS, _PRICE, _VALUE, _TIF, _PRICELESS, _ARRIVAL = range(1, 9)
SELL = 1
KEYS = 1 << 20  # arrival keys of a tick
MAX_COUNT = 2**53
MAX_VALUE = 2**61


@by_address
class ActionArrays(NamedTuple):
    """K actions of a user's cohort, int64 (K,): each cancels its account's resting orders in the market if `cancel` is
    not 0, then sends an order unless `lots` is 0."""

    account: I64  # index of the trader in the cohort
    market: I64
    lots: I64  # + buys, - sells
    price: I64  # ticks; 0: a market order
    tif: I64
    reduce_only: I64
    cancel: I64
    arrival: I64  # place in the tick


@kernel
def due_arrivals(uniforms, cursor, clock, per_ms, traders, now_ms, who, key, own):
    """Write the arrivals up to `now_ms`; return how many, and if more must be drawn.

    uniforms: (slots, 2 + U) gap, trader, and U for the cohort.  clock: (1,) CLOCK_DTYPE, ms; the last wake moves when
    all are written.  who, key: (capacity,) index of the trader, place in the tick.  own: (capacity, U).
    Stops early when the slots are used up or the room is.
    """
    count, last_ms = 0, clock[0].last_ms
    while clock[0].next_ms <= now_ms:
        if cursor[0] == uniforms.shape[0] or count == who.shape[0]:
            return count, True
        u = uniforms[cursor[0]]
        cursor[0] += 1
        at_ms = clock[0].next_ms
        clock[0].next_ms = at_ms - log(1.0 - u[0]) / per_ms
        who[count] = min(int(u[1] * traders), traders - 1)
        key[count] = arrival_key(at_ms, last_ms, float(now_ms))
        for j in range(own.shape[1]):
            own[count, j] = u[2 + j]
        count += 1
    clock[0].last_ms = now_ms
    return count, False


@kernel
def _fault(actions, i, home, tick_values):
    """Number of the first fault of action `i`, 0 if it has none."""
    account, market, lots, price = actions.account[i], actions.market[i], actions.lots[i], actions.price[i]
    tif, arrival = actions.tif[i], actions.arrival[i]
    if account < 0 or account >= home.shape[0]:
        return _ACCOUNT
    if market < 0 or market >= home.shape[1]:
        return _MARKET
    if lots > MAX_COUNT or lots < -MAX_COUNT:
        return _LOTS
    if price < 0 or price > MAX_COUNT:
        return _PRICE
    if price > 0 and abs(lots) > MAX_VALUE // tick_values[market] // price:
        return _VALUE
    if tif < 0 or tif > 3:
        return _TIF
    if tif == TIF_POST_ONLY and price == 0 and lots != 0:
        return _PRICELESS
    if arrival < 0 or arrival >= KEYS:
        return _ARRIVAL
    return 0


@kernel
def append_actions(actions, home, tick_values, rows):
    """Write ActionArrays as intents to `rows`; return (intents written, -1, 0), or (0, action, fault) of the first
    that has a fault.

    home: (n, M) margin row by trader and market.  rows: room for 2 K.
    """
    n = 0
    for i in range(actions.account.shape[0]):
        fault = _fault(actions, i, home, tick_values)
        if fault != 0:
            return 0, i, fault
        market, lots, price, arrival = actions.market[i], actions.lots[i], actions.price[i], actions.arrival[i]
        row = home[actions.account[i], market]
        if actions.cancel[i] != 0:
            put_order(rows, n, row, market, BUY, KIND_CANCEL_ALL, TIF_GTC, 0, 0, 0, arrival)
            n += 1
        if lots == 0:
            continue
        side = BUY if lots > 0 else SELL
        kind, time = KIND_LIMIT, actions.tif[i]
        if price == 0:  # a market order never rests
            kind, time = KIND_MARKET, TIF_FOK if time == TIF_FOK else TIF_IOC
        flags = REDUCE_ONLY if actions.reduce_only[i] != 0 else 0
        put_order(rows, n, row, market, side, kind, time, price, abs(lots), flags, arrival)
        n += 1
    return n, -1, 0
