"""Orders meet the books: checks, matching with accounts, cancels. Every fill moves lots, money and fees at once.

`match_orders` is the one entry. Each intent is checked (frozen account, size, price, reduce-only, leverage cap, initial margin), matched
in price-time priority at the maker's price, and its rest put into the book where its time in force says so. A row never trades with
itself: its own resting order is cancelled. The margin check of an order sees the fills before it.
"""

from sim.events import (
    F_CYCLE,
    F_LOTS,
    F_MAKER,
    F_MAKER_ORDER,
    F_MARKET,
    F_PRICE,
    F_REASON,
    F_SEQ,
    F_TAKER,
    F_TAKER_ORDER,
    F_TAKER_SIDE,
    F_TIME_MS,
    FLAG_FROZEN,
    H_CYCLE,
    H_FEES,
    H_FILL_COUNT,
    H_FILLED_LOTS,
    H_LOG_ON,
    H_N_FILLS,
    H_N_TRANSFERS,
    H_NEXT_ORDER,
    H_ORDER_COUNT,
    H_REJECT_COUNT,
    H_SEQ,
    H_TIME_MS,
    H_VOLUME,
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
    BID,
    O_FLAGS,
    O_ID,
    O_LOTS,
    O_MARKET,
    O_OWNER,
    O_OWNER_NEXT,
    O_PRICE,
    O_SIDE,
    SLOT_BITS,
    add_order,
    find_order,
    first_order,
    is_on_grid,
    lots_within,
    reduce_order,
    remove_order,
)
from sim.kernels.jit import kernel
from sim.kernels.ledger import post_transfer
from sim.kernels.margin import check_order
from sim.kernels.rounding import rate_ceil
from sim.kernels.state import FEES, P_LAST_TRADE, P_LAST_TRADE_CALM, P_MAKER_PPM, P_NET_TAKER_LOTS, P_TAKER_PPM, P_TICK_VALUE

_REDUCE, _LIQUIDATION, _UNWIND = int(OrderFlag.REDUCE_ONLY), int(OrderFlag.LIQUIDATION), int(OrderFlag.UNWIND)
_LIMIT, _MARKET = int(OrderKind.LIMIT), int(OrderKind.MARKET)
_CANCEL, _CANCEL_ALL, _AMEND = int(OrderKind.CANCEL), int(OrderKind.CANCEL_ALL), int(OrderKind.AMEND)
_GTC, _FOK, _POST_ONLY = int(TimeInForce.GTC), int(TimeInForce.FOK), int(TimeInForce.POST_ONLY)
_DONE, _BAD_SIZE, _BAD_PRICE = int(OrderStatus.DONE), int(OrderStatus.REJECTED_SIZE), int(OrderStatus.REJECTED_PRICE)
_FROZEN, _NOT_REDUCING = int(OrderStatus.REJECTED_FROZEN), int(OrderStatus.REJECTED_REDUCE_ONLY)
_UNKNOWN, _FULL = int(OrderStatus.REJECTED_UNKNOWN_ORDER), int(OrderStatus.REJECTED_CAPACITY)
_WOULD_TAKE, _NOT_FILLED = int(OrderStatus.REJECTED_POST_ONLY), int(OrderStatus.REJECTED_FOK)
_R_TRADE, _R_LIQUIDATION = int(Reason.TRADE), int(Reason.LIQUIDATION)
_R_UNWIND, _R_FEE = int(Reason.UNWIND), int(Reason.FEE)

_PPM = 1_000_000
#: Lots of one order: far below what would overflow, far above any position.
_LOTS_LIMIT = 2**42
_PRICE_LIMIT = 2**31 - 1


@kernel
def _forget_open(accounts, books, slot, lots):
    """Take `lots` of a resting order off its owner's open orders."""
    order = books.orders[slot]
    if order[O_SIDE] == BID:
        accounts.open_bid[order[O_OWNER], order[O_MARKET]] -= lots
    else:
        accounts.open_ask[order[O_OWNER], order[O_MARKET]] -= lots


@kernel
def cancel_resting(books, accounts, slot):
    """Cancel one resting order."""
    _forget_open(accounts, books, slot, books.orders[slot, O_LOTS])
    remove_order(books, slot)


