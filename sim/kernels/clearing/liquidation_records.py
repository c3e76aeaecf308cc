"""The distressed rows of a list, and the records that clearing writes of each position it closes."""

from ...layout import FLAG_LIQUIDATED
from ..jit import kernel
from ..margin.bankruptcy import bankruptcy_quote, lot_value
from ..margin.requirement import equity, is_distressed, maintenance, maintenance_in


@kernel
def is_flat(accounts, row):
    """True if `row` holds no contracts."""
    for market in range(accounts.lots.shape[1]):  # noqa: SIM110  (a kernel has no generators)
        if accounts.lots[row, market] != 0:
            return False
    return True


@kernel
def gather_distressed(accounts, markets, rows, only_below_zero, out):
    """Write the `rows` that are distressed (or hold contracts below zero) to `out`; return how many."""
    count = 0
    for row in rows:
        if only_below_zero != 0:
            keep = equity(accounts, markets, row) < 0 and not is_flat(accounts, row)
        else:
            keep = is_distressed(accounts, markets, row)
        if keep:
            out[count] = row
            count += 1
    return count


@kernel
def begin_record(exchange, row, market, row_equity, row_maintenance):
    """Append one liquidation row for a position (lots 0: an account that is flat and below zero); return its index."""
    accounts, markets = exchange.accounts, exchange.markets
    records, header = exchange.records, exchange.log.header
    index = records.counts[0].liquidations
    record = records.liquidations[index]
    record.bankruptcy_quote = record.market_maintenance = 0
    record.lots_book = record.lots_taken_over = record.lots_adl = 0
    record.fee = record.surplus = record.deficit = record.owed = record.is_old = 0
    lots = accounts.lots[row, market]
    record.seq = header[0].seq
    record.time_ms = header[0].time_ms
    record.cycle = header[0].cycle
    record.account = row
    record.market = market
    record.lots = lots
    record.mark = markets.mark[market]
    record.equity = row_equity
    record.maintenance = row_maintenance
    if lots != 0:
        record.bankruptcy_quote = bankruptcy_quote(accounts, markets, row, market, lots if lots > 0 else -lots)
        record.market_maintenance = maintenance_in(accounts, markets, row, market)
    header[0].seq += 1
    records.counts[0].liquidations += 1
    if accounts.flags[row] & FLAG_LIQUIDATED == 0 and lots != 0:
        accounts.flags[row] |= FLAG_LIQUIDATED
        records.counters[market].liquidated_accounts += 1
    return index


@kernel
def begin_row(exchange, row):
    """Append the liquidation rows of one account: one a position, or one a market of its debt; link them to it.

    A debt that is not recorded yet belongs to the market whose position the row closed last (CLR-FND-006).
    """
    accounts, markets, records = exchange.accounts, exchange.markets, exchange.records
    row_equity = equity(accounts, markets, row)
    row_maintenance = maintenance(accounts, markets, row)
    records.first_record[row] = records.counts[0].liquidations
    if is_flat(accounts, row):
        first = records.counts[0].liquidations
        for market in range(accounts.lots.shape[1]):
            if exchange.waiting.bad_debt[row, market] > 0:
                begin_record(exchange, row, market, row_equity, row_maintenance)
        if records.counts[0].liquidations == first:
            market = max(accounts.market[row], exchange.waiting.closed_market[row], 0)
            begin_record(exchange, row, market, row_equity, row_maintenance)
        return row_equity
    for market in range(accounts.lots.shape[1]):
        if accounts.lots[row, market] != 0:
            begin_record(exchange, row, market, row_equity, row_maintenance)
    return row_equity


@kernel
def find_record(records, row, market):
    """Index of this round's liquidation row of (row, market); -1 if there is none."""
    index = records.first_record[row]
    if index < records.counts[0].round_start:
        return -1
    while index < records.counts[0].liquidations and records.liquidations[index].account == row:
        if records.liquidations[index].market == market:
            return index
        index += 1
    return -1


@kernel
def record_count_of(records, row):
    """Return (first, count) of this round's liquidation rows of `row`."""
    first = records.first_record[row]
    count = 0
    if first < records.counts[0].round_start:
        return first, 0
    while first + count < records.counts[0].liquidations and records.liquidations[first + count].account == row:
        count += 1
    return first, count


@kernel
def note_closed(exchange, market, lots, held):
    """Count `lots` contracts (absolute) of a position of `held` (signed) as liquidated; return their notional."""
    notional = lots * lot_value(exchange.markets, market)
    counters = exchange.records.counters[market]
    if held > 0:
        counters.liquidated_long += notional
    else:
        counters.liquidated_short += notional
    return notional
