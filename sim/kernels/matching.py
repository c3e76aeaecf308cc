"""Orders meet the books: checks, matching, cancels, amendments. One code path with a clearing house and without.

`match_orders` is the engine's entry: each intent is checked (frozen account, price, size, leverage cap, initial margin,
reduce-only), matched in price-time priority at the maker's price, and its rest put into the book where its time in
force says so. Every fill moves lots, money and fees at once, so the margin check of an order sees the fills before it.
A trader never trades with itself: its own resting order is cancelled when it would be hit.

`match_actions` is the same path without accounts, for streams of actions on one book. There `accounts` and `markets`
are None, and numba compiles the branches on accounts away.
"""

import numpy as np

from sim.events import (
    FLAG_FROZEN,
    H_NEXT_ORDER,
    H_ORDER_COUNT,
    H_REJECT_COUNT,
    I_ACCOUNT,
    I_FILLED,
    I_FLAGS,
    I_KIND,
    I_LOTS,
    I_MARKET,
    I_ORDER,
    I_PRICE,
    I_SIDE,
    I_STATUS,
    I_TIF,
    OrderFlag,
    OrderKind,
    OrderStatus,
    Reason,
    TimeInForce,
)
from sim.kernels.book import (
    ASK,
    B_BASE,
    BID,
    SLOT_BITS,
    find_order,
    first_order,
    following_order,
    is_on_grid,
)
from sim.kernels.fills import has_log_room, record_fill
from sim.kernels.jit import inlined_kernel, kernel
from sim.kernels.margin import check_order
from sim.kernels.resting import (
    cancel_order,
    cancel_row_in,
    count_open,
    rest_order,
    room_to_reduce,
    shrink_reduce_only,
    withdraw_lots,
)
from sim.kernels.state import P_TICK_VALUE
from sim.units import QUANTA_LIMIT

_REDUCE_ONLY, _LIQUIDATION = int(OrderFlag.REDUCE_ONLY), int(OrderFlag.LIQUIDATION)
_UNWIND = int(OrderFlag.UNWIND)
_LIMIT, _MARKET, _AMEND = int(OrderKind.LIMIT), int(OrderKind.MARKET), int(OrderKind.AMEND)
_CANCEL, _CANCEL_ALL = int(OrderKind.CANCEL), int(OrderKind.CANCEL_ALL)
_GTC, _FOK, _POST_ONLY = int(TimeInForce.GTC), int(TimeInForce.FOK), int(TimeInForce.POST_ONLY)
_DONE, _BAD_SIZE, _BAD_PRICE = int(OrderStatus.DONE), int(OrderStatus.REJECTED_SIZE), int(OrderStatus.REJECTED_PRICE)
_FROZEN, _NOT_REDUCING = int(OrderStatus.REJECTED_FROZEN), int(OrderStatus.REJECTED_REDUCE_ONLY)
_UNKNOWN, _FULL = int(OrderStatus.REJECTED_UNKNOWN_ORDER), int(OrderStatus.REJECTED_CAPACITY)
_WOULD_TAKE, _NOT_FILLED = int(OrderStatus.REJECTED_POST_ONLY), int(OrderStatus.REJECTED_FOK)
_REPLACE = -2  # not a status: an order is to be placed
_R_TRADE, _R_LIQUIDATION, _R_UNWIND = int(Reason.TRADE), int(Reason.LIQUIDATION), int(Reason.UNWIND)

#: Largest order and price (ticks) without a clearing house, whose head-room check is stricter.
LOTS_LIMIT = 2**31 - 1
PRICE_LIMIT = 2**31 - 1

#: One action on a book without accounts; `replace` cancels the owner's resting orders first.
ACTION = np.dtype(
    [
        ("kind", np.uint8),  # OrderKind: LIMIT, MARKET or CANCEL_ALL
        ("side", np.uint8),
        ("tif", np.uint8),
        ("replace", np.uint8),
        ("owner", np.uint32),
        ("price", np.int32),
        ("lots", np.int32),
    ]
)


@kernel
def cancel_account_orders(books, accounts, log, rows, n, market):
    """Cancel all orders of rows[:n] in `market` (-1: in all); return how many."""
    count = 0
    for i in range(n):
        if market >= 0:
            count += cancel_row_in(books, accounts, rows[i], market)
        else:
            for each in range(books.owners.shape[0]):
                count += cancel_row_in(books, accounts, rows[i], each)
    return count


@inlined_kernel
def _is_same_trader(accounts, taker, maker):
    """True if both rows are the same trader's: one wallet pays for both."""
    if accounts is None:
        return taker == maker
    return accounts.wallet[taker] == accounts.wallet[maker]


