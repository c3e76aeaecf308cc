"""The one place where clearing moves money without contracts: the transfer, and what it means by its reason."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...events import FLAG_HAIRCUT, H_CAUSE, Reason
from ..jit import kernel
from ..ledger.transfer import post_transfer
from ..records import (
    C_FUND_DRAW,
    C_FUND_GAIN,
    C_LIQUIDATION_FEES,
    C_SOCIALISED,
    C_SURPLUS,
    L_DEFICIT,
    L_FEE,
    L_OWED,
    L_SURPLUS,
)
from ..state import FEES
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
    """Return room for that many payments."""
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
def _note_payment(accounts, records, payments, i, reason):
    """Write what payment `i` means: a debt that is paid, a surplus, a fee, a haircut."""
    quote, index = payments.quote[i], payments.record[i]
    counters = records.counters[payments.market[i]]
    if reason == _FUND_DRAW:
        counters[C_FUND_DRAW] += quote
    elif reason == _FUND_GAIN:
        counters[C_FUND_GAIN] += quote
    elif reason == _SURPLUS:
        records.liquidations[index, L_SURPLUS] += quote
        counters[C_SURPLUS] += quote
        counters[C_FUND_GAIN] += quote
    elif reason == _FEE:
        records.liquidations[index, L_FEE] += quote
        counters[C_LIQUIDATION_FEES] += quote
        if payments.payee[i] != FEES:
            counters[C_FUND_GAIN] += quote
    elif reason == _LOSS and index < 0:
        accounts.flags[payments.payer[i]] |= FLAG_HAIRCUT
        counters[C_SOCIALISED] += quote
    if index >= 0 and reason in (_FUND_DRAW, _LOSS):
        records.liquidations[index, L_OWED] -= quote
        records.liquidations[index, L_DEFICIT] += quote


@kernel
def post_payments(accounts, markets, log, records, payments, start, end, reason):
    """Make the transfers of payments[start:end] and note each; the log has room for them."""
    for i in range(start, end):
        log.header[H_CAUSE] = payments.cause[i]
        post_transfer(
            accounts, markets, log, payments.payer[i], payments.payee[i], payments.quote[i], 0, payments.market[i],
            reason, 0,
        )  # fmt: skip
        _note_payment(accounts, records, payments, i, reason)
    log.header[H_CAUSE] = -1
