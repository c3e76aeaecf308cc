"""Kernels of auto-deleveraging: scores, the queue, the closes at bankruptcy price, and the queue lights.

Ranked are margin rows, not traders. A row may be a counterparty if it holds the opposite side in profit against its
entry cost, is not reserved, does not belong to the bankrupt's own trader (an isolated position must not cost its
owner's other rows more than the margin assigned to it), and would not end below zero by the close (such rows are
skipped, as dYdX does).
"""

import numpy as np

from ...layout import FLAG_BANKRUPT, FLAG_DELEVERAGED, AccountMode, Reason
from ..jit import kernel
from ..ledger.allocate import allocate
from ..ledger.transfer import post_transfer
from ..margin.bankruptcy import bankruptcy_quote, count_positions, lot_value
from ..margin.requirement import equity, maintenance, maintenance_in
from ..rounding import mul_div_ceil, mul_div_floor
from .liquidation_records import find_record, note_closed

RANK_PROFIT_LEVERAGE, RANK_BINANCE_WALLET = range(2)
#: What `deleverage` stopped for.
ADL_DONE, ADL_EXTEND, ADL_ROOM, ADL_LIMIT = range(4)
#: Slots of `work`: next target, head of the queue, matches left in this cycle, log rows needed when out of room.
W_TARGET, W_HEAD, W_LEFT, W_NEEDED = range(4)
WORK_WIDTH = 4

_RESERVED = int(AccountMode.RESERVED)
_ADL = int(Reason.ADL)


@kernel
def unrealised_profit(accounts, markets, row, market):
    """Value at mark less entry cost of one position, quanta (both signed)."""
    return accounts.lots[row, market] * lot_value(markets, market) - accounts.cost[row, market]


@kernel
def profit_leverage_score(accounts, markets, row, market):
    """BitMEX: PNL% x effective leverage if in profit, PNL% / effective leverage if in loss; inf at zero equity in
    profit.

    PNL% = (mark value - entry value) / |entry value|; effective leverage = |mark value| / (mark value - bankruptcy
    value), whose divisor is the equity that belongs to the position.
    Source: BitMEX, What is Auto-Deleveraging, read 2026-11.
    """
    value = accounts.lots[row, market] * lot_value(markets, market)
    cost = accounts.cost[row, market]
    profit = np.float64(value - cost)
    entry = np.abs(np.float64(cost))
    if entry == 0.0:
        return np.inf if profit > 0.0 else -np.inf
    own = np.float64(equity(accounts, markets, row))
    if accounts.lots.shape[1] > 1 and count_positions(accounts, row) > 1:
        here, total = maintenance_in(accounts, markets, row, market), maintenance(accounts, markets, row)
        own *= np.float64(here) / np.float64(total) if total > 0 else 1.0
    if profit > 0.0:
        return np.inf if own <= 0.0 else profit / entry * (np.abs(np.float64(value)) / own)
    leverage_inverse = max(own, 0.0) / np.abs(np.float64(value))
    return profit / entry * leverage_inverse


@kernel
def binance_wallet_score(accounts, markets, row, market, wallet_floor):
    """Binance: max(0, UPNL) / max(1, WB) x maintenance / (WB + UPNL), 0 if WB + UPNL <= 0. Losers score 0.

    WB is the row's quote with the entry value of its positions added back; `wallet_floor` is one unit of quote, quanta.
    Source: Binance FAQ 360033525471; formula dev.binance.vision/t/17801, read 2026-11.
    """
    profit = unrealised_profit(accounts, markets, row, market)
    worth = equity(accounts, markets, row)
    if profit <= 0 or worth <= 0:
        return 0.0
    wallet = accounts.quote[row]
    for other in range(accounts.lots.shape[1]):
        wallet += accounts.cost[row, other]
    share = np.float64(profit) / np.float64(max(wallet, wallet_floor))
    return share * (np.float64(maintenance(accounts, markets, row)) / np.float64(worth))


@kernel
def score_of(accounts, markets, row, market, ranking, wallet_floor):
    """The score of one position by `ranking` (RANK_...)."""
    if ranking == RANK_BINANCE_WALLET:
        return binance_wallet_score(accounts, markets, row, market, wallet_floor)
    return profit_leverage_score(accounts, markets, row, market)


