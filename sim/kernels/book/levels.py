"""The order books of all markets: a grid of prices, first-in-first-out levels, one pool of orders, lists by owner.

A book decides nothing: it keeps resting orders in price-time priority and finds, adds, reduces and removes them in
O(1). Slot 0 of the pool means "none" in every link, so fresh memory needs no filling. The grid of a market covers
2**grid_bits ticks from its base; `recentre` shifts it. Indices are unsigned where it matters: numba tests a signed
one for counting from the end.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...layout import I64, LEVEL_DTYPE, ORDER_DTYPE, TOP_DTYPE, Records
from ..jit import inlined_kernel, kernel
from ..structs import by_address
from .bitmap import clear_bit, count_words, next_level, previous_level, set_bit

#: An order id is serial << SLOT_BITS | slot, so that an id finds its order without a table.
SLOT_BITS = 24
SLOT_MASK = (1 << SLOT_BITS) - 1

BID, ASK = 0, 1
_REDUCE_ONLY = 1  # OrderFlag.REDUCE_ONLY


@by_address
class BookArrays(NamedTuple):
    """All books: M markets, P grid levels, C orders at most, A rows."""

    tops: Records  # (M,) TOP_DTYPE
    levels: Records  # (M, P) LEVEL_DTYPE
    bits: npt.NDArray[np.uint64]  # (M, 2, words) occupied levels by side
    orders: Records  # (C + 1,) ORDER_DTYPE
    free: npt.NDArray[np.uint32]  # (C,) stack of free slots
    n_free: I64  # (1,)
    newest: npt.NDArray[np.uint32]  # (M, A) newest order of each row
    reduce_only: npt.NDArray[np.uint32]  # (M, A) how many of its orders are reduce-only


def make_books(
    n_markets: int, *, capacity: int, n_rows: int, base_ticks: Sequence[int], grid_bits: int = 20
) -> BookArrays:
    """Return empty books for at most `capacity` resting orders.

    base_ticks: the lowest price of each market's grid, >= 1.
    """
    if not 12 <= grid_bits <= 24:
        raise ValueError(f"grid_bits must lie in 12..24, was {grid_bits}")
    if not 0 < capacity <= SLOT_MASK:
        raise ValueError(f"capacity must lie in 1..{SLOT_MASK}, was {capacity}")
    size = 1 << grid_bits
    tops = np.zeros(n_markets, TOP_DTYPE)
    tops["bid"], tops["ask"], tops["base_ticks"] = -1, size, base_ticks
    return BookArrays(
        tops=tops,
        levels=np.zeros((n_markets, size), LEVEL_DTYPE),
        bits=np.zeros((n_markets, 2, count_words(size)), np.uint64),
        orders=np.zeros(capacity + 1, ORDER_DTYPE),
        free=np.arange(capacity, 0, -1, dtype=np.uint32),
        n_free=np.array([capacity], np.int64),
        newest=np.zeros((n_markets, n_rows), np.uint32),
        reduce_only=np.zeros((n_markets, n_rows), np.uint32),
    )


@inlined_kernel
def is_on_grid(books, market, price):
    """True if the book of `market` has a level for `price` (ticks)."""
    index = price - books.tops[market].base_ticks
    return 0 <= index < books.levels.shape[1]


def best_prices(books: BookArrays, market: int) -> tuple[int, int]:
    """Return best bid and best ask in ticks, 0 where a side is empty. Plain Python: a compiled call would cost more."""
    bid, ask, base = books.tops[market].item()
    return bid + base if bid >= 0 else 0, ask + base if ask < books.levels.shape[1] else 0


@inlined_kernel
def first_order(books, market, side):
    """Slot of the order of `side` that trades next, 0 if there is none."""
    top = books.tops[market]
    index = top.bid if side == BID else top.ask
    if index < 0 or index >= books.levels.shape[1]:
        return 0
    return np.int64(books.levels[market, np.uint64(index)]["first"])


@inlined_kernel
def following_order(books, slot):
    """Slot of the order that trades after `slot` on its side, 0 if there is none."""
    order = books.orders[slot]
    if order["next"] != 0:
        return np.int64(order["next"])
    market, size = np.int64(order["market"]), books.levels.shape[1]
    index = order["price"] - books.tops[market].base_ticks
    bits = books.bits[market, order["side"]]
    is_bid = order["side"] == BID
    index = previous_level(bits, size, index - 1) if is_bid else next_level(bits, size, index + 1)
    if index < 0 or index >= size:
        return 0
    return np.int64(books.levels[market, np.uint64(index)]["first"])


@inlined_kernel
def add_order(books, market, side, price, lots, owner, serial, flags):
    """Rest an order at the end of its level; return its id. The caller has checked the grid and that a slot is free."""
    books.n_free[0] -= 1
    slot = np.int64(books.free[np.uint64(books.n_free[0])])
    order = books.orders[slot]
    order_id = (serial << SLOT_BITS) | slot
    order["id"] = order_id
    order["lots"] = lots
    order["price"] = price
    order["owner"] = owner
    order["market"] = market
    order["side"] = side
    order["flags"] = flags
    _link_to_level(books, slot, market, side, price - books.tops[market].base_ticks)
    _link_to_owner(books, slot, market, owner)
    return order_id


@inlined_kernel
def _link_to_level(books, slot, market, side, index):
    """Put a new order last in its level; an empty level becomes occupied, and possibly the best."""
    order, level = books.orders[slot], books.levels[market, np.uint64(index)]
    before = level["last"]
    order["next"] = 0
    order["prev"] = before
    level["last"] = slot
    level["lots"] += order["lots"]
    if before != 0:
        books.orders[before]["next"] = slot
        return
    level["first"] = slot
    set_bit(books.bits[market, side], books.levels.shape[1], index)
    top = books.tops[market]
    if side == BID:
        top.bid = max(top.bid, index)
    else:
        top.ask = min(top.ask, index)


@inlined_kernel
def _link_to_owner(books, slot, market, owner):
    """Put a new order first in its owner's list."""
    order = books.orders[slot]
    head = books.newest[market, owner]
    order["owner_next"] = head
    order["owner_prev"] = 0
    if head != 0:
        books.orders[head]["owner_prev"] = slot
    books.newest[market, owner] = slot
    if order["flags"] & _REDUCE_ONLY != 0:
        books.reduce_only[market, owner] += 1


