"""Settlement after the book: penalties on fills, surpluses and debts of flat accounts, and rows for the waterfall.

Rules CLR-LIQ-010, CLR-LIQ-011, CLR-FND-006.
"""

import numpy as np
import numpy.typing as npt

from ..kernels.clearing.debts import note_debt, split_by_market
from ..kernels.clearing.liquidation_records import find_record, is_flat, note_closed
from ..kernels.clearing.payments import Payments, add_payment, first_payments, make_payments
from ..kernels.exchange import Exchange
from ..kernels.jit import kernel
from ..kernels.margin.bankruptcy import lot_value
from ..kernels.margin.requirement import equity, is_distressed
from ..kernels.rounding import rate_ceil, rate_floor
from ..layout import FEES, AccountMode, Reason, Records
from .desk import Desk

I64 = npt.NDArray[np.int64]

_ISOLATED = int(AccountMode.ISOLATED)
_SCALE = 1_000_000


def settle(desk: Desk, rows: I64, intents: Records, *, fund_share_ppm: I64, surplus: str, may_wait: bool) -> I64:
    """Record fills, charge penalties, move surpluses, record debts; return the `rows` that go to the waterfall.

    intents: the liquidation orders that the book has seen.  fund_share_ppm: int64 (M,) FUND's share of the penalty.
    surplus: who gets it, `fund` or `trader`.  may_wait: a distressed row at or above zero waits for its next step.
    """
    exchange = desk.exchange
    note_fills(exchange, intents)
    fees = plan_fees(exchange, intents, fund_share_ppm=fund_share_ppm)
    desk.pay(fees, Reason.LIQUIDATION_FEE)
    to_fund = surplus == "fund"
    moves = make_payments(len(rows) * desk.n_markets)
    n = plan_surplus(exchange, rows, to_fund, desk.work, moves)
    desk.pay(first_payments(moves, n), Reason.SURPLUS if to_fund else Reason.MARGIN_MOVE)
    out = np.empty(len(rows), np.int64)
    return out[: pass_on(exchange, rows, may_wait, out, desk.work)]


@kernel
def note_fills(exchange, intents):
    """Write the fills of intents to the records and counters."""
    records = exchange.records
    for i in range(intents.shape[0]):
        filled, market = intents[i].filled, intents[i].market
        if filled > 0:
            record = records.liquidations[find_record(records, intents[i].account, market)]
            record.lots_book += filled
            records.counters[market].book_notional += note_closed(exchange, market, filled, record.lots)


def plan_fees(exchange: Exchange, intents: Records, *, fund_share_ppm: I64) -> Payments:
    """Return the penalties on the orders' fills: FUND's share rounded down, the rest to FEES (CLR-LIQ-010)."""
    payments = make_payments(2 * len(intents))
    n = _plan_fees(exchange, intents, fund_share_ppm, payments)
    return first_payments(payments, n)


@kernel
def _plan_fees(exchange, intents, fund_share_ppm, payments):
    """Fee = ceil(value of the fills x rate), at most the equity the account still has after its fees before."""
    accounts, markets, records = exchange.accounts, exchange.markets, exchange.records
    n = 0
    last, charged = -1, 0
    for i in range(intents.shape[0]):
        filled, row, market = intents[i].filled, intents[i].account, intents[i].market
        if row != last:
            last, charged = row, 0
        params = markets.params[market]
        value = intents[i].value if params.penalty_on_fill != 0 else filled * lot_value(markets, market)
        fee = rate_ceil(value, params.liquidation_fee_ppm, _SCALE)
        fee = min(fee, max(0, equity(accounts, markets, row) - charged))
        if fee == 0:
            continue
        charged += fee
        index = find_record(records, row, market)
        cause = records.liquidations[index].seq
        to_fund = rate_floor(fee, fund_share_ppm[market], _SCALE)
        if to_fund > 0:
            n = add_payment(payments, n, row, markets.params[market].fund_row, to_fund, market, index, cause)
        if fee > to_fund:
            n = add_payment(payments, n, row, FEES, fee - to_fund, market, index, cause)
    return n


@kernel
def plan_surplus(exchange, rows, to_fund, work, payments):
    """Write the payments of what flat `rows` have left: to FUND by market, or from an isolated row to its wallet.

    Returns how many payments. work: scratch of `split_by_market` (CLR-LIQ-011).
    """
    accounts, markets, records = exchange.accounts, exchange.markets, exchange.records
    n = 0
    for row in rows:
        left = accounts.quote[row]
        if left <= 0 or not is_flat(accounts, row):
            continue
        cause = records.liquidations[records.first_record[row]].seq
        if not to_fund:
            if accounts.mode[row] == _ISOLATED:
                n = add_payment(payments, n, row, np.int64(accounts.wallet[row]), left, 0, -1, cause)
            continue
        first, count = split_by_market(exchange, row, left, work)
        for k in range(count):
            if work[0, k] > 0:
                market = records.liquidations[first + k].market
                fund = markets.params[market].fund_row
                n = add_payment(payments, n, row, fund, work[0, k], market, first + k, cause)
    return n


@kernel
def pass_on(exchange, rows, may_wait, out, work):
    """Write the `rows` that the waterfall must handle to `out`, and record their debts; return how many.

    Flat below zero: the debt is recorded. Holding and distressed: unless it may wait for its next step and is not below
    zero.
    """
    accounts, markets = exchange.accounts, exchange.markets
    n = 0
    for row in rows:
        if is_flat(accounts, row):
            keep = accounts.quote[row] < 0
            if keep:
                note_debt(exchange, row, work)
        else:
            keep = is_distressed(accounts, markets, row) and (not may_wait or equity(accounts, markets, row) < 0)
        if keep:
            out[n] = row
            n += 1
    return n
