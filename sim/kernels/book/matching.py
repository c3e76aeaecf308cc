"""Orders meet the books: checks, matching, cancels, amendments. One code path with a clearing house and without.

`match_orders` is the engine's entry: each intent is checked (frozen account, price, size, leverage cap, initial margin,
reduce-only), matched in price-time priority at the maker's price, and its remainder put into the book if its time in
force allows it. Every fill moves lots, money and fees at once, so an order's margin check sees the fills before it.
A trader never trades with itself: its own resting order is cancelled when it would be hit.

`match_actions` is the same path without accounts, for streams of actions on one book. There `accounts` is None, and
numba compiles the branches on accounts away; elsewhere it is the exchange's.
"""

import numpy as np

from ...layout import OrderFlag, OrderKind, OrderStatus, Reason, TimeInForce
from ..jit import inlined_kernel, kernel
from .fills import Trade, has_log_room, record_fill
from .levels import ASK, BID, SLOT_BITS, find_order, first_order
from .order_checks import (
    PRICE_LIMIT,
    Incoming,
    band_limit,
    can_fill,
    check_fields_and_margin,
    crosses,
    is_same_trader,
)
from .prefetch import fetch_level, fetch_maker, fetch_newest, fetch_owner, fetch_row, fetch_surroundings
from .resting import (
    cancel_order,
    cancel_row_in,
    count_open,
    rest_order,
    room_to_reduce,
    shrink_reduce_only,
    withdraw_lots,
)

_REDUCE_ONLY, _LIQUIDATION = int(OrderFlag.REDUCE_ONLY), int(OrderFlag.LIQUIDATION)
_UNWIND = int(OrderFlag.UNWIND)
_LIMIT, _MARKET, _AMEND = int(OrderKind.LIMIT), int(OrderKind.MARKET), int(OrderKind.AMEND)
_CANCEL, _CANCEL_ALL = int(OrderKind.CANCEL), int(OrderKind.CANCEL_ALL)
_GTC, _FOK, _POST_ONLY = int(TimeInForce.GTC), int(TimeInForce.FOK), int(TimeInForce.POST_ONLY)
_DONE, _NOT_REDUCING = int(OrderStatus.DONE), int(OrderStatus.REJECTED_REDUCE_ONLY)
_UNKNOWN, _FULL = int(OrderStatus.REJECTED_UNKNOWN_ORDER), int(OrderStatus.REJECTED_CAPACITY)
_WOULD_TAKE, _NOT_FILLED = int(OrderStatus.REJECTED_POST_ONLY), int(OrderStatus.REJECTED_FOK)
_REPLACE = -2  # not a status: an order is to be placed
_R_TRADE, _R_LIQUIDATION, _R_UNWIND = int(Reason.TRADE), int(Reason.LIQUIDATION), int(Reason.UNWIND)

#: Number of orders ahead for which memory is fetched: each step needs the fetch of the one before it.
_FAR, _MIDDLE, _NEAR = 12, 8, 4

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
def cancel_account_orders(exchange, rows, market):
    """Cancel all orders of `rows` in `market` (-1: in all); return how many."""
    books, accounts = exchange.books, exchange.accounts
    count = 0
    for row in rows:
        if market >= 0:
            count += cancel_row_in(books, accounts, row, market)
        else:
            for each in range(books.newest.shape[0]):
                count += cancel_row_in(books, accounts, row, each)
    return count


