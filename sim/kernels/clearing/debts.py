"""What flat accounts owe, by market and scope, and what is left of it as bad debt."""

from ...events import FLAG_BANKRUPT
from ..jit import kernel
from ..ledger.allocate import allocate
from ..records import (
    C_BAD_DEBT,
    C_DEFICIT,
    L_ACCOUNT,
    L_MARKET,
    L_MARKET_MAINTENANCE,
    L_OWED,
    R_LIQUIDATIONS,
    R_ROUND_START,
)
from .liquidation_records import is_flat, record_count_of


@kernel
def split_by_market(records, row, amount, work):
    """Split `amount` >= 0 over the markets in which `row` was liquidated, by maintenance margin; return (first, count).

    The parts are work[0, :count]. Weights of 0 (a debt without a position) give all to the first. work: int64 (4, M).
    """
    first, count = record_count_of(records, row)
    total = 0
    for k in range(count):
        work[0, k] = 0
        work[1, k] = records.liquidations[first + k, L_MARKET_MAINTENANCE]
        work[2, k] = k
        total += work[1, k]
    if total > 0:
        allocate(amount, work[1], work[2], count, total, work[0], work[3])
    elif count > 0:
        work[0, 0] = amount
    return first, count


@kernel
def note_debt(accounts, records, waiting, row, work):
    """Write what a flat account below zero owes to its liquidation rows, split by maintenance margin."""
    owed = -accounts.quote[row]
    first, count = split_by_market(records, row, owed, work)
    for k in range(count):
        records.liquidations[first + k, L_OWED] = work[0, k]
    if count > 0:
        market = records.liquidations[first, L_MARKET]
        records.counters[market, C_DEFICIT] += owed - waiting.bad_debt[row]
        records.counters[market, C_BAD_DEBT] -= waiting.bad_debt[row]
        waiting.bad_debt[row] = 0
    accounts.flags[row] |= FLAG_BANKRUPT


@kernel
def note_new_debts(accounts, records, waiting, rows, n, work):
    """Note the debts of those of rows[:n] that are flat, below zero and not yet noted in this round."""
    for i in range(n):
        row = rows[i]
        if not is_flat(accounts, row) or accounts.quote[row] >= 0:
            continue
        first, count = record_count_of(records, row)
        noted = 0
        for k in range(count):
            noted += records.liquidations[first + k, L_OWED]
        if noted == 0:
            note_debt(accounts, records, waiting, row, work)


@kernel
def record_bad_debt(records, waiting):
    """Write down what this round's records still owe: no layer pays it; return the quanta."""
    total = 0
    for index in range(records.counts[R_ROUND_START], records.counts[R_LIQUIDATIONS]):
        record = records.liquidations[index]
        owed = record[L_OWED]
        if owed > 0:
            waiting.bad_debt[record[L_ACCOUNT]] += owed
            records.counters[record[L_MARKET], C_BAD_DEBT] += owed
            record[L_OWED] = 0
            total += owed
    return total
