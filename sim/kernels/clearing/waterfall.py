"""Kernels of the waterfall's money: takeover by ENGINE, what flat accounts leave or owe, and what FUND pays.

The columns of what they write are in `sim/kernels/records.py` (re-exported here). Every one moves
money by `post_transfer` only, and returns the next item to process, short of its end when the transfer log lacks room:
spill the log, call again.
"""

import numpy as np

from ...layout import FLAG_BANKRUPT, FLAG_FROZEN, AccountMode, Reason
from ..jit import kernel
from ..ledger.allocate import allocate
from ..ledger.transfer import post_transfer
from ..margin.bankruptcy import bankruptcy_quote, count_positions, lot_value
from ..margin.requirement import equity, is_distressed
from ..rounding import mul_div_floor
from .liquidation_records import find_record, is_flat, note_closed, record_count_of

_ISOLATED = int(AccountMode.ISOLATED)
_TAKEOVER, _SURPLUS, _MARGIN_MOVE = int(Reason.TAKEOVER), int(Reason.SURPLUS), int(Reason.MARGIN_MOVE)
_FUND_DRAW, _FUND_GAIN = int(Reason.FUND_DRAW), int(Reason.FUND_GAIN)


@kernel
def has_room(log, n):
    """True if `n` more transfers fit the log, or the log is off."""
    return log.header[0].log_on == 0 or log.header[0].n_transfers + n <= log.transfers.shape[0]


@kernel
def unit_ticks(quote, lots, tick_value):
    """Whole ticks of a price given as a total, for the log: |quote| / (|lots| x tick_value), rounded down."""
    size = lots if lots > 0 else -lots
    return (quote if quote > 0 else -quote) // (size * tick_value)


@kernel
def split_by_market(records, row, amount, work):
    """Split `amount` >= 0 over the markets in which `row` was liquidated, by maintenance margin; return (first, count).

    The parts are work[0, :count]. Weights of 0 (a debt without a position) give all to the first. work: int64 (4, M).
    """
    first, count = record_count_of(records, row)
    total = 0
    for k in range(count):
        work[0, k] = 0
        work[1, k] = records.liquidations[first + k].market_maintenance
        work[2, k] = k
        total += work[1, k]
    if total > 0:
        allocate(amount, work[1], work[2], count, total, work[0], work[3])
    elif count > 0:
        work[0, 0] = amount
    return first, count


@kernel
def _take_surplus(accounts, markets, log, row, to_fund, records, work):
    """Move what a flat account has left: to FUND by market, or back to the trader's wallet."""
    left = accounts.quote[row]
    if to_fund == 0:
        if accounts.mode[row] == _ISOLATED:
            post_transfer(accounts, markets, log, row, np.int64(accounts.wallet[row]), left, 0, 0, _MARGIN_MOVE, 0)
        return
    first, count = split_by_market(records, row, left, work)
    for k in range(count):
        part = work[0, k]
        if part == 0:
            continue
        record = records.liquidations[first + k]
        market = record.market
        post_transfer(accounts, markets, log, row, markets.params[market].fund_row, part, 0, market, _SURPLUS, 0)
        record.surplus += part
        records.counters[market].surplus += part
        records.counters[market].fund_gain += part


@kernel
def note_debt(accounts, records, waiting, row, work):
    """Write what a flat account below zero owes to its liquidation rows, split by maintenance margin."""
    owed = -accounts.quote[row]
    first, count = split_by_market(records, row, owed, work)
    for k in range(count):
        records.liquidations[first + k].owed = work[0, k]
    if count > 0:
        market = records.liquidations[first].market
        records.counters[market].deficit += owed - waiting.bad_debt[row]
        records.counters[market].bad_debt -= waiting.bad_debt[row]
        waiting.bad_debt[row] = 0
    accounts.flags[row] |= FLAG_BANKRUPT


@kernel
def settle_flat(accounts, markets, log, rows, start, n, surplus_to_fund, may_wait, records, waiting, out, n_out, work):
    """Sort rows[start:n] by what the book left of them; return (next row, length of `out`).

    Flat with money: the surplus moves. Flat below zero: the debt is noted and the row goes to `out`. Holding and safe:
    done. Holding and distressed: to `out`, unless it may wait for its next step and is not below zero.
    """
    header = log.header
    for i in range(start, n):
        if not has_room(log, accounts.lots.shape[1] + 1):
            header[0].cause = -1
            return i, n_out
        row = rows[i]
        header[0].cause = records.liquidations[records.first_record[row]].seq
        if is_flat(accounts, row):
            if accounts.quote[row] > 0:
                _take_surplus(accounts, markets, log, row, surplus_to_fund, records, work)
            elif accounts.quote[row] < 0:
                note_debt(accounts, records, waiting, row, work)
                out[n_out] = row
                n_out += 1
        elif is_distressed(accounts, markets, row) and (may_wait == 0 or equity(accounts, markets, row) < 0):
            out[n_out] = row
            n_out += 1
    header[0].cause = -1
    return n, n_out


@kernel
def inventory_notional(accounts, markets, engine):
    """Sum over markets of |ENGINE's lots| x mark."""
    total = 0
    for market in range(accounts.lots.shape[1]):
        lots = accounts.lots[engine, market]
        total += (lots if lots > 0 else -lots) * lot_value(markets, market)
    return total