@kernel
def score_side(accounts, markets, market, side, ranking, wallet_floor, only_profit, scores):
    """Write the score of every row on `side` (+1 long, -1 short) of `market` to `scores`, NaN elsewhere; return the
    lots.

    only_profit: leave out rows without unrealised profit. Reserved rows never score. scores: float64 (A,). The return
    value is the number of contracts (absolute) of the rows that have a score.
    """
    total = 0
    for row in range(accounts.lots.shape[0]):
        scores[row] = np.nan
        lots = accounts.lots[row, market] * side
        if lots <= 0 or accounts.mode[row] == _RESERVED:
            continue
        if only_profit != 0 and unrealised_profit(accounts, markets, row, market) <= 0:
            continue
        scores[row] = score_of(accounts, markets, row, market, ranking, wallet_floor)
        total += lots
    return total


@kernel
def gather_at_least(scores, cut, out):
    """Write the ids of rows whose score is at least `cut` to `out`, ascending; return how many."""
    n = 0
    for row in range(scores.shape[0]):
        if scores[row] >= cut:
            out[n] = row
            n += 1
    return n


@kernel
def light_buckets(accounts, market, queue, n, total, buckets):
    """Write 1..5 for the rows of a sorted queue: fifths of cumulative contract quantity, 1 first to be deleveraged.

    bucket = ceil(5 x cumulative / total), own quantity included (vector BX-ADL-01). buckets: uint8 (A,).
    """
    cumulative = 0
    for i in range(n):
        lots = accounts.lots[queue[i], market]
        cumulative += lots if lots > 0 else -lots
        buckets[queue[i]] = (5 * cumulative + total - 1) // total


@kernel
def gather_targets(accounts, markets, rows, n, market, side, only_bankrupt, out):
    """Write rows of rows[:n] that stand on `side` of `market` and are to be closed by ADL.

    Return (count, contracts).
    """
    count = 0
    total = 0
    for i in range(n):
        row = rows[i]
        lots = accounts.lots[row, market] * side
        if lots <= 0 or (only_bankrupt != 0 and equity(accounts, markets, row) >= 0):
            continue
        out[count] = row
        count += 1
        total += lots
    return count, total


@kernel
def _survives(accounts, markets, row, quote, value):
    """True if `row` stays at or above zero after paying `quote` for contracts worth `value` at mark (both signed)."""
    return equity(accounts, markets, row) - quote + value >= 0


@kernel
def _pick(accounts, markets, target, market, whole, head, queue, n_queue, most, picks, parts):
    """Choose counterparties for `target` from the queue, best first; return (number, contracts, queue exhausted).

    picks, parts: int64 (>= n_queue,): places in the queue and contracts of each. whole: quote for the whole position.
    """
    lots = accounts.lots[target, market]
    want = lots if lots > 0 else -lots
    sign = 1 if lots > 0 else -1
    unit = lot_value(markets, market) * sign
    owner = accounts.wallet[target]
    got, n = 0, 0
    place = head
    while place < n_queue and got < want and n < most:
        row = queue[place]
        held = -accounts.lots[row, market] * sign
        take = min(held, want - got)
        if take > 0 and accounts.wallet[row] != owner:
            quote = whole if take == want else mul_div_ceil(whole, take, want)
            if _survives(accounts, markets, row, quote, take * unit):
                picks[n] = place
                parts[n] = take
                got += take
                n += 1
        place += 1
    return n, got, place >= n_queue


@kernel
def _write_match(accounts, markets, log, records, target, row, market, rank, score, lots, quote, harm):
    """Append one ADL match to the records and count it."""
    header = log.header
    index = records.counts[0].matches
    match = records.matches[index]
    match.seq = header[0].seq
    match.time_ms = header[0].time_ms
    match.cycle = header[0].cycle
    match.cause = header[0].cause
    match.market = market
    match.bankrupt = target
    match.counterparty = row
    match.rank = rank
    match.lots = lots
    held = accounts.lots[row, market]
    match.quote = -quote if held > 0 else quote
    match.mark = markets.mark[market]
    match.harm = harm
    match.partial = 1 if (held if held > 0 else -held) > lots else 0
    match.side = 1 if held > 0 else -1
    records.scores[index] = score
    records.counts[0].matches += 1
    counters = records.counters[market]
    counters.adl_matches += 1
    counters.adl_notional += lots * lot_value(markets, market)
    counters.adl_harm += harm
    if accounts.flags[row] & FLAG_DELEVERAGED == 0:
        accounts.flags[row] |= FLAG_DELEVERAGED
        counters.adl_accounts += 1