@inlined_kernel
def _take(exchange, accounts, order, serial):
    """Match an order against the other side up to its price; return the lots filled. Own orders are cancelled."""
    books, taker, market, side = exchange.books, order.row, order.market, order.side
    reason = _reason_of(order.flags)
    left = order.lots
    sign = 1 if side == BID else -1  # one comparison for both sides: a branch on a random side would be mispredicted
    while left > 0:
        slot = first_order(books, market, ASK if side == BID else BID)
        if slot == 0:
            break
        resting = books.orders[slot]
        price, maker = np.int64(resting["price"]), np.int64(resting["owner"])
        if sign * (price - order.price) > 0:
            break
        if is_same_trader(accounts, taker, maker):
            cancel_order(books, accounts, market, slot)
            continue
        if accounts is not None:  # the next maker, while this one is settled
            fetch_row(accounts, market, np.int64(books.orders[resting["next"]]["owner"]))
        traded = min(left, resting["lots"])
        left -= traded
        maker_serial = resting["id"] >> SLOT_BITS
        withdraw_lots(books, accounts, market, slot, traded)
        trade = Trade(market, side, price, traded, maker, taker, maker_serial, serial, reason)
        record_fill(exchange, accounts, trade)
        if accounts is not None:
            shrink_reduce_only(books, accounts, maker, market)
    if accounts is not None and left != order.lots:
        shrink_reduce_only(books, accounts, taker, market)
    return order.lots - left


@inlined_kernel
def _reason_of(flags):
    if flags & _LIQUIDATION != 0:
        return _R_LIQUIDATION
    return _R_UNWIND if flags & _UNWIND != 0 else _R_TRADE


@inlined_kernel
def _place(exchange, accounts, order):
    """Check, match and rest one limit or market order; return its status, the lots filled and its order id."""
    books, header = exchange.books, exchange.log.header
    status = check_fields_and_margin(exchange, accounts, order)
    if status != _DONE:
        return status, 0, 0
    row, market, side, kind, tif, flags = order.row, order.market, order.side, order.kind, order.tif, order.flags
    limit, lots = order.price, order.lots
    if kind == _MARKET:
        limit = PRICE_LIMIT if side == BID else 1
        if accounts is not None:
            limit = band_limit(exchange.markets, market, side, flags, limit)
    if accounts is not None and flags & _REDUCE_ONLY != 0:
        lots = min(lots, room_to_reduce(accounts, row, market, side))
        if lots <= 0:
            return _NOT_REDUCING, 0, 0
    rests = kind == _LIMIT and tif in (_GTC, _POST_ONLY)
    serial = header[0].next_order
    if rests and books.n_free[0] == 0:
        return _FULL, 0, 0
    if tif == _POST_ONLY and rests and crosses(books, market, side, limit):
        return _WOULD_TAKE, 0, 0
    order = Incoming(row, market, side, kind, tif, limit, lots, flags)
    if tif == _FOK and not can_fill(books, accounts, order):
        return _NOT_FILLED, 0, 0
    header[0].next_order = serial + 1
    filled = _take(exchange, accounts, order, serial)
    if rests and filled < lots:
        return _DONE, filled, rest_order(books, accounts, order, lots - filled, serial)
    return _DONE, filled, serial << SLOT_BITS


@inlined_kernel
def _begin_amend(exchange, accounts, row, order_id, price, lots):
    """Change a resting order to `lots` at `price` (0: as it is).

    Returns a status, and market, side, price and flags of the order to place if the status is _REPLACE. Fewer lots at
    the same price keep their place and are done. Anything else is a cancel and a new order: the new one is checked with
    the old one away, and if it is refused, the old one stays.
    """
    books = exchange.books
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
    wanted = Incoming(row, market, side, np.int64(_LIMIT), np.int64(_GTC), price, lots, flags)
    status = check_fields_and_margin(exchange, accounts, wanted)
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


@inlined_kernel
def _look_ahead(books, accounts, intents, i):
    """Fetch the memory of the intents after number i: rows first, then their orders, then the levels of those."""
    far, middle, near, following = intents[i + _FAR], intents[i + _MIDDLE], intents[i + _NEAR], intents[i + 1]
    fetch_row(accounts, far.market, far.account)
    fetch_owner(books, far.market, far.account)
    fetch_newest(books, middle.market, middle.account)
    fetch_surroundings(books, near.market, near.account)
    fetch_level(books, near.market, near.price)
    fetch_maker(books, accounts, following.market, ASK if following.side == BID else BID)