@kernel
def cancel_row_in(books, accounts, row, market):
    """Cancel all orders of a row in one market; return how many."""
    count = 0
    slot = books.owner_first[market, row] + 0
    while slot != 0:
        following = books.orders[slot, O_OWNER_NEXT]
        cancel_resting(books, accounts, slot)
        slot = following
        count += 1
    return count


@kernel
def cancel_account_orders(books, accounts, log, rows, n, market):
    """Cancel all orders of rows[:n] in `market` (-1: in all); return how many."""
    count = 0
    for i in range(n):
        if market >= 0:
            count += cancel_row_in(books, accounts, rows[i], market)
        else:
            for each in range(books.owner_first.shape[0]):
                count += cancel_row_in(books, accounts, rows[i], each)
    return count


@kernel
def _charge(accounts, markets, log, row, market, value, rate_ppm):
    """Move the trading fee on `value` quanta from the row's wallet to FEES (a negative rate pays a rebate).

    A wallet without positions pays at most what it has, so that a fee leaves no debt.
    """
    fee = rate_ceil(value, rate_ppm, _PPM)
    payer = accounts.wallet[row]
    if fee > 0:
        is_flat = True
        for each in range(accounts.lots.shape[1]):
            if accounts.lots[payer, each] != 0:
                is_flat = False
        if is_flat:
            left = accounts.quote[payer]
            fee = min(fee, left if left > 0 else 0)
    if fee != 0:
        post_transfer(accounts, markets, log, payer, FEES, fee, 0, market, _R_FEE, 0)
        log.header[H_FEES] += fee


@kernel
def _write_fill(log, market, price, lots, maker, taker, maker_order, taker_order, side, reason):
    header = log.header
    if header[H_LOG_ON] == 0:
        return
    row = log.fills[header[H_N_FILLS]]
    row[F_SEQ], row[F_TIME_MS], row[F_CYCLE], row[F_MARKET] = header[H_SEQ], header[H_TIME_MS], header[H_CYCLE], market
    row[F_PRICE], row[F_LOTS], row[F_MAKER], row[F_TAKER] = price, lots, maker, taker
    row[F_MAKER_ORDER], row[F_TAKER_ORDER] = maker_order >> SLOT_BITS, taker_order
    row[F_TAKER_SIDE], row[F_REASON] = side, reason
    header[H_N_FILLS] += 1


@kernel
def _shrink_reduce_only(books, accounts, row, market):
    """Shrink or cancel a row's reduce-only orders so that they do not exceed its position."""
    slot = books.owner_first[market, row] + 0
    while slot != 0:
        order = books.orders[slot]
        following = order[O_OWNER_NEXT]
        if order[O_FLAGS] & _REDUCE != 0:
            held = accounts.lots[row, market]
            room = -held if order[O_SIDE] == BID else held
            room = room if room > 0 else 0
            excess = order[O_LOTS] - room
            if excess > 0:
                _forget_open(accounts, books, slot, excess)
                reduce_order(books, slot, excess)
        slot = following


@kernel
def _settle_fill(books, accounts, markets, log, taker, maker, market, side, price, lots, reason, orders):
    """Move lots and money of one fill, its fees, and keep reduce-only orders of both within their positions."""
    value = price * lots * markets.params[market, P_TICK_VALUE]
    header = log.header
    _write_fill(log, market, price, lots, maker, taker, orders[0], orders[1], side, reason)
    if side == BID:
        post_transfer(accounts, markets, log, taker, maker, value, lots, market, reason, price)
        markets.params[market, P_NET_TAKER_LOTS] += lots
    else:
        post_transfer(accounts, markets, log, maker, taker, value, lots, market, reason, price)
        markets.params[market, P_NET_TAKER_LOTS] -= lots
    if reason == _R_TRADE:
        _charge(accounts, markets, log, taker, market, value, markets.params[market, P_TAKER_PPM])
    _charge(accounts, markets, log, maker, market, value, markets.params[market, P_MAKER_PPM])
    markets.params[market, P_LAST_TRADE] = price
    if reason != _R_LIQUIDATION:
        markets.params[market, P_LAST_TRADE_CALM] = price
    header[H_FILLED_LOTS] += lots
    header[H_FILL_COUNT] += 1
    header[H_VOLUME] += value
    if books.owner_first[market, maker] != 0:
        _shrink_reduce_only(books, accounts, maker, market)


