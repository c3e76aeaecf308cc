"""Effects of one fill: its row in the log, the transfer of lots and money, and the trading fees.

`accounts` is the exchange's, or None (a book without a clearing house): then a fill is a row of the log and counters.
It is an argument of its own because numba removes a branch on None only where an argument is None.
"""

import numpy as np

from ...layout import FEES, Reason
from ..jit import inlined_kernel
from ..ledger.transfer import post_transfer
from ..margin.requirement import equity
from ..rounding import rate_ceil
from .levels import BID

_TRADE, _LIQUIDATION, _FEE = int(Reason.TRADE), int(Reason.LIQUIDATION), int(Reason.FEE)
_PPM = 1_000_000

#: Maximum number of transfers of one fill: the trade and a fee on either side.
TRANSFERS_PER_FILL = 3


@inlined_kernel
def has_log_room(exchange, accounts, lots):
    """True if the longest sweep of an order fits the logs: its fills exceed neither its lots nor the resting orders."""
    books, log, header = exchange.books, exchange.log, exchange.log.header
    if header[0].log_on == 0:
        return True
    fills = min(lots, books.free.shape[0] - books.n_free[0])
    if header[0].n_fills + fills > log.fills.shape[0]:
        return False
    return accounts is None or header[0].n_transfers + TRANSFERS_PER_FILL * fills <= log.transfers.shape[0]


@inlined_kernel
def _write_fill(log, market, side, price, lots, maker, taker, maker_serial, taker_serial, reason):
    """Append one fill to the log. The caller has checked its capacity."""
    header = log.header
    row = log.fills[header[0].n_fills]
    row.seq = header[0].seq
    row.time_ms = header[0].time_ms
    row.cycle = header[0].cycle
    row.market = market
    row.price = price
    row.lots = lots
    row.maker = maker
    row.taker = taker
    row.maker_order = maker_serial
    row.taker_order = taker_serial
    row.taker_side = side
    row.reason = reason
    header[0].n_fills += 1


@inlined_kernel
def _is_flat(accounts, row):
    """True if the row holds no position."""
    flat = True
    for market in range(accounts.lots.shape[1]):
        flat = flat and accounts.lots[row, market] == 0
    return flat


@inlined_kernel
def charge_fee(exchange, row, market, value, rate_ppm):
    """Move the trading fee on `value` quanta, rounded up, from the row's wallet to FEES; return it (CLR-FEE-001).

    A wallet without positions pays at most what it has, so that a fee leaves no debt.
    """
    if rate_ppm <= 0:
        return 0
    accounts = exchange.accounts
    fee = rate_ceil(value, rate_ppm, _PPM)
    payer = np.int64(accounts.wallet[row])
    if fee > accounts.quote[payer] and _is_flat(accounts, payer):
        fee = max(0, accounts.quote[payer])
    return _pay_fee(exchange, payer, market, fee)


@inlined_kernel
def _pay_fee(exchange, payer, market, fee):
    """Move a fee, or a rebate below zero, to FEES; return it."""
    if fee != 0:
        post_transfer(exchange, payer, FEES, fee, 0, market, _FEE, 0)
        exchange.log.header[0].fees += fee
    return fee


@inlined_kernel
def _charge_liquidated(exchange, row, market, value):
    """Charge the taker fee of a liquidation fill to the row itself, at most its equity at mark (CLR-FEE-003)."""
    params = exchange.markets.params[market]
    if params.liquidation_pays_taker == 0:
        return 0
    left = max(0, equity(exchange.accounts, exchange.markets, row))
    return _pay_fee(exchange, row, market, min(rate_ceil(value, params.taker_ppm, _PPM), left))


@inlined_kernel
def _pay_rebate(exchange, row, market, value, rate_ppm, paid):
    """Pay the maker's rebate out of the taker fee `paid` on the same fill, never more than that (CLR-FEE-002)."""
    rebate = min(-rate_ceil(value, rate_ppm, _PPM), paid)
    _pay_fee(exchange, np.int64(exchange.accounts.wallet[row]), market, -rebate)


@inlined_kernel
def _settle(exchange, market, side, price, lots, value, maker, taker, reason):
    """Move lots and money between maker and taker, and their fees (CLR-FEE-001 to 003); ENGINE pays none."""
    params = exchange.markets.params[market]
    if side == BID:
        post_transfer(exchange, taker, maker, value, lots, market, reason, price)
        params.net_taker_lots += lots
    else:
        post_transfer(exchange, maker, taker, value, lots, market, reason, price)
        params.net_taker_lots -= lots
    paid = 0
    if reason == _TRADE:
        paid = charge_fee(exchange, taker, market, value, params.taker_ppm)
    elif reason == _LIQUIDATION:
        paid = _charge_liquidated(exchange, taker, market, value)
    if params.maker_ppm >= 0:
        charge_fee(exchange, maker, market, value, params.maker_ppm)
    else:
        _pay_rebate(exchange, maker, market, value, params.maker_ppm, paid)
    params.last_trade = price
    if reason != _LIQUIDATION:
        params.last_trade_calm = price


@inlined_kernel
def record_fill(exchange, accounts, market, side, price, lots, maker, taker, maker_serial, taker_serial, reason):
    """Record one fill, count it, and settle it if there are accounts. side: the taker's."""
    log, header = exchange.log, exchange.log.header
    if header[0].log_on != 0:
        _write_fill(log, market, side, price, lots, maker, taker, maker_serial, taker_serial, reason)
    value = price * lots
    if accounts is not None:
        value *= exchange.markets.params[market].tick_value
        _settle(exchange, market, side, price, lots, value, maker, taker, reason)
    header[0].filled_lots += lots
    header[0].fill_count += 1
    header[0].volume += value