@kernel
def match_orders(exchange, intents, start):
    """Process intents[start:] in order; return the first one not processed: their number, or less when the logs lack
    room.

    Then the caller spills the logs and calls again. Writes status, filled and order of each. Trades carry Reason
    TRADE, LIQUIDATION or UNWIND by the taker's flag; only TRADE takers pay the taker fee, makers always pay (or get)
    theirs. Transfers of a liquidation order have the sequence number in its `order` as their cause.
    exchange: an Exchange, or BareBooks.
    """
    return match_in(exchange, exchange.accounts, intents, start)


@inlined_kernel
def match_in(exchange, accounts, intents, start):
    """As `match_orders`, for kernels, because one between them takes a second to compile. accounts: the exchange's."""
    books, header, n = exchange.books, exchange.log.header, intents.shape[0]
    for i in range(start, n):
        if accounts is not None and i + _FAR < n:
            _look_ahead(books, accounts, intents, i)
        intent = intents[i]
        row, market, kind, order_id = intent.account, intent.market, intent.kind, intent.order
        side, tif, flags = intent.side, intent.tif, intent.order_flags
        price, lots = intent.price, intent.lots
        if not has_log_room(exchange, accounts, lots):
            return i
        status, filled = _REPLACE, 0
        if kind == _CANCEL_ALL:
            cancel_row_in(books, accounts, row, market)
            status = _DONE
        elif kind == _CANCEL:
            status = _cancel(books, accounts, row, order_id)
        elif kind == _AMEND:
            status, market, side, price, flags = _begin_amend(exchange, accounts, row, order_id, price, lots)
            kind, tif = _LIMIT, _GTC
        volume = header[0].volume
        if status == _REPLACE:
            header[0].cause = order_id if flags & _LIQUIDATION != 0 else -1
            order = Incoming(row, market, side, kind, tif, price, lots, flags)
            status, filled, order_id = _place(exchange, accounts, order)
        intent.status = status
        intent.filled = filled
        intent.value = header[0].volume - volume
        intent.order = order_id
        header[0].order_count += 1
        header[0].reject_count += 1 if status != _DONE else 0
    header[0].cause = -1
    return n


@kernel
def match_actions(exchange, market, actions, start):
    """Process actions[start:] on one of BareBooks; return the first one not processed, as `match_orders`.

    actions: ACTION records.  The header counts orders, rejects, fills, lots and value (price x lots, ticks).
    """
    books, header, n = exchange.books, exchange.log.header, actions.shape[0]
    if market < 0 or market >= books.tops.shape[0]:
        return start
    done, rejected = n, 0
    for i in range(start, n):
        if i + _FAR < n:
            fetch_owner(books, market, np.int64(actions[i + _FAR]["owner"]))
            fetch_newest(books, market, np.int64(actions[i + _MIDDLE]["owner"]))
            fetch_surroundings(books, market, np.int64(actions[i + _NEAR]["owner"]))
            fetch_level(books, market, np.int64(actions[i + _NEAR]["price"]))
        action = actions[i]
        owner, lots = np.int64(action["owner"]), np.int64(action["lots"])
        if not has_log_room(exchange, None, lots):
            done = i
            break
        kind = np.int64(action["kind"])
        if action["replace"] != 0 or kind == _CANCEL_ALL:
            cancel_row_in(books, None, owner, market)
        if kind == _CANCEL_ALL:
            continue
        side, tif, price = np.int64(action["side"]), np.int64(action["tif"]), np.int64(action["price"])
        order = Incoming(owner, np.int64(market), side, kind, tif, price, lots, np.int64(0))
        status, _, _ = _place(exchange, None, order)
        if status != _DONE:
            rejected += 1
    header[0].order_count += done - start
    header[0].reject_count += rejected
    return done
