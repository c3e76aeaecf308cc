"""The order books of all markets: price grid with bitmaps, first-in-first-out levels, one pool of orders, lists by owner.

A book decides nothing: it keeps resting orders in price-time priority and finds, adds, reduces and removes them in O(1) (the next
price level: three words of bitmap). Slot 0 of the pool and index 0 of every link mean "none", so fresh memory needs no filling.
The grid of a market covers 2**grid_bits ticks from `base`; `recentre` shifts it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba.cpython.unsafe.numbers import leading_zeros, trailing_zeros

from sim.kernels.jit import kernel
from sim.kernels.state import P_TICK_VALUE

I64 = npt.NDArray[np.int64]

# Columns of BookArrays.orders.
O_ID, O_PRICE, O_LOTS, O_OWNER, O_NEXT, O_PREV, O_OWNER_NEXT, O_OWNER_PREV, O_SIDE, O_MARKET, O_FLAGS, O_SPARE = range(12)
ORDER_WIDTH = 12

# Columns of BookArrays.levels.
L_FIRST, L_LAST, L_LOTS, L_ORDERS = range(4)

# Columns of BookArrays.tops.
B_BID, B_ASK, B_BASE = range(3)  # grid index of the best bid (-1: none) and ask (grid size: none); ticks of index 0
TOP_WIDTH = 4

#: An order id is serial << SLOT_BITS | slot, so that an id finds its order without a table.
SLOT_BITS = 24
SLOT_MASK = (1 << SLOT_BITS) - 1

BID, ASK = 0, 1


class BookArrays(NamedTuple):
    """All books. P grid levels, C orders at most, A rows."""

    tops: I64  # (M, TOP_WIDTH)
    levels: I64  # (M, P, 4)
    bits: npt.NDArray[np.uint64]  # (M, 2, words) occupied levels by side, and two summaries of them
    orders: I64  # (C + 1, ORDER_WIDTH)
    free: npt.NDArray[np.int32]  # (C,) stack of free slots
    n_free: I64  # (1,)
    owner_first: npt.NDArray[np.int32]  # (M, A) first order of each row


def make_books(
    n_markets: int, *, capacity: int, n_rows: int, base_ticks: Sequence[int], grid_bits: int = 20
) -> BookArrays:
    """Return empty books for at most `capacity` resting orders. base_ticks: lowest price of each market's grid, >= 1."""
    if not 12 <= grid_bits <= 24:
        raise ValueError(f"grid_bits must lie in 12..24, was {grid_bits}")
    if not 0 < capacity <= SLOT_MASK:
        raise ValueError(f"capacity must lie in 1..{SLOT_MASK}, was {capacity}")
    size = 1 << grid_bits
    tops = np.zeros((n_markets, TOP_WIDTH), np.int64)
    tops[:, B_BID], tops[:, B_ASK], tops[:, B_BASE] = -1, size, base_ticks
    words = (size >> 6) + (size >> 12) + max(1, size >> 18)
    return BookArrays(
        tops=tops,
        levels=np.zeros((n_markets, size, 4), np.int64),
        bits=np.zeros((n_markets, 2, words), np.uint64),
        orders=np.zeros((capacity + 1, ORDER_WIDTH), np.int64),
        free=np.arange(capacity, 0, -1, dtype=np.int32),
        n_free=np.array([capacity], np.int64),
        owner_first=np.zeros((n_markets, n_rows), np.int32),
    )


@kernel
def _bit(index):
    return np.uint64(1) << np.uint64(index & 63)


@kernel
def _set_bit(bits, size, index):
    """Mark level `index` occupied in the three layers of a bitmap."""
    first, second = size >> 6, (size >> 6) + (size >> 12)
    bits[index >> 6] |= _bit(index)
    bits[first + (index >> 12)] |= _bit(index >> 6)
    bits[second + (index >> 18)] |= _bit(index >> 12)


@kernel
def _clear_bit(bits, size, index):
    """Mark level `index` empty."""
    first, second = size >> 6, (size >> 6) + (size >> 12)
    bits[index >> 6] &= ~_bit(index)
    if bits[index >> 6] == 0:
        bits[first + (index >> 12)] &= ~_bit(index >> 6)
        if bits[first + (index >> 12)] == 0:
            bits[second + (index >> 18)] &= ~_bit(index >> 12)


@kernel
def _above(word, index):
    """Bits of `word` at or above position index & 63."""
    return (word >> np.uint64(index & 63)) << np.uint64(index & 63)


@kernel
def _below(word, index):
    """Bits of `word` at or below position index & 63."""
    shift = np.uint64(63 - (index & 63))
    return (word << shift) >> shift