@kernel
def _take(books, accounts, markets, log, taker, market, side, limit, lots, reason, order_id):
    """Match `lots` against the other side up to `limit` ticks; return the lots filled. Own resting orders are cancelled."""
    other = ASK if side == BID else BID
    left = lots
    while left > 0:
        slot = first_order(books, market, other)
        if slot == 0:
            break
        maker_order = books.orders[slot]
        price = maker_order[O_PRICE]
        if price > limit if side == BID else price < limit:
            break
        maker = maker_order[O_OWNER]
        if maker == taker:
            cancel_resting(books, accounts, slot)
            continue
        traded = maker_order[O_LOTS] if maker_order[O_LOTS] < left else left
        ids = (maker_order[O_ID], order_id)
        _forget_open(accounts, books, slot, traded)
        reduce_order(books, slot, traded)
        left -= traded
        _settle_fill(books, accounts, markets, log, taker, maker, market, side, price, traded, reason, ids)
    if left != lots and books.owner_first[market, taker] != 0:
        _shrink_reduce_only(books, accounts, taker, market)
    return lots - left


@kernel
def _has_log_room(books, log):
    """True if the largest possible sweep (every resting order filled, three transfers each) fits the logs."""
    header = log.header
    if header[H_LOG_ON] == 0:
        return True
    resting = books.free.shape[0] - books.n_free[0] + 1
    return (
        header[H_N_TRANSFERS] + 3 * resting <= log.transfers.shape[0]
        and header[H_N_FILLS] + resting <= log.fills.shape[0]
    )


@kernel
def _clamp_reduce_only(accounts, row, market, side, lots):
    """Lots of a reduce-only order that the position leaves room for."""
    held = accounts.lots[row, market]
    room = -held if side == BID else held
    return lots if lots < room else room


@kernel
def _check_shape(books, accounts, intent):
    """Status of an order's own fields: account not frozen, size and price in range."""
    if accounts.flags[intent[I_ACCOUNT]] & FLAG_FROZEN != 0 and intent[I_FLAGS] & (_LIQUIDATION | _UNWIND) == 0:
        return _FROZEN
    if intent[I_LOTS] <= 0 or intent[I_LOTS] > _LOTS_LIMIT:
        return _BAD_SIZE
    if intent[I_KIND] == _LIMIT and intent[I_TIF] in (_GTC, _POST_ONLY):
        return _DONE if is_on_grid(books, intent[I_MARKET], intent[I_PRICE]) and intent[I_PRICE] > 0 else _BAD_PRICE
    if intent[I_KIND] == _LIMIT and (intent[I_PRICE] <= 0 or intent[I_PRICE] > _PRICE_LIMIT):
        return _BAD_PRICE
    return _DONE


@kernel
def _crosses(books, market, side, limit):
    """True if an order with this limit would trade at once."""
    slot = first_order(books, market, ASK if side == BID else BID)
    if slot == 0:
        return False
    price = books.orders[slot, O_PRICE]
    return price <= limit if side == BID else price >= limit


