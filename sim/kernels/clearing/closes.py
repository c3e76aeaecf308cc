"""The one place where a position ends off the book: its money and contracts, its record, its flags.

A rule decides a list of closes; `post_closes` makes the transfers, one each, and `note_closes` writes their effects on
the closed accounts to the records.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...layout import FLAG_BANKRUPT, FLAG_DELEVERAGED, AccountMode, Reason
from ..jit import kernel
from ..ledger.transfer import post_transfer
from ..margin.bankruptcy import lot_value
from ..structs import by_address
from .liquidation_records import find_record, note_closed

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

_RESERVED = int(AccountMode.RESERVED)
_ADL, _TAKEOVER, _LOSS = int(Reason.ADL), int(Reason.TAKEOVER), int(Reason.SOCIALISED_LOSS)


@by_address
class Closes(NamedTuple):
    """Positions that end off the book, in this order; those of one target in one market are adjacent."""

    target: I64  # (n,) row whose position is closed
    counterparty: I64  # (n,) row that takes the contracts over
    market: I64  # (n,)
    lots: I64  # (n,) contracts, absolute, above 0
    quote: I64  # (n,) quanta that the counterparty pays the target, signed
    rank: I64  # (n,) place of the counterparty in the ADL queue, 1 is first; 0 without a queue
    score: F64  # (n,) its score there


def make_closes(capacity: int) -> Closes:
    """Return room for `capacity` closes."""
    return Closes._make([*np.zeros((6, capacity), np.int64), np.zeros(capacity)])


def first_closes(closes: Closes, n: int) -> Closes:
    """Return the first `n` closes."""
    return Closes._make([column[:n] for column in closes])


@kernel
def _write_match(exchange, closes, i, signed):
    """Append one ADL match to the records and count it: `signed` contracts go to the counterparty of close `i`."""
    accounts, markets = exchange.accounts, exchange.markets
    records, header = exchange.records, exchange.log.header
    target, row, market, lots, quote = (
        closes.target[i], closes.counterparty[i], closes.market[i], closes.lots[i], closes.quote[i],
    )  # fmt: skip
    index = records.counts[0].matches
    harm = quote - signed * lot_value(markets, market)
    held = accounts.lots[row, market]
    match = records.matches[index]
    match.seq = header[0].seq
    match.time_ms = header[0].time_ms
    match.cycle = header[0].cycle
    match.cause = header[0].cause
    match.market = market
    match.bankrupt = target
    match.counterparty = row
    match.rank = closes.rank[i]
    match.lots = lots
    match.quote = -quote if held > 0 else quote
    match.mark = markets.mark[market]
    match.harm = harm
    match.partial = 1 if abs(held) > lots else 0
    match.side = 1 if held > 0 else -1
    records.scores[index] = closes.score[i]
    records.counts[0].matches += 1
    counters = records.counters[market]
    counters.adl_matches += 1
    counters.adl_notional += lots * lot_value(markets, market)
    counters.adl_harm += harm
    if accounts.flags[row] & FLAG_DELEVERAGED == 0:
        accounts.flags[row] |= FLAG_DELEVERAGED
        counters.adl_accounts += 1


@kernel
def post_closes(exchange, closes, start, end, reason):
    """Make the transfers of closes[start:end]; log and records have room for them.

    The counterparty pays `quote` and gets the contracts, whose cause is the target's liquidation record (-1 without
    one). With reason ADL each trader that is reduced gets a match.
    """
    accounts, markets = exchange.accounts, exchange.markets
    records, header = exchange.records, exchange.log.header
    for i in range(start, end):
        target, row, market, lots = closes.target[i], closes.counterparty[i], closes.market[i], closes.lots[i]
        signed = lots if accounts.lots[target, market] > 0 else -lots
        index = find_record(records, target, market)
        header[0].cause = records.liquidations[index].seq if index >= 0 else -1
        if reason == _ADL and accounts.mode[row] != _RESERVED:
            _write_match(exchange, closes, i, signed)
        ticks = abs(closes.quote[i]) // (lots * markets.params[market].tick_value)
        post_transfer(exchange, row, target, closes.quote[i], signed, market, reason, ticks)
    header[0].cause = -1


@kernel
def note_closes(exchange, closes, reason):
    """Write the effects of the closes to each target's record, and the deficit that others thereby paid.

    ENGINE and the pot have no record; their contracts count as torn up only.
    """
    accounts, markets, records = exchange.accounts, exchange.markets, exchange.records
    first, n = 0, closes.target.shape[0]
    while first < n:
        target, market = closes.target[first], closes.market[first]
        lots, quote, end = 0, 0, first
        while end < n and closes.target[end] == target and closes.market[end] == market:
            lots += closes.lots[end]
            quote += closes.quote[end]
            end += 1
        first = end
        unit = lot_value(markets, market)
        if reason == _LOSS:
            records.counters[market].torn_up_notional += lots * unit
        index = find_record(records, target, market)
        if index < 0:
            continue
        record = records.liquidations[index]
        if reason == _TAKEOVER:
            record.lots_taken_over += lots
            records.counters[market].taken_over_notional += note_closed(exchange, market, lots, record.lots)
        else:
            record.lots_adl += lots
            note_closed(exchange, market, lots, record.lots)
        shortfall = quote - (lots if record.lots > 0 else -lots) * unit
        if shortfall > 0:
            record.deficit += shortfall
            records.counters[market].deficit += shortfall
            accounts.flags[target] |= FLAG_BANKRUPT