@kernel
def next_level(bits, size, index):
    """Smallest occupied level >= index, or `size`."""
    if index >= size:
        return size
    word = _above(bits[index >> 6], index)
    if word != 0:
        return ((index >> 6) << 6) + np.int64(trailing_zeros(word))
    first, second = size >> 6, (size >> 6) + (size >> 12)
    group = (index >> 6) + 1
    if group < first:
        word = _above(bits[first + (group >> 6)], group)
        if word != 0:
            group = ((group >> 6) << 6) + np.int64(trailing_zeros(word))
            return (group << 6) + np.int64(trailing_zeros(bits[group]))
    block = (group >> 6) + 1 if group < first else first
    n_blocks = size >> 12
    while block < n_blocks:
        word = _above(bits[second + (block >> 6)], block)
        if word != 0:
            block = ((block >> 6) << 6) + np.int64(trailing_zeros(word))
            group = (block << 6) + np.int64(trailing_zeros(bits[first + block]))
            return (group << 6) + np.int64(trailing_zeros(bits[group]))
        block = ((block >> 6) + 1) << 6
    return size


@kernel
def previous_level(bits, size, index):
    """Largest occupied level <= index, or -1."""
    if index < 0:
        return -1
    word = _below(bits[index >> 6], index)
    if word != 0:
        return ((index >> 6) << 6) + 63 - np.int64(leading_zeros(word))
    first, second = size >> 6, (size >> 6) + (size >> 12)
    group = (index >> 6) - 1
    if group < 0:
        return -1
    word = _below(bits[first + (group >> 6)], group)
    if word != 0:
        group = ((group >> 6) << 6) + 63 - np.int64(leading_zeros(word))
        return (group << 6) + 63 - np.int64(leading_zeros(bits[group]))
    block = (group >> 6) - 1
    while block >= 0:
        word = _below(bits[second + (block >> 6)], block)
        if word != 0:
            block = ((block >> 6) << 6) + 63 - np.int64(leading_zeros(word))
            group = (block << 6) + 63 - np.int64(leading_zeros(bits[first + block]))
            return (group << 6) + 63 - np.int64(leading_zeros(bits[group]))
        block = ((block >> 6) << 6) - 1
    return -1


@kernel
def is_on_grid(books, market, price):
    """True if the book of `market` has a level for `price` (ticks)."""
    index = price - books.tops[market, B_BASE]
    return 0 <= index < books.levels.shape[1]


@kernel
def best_prices(books, market):
    """Return best bid and best ask in ticks, 0 where a side is empty."""
    top = books.tops[market]
    bid = top[B_BID] + top[B_BASE] if top[B_BID] >= 0 else 0
    ask = top[B_ASK] + top[B_BASE] if top[B_ASK] < books.levels.shape[1] else 0
    return bid, ask


@kernel
def first_order(books, market, side):
    """Slot of the order of `side` that trades next, 0 if there is none."""
    index = books.tops[market, B_BID if side == BID else B_ASK]
    if index < 0 or index >= books.levels.shape[1]:
        return 0
    return books.levels[market, index, L_FIRST]


@kernel
def add_order(books, market, side, price, lots, owner, order_id_serial, flags):
    """Rest an order at the end of its level; return its id. The caller has checked the grid and that a slot is free."""
    books.n_free[0] -= 1
    slot = np.int64(books.free[books.n_free[0]])
    size = books.levels.shape[1]
    index = price - books.tops[market, B_BASE]
    level = books.levels[market, index]
    order = books.orders[slot]
    order_id = (order_id_serial << SLOT_BITS) | slot
    order[O_ID], order[O_PRICE], order[O_LOTS], order[O_OWNER] = order_id, price, lots, owner
    order[O_SIDE], order[O_MARKET], order[O_FLAGS] = side, market, flags
    order[O_NEXT], order[O_PREV] = 0, level[L_LAST]
    if level[L_LAST] != 0:
        books.orders[level[L_LAST], O_NEXT] = slot
    else:
        level[L_FIRST] = slot
        _set_bit(books.bits[market, side], size, index)
        top = books.tops[market]
        if side == BID:
            if index > top[B_BID]:
                top[B_BID] = index
        elif index < top[B_ASK]:
            top[B_ASK] = index
    level[L_LAST] = slot
    level[L_LOTS] += lots
    level[L_ORDERS] += 1
    head = np.int64(books.owner_first[market, owner])
    order[O_OWNER_NEXT], order[O_OWNER_PREV] = head, 0
    if head != 0:
        books.orders[head, O_OWNER_PREV] = slot
    books.owner_first[market, owner] = slot
    return order_id


@kernel
def reduce_order(books, slot, lots):
    """Take `lots` off a resting order; it leaves the book when nothing is left."""
    order = books.orders[slot]
    index = order[O_PRICE] - books.tops[order[O_MARKET], B_BASE]
    order[O_LOTS] -= lots
    books.levels[order[O_MARKET], index, L_LOTS] -= lots
    if order[O_LOTS] == 0:
        _unlink(books, slot, index)


@kernel
def remove_order(books, slot):
    """Take a resting order out of the book."""
    reduce_order(books, slot, books.orders[slot, O_LOTS])