@kernel
def lots_acceptable(accounts, markets, row, market, cap):
    """How many contracts (absolute) of the position ENGINE may take over, by inventory cap and by solvency.

    After it, ENGINE's inventory at mark is at most `cap` quanta, and FUND's cash plus ENGINE's equity is not below
    zero.
    """
    engine, fund = markets.params[market].engine_row, markets.params[market].fund_row
    lots = accounts.lots[row, market]
    size = lots if lots > 0 else -lots
    unit = lot_value(markets, market)
    held = accounts.lots[engine, market]
    same_way = held if lots > 0 else -held
    others = inventory_notional(accounts, markets, engine) - (held if held > 0 else -held) * unit
    by_cap = (cap - others) // unit - same_way if cap >= others else -same_way
    gain = size * unit - bankruptcy_quote(accounts, markets, row, market, size)
    if lots < 0:
        gain = -size * unit - bankruptcy_quote(accounts, markets, row, market, size)
    means = accounts.quote[fund] + equity(accounts, markets, engine)
    by_means = size
    if gain >= 0:
        by_means = size if means + gain >= 0 else 0
    elif means <= 0:
        by_means = 0
    elif means < -gain:
        by_means = mul_div_floor(means, size, -gain)
    return max(0, min(size, by_cap, by_means))


@kernel
def _take_position(accounts, markets, log, row, market, lots, index, records):
    """ENGINE takes `lots` contracts (absolute) of one position at its bankruptcy price."""
    held = accounts.lots[row, market]
    size = held if held > 0 else -held
    unit = lot_value(markets, market)
    quote = bankruptcy_quote(accounts, markets, row, market, size)
    if lots < size:
        quote = mul_div_floor(quote, lots, size)
    signed = lots if held > 0 else -lots
    engine = markets.params[market].engine_row
    ticks = unit_ticks(quote, signed, markets.params[market].tick_value)
    post_transfer(accounts, markets, log, engine, row, quote, signed, market, _TAKEOVER, ticks)
    record = records.liquidations[index]
    record.lots_taken_over += lots
    records.counters[market].taken_over_notional += note_closed(records, markets, market, lots, held)
    shortfall = quote - signed * unit
    if shortfall > 0:
        record.deficit += shortfall
        records.counters[market].deficit += shortfall
        accounts.flags[row] |= FLAG_BANKRUPT


@kernel
def take_over(accounts, markets, log, rows, start, n, caps, records):
    """ENGINE takes over what it may of rows[start:n], in order, at bankruptcy price; return the next row.

    A row taken in all its markets ends at exactly 0 quanta and 0 lots. Part of a position is taken only from a row with
    a single position; a position of a row with several is taken whole or not at all. caps: int64 (M,) quanta.
    """
    header = log.header
    for i in range(start, n):
        if not has_room(log, accounts.lots.shape[1]):
            header[0].cause = -1
            return i
        row = rows[i]
        for market in range(accounts.lots.shape[1]):
            held = accounts.lots[row, market]
            if held == 0:
                continue
            index = find_record(records, row, market)
            lots = lots_acceptable(accounts, markets, row, market, caps[market])
            size = held if held > 0 else -held
            if index < 0 or lots == 0 or (lots < size and count_positions(accounts, row) > 1):
                continue
            header[0].cause = records.liquidations[index].seq
            _take_position(accounts, markets, log, row, market, lots, index, records)
    header[0].cause = -1
    return n


@kernel
def draw_fund(accounts, markets, log, start, records):
    """FUND pays what this round's flat accounts owe, in order of the records, down to zero cash.

    Return the next record.
    """
    header = log.header
    for index in range(max(start, records.counts[0].round_start), records.counts[0].liquidations):
        record = records.liquidations[index]
        market = record.market
        fund = markets.params[market].fund_row
        paid = min(record.owed, accounts.quote[fund])
        if paid <= 0:
            continue
        if not has_room(log, 1):
            header[0].cause = -1
            return index
        header[0].cause = record.seq
        post_transfer(accounts, markets, log, fund, record.account, paid, 0, market, _FUND_DRAW, 0)
        record.owed -= paid
        record.deficit += paid
        records.counters[market].fund_draw += paid
    header[0].cause = -1
    return records.counts[0].liquidations


@kernel
def settle_engine(accounts, markets, log, market, may_draw, records):
    """Settle the ENGINE of `market`'s scope with its FUND; needs room for one transfer.

    Equity below zero is drawn from FUND's cash (if `may_draw`), down to zero; the gains of an ENGINE without inventory
    are swept to FUND.
    """
    fund, engine = markets.params[market].fund_row, markets.params[market].engine_row
    worth = equity(accounts, markets, engine)
    if worth < 0 and may_draw != 0:
        paid = min(-worth, accounts.quote[fund])
        if paid > 0:
            post_transfer(accounts, markets, log, fund, engine, paid, 0, market, _FUND_DRAW, 0)
            records.counters[market].fund_draw += paid
    elif worth > 0 and is_flat(accounts, engine):
        post_transfer(accounts, markets, log, engine, fund, worth, 0, market, _FUND_GAIN, 0)
        records.counters[market].fund_gain += worth


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
            noted += records.liquidations[first + k].owed
        if noted == 0:
            note_debt(accounts, records, waiting, row, work)


@kernel
def record_bad_debt(records, waiting):
    """Write down what this round's records still owe: no layer pays it; return the quanta."""
    total = 0
    for index in range(records.counts[0].round_start, records.counts[0].liquidations):
        record = records.liquidations[index]
        owed = record.owed
        if owed > 0:
            waiting.bad_debt[record.account] += owed
            records.counters[record.market].bad_debt += owed
            record.owed = 0
            total += owed
    return total


@kernel
def release_frozen(accounts, rows, n):
    """Let rows[:n] trade again."""
    for i in range(n):
        accounts.flags[rows[i]] &= 0xFF ^ FLAG_FROZEN