@inlined_kernel
def _take(books, accounts, markets, log, taker, market, side, limit, lots, reason, serial):
    """Match `lots` against the other side up to `limit` ticks; return the lots filled. Own orders are cancelled."""
    left = lots
    while left > 0:
        slot = first_order(books, market, ASK if side == BID else BID)
        if slot == 0:
            break
        order = books.orders[slot]
        price, maker = np.int64(order["price"]), np.int64(order["owner"])
        if price > limit if side == BID else price < limit:
            break
        if _is_same_trader(accounts, taker, maker):
            cancel_order(books, accounts, market, slot)
            continue
        traded = min(left, order["lots"])
        left -= traded
        maker_serial = order["id"] >> SLOT_BITS
        withdraw_lots(books, accounts, market, slot, traded)
        record_fill(accounts, markets, log, market, side, price, traded, maker, taker, maker_serial, serial, reason)
        if accounts is not None:
            shrink_reduce_only(books, accounts, maker, market)
    if accounts is not None and left != lots:
        shrink_reduce_only(books, accounts, taker, market)
    return lots - left


@inlined_kernel
def _crosses(books, market, side, limit):
    """True if an order with this limit would trade at once."""
    slot = first_order(books, market, ASK if side == BID else BID)
    if slot == 0:
        return False
    price = books.orders[slot]["price"]
    return price <= limit if side == BID else price >= limit


@inlined_kernel
def _is_certain(books, accounts, slot, taker):
    """True if a sweep by `taker` surely gets all lots of this resting order, whatever it trades before.

    Not the taker's own; and not a reduce-only order of a row with other orders, whose fills may shrink it.
    """
    order = books.orders[slot]
    if _is_same_trader(accounts, taker, np.int64(order["owner"])):
        return False
    is_only_order = order["owner_next"] == 0 and order["owner_prev"] == 0
    return order["flags"] & _REDUCE_ONLY == 0 or is_only_order


@inlined_kernel
def _can_fill(books, accounts, taker, market, side, limit, lots):
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
def _is_too_large(books, markets, market, limit, lots):
    """True if the order's value at the highest price it can meet (its limit, the top of the grid) leaves int64."""
    if markets is None:
        return lots > LOTS_LIMIT
    worst = max(limit, books.tops[market, B_BASE] + books.levels.shape[1])
    return lots > QUANTA_LIMIT // (worst * markets.params[market, P_TICK_VALUE])


@inlined_kernel
def _has_bad_price(books, market, tif, price):
    """True if a limit price is not positive, too large, or off the grid of an order that may rest."""
    if price <= 0 or price > PRICE_LIMIT:
        return True
    return tif in (_GTC, _POST_ONLY) and not is_on_grid(books, market, price)


@inlined_kernel
def _check(books, accounts, markets, row, market, side, kind, tif, price, lots, flags):
    """Status of an order by its own fields and its row's: account not frozen, price and size in range, margin.

    Liquidations, unwinding and reduce-only orders need no margin. A market order is valued at the best price.
    """
    is_privileged = flags & (_LIQUIDATION | _UNWIND) != 0
    if accounts is not None:  # numba compiles a test of None away only if it stands alone
        is_frozen = accounts.flags[row] & FLAG_FROZEN != 0
        if is_frozen and not is_privileged:
            return _FROZEN
    if kind == _MARKET:
        price = 0
    elif _has_bad_price(books, market, tif, price):
        return _BAD_PRICE
    if lots <= 0 or _is_too_large(books, markets, market, price, lots):
        return _BAD_SIZE
    if accounts is None:
        return _DONE
    if is_privileged or flags & _REDUCE_ONLY != 0:
        return _DONE
    if kind == _MARKET:
        price = np.int64(books.orders[first_order(books, market, ASK if side == BID else BID)]["price"])
    return check_order(accounts, markets, row, market, side, price, lots)


@inlined_kernel
def _reason_of(flags):
    if flags & _LIQUIDATION != 0:
        return _R_LIQUIDATION
    return _R_UNWIND if flags & _UNWIND != 0 else _R_TRADE


@inlined_kernel
def _place(books, accounts, markets, log, row, market, side, kind, tif, price, lots, flags):
    """Check, match and rest one limit or market order; return its status, the lots filled and its order id."""
    status = _check(books, accounts, markets, row, market, side, kind, tif, price, lots, flags)
    if status != _DONE:
        return status, 0, 0
    limit = price
    if kind == _MARKET:
        limit = PRICE_LIMIT if side == BID else 1
    if accounts is not None and flags & _REDUCE_ONLY != 0:
        lots = min(lots, room_to_reduce(accounts, row, market, side))
        if lots <= 0:
            return _NOT_REDUCING, 0, 0
    rests = kind == _LIMIT and tif in (_GTC, _POST_ONLY)
    if rests and books.n_free[0] == 0:
        return _FULL, 0, 0
    if tif == _POST_ONLY and rests and _crosses(books, market, side, limit):
        return _WOULD_TAKE, 0, 0
    if tif == _FOK and not _can_fill(books, accounts, row, market, side, limit, lots):
        return _NOT_FILLED, 0, 0
    serial = log.header[H_NEXT_ORDER]
    log.header[H_NEXT_ORDER] += 1
    filled = _take(books, accounts, markets, log, row, market, side, limit, lots, _reason_of(flags), serial)
    if rests and filled < lots:
        return _DONE, filled, rest_order(books, accounts, market, side, limit, lots - filled, row, serial, flags)
    return _DONE, filled, serial << SLOT_BITS