@inlined_kernel
def reduce_order(books, market, slot, lots):
    """Take `lots` off an order resting in the book of `market`; the order leaves the book at 0 lots."""
    order = books.orders[slot]
    index = order["price"] - books.tops[market].base_ticks
    books.levels[market, np.uint64(index)]["lots"] -= lots
    left = order["lots"] - lots
    order["lots"] = left
    if left == 0:
        _unlink_from_level(books, slot, market, index)
        _unlink_from_owner(books, slot, market)
        order["id"] = 0
        books.free[np.uint64(books.n_free[0])] = slot
        books.n_free[0] += 1


@inlined_kernel
def _unlink_from_level(books, slot, market, index):
    """Remove an order from its level; an emptied level is neither occupied nor the best any more."""
    orders, order, level = books.orders, books.orders[slot], books.levels[market, np.uint64(index)]
    before, after = order["prev"], order["next"]
    if before != 0:
        orders[before]["next"] = after
    else:
        level["first"] = after
    if after != 0:
        orders[after]["prev"] = before
    else:
        level["last"] = before
        if before == 0:
            _vacate_level(books, market, order["side"], index)


@inlined_kernel
def _unlink_from_owner(books, slot, market):
    orders, order = books.orders, books.orders[slot]
    before, after = order["owner_prev"], order["owner_next"]
    if order["flags"] & _REDUCE_ONLY != 0:
        books.reduce_only[market, order["owner"]] -= 1
    if before != 0:
        orders[before]["owner_next"] = after
    else:
        books.newest[market, order["owner"]] = after
    if after != 0:
        orders[after]["owner_prev"] = before


@inlined_kernel
def _vacate_level(books, market, side, index):
    """Clear an emptied level's bit and move the best price if it was the best."""
    size = books.levels.shape[1]
    bits = books.bits[market, side]
    clear_bit(bits, size, index)
    top = books.tops[market]
    if side == BID:
        if index == top.bid:
            top.bid = previous_level(bits, size, index - 1)
    elif index == top.ask:
        top.ask = next_level(bits, size, index + 1)


@kernel
def find_order(books, order_id):
    """Slot of a resting order, 0 if it no longer rests."""
    slot = order_id & SLOT_MASK
    if order_id <= 0 or slot == 0 or slot >= books.orders.shape[0]:
        return 0
    return slot if books.orders[slot]["id"] == order_id else 0


@kernel
def depth_within(exchange, market, reference_ticks, bands_ppm, out):
    """Write the value (quanta, at the orders' prices) resting within each band of `reference_ticks`, cumulative.

    bands_ppm: int64 (B,) rising.  out: int64 (2, B), bids and asks.
    """
    books = exchange.books
    size = books.levels.shape[1]
    top = books.tops[market]
    base = top.base_ticks
    unit = exchange.markets.params[market].tick_value
    n_bands = bands_ppm.shape[0]
    total = 0
    index = top.bid
    for band in range(n_bands):
        limit = reference_ticks - reference_ticks * bands_ppm[band] // 1_000_000
        while index >= 0 and index + base >= limit:
            total += books.levels[market, np.uint64(index)]["lots"] * (index + base) * unit
            index = previous_level(books.bits[market, BID], size, index - 1)
        out[BID, band] = total
    total = 0
    index = top.ask
    for band in range(n_bands):
        limit = reference_ticks + reference_ticks * bands_ppm[band] // 1_000_000
        while index < size and index + base <= limit:
            total += books.levels[market, np.uint64(index)]["lots"] * (index + base) * unit
            index = next_level(books.bits[market, ASK], size, index + 1)
        out[ASK, band] = total


def recentre(books: BookArrays, market: int, new_base: int) -> bool:
    """Shift the grid so that index 0 stands for `new_base` ticks.

    False, and nothing changes, if an order would fall off it. Plain numpy: a run needs it a few times at most.
    """
    levels, top = books.levels[market], books.tops[market]
    size, shift = len(levels), int(top["base_ticks"]) - new_base
    occupied = np.flatnonzero(levels["first"])
    moved = occupied + shift
    if new_base < 1 or (len(moved) and (moved[0] < 0 or moved[-1] >= size)):
        return False
    contents = levels[occupied]
    sides = books.orders["side"][contents["first"]]
    levels[occupied] = 0
    levels[moved] = contents
    books.bits[market] = 0
    for side in (BID, ASK):
        _fill_bits(books.bits[market, side], size, moved[sides == side])
    bids, asks = moved[sides == BID], moved[sides == ASK]
    top["bid"] = bids[-1] if len(bids) else -1
    top["ask"] = asks[0] if len(asks) else size
    top["base_ticks"] = new_base
    return True


def _fill_bits(bits: npt.NDArray[np.uint64], size: int, levels: npt.NDArray[np.int64]) -> None:
    """Set the bits of `levels` in the three layers of an empty bitmap."""
    start, members = 0, levels
    for shift in (6, 12, 18):
        words = start + (members >> 6)
        np.bitwise_or.at(bits, words, np.uint64(1) << (members & 63).astype(np.uint64))
        start += size >> shift
        members = np.unique(members >> 6)
