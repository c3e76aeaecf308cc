"""The one place where clearing moves money without contracts: the transfer, and its effect by reason."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...layout import FEES, FLAG_HAIRCUT, Reason
from ..jit import kernel
from ..ledger.transfer import post_transfer
from ..structs import by_address

I64 = npt.NDArray[np.int64]

_FUND_DRAW, _FUND_GAIN, _SURPLUS = int(Reason.FUND_DRAW), int(Reason.FUND_GAIN), int(Reason.SURPLUS)
_LOSS, _FEE = int(Reason.SOCIALISED_LOSS), int(Reason.LIQUIDATION_FEE)


@by_address
class Payments(NamedTuple):
    """Money that changes rows, in this order."""

    payer: I64  # (n,) rows
    payee: I64  # (n,)
    quote: I64  # (n,) quanta, above 0
    market: I64  # (n,) market in whose counters it counts
    record: I64  # (n,) liquidation record it belongs to, -1: none
    cause: I64  # (n,) sequence number of its cause, -1: none


def make_payments(capacity: int) -> Payments:
    """Return room for `capacity` payments."""
    return Payments(*(np.full(capacity, -1, np.int64) for _ in range(6)))


def first_payments(payments: Payments, n: int) -> Payments:
    """Return the first `n` payments."""
    return Payments(*(column[:n] for column in payments))


def one_payment(*, payer: int, payee: int, quote: int, market: int) -> Payments:
    """Return a single payment without a record."""
    row = (payer, payee, quote, market, -1, -1)
    return Payments(*(np.array([value], np.int64) for value in row))


@kernel
def add_payment(payments, n, payer, payee, quote, market, record, cause):
    """Write payment number `n`; return n + 1."""
    payments.payer[n] = payer
    payments.payee[n] = payee
    payments.quote[n] = quote
    payments.market[n] = market
    payments.record[n] = record
    payments.cause[n] = cause
    return n + 1


@kernel
def _note_payment(exchange, payments, i, reason):
    """Record the effect of payment `i`: a debt that is paid, a surplus, a fee, a haircut."""
    accounts, records = exchange.accounts, exchange.records
    quote, index = payments.quote[i], payments.record[i]
    counters = records.counters[payments.market[i]]
    if reason == _FUND_DRAW:
        counters.fund_draw += quote
    elif reason == _FUND_GAIN:
        counters.fund_gain += quote
    elif reason == _SURPLUS:
        records.liquidations[index].surplus += quote
        counters.surplus += quote
        counters.fund_gain += quote
    elif reason == _FEE:
        records.liquidations[index].fee += quote
        counters.liquidation_fees += quote
        if payments.payee[i] != FEES:
            counters.fund_gain += quote
    elif reason == _LOSS and index < 0:
        accounts.flags[payments.payer[i]] |= FLAG_HAIRCUT
        counters.socialised += quote
    if index >= 0 and reason in (_FUND_DRAW, _LOSS):
        records.liquidations[index].owed -= quote
        records.liquidations[index].deficit += quote


@kernel
def post_payments(exchange, payments, start, end, reason):
    """Make the transfers of payments[start:end] and note each; the log has room for them."""
    header = exchange.log.header
    for i in range(start, end):
        payer, payee, quote, market = payments.payer[i], payments.payee[i], payments.quote[i], payments.market[i]
        header[0].cause = payments.cause[i]
        post_transfer(exchange, payer, payee, quote, 0, market, reason, 0)
        _note_payment(exchange, payments, i, reason)
    header[0].cause = -1
