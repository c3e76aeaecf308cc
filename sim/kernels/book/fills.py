"""What one fill does: its row in the log, the transfer of lots and money, and the trading fees.

`accounts` and `markets` may be None (a book without a clearing house): then a fill is a row of the log and counters.
"""

import numpy as np

from ...events import (
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
    H_CYCLE,
    H_FEES,
    H_FILL_COUNT,
    H_FILLED_LOTS,
    H_LOG_ON,
    H_N_FILLS,
    H_N_TRANSFERS,
    H_SEQ,
    H_TIME_MS,
    H_VOLUME,
    Reason,
)
from ..jit import inlined_kernel
from ..ledger.transfer import post_transfer
from ..rounding import rate_ceil
from ..state import (
    FEES,
    P_LAST_TRADE,
    P_LAST_TRADE_CALM,
    P_MAKER_PPM,
    P_NET_TAKER_LOTS,
    P_TAKER_PPM,
    P_TICK_VALUE,
)
from .levels import BID

_TRADE, _LIQUIDATION, _FEE = int(Reason.TRADE), int(Reason.LIQUIDATION), int(Reason.FEE)
_PPM = 1_000_000

#: Transfers that one fill makes at most: the trade and a fee on either side.
TRANSFERS_PER_FILL = 3


@inlined_kernel
def has_log_room(books, accounts, log, lots):
    """True if the longest sweep of an order fits the logs: it has no more fills than lots, nor than orders rest."""
    header = log.header
    if header[H_LOG_ON] == 0:
        return True
    fills = min(lots, books.free.shape[0] - books.n_free[0])
    if header[H_N_FILLS] + fills > log.fills.shape[0]:
        return False
    return accounts is None or header[H_N_TRANSFERS] + TRANSFERS_PER_FILL * fills <= log.transfers.shape[0]


@inlined_kernel
def _write_fill(log, market, side, price, lots, maker, taker, maker_serial, taker_serial, reason):
    """Append one fill to the log. The caller has checked its capacity."""
    header = log.header
    row = log.fills[header[H_N_FILLS]]
    row[F_SEQ] = header[H_SEQ]
    row[F_TIME_MS] = header[H_TIME_MS]
    row[F_CYCLE] = header[H_CYCLE]
    row[F_MARKET] = market
    row[F_PRICE] = price
    row[F_LOTS] = lots
    row[F_MAKER] = maker
    row[F_TAKER] = taker
    row[F_MAKER_ORDER] = maker_serial
    row[F_TAKER_ORDER] = taker_serial
    row[F_TAKER_SIDE] = side
    row[F_REASON] = reason
    header[H_N_FILLS] += 1


@inlined_kernel
def _is_flat(accounts, row):
    """True if the row holds no position."""
    flat = True
    for market in range(accounts.lots.shape[1]):
        flat = flat and accounts.lots[row, market] == 0
    return flat


@inlined_kernel
def charge_fee(accounts, markets, log, row, market, value, rate_ppm):
    """Move the trading fee on `value` quanta, rounded up, from the row's wallet to FEES; a negative rate pays a rebate.

    A wallet without positions pays at most what it has, so that a fee leaves no debt.
    """
    if rate_ppm == 0:
        return
    fee = rate_ceil(value, rate_ppm, _PPM)
    payer = np.int64(accounts.wallet[row])
    if fee > 0 and fee > accounts.quote[payer] and _is_flat(accounts, payer):
        fee = max(0, accounts.quote[payer])
    if fee != 0:
        post_transfer(accounts, markets, log, payer, FEES, fee, 0, market, _FEE, 0)
        log.header[H_FEES] += fee


@inlined_kernel
def _settle(accounts, markets, log, market, side, price, lots, value, maker, taker, reason):
    """Move lots and money between maker and taker, and their fees; liquidation and unwind orders pay none."""
    params = markets.params[market]
    if side == BID:
        post_transfer(accounts, markets, log, taker, maker, value, lots, market, reason, price)
        params[P_NET_TAKER_LOTS] += lots
    else:
        post_transfer(accounts, markets, log, maker, taker, value, lots, market, reason, price)
        params[P_NET_TAKER_LOTS] -= lots
    if reason == _TRADE:
        charge_fee(accounts, markets, log, taker, market, value, params[P_TAKER_PPM])
    charge_fee(accounts, markets, log, maker, market, value, params[P_MAKER_PPM])
    params[P_LAST_TRADE] = price
    if reason != _LIQUIDATION:
        params[P_LAST_TRADE_CALM] = price


@inlined_kernel
def record_fill(accounts, markets, log, market, side, price, lots, maker, taker, maker_serial, taker_serial, reason):
    """Write down one fill, count it, and settle it if there are accounts. side: the taker's."""
    header = log.header
    if header[H_LOG_ON] != 0:
        _write_fill(log, market, side, price, lots, maker, taker, maker_serial, taker_serial, reason)
    value = price * lots
    if accounts is not None:
        value *= markets.params[market, P_TICK_VALUE]
        _settle(accounts, markets, log, market, side, price, lots, value, maker, taker, reason)
    header[H_FILLED_LOTS] += lots
    header[H_FILL_COUNT] += 1
    header[H_VOLUME] += value
