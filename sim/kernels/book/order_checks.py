"""Checks of an order before it enters the book: its fields, its row, its margin, and the orders on the other side.

`accounts` is the exchange's, or None (a book without a clearing house): then only the order's own fields count.
"""

import numpy as np

from ...layout import FLAG_FROZEN, OrderFlag, OrderKind, OrderStatus, TimeInForce
from ...units import QUANTA_LIMIT
from ..jit import inlined_kernel
from ..margin.requirement import check_order
from ..rounding import rate_floor
from .levels import ASK, BID, first_order, following_order, is_on_grid

_PPM = 1_000_000
_REDUCE_ONLY = int(OrderFlag.REDUCE_ONLY)
_PRIVILEGED = int(OrderFlag.LIQUIDATION | OrderFlag.UNWIND)
_LIMIT, _MARKET = int(OrderKind.LIMIT), int(OrderKind.MARKET)
_GTC, _POST_ONLY = int(TimeInForce.GTC), int(TimeInForce.POST_ONLY)
_DONE, _FROZEN = int(OrderStatus.DONE), int(OrderStatus.REJECTED_FROZEN)
_BAD_SIZE, _BAD_PRICE = int(OrderStatus.REJECTED_SIZE), int(OrderStatus.REJECTED_PRICE)

#: Maximum order without a clearing house, whose head-room check is stricter; and the maximum price, ticks.
LOTS_LIMIT = 2**31 - 1
PRICE_LIMIT = 2**31 - 1


@inlined_kernel
def is_same_trader(accounts, taker, maker):
    """True if both rows are the same trader's: one wallet pays for both."""
    if accounts is None:
        return taker == maker
    return accounts.wallet[taker] == accounts.wallet[maker]


@inlined_kernel
def crosses(books, market, side, limit):
    """True if an order with this limit would trade at once."""
    slot = first_order(books, market, ASK if side == BID else BID)
    if slot == 0:
        return False
    price = books.orders[slot]["price"]
    return price <= limit if side == BID else price >= limit


@inlined_kernel
def _is_certain(books, accounts, slot, taker):
    """True if a sweep by `taker` is sure to get all lots of this resting order, whatever it trades before.

    Not the taker's own; and not a reduce-only order of a row with other orders, whose fills may shrink it.
    """
    order = books.orders[slot]
    if is_same_trader(accounts, taker, np.int64(order["owner"])):
        return False
    is_only_order = order["owner_next"] == 0 and order["owner_prev"] == 0
    return order["flags"] & _REDUCE_ONLY == 0 or is_only_order


@inlined_kernel
def can_fill(books, accounts, taker, market, side, limit, lots):
    """True if all of a fill-or-kill order is sure to trade at once."""
    found = 0
    slot = first_order(books, market, ASK if side == BID else BID)
    while slot != 0 and found < lots:
        price = books.orders[slot]["price"]
        if price > limit if side == BID else price < limit:
            break
        if _is_certain(books, accounts, slot, taker):
            found += books.orders[slot]["lots"]
        slot = following_order(books, slot)
    return found >= lots


@inlined_kernel
def _is_too_large(exchange, accounts, market, limit, lots):
    """True if the order's value at the highest price it can meet (its limit, the top of the grid) leaves int64."""
    if accounts is None:
        return lots > LOTS_LIMIT
    books, markets = exchange.books, exchange.markets
    worst = max(limit, books.tops[market].base_ticks + books.levels.shape[1])
    return lots > QUANTA_LIMIT // (worst * markets.params[market].tick_value)


@inlined_kernel
def band_limit(markets, market, side, flags, limit):
    """Worst price in ticks of an order without a price: mark x (1 +- band), or `limit` without a band (CLR-MRG-015)."""
    band = markets.params[market].order_band_ppm
    if band == 0 or flags & _PRIVILEGED != 0:
        return limit
    mark = markets.mark[market]
    distance = rate_floor(mark, band, _PPM)
    return mark + distance if side == BID else max(1, mark - distance)


@inlined_kernel
def _has_bad_price(books, market, tif, price):
    """True if a limit price is not positive, too large, or off the grid of an order that may rest."""
    if price <= 0 or price > PRICE_LIMIT:
        return True
    return tif in (_GTC, _POST_ONLY) and not is_on_grid(books, market, price)


@inlined_kernel
def check_fields_and_margin(exchange, accounts, row, market, side, kind, tif, price, lots, flags):
    """Status of an order by its own fields and its row's: account not frozen, price and size in range, margin.

    Liquidations, unwinding and reduce-only orders need no margin. A market order is valued at the best price.
    """
    books = exchange.books
    is_privileged = flags & _PRIVILEGED != 0
    if accounts is not None:  # numba removes a test of None only if it is a condition by itself
        is_frozen = accounts.flags[row] & FLAG_FROZEN != 0
        if is_frozen and not is_privileged:
            return _FROZEN
    if kind == _MARKET:
        price = 0
    elif _has_bad_price(books, market, tif, price):
        return _BAD_PRICE
    if lots <= 0 or _is_too_large(exchange, accounts, market, price, lots):
        return _BAD_SIZE
    if accounts is None:
        return _DONE
    if is_privileged or flags & _REDUCE_ONLY != 0:
        return _DONE
    if kind == _MARKET:
        price = np.int64(books.orders[first_order(books, market, ASK if side == BID else BID)]["price"])
    return check_order(accounts, exchange.markets, row, market, side, price, lots)
