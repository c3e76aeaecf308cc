"""Which of a list are distressed, and the rows that clearing writes about each position it closes."""

from ...events import FLAG_LIQUIDATED, H_CYCLE, H_SEQ, H_TIME_MS
from ..jit import kernel
from ..margin.bankruptcy import bankruptcy_quote, lot_value
from ..margin.requirement import equity, is_distressed, maintenance, maintenance_in
from ..records import (
    C_LIQUIDATED_ACCOUNTS,
    C_LIQUIDATED_LONG,
    C_LIQUIDATED_SHORT,
    L_ACCOUNT,
    L_BANKRUPTCY_QUOTE,
    L_CYCLE,
    L_EQUITY,
    L_LOTS,
    L_MAINTENANCE,
    L_MARK,
    L_MARKET,
    L_MARKET_MAINTENANCE,
    L_SEQ,
    L_TIME_MS,
    LIQUIDATION_WIDTH,
    R_LIQUIDATIONS,
    R_ROUND_START,
)


@kernel
def is_flat(accounts, row):
    """True if `row` holds no contracts."""
    for market in range(accounts.lots.shape[1]):  # noqa: SIM110  (a kernel has no generators)
        if accounts.lots[row, market] != 0:
            return False
    return True


@kernel
def gather_distressed(accounts, markets, rows, n, only_below_zero, out):
    """Write those of rows[:n] that are distressed (or hold contracts and are below zero) to `out`; return how many."""
    count = 0
    for i in range(n):
        row = rows[i]
        if only_below_zero != 0:
            keep = equity(accounts, markets, row) < 0 and not is_flat(accounts, row)
        else:
            keep = is_distressed(accounts, markets, row)
        if keep:
            out[count] = row
            count += 1
    return count


@kernel
def begin_record(accounts, markets, header, records, row, market, row_equity, row_maintenance, last_market):
    """Append one liquidation row for a position (lots 0: an account that is flat and below zero); return its index."""
    index = records.counts[R_LIQUIDATIONS]
    record = records.liquidations[index]
    for column in range(LIQUIDATION_WIDTH):
        record[column] = 0
    lots = accounts.lots[row, market]
    record[L_SEQ] = header[H_SEQ]
    record[L_TIME_MS] = header[H_TIME_MS]
    record[L_CYCLE] = header[H_CYCLE]
    record[L_ACCOUNT] = row
    record[L_MARKET] = market
    record[L_LOTS] = lots
    record[L_MARK] = markets.mark[market]
    record[L_EQUITY] = row_equity
    record[L_MAINTENANCE] = row_maintenance
    if lots != 0:
        record[L_BANKRUPTCY_QUOTE] = bankruptcy_quote(accounts, markets, row, market, lots if lots > 0 else -lots)
        record[L_MARKET_MAINTENANCE] = maintenance_in(accounts, markets, row, market)
        last_market[row] = market
    header[H_SEQ] += 1
    records.counts[R_LIQUIDATIONS] += 1
    if accounts.flags[row] & FLAG_LIQUIDATED == 0 and lots != 0:
        accounts.flags[row] |= FLAG_LIQUIDATED
        records.counters[market, C_LIQUIDATED_ACCOUNTS] += 1
    return index


@kernel
def begin_row(accounts, markets, header, records, waiting, row):
    """Append the liquidation rows of one account: one a position, or one for its debt; link them to the account."""
    row_equity = equity(accounts, markets, row)
    row_maintenance = maintenance(accounts, markets, row)
    records.first_record[row] = records.counts[R_LIQUIDATIONS]
    if is_flat(accounts, row):
        market = max(accounts.market[row], waiting.last_market[row], 0)
        begin_record(accounts, markets, header, records, row, market, row_equity, row_maintenance, waiting.last_market)
        return row_equity
    for market in range(accounts.lots.shape[1]):
        if accounts.lots[row, market] != 0:
            begin_record(
                accounts, markets, header, records, row, market, row_equity, row_maintenance, waiting.last_market
            )
    return row_equity


@kernel
def find_record(records, row, market):
    """Index of this round's liquidation row of (row, market); -1 if there is none."""
    index = records.first_record[row]
    if index < records.counts[R_ROUND_START]:
        return -1
    while index < records.counts[R_LIQUIDATIONS] and records.liquidations[index, L_ACCOUNT] == row:
        if records.liquidations[index, L_MARKET] == market:
            return index
        index += 1
    return -1


@kernel
def record_count_of(records, row):
    """Return (first, count) of this round's liquidation rows of `row`."""
    first = records.first_record[row]
    count = 0
    if first < records.counts[R_ROUND_START]:
        return first, 0
    while first + count < records.counts[R_LIQUIDATIONS] and records.liquidations[first + count, L_ACCOUNT] == row:
        count += 1
    return first, count


@kernel
def note_closed(records, markets, market, lots, held, column):
    """Count `lots` contracts (absolute) of a position of `held` (signed) as liquidated, and in counter `column`."""
    notional = lots * lot_value(markets, market)
    records.counters[market, C_LIQUIDATED_LONG if held > 0 else C_LIQUIDATED_SHORT] += notional
    if column >= 0:
        records.counters[market, column] += notional