@inlined_kernel
def _begin_amend(books, accounts, markets, row, order_id, price, lots):
    """Change a resting order to `lots` at `price` (0: as it is).

    Returns a status, and market, side, price and flags of the order to place if the status is _REPLACE. Fewer lots at
    the same price keep their place and are done. Anything else is a cancel and a new order: the new one is checked with
    the old one away, and if it is refused, the old one stays.
    """
    slot = find_order(books, order_id)
    order = books.orders[slot]
    if slot == 0 or order["owner"] != row:
        return _UNKNOWN, 0, 0, 0, 0
    market, side, flags = np.int64(order["market"]), np.int64(order["side"]), np.int64(order["flags"])
    resting = order["lots"]
    if price <= 0:
        price = np.int64(order["price"])
    if price == order["price"] and 0 < lots <= resting:
        if lots < resting:
            withdraw_lots(books, accounts, market, slot, resting - lots)
        return _DONE, market, side, price, flags
    count_open(accounts, row, market, side, -resting)
    status = _check(books, accounts, markets, row, market, side, _LIMIT, _GTC, price, lots, flags)
    count_open(accounts, row, market, side, resting)
    if status != _DONE:
        return status, market, side, price, flags
    cancel_order(books, accounts, market, slot)
    return _REPLACE, market, side, price, flags


@inlined_kernel
def _cancel(books, accounts, row, order_id):
    """Cancel one order of the row; return the status."""
    slot = find_order(books, order_id)
    order = books.orders[slot]
    if slot == 0 or order["owner"] != row:
        return _UNKNOWN
    cancel_order(books, accounts, np.int64(order["market"]), slot)
    return _DONE


@kernel
def match_orders(books, accounts, markets, log, intents, start, n):
    """Process intents[start:n] in order; return the first one not processed: n, or less when the logs lack room.

    Then the caller spills the logs and calls again. Writes I_STATUS, I_FILLED and I_ORDER of each. Trades carry Reason
    TRADE, LIQUIDATION or UNWIND by the taker's flag; only TRADE takers pay the taker fee, makers always pay (or get)
    theirs. accounts, markets: None for a book without a clearing house.
    """
    header = log.header
    for i in range(start, n):
        intent = intents[i]
        row, market, kind, order_id = intent[I_ACCOUNT], intent[I_MARKET], intent[I_KIND], intent[I_ORDER]
        side, tif, flags = intent[I_SIDE], intent[I_TIF], intent[I_FLAGS]
        price, lots = intent[I_PRICE], intent[I_LOTS]
        if not has_log_room(books, accounts, log, lots):
            return i
        status, filled = _REPLACE, 0
        if kind == _CANCEL_ALL:
            cancel_row_in(books, accounts, row, market)
            status = _DONE
        elif kind == _CANCEL:
            status = _cancel(books, accounts, row, order_id)
        elif kind == _AMEND:
            status, market, side, price, flags = _begin_amend(books, accounts, markets, row, order_id, price, lots)
            kind, tif = _LIMIT, _GTC
        if status == _REPLACE:
            status, filled, order_id = _place(
                books, accounts, markets, log, row, market, side, kind, tif, price, lots, flags
            )
        intent[I_STATUS] = status
        intent[I_FILLED] = filled
        intent[I_ORDER] = order_id
        header[H_ORDER_COUNT] += 1
        header[H_REJECT_COUNT] += 1 if status != _DONE else 0
    return n


@kernel
def match_actions(books, log, market, actions, start, n):
    """Process actions[start:n] on one book without accounts; return the first one not processed, as `match_orders`.

    actions: ACTION records.  The header counts orders, rejects, fills, lots and value (price x lots, ticks).
    """
    if market < 0 or market >= books.tops.shape[0]:
        return start
    header = log.header
    for i in range(start, n):
        action = actions[i]
        owner, lots = np.int64(action["owner"]), np.int64(action["lots"])
        if not has_log_room(books, None, log, lots):
            return i
        kind = np.int64(action["kind"])
        header[H_ORDER_COUNT] += 1
        if action["replace"] != 0 or kind == _CANCEL_ALL:
            cancel_row_in(books, None, owner, market)
        if kind == _CANCEL_ALL:
            continue
        side, tif, price = np.int64(action["side"]), np.int64(action["tif"]), np.int64(action["price"])
        status, _, _ = _place(books, None, None, log, owner, market, side, kind, tif, price, lots, 0)
        header[H_REJECT_COUNT] += 1 if status != _DONE else 0
    return n
