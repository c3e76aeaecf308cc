"""Kernels of the last layer: positions that nobody would take are torn up at mark, and what is owed is taken from
gains.

Tear-up: the standing contracts of one side are split over ALL holders of the other side pro rata to their contracts, at
mark, so it changes nobody's equity and always succeeds (lots sum to 0). The debt then stands on flat accounts and is
collected from winners pro rata to their gains, never more than the gain, never below zero equity.
"""

from ...layout import FLAG_HAIRCUT, AccountMode, Reason
from ..jit import kernel
from ..ledger.allocate import allocate
from ..ledger.transfer import post_transfer
from ..margin.bankruptcy import lot_value
from ..margin.requirement import equity
from .liquidation_records import find_record, is_flat, note_closed
from .waterfall import has_room

BASIS_UNREALISED, BASIS_EQUITY_CHANGE = range(2)

_RESERVED = int(AccountMode.RESERVED)
_LOSS = int(Reason.SOCIALISED_LOSS)
_DEPOSIT, _OPENING, _MARGIN_MOVE = int(Reason.DEPOSIT), int(Reason.OPENING), int(Reason.MARGIN_MOVE)


@kernel
def share_tear_up(accounts, market, side, need, holders, weights, parts, remainders):
    """Split `need` contracts over all rows on the other side of `market` pro rata to size; return how many rows.

    holders, weights, parts, remainders: int64 (>= A,). Only rows with a part are kept, ascending by id.
    """
    n, total = 0, 0
    for row in range(accounts.lots.shape[0]):
        lots = -accounts.lots[row, market] * side
        if lots > 0:
            holders[n] = row
            weights[n] = lots
            total += lots
            n += 1
    if total == 0:
        return 0
    allocate(need, weights, holders, n, total, parts, remainders)
    kept = 0
    for i in range(n):
        if parts[i] > 0:
            holders[kept] = holders[i]
            parts[kept] = parts[i]
            kept += 1
    return kept


@kernel
def tear_up(accounts, markets, log, market, targets, n_targets, holders, parts, n_holders, place, records):
    """Close targets against the holders' parts at mark, in order; place = [target, holder]; return True when done.

    False means that the transfer log is full: spill it and call again with the same `place` and `parts`.
    """
    unit = lot_value(markets, market)
    header = log.header
    while place[0] < n_targets and place[1] < n_holders:
        target, holder = targets[place[0]], holders[place[1]]
        held = accounts.lots[target, market]
        lots = min(held if held > 0 else -held, parts[place[1]])
        if lots > 0:
            if not has_room(log, 1):
                header[0].cause = -1
                return False
            signed = lots if held > 0 else -lots
            index = find_record(records, target, market)
            header[0].cause = records.liquidations[index].seq if index >= 0 else -1
            mark = markets.mark[market]
            post_transfer(accounts, markets, log, holder, target, signed * unit, signed, market, _LOSS, mark)
            records.counters[market].torn_up_notional += lots * unit
            if index >= 0:
                records.liquidations[index].lots_adl += lots
                note_closed(records, markets, market, lots, held)
            parts[place[1]] -= lots
        if accounts.lots[target, market] == 0:
            place[0] += 1
        if parts[place[1]] == 0:
            place[1] += 1
    header[0].cause = -1
    return True


@kernel
def measure_gains(accounts, markets, fund, basis, gains):
    """Write what each row may be asked for in the scope of `fund` to `gains`, int64 (A,); return the sum.

    BASIS_UNREALISED: profit against entry cost in the scope's markets. BASIS_EQUITY_CHANGE: equity less deposits,
    opening positions and moves between own rows, i.e. what the row has gained since the run began. At most the row's
    equity; reserved rows and losers give nothing.
    """
    total = 0
    for row in range(accounts.lots.shape[0]):
        gains[row] = 0
        if accounts.mode[row] == _RESERVED:
            continue
        worth = equity(accounts, markets, row)
        if basis == BASIS_EQUITY_CHANGE:
            flows = accounts.flows[row]
            gain = worth - flows[_DEPOSIT] - flows[_OPENING] - flows[_MARGIN_MOVE]
        else:
            gain = 0
            for market in range(accounts.lots.shape[1]):
                if markets.params[market].fund_row == fund:
                    gain += accounts.lots[row, market] * lot_value(markets, market) - accounts.cost[row, market]
        gain = max(0, min(gain, worth))
        gains[row] = gain
        total += gain
    return total


@kernel
def owed_in_scope(accounts, markets, fund, engine, records):
    """What this round's flat accounts and a flat ENGINE below zero still owe in the scope of `fund`, quanta."""
    total = 0
    for index in range(records.counts[0].round_start, records.counts[0].liquidations):
        record = records.liquidations[index]
        if markets.params[record.market].fund_row == fund:
            total += record.owed
    if is_flat(accounts, engine) and accounts.quote[engine] < 0:
        total -= accounts.quote[engine]
    return total


@kernel
def share_loss(amount, gains, total, payers, weights, parts, remainders):
    """Split `amount` (at most `total`) over the rows with gains, largest remainder; return how many rows pay.

    payers, weights, parts, remainders: int64 (>= A,). No row pays more than its gain.
    """
    n = 0
    for row in range(gains.shape[0]):
        if gains[row] > 0:
            payers[n] = row
            weights[n] = gains[row]
            n += 1
    if n == 0 or amount <= 0:
        return 0
    allocate(amount, weights, payers, n, total, parts, remainders)
    return n


@kernel
def collect_loss(accounts, markets, log, market, payers, parts, start, n, records):
    """Payers[start:n] pay their parts to the ENGINE of `market`'s scope; return the next payer."""
    engine = markets.params[market].engine_row
    for i in range(start, n):
        if parts[i] == 0:
            continue
        if not has_room(log, 1):
            return i
        post_transfer(accounts, markets, log, payers[i], engine, parts[i], 0, market, _LOSS, 0)
        accounts.flags[payers[i]] |= FLAG_HAIRCUT
        records.counters[market].socialised += parts[i]
    return n


@kernel
def distribute_loss(accounts, markets, log, fund, pot, start, records):
    """Pay what was collected to the accounts that owe in the scope of `fund`, in order.

    Return (next record, what is left).
    """
    header = log.header
    for index in range(max(start, records.counts[0].round_start), records.counts[0].liquidations):
        record = records.liquidations[index]
        market = record.market
        paid = min(record.owed, pot)
        if paid <= 0 or markets.params[market].fund_row != fund:
            continue
        if not has_room(log, 1):
            header[0].cause = -1
            return index, pot
        header[0].cause = record.seq
        engine = markets.params[market].engine_row
        post_transfer(accounts, markets, log, engine, record.account, paid, 0, market, _LOSS, 0)
        record.owed -= paid
        record.deficit += paid
        pot -= paid
    header[0].cause = -1
    return records.counts[0].liquidations, pot
