"""Resting orders of margin rows: whatever leaves the book leaves its owner's open orders by the same lots.

The lots of a row's orders on either side are kept in accounts.open_bid and open_ask, which the margin check reads.
`accounts` may be None (a book without a clearing house): then only the book changes.
"""

import numpy as np

from ...layout import OrderFlag
from ..jit import inlined_kernel
from .levels import BID, add_order, reduce_order

_REDUCE_ONLY = int(OrderFlag.REDUCE_ONLY)


@inlined_kernel
def count_open(accounts, row, market, side, lots):
    """Add `lots` (negative: take off) to the row's open orders of one side."""
    if accounts is not None:
        if side == BID:
            accounts.open_bid[row, market] += lots
        else:
            accounts.open_ask[row, market] += lots


@inlined_kernel
def rest_order(books, accounts, order, lots, serial):
    """Put `lots` of an order into the book and among its owner's open orders; return its id."""
    count_open(accounts, order.row, order.market, order.side, lots)
    return add_order(books, order, lots, serial)


@inlined_kernel
def withdraw_lots(books, accounts, market, slot, lots):
    """Take `lots` off an order resting in `market` and off its owner's open orders."""
    order = books.orders[slot]
    count_open(accounts, np.int64(order["owner"]), market, np.int64(order["side"]), -lots)
    reduce_order(books, market, slot, lots)


@inlined_kernel
def cancel_order(books, accounts, market, slot):
    """Cancel one order resting in `market`."""
    withdraw_lots(books, accounts, market, slot, books.orders[slot]["lots"])


@inlined_kernel
def cancel_row_in(books, accounts, row, market):
    """Cancel all orders of a row in one market; return how many."""
    count = 0
    while books.newest[market, row] != 0:
        cancel_order(books, accounts, market, np.int64(books.newest[market, row]))
        count += 1
    return count


@inlined_kernel
def room_to_reduce(accounts, row, market, side):
    """Lots that an order of `side` can take off the row's position; 0 or less if it would increase it."""
    held = accounts.lots[row, market]
    return -held if side == BID else held


@inlined_kernel
def shrink_reduce_only(books, accounts, row, market):
    """Shrink or cancel a row's reduce-only orders so that none exceeds its position."""
    if books.reduce_only[market, row] == 0:
        return
    slot = np.int64(books.newest[market, row])
    while slot != 0:
        order = books.orders[slot]
        following = np.int64(order["owner_next"])
        if order["flags"] & _REDUCE_ONLY != 0:
            excess = order["lots"] - max(0, room_to_reduce(accounts, row, market, np.int64(order["side"])))
            if excess > 0:
                withdraw_lots(books, accounts, market, slot, excess)
        slot = following
