"""Debts of flat accounts, by market and scope, and the bad debt that remains."""

from ...layout import FLAG_BANKRUPT
from ..jit import kernel
from ..ledger.allocate import allocate
from .liquidation_records import is_flat, record_count_of


@kernel
def split_by_market(exchange, row, amount, work):
    """Split `amount` >= 0 over the markets in which `row` was liquidated, by maintenance margin; return (first, count).

    The parts are work[0, :count]. A row without a position is split by its recorded bad debt, which says which scope
    owes what (CLR-FND-006); without any of it all goes to the first. work: int64 (4, M).
    """
    records = exchange.records
    first, count = record_count_of(records, row)
    total = 0
    for k in range(count):
        work[0, k] = 0
        work[1, k] = records.liquidations[first + k].market_maintenance
        work[2, k] = k
        total += work[1, k]
    if total == 0:
        for k in range(count):
            work[1, k] = exchange.waiting.bad_debt[row, records.liquidations[first + k].market]
            total += work[1, k]
    if total > 0:
        allocate(amount, work[1, :count], work[2, :count], total, work[0, :count], work[3, :count])
    elif count > 0:
        work[0, 0] = amount
    return first, count


@kernel
def note_debt(exchange, row, work):
    """Write the debt of a flat account below zero to its liquidation rows, split by market."""
    accounts, records, waiting = exchange.accounts, exchange.records, exchange.waiting
    owed = -accounts.quote[row]
    first, count = split_by_market(exchange, row, owed, work)
    for k in range(count):
        record = records.liquidations[first + k]
        record.owed = work[0, k]
        record.is_old = 1 if waiting.bad_debt[row, record.market] > 0 else 0
    if count > 0:
        counters = records.counters
        for market in range(accounts.lots.shape[1]):
            known = waiting.bad_debt[row, market]
            owed -= known
            counters[market].bad_debt -= known
            waiting.bad_debt[row, market] = 0
        counters[records.liquidations[first].market].deficit += owed
    accounts.flags[row] |= FLAG_BANKRUPT


@kernel
def note_new_debts(exchange, rows, work):
    """Record the debts of the `rows` that are flat, below zero and not yet recorded in this round."""
    accounts, records = exchange.accounts, exchange.records
    for row in rows:
        if not is_flat(accounts, row) or accounts.quote[row] >= 0:
            continue
        first, count = record_count_of(records, row)
        noted = 0
        for k in range(count):
            noted += records.liquidations[first + k].owed
        if noted == 0:
            note_debt(exchange, row, work)


@kernel
def record_bad_debt(exchange):
    """Record the debts that no layer has paid in this round as bad debt; return the quanta."""
    records, waiting = exchange.records, exchange.waiting
    total = 0
    for index in range(records.counts[0].round_start, records.counts[0].liquidations):
        record = records.liquidations[index]
        owed = record.owed
        if owed > 0:
            waiting.bad_debt[record.account, record.market] += owed
            records.counters[record.market].bad_debt += owed
            record.owed = 0
            total += owed
    return total