@kernel
def _place(books, accounts, markets, log, intent):
    """Check, match and rest one limit or market order; return its status."""
    row, market, side = intent[I_ACCOUNT], intent[I_MARKET], intent[I_SIDE]
    status = _check_shape(books, accounts, intent)
    if status != _DONE:
        return status
    lots, flags, tif = intent[I_LOTS], intent[I_FLAGS], intent[I_TIF]
    limit = intent[I_PRICE]
    if intent[I_KIND] == _MARKET:
        limit = _PRICE_LIMIT if side == BID else 1
    if flags & _REDUCE != 0:
        lots = _clamp_reduce_only(accounts, row, market, side, lots)
        if lots <= 0:
            return _NOT_REDUCING
    rests = intent[I_KIND] == _LIMIT and (tif == _GTC or tif == _POST_ONLY)
    if rests and books.n_free[0] == 0:
        return _FULL
    if tif == _POST_ONLY and intent[I_KIND] == _LIMIT and _crosses(books, market, side, limit):
        return _WOULD_TAKE
    if tif == _FOK and lots_within(books, market, ASK if side == BID else BID, limit, lots) < lots:
        return _NOT_FILLED
    if flags & (_LIQUIDATION | _UNWIND | _REDUCE) == 0:
        price = limit
        if intent[I_KIND] == _MARKET:
            slot = first_order(books, market, ASK if side == BID else BID)
            price = books.orders[slot, O_PRICE] if slot != 0 else 0
        status = check_order(accounts, markets, row, market, side, price, lots)
        if status != _DONE:
            return status
    serial = log.header[H_NEXT_ORDER]
    log.header[H_NEXT_ORDER] += 1
    reason = _R_TRADE
    if flags & _LIQUIDATION != 0:
        reason = _R_LIQUIDATION
    elif flags & _UNWIND != 0:
        reason = _R_UNWIND
    filled = _take(books, accounts, markets, log, row, market, side, limit, lots, reason, serial)
    intent[I_FILLED] = filled
    intent[I_ORDER] = serial << SLOT_BITS
    if rests and filled < lots:
        intent[I_ORDER] = add_order(books, market, side, limit, lots - filled, row, serial, flags)
        if side == BID:
            accounts.open_bid[row, market] += lots - filled
        else:
            accounts.open_ask[row, market] += lots - filled
    return _DONE


@kernel
def _amend(books, accounts, markets, log, intent):
    """Change a resting order: fewer lots at its price keep its place; anything else is a cancel and a new order.

    The new order is checked first; if it is refused, the old one stays.
    """
    slot = find_order(books, intent[I_ORDER])
    row = intent[I_ACCOUNT]
    if slot == 0 or books.orders[slot, O_OWNER] != row:
        return _UNKNOWN
    if intent[I_LOTS] <= 0:
        return _BAD_SIZE
    order = books.orders[slot]
    price = intent[I_PRICE] if intent[I_PRICE] > 0 else order[O_PRICE]
    excess = order[O_LOTS] - intent[I_LOTS]
    if price == order[O_PRICE] and excess >= 0:
        if excess > 0:
            _forget_open(accounts, books, slot, excess)
            reduce_order(books, slot, excess)
        return _DONE
    market, side, lots = order[O_MARKET], order[O_SIDE], order[O_LOTS]
    intent[I_MARKET], intent[I_SIDE], intent[I_KIND], intent[I_PRICE] = market, side, _LIMIT, price
    intent[I_TIF], intent[I_FLAGS] = _GTC, order[O_FLAGS]
    status = _check_shape(books, accounts, intent)
    if status == _DONE and order[O_FLAGS] & _REDUCE == 0:
        _forget_open(accounts, books, slot, lots)
        status = check_order(accounts, markets, row, market, side, price, intent[I_LOTS])
        _forget_open(accounts, books, slot, -lots)
    if status != _DONE:
        return status
    cancel_resting(books, accounts, slot)
    return _place(books, accounts, markets, log, intent)


@kernel
def match_orders(books, accounts, markets, log, intents, start, n):
    """Process intents[start:n] in order; return the first one not processed (n, or less when the logs lack room: spill, call again).

    Writes I_STATUS, I_FILLED and I_ORDER of each. Trades carry Reason TRADE, LIQUIDATION or UNWIND by flag; only TRADE takers
    pay the taker fee, makers always pay (or get) theirs.
    """
    header = log.header
    for i in range(start, n):
        if not _has_log_room(books, log):
            return i
        intent = intents[i]
        kind = intent[I_KIND]
        intent[I_FILLED] = 0
        header[H_ORDER_COUNT] += 1
        if kind == _LIMIT or kind == _MARKET:
            status = _place(books, accounts, markets, log, intent)
        elif kind == _CANCEL_ALL:
            cancel_row_in(books, accounts, intent[I_ACCOUNT], intent[I_MARKET])
            status = _DONE
        elif kind == _CANCEL:
            slot = find_order(books, intent[I_ORDER])
            if slot != 0 and books.orders[slot, O_OWNER] == intent[I_ACCOUNT]:
                cancel_resting(books, accounts, slot)
                status = _DONE
            else:
                status = _UNKNOWN
        else:
            status = _amend(books, accounts, markets, log, intent)
        intent[I_STATUS] = status
        if status != _DONE:
            header[H_REJECT_COUNT] += 1
    return n
