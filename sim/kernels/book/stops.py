"""Stop orders: market orders that the mark triggers. A table with O(1) add and cancel, scanned by blocks.

A sell stop triggers at mark <= trigger, a buy stop at mark >= trigger. A block's bound may be stale on the cautious
side only; a scan that enters a block corrects it, so a calm tick reads one number per block.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...layout import FLAG_STOPPED, STOP_DTYPE, OrderFlag, OrderKind, OrderStatus, Records, Side, TimeInForce
from ..jit import kernel
from ..structs import by_address

BLOCK = 256
NEVER_DOWN = 0
NEVER_UP = 2**31 - 1

_SELL, _BUY = int(Side.SELL), int(Side.BUY)
_MARKET_ORDER, _IOC = int(OrderKind.MARKET), int(TimeInForce.IOC)
_REDUCE_ONLY, _STOP, _PENDING = int(OrderFlag.REDUCE_ONLY), int(OrderFlag.STOP), int(OrderStatus.PENDING)


@by_address
class StopArrays(NamedTuple):
    """All stop orders. C slots; slot ids are 0..C-1, a free slot has trigger NEVER."""

    stops: Records  # (C,) STOP_DTYPE
    down: npt.NDArray[np.int32]  # (M, C) sell stops: triggers at mark <= down
    up: npt.NDArray[np.int32]  # (M, C) buy stops: triggers at mark >= up
    block_down: npt.NDArray[np.int32]  # (M, blocks)
    block_up: npt.NDArray[np.int32]  # (M, blocks)
    head: npt.NDArray[np.int64]  # (2,) first free slot (-1: none), number of live stops


def make_stops(n_markets: int, capacity: int) -> StopArrays:
    """Return an empty table of `capacity` >= 1 slots."""
    n_blocks = (capacity + BLOCK - 1) // BLOCK
    stops = np.zeros(capacity, STOP_DTYPE)
    stops["next_free"] = np.arange(1, capacity + 1)
    stops["next_free"][-1] = -1
    return StopArrays(
        stops=stops,
        down=np.full((n_markets, capacity), NEVER_DOWN, np.int32),
        up=np.full((n_markets, capacity), NEVER_UP, np.int32),
        block_down=np.full((n_markets, n_blocks), NEVER_DOWN, np.int32),
        block_up=np.full((n_markets, n_blocks), NEVER_UP, np.int32),
        head=np.array([0, 0], np.int64),
    )


@kernel
def add_stop(table, account, market, side, trigger, lots, flags):
    """Enter a stop; return its slot, or -1 if the table is full. flags: OrderFlag bits other than STOP."""
    slot = table.head[0]
    if slot < 0:
        return -1
    row = table.stops[slot]
    table.head[0] = row.next_free
    table.head[1] += 1
    row.account, row.market, row.side, row.lots, row.order_flags = account, market, side, lots, flags
    block = slot // BLOCK
    if side == _SELL:
        table.down[market, slot] = trigger
        if trigger > table.block_down[market, block]:
            table.block_down[market, block] = trigger
    else:
        table.up[market, slot] = trigger
        if trigger < table.block_up[market, block]:
            table.block_up[market, block] = trigger
    return slot


@kernel
def add_stops(table, entries, flags):
    """Enter a stop for each of `entries` (n, 5: account, market, side, trigger, lots); return how many fitted."""
    for i in range(entries.shape[0]):
        entry = entries[i]
        if add_stop(table, entry[0], entry[1], entry[2], entry[3], entry[4], flags) < 0:
            return i
    return entries.shape[0]


@kernel
def cancel_stop(table, slot):
    """Remove a stop; False if the slot holds none."""
    row = table.stops[slot]
    market = row.market
    if table.down[market, slot] == NEVER_DOWN and table.up[market, slot] == NEVER_UP:
        return False
    table.down[market, slot] = NEVER_DOWN
    table.up[market, slot] = NEVER_UP
    row.next_free = table.head[0]
    table.head[0] = slot
    table.head[1] -= 1
    return True


@kernel
def _write_order(exchange, slot, intents, n):
    """Write the market order of a triggered stop as intent number n; False if its account has nothing to close."""
    accounts, stop = exchange.accounts, exchange.stops.stops[slot]
    account, market, side = stop.account, stop.market, stop.side
    held = accounts.lots[account, market]
    is_reduce_only = stop.order_flags & _REDUCE_ONLY != 0
    if is_reduce_only and (held <= 0 if side == _SELL else held >= 0):
        return False
    row = intents[n]
    row.account, row.market, row.side, row.kind, row.tif = account, market, side, _MARKET_ORDER, _IOC
    row.price, row.lots, row.order_flags = 0, stop.lots, stop.order_flags | _STOP
    row.order, row.arrival, row.status, row.filled = -1, 0, _PENDING, 0
    accounts.flags[account] |= FLAG_STOPPED
    return True


@kernel
def is_any_due(table, markets):
    """True if the mark of some market triggers a stop; corrects the bounds of the blocks it enters."""
    n_markets, capacity = table.down.shape
    for market in range(n_markets):
        mark = markets.mark[market]
        down, up = table.down[market], table.up[market]
        for block in range(table.block_down.shape[1]):
            if mark > table.block_down[market, block] and mark < table.block_up[market, block]:
                continue
            begin = block * BLOCK
            end = begin + BLOCK if begin + BLOCK < capacity else capacity
            highest, lowest = NEVER_DOWN, NEVER_UP
            for slot in range(begin, end):
                if down[slot] > highest:
                    highest = down[slot]
                if up[slot] < lowest:
                    lowest = up[slot]
            table.block_down[market, block] = highest
            table.block_up[market, block] = lowest
            if mark <= highest or mark >= lowest:
                return True
    return False


@kernel
def trigger_stops(exchange, intents, n):
    """Remove every stop that the mark triggers and append its market order to intents; return the new number of
    intents.

    Order: by market, then by slot. Stops of accounts with nothing left to reduce vanish. When intents is full the
    rest stays and triggers at the next call.
    """
    table, markets = exchange.stops, exchange.markets
    n_markets, capacity = table.down.shape
    for market in range(n_markets):
        mark = markets.mark[market]
        down, up = table.down[market], table.up[market]
        for block in range(table.block_down.shape[1]):
            if mark > table.block_down[market, block] and mark < table.block_up[market, block]:
                continue
            begin = block * BLOCK
            end = begin + BLOCK if begin + BLOCK < capacity else capacity
            highest, lowest = NEVER_DOWN, NEVER_UP
            for slot in range(begin, end):
                if mark <= down[slot] or mark >= up[slot]:
                    if n >= intents.shape[0]:
                        return n
                    if _write_order(exchange, slot, intents, n):
                        n += 1
                    cancel_stop(table, slot)
                if down[slot] > highest:
                    highest = down[slot]
                if up[slot] < lowest:
                    lowest = up[slot]
            table.block_down[market, block] = highest
            table.block_up[market, block] = lowest
    return n