@kernel
def _close_target(accounts, markets, log, target, market, quote, n, got, queue, scratch, scores, records):
    """Close `got` contracts of `target` against the picked rows for `quote` in all, split by largest remainder."""
    picks, parts, quotes, ids, remainders = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    sign = 1 if accounts.lots[target, market] > 0 else -1
    unit = lot_value(markets, market)
    for i in range(n):
        ids[i] = queue[picks[i]]
    allocate(quote, parts, ids, n, got, quotes, remainders)
    tick_value = markets.params[market].tick_value
    for i in range(n):
        row, lots = queue[picks[i]], parts[i]
        harm = quotes[i] - sign * lots * unit
        _write_match(
            accounts, markets, log, records, target, row, market, picks[i] + 1, scores[row], lots, quotes[i], harm
        )
        size = quotes[i] if quotes[i] > 0 else -quotes[i]
        post_transfer(
            accounts, markets, log, row, target, quotes[i], sign * lots, market, _ADL, size // (lots * tick_value)
        )


@kernel
def _note_target(accounts, markets, log, records, target, market, held, lots, shortfall):
    """Write to the liquidation row of `target` what ADL closed and covered; ENGINE has no such row."""
    if accounts.mode[target] == _RESERVED:
        return
    index = find_record(records, target, market)
    note_closed(records, markets, market, lots, held)
    if index >= 0:
        records.liquidations[index].lots_adl += lots
        records.liquidations[index].deficit += max(0, shortfall)
    if shortfall > 0:
        records.counters[market].deficit += shortfall
        accounts.flags[target] |= FLAG_BANKRUPT


@kernel
def deleverage(
    accounts, markets, log, market, targets, n_targets, queue, n_queue, complete, scores, work, scratch, records
):
    """Close the positions of targets[work[W_TARGET]:n_targets] against the queue, each at its bankruptcy price.

    Best-ranked first, the last one partial; never more than the target holds. The total of a close is split by largest
    remainder, ties to the lower id. Returns ADL_DONE, or why it stopped: ADL_EXTEND (the sorted prefix is used up and
    not `complete`), ADL_ROOM (the logs need work[W_NEEDED] free rows), ADL_LIMIT (no matches left in this cycle); then
    call again with the same `work`. queue: int64 ids. scratch: int64 (5, >= n_queue).
    """
    header = log.header
    while work[W_TARGET] < n_targets:
        target = targets[work[W_TARGET]]
        held = accounts.lots[target, market]
        want = held if held > 0 else -held
        if want == 0:
            work[W_TARGET] += 1
            continue
        if work[W_LEFT] <= 0:
            return ADL_LIMIT
        while work[W_HEAD] < n_queue and accounts.lots[queue[work[W_HEAD]], market] == 0:
            work[W_HEAD] += 1
        whole = bankruptcy_quote(accounts, markets, target, market, want)
        most = work[W_LEFT]
        if header[0].log_on != 0:
            most = min(most, log.transfers.shape[0])
        n, got, exhausted = _pick(
            accounts, markets, target, market, whole, work[W_HEAD], queue, n_queue, most, scratch[0], scratch[1]
        )
        if exhausted and got < want and complete == 0:
            return ADL_EXTEND
        short_log = header[0].log_on != 0 and header[0].n_transfers + n > log.transfers.shape[0]
        if short_log or records.counts[0].matches + n > records.matches.shape[0]:
            work[W_NEEDED] = n
            return ADL_ROOM
        if n > 0:
            quote = whole if got == want else mul_div_floor(whole, got, want)
            shortfall = quote - (got if held > 0 else -got) * lot_value(markets, market)
            index = find_record(records, target, market)
            header[0].cause = records.liquidations[index].seq if index >= 0 else -1
            _close_target(accounts, markets, log, target, market, quote, n, got, queue, scratch, scores, records)
            _note_target(accounts, markets, log, records, target, market, held, got, shortfall)
            header[0].cause = -1
            work[W_LEFT] -= n
        if n == 0 or got == want or (exhausted and complete != 0):
            work[W_TARGET] += 1
    return ADL_DONE