@kernel
def _unlink(books, slot, index):
    """Remove an empty order from its level and its owner's list; free its slot."""
    orders = books.orders
    order = orders[slot]
    market, side = order[O_MARKET], order[O_SIDE]
    level = books.levels[market, index]
    before, after = order[O_PREV], order[O_NEXT]
    if before != 0:
        orders[before, O_NEXT] = after
    else:
        level[L_FIRST] = after
    if after != 0:
        orders[after, O_PREV] = before
    else:
        level[L_LAST] = before
    level[L_ORDERS] -= 1
    if level[L_FIRST] == 0:
        _empty_level(books, market, side, index)
    before, after = order[O_OWNER_PREV], order[O_OWNER_NEXT]
    if before != 0:
        orders[before, O_OWNER_NEXT] = after
    else:
        books.owner_first[market, order[O_OWNER]] = after
    if after != 0:
        orders[after, O_OWNER_PREV] = before
    order[O_ID] = 0
    books.free[books.n_free[0]] = slot
    books.n_free[0] += 1


@kernel
def _empty_level(books, market, side, index):
    """Clear an emptied level's bit and move the best price if it was the best."""
    size = books.levels.shape[1]
    bits = books.bits[market, side]
    _clear_bit(bits, size, index)
    top = books.tops[market]
    if side == BID:
        if index == top[B_BID]:
            top[B_BID] = previous_level(bits, size, index - 1)
    elif index == top[B_ASK]:
        top[B_ASK] = next_level(bits, size, index + 1)


@kernel
def find_order(books, order_id):
    """Slot of a resting order, 0 if it rests no more."""
    slot = order_id & SLOT_MASK
    if order_id <= 0 or slot >= books.orders.shape[0] or books.orders[slot, O_ID] != order_id:
        return 0
    return slot


@kernel
def lots_within(books, market, side, limit_price, enough):
    """Lots of `side` that an opposite order with this limit could reach; stops counting at `enough`."""
    size = books.levels.shape[1]
    top = books.tops[market]
    bits = books.bits[market, side]
    limit = limit_price - top[B_BASE]
    total = 0
    if side == ASK:
        index = top[B_ASK]
        while index < size and index <= limit and total < enough:
            total += books.levels[market, index, L_LOTS]
            index = next_level(bits, size, index + 1)
        return total
    index = top[B_BID]
    while index >= 0 and index >= limit and total < enough:
        total += books.levels[market, index, L_LOTS]
        index = previous_level(bits, size, index - 1)
    return total


@kernel
def depth_within(books, markets, market, reference_ticks, bands_ppm, out_bid, out_ask):
    """Write the value (quanta, at the orders' prices) resting within each band of `reference_ticks`, cumulative.

    bands_ppm: int64 (B,) rising.  out_bid, out_ask: int64 (B,).
    """
    size = books.levels.shape[1]
    top = books.tops[market]
    base = top[B_BASE]
    unit = markets.params[market, P_TICK_VALUE]
    n_bands = bands_ppm.shape[0]
    total = 0
    index = top[B_BID]
    for band in range(n_bands):
        limit = reference_ticks - reference_ticks * bands_ppm[band] // 1_000_000
        while index >= 0 and index + base >= limit:
            total += books.levels[market, index, L_LOTS] * (index + base) * unit
            index = previous_level(books.bits[market, BID], size, index - 1)
        out_bid[band] = total
    total = 0
    index = top[B_ASK]
    for band in range(n_bands):
        limit = reference_ticks + reference_ticks * bands_ppm[band] // 1_000_000
        while index < size and index + base <= limit:
            total += books.levels[market, index, L_LOTS] * (index + base) * unit
            index = next_level(books.bits[market, ASK], size, index + 1)
        out_ask[band] = total


@kernel
def _move_level(books, market, side, index, shift):
    """Move a level by `shift` places on the grid, in place; its orders keep their prices and their order."""
    size = books.levels.shape[1]
    source, target = books.levels[market, index], books.levels[market, index + shift]
    for column in range(4):
        target[column] = source[column]
        source[column] = 0
    _clear_bit(books.bits[market, side], size, index)
    _set_bit(books.bits[market, side], size, index + shift)


@kernel
def recentre(books, market, new_base):
    """Shift the grid so that index 0 stands for `new_base` ticks; False, and nothing changes, if an order would fall off it."""
    size = books.levels.shape[1]
    top = books.tops[market]
    shift = top[B_BASE] - new_base
    for side in range(2):
        low = next_level(books.bits[market, side], size, 0)
        high = previous_level(books.bits[market, side], size, size - 1)
        if high >= 0 and (low + shift < 0 or high + shift >= size):
            return False
    if shift > 0:
        for side in (ASK, BID):
            index = previous_level(books.bits[market, side], size, size - 1)
            while index >= 0:
                _move_level(books, market, side, index, shift)
                index = previous_level(books.bits[market, side], size, index - 1)
    elif shift < 0:
        for side in (BID, ASK):
            index = next_level(books.bits[market, side], size, 0)
            while index < size:
                _move_level(books, market, side, index, shift)
                index = next_level(books.bits[market, side], size, index + 1)
    top[B_BASE] = new_base
    top[B_BID] = previous_level(books.bits[market, BID], size, size - 1)
    top[B_ASK] = next_level(books.bits[market, ASK], size, 0)
    return True
