"""The steps of a tick that kernels can take one after the other: one call from Python each, because a call costs as
much as fifty orders.

`trade` runs once the orders of a tick are known, `settle_tick` once its mark is known. Each only calls the kernels it
names, in that order. Both take the exchange packed into words: unpacking the arrays of a NamedTuple costs more than the
arithmetic of a calm tick.
"""

from typing import NamedTuple

from ..layout import I64, AccountArrays, LogArrays, MarketArrays
from .book.arrivals import sort_by_arrival
from .book.levels import BookArrays
from .book.matching import match_orders
from .book.stops import StopArrays, is_any_due
from .jit import kernel
from .ledger.post_batch import settle_touched
from .ledger.totals import release_isolated
from .margin.thresholds import Thresholds, _reindex, find_distressed
from .packed import Packed, struct_at
from .structs import by_address

# Report of `settle_tick`: quanta that came from nowhere, a fund row below zero (-1: none); then, from REPORT_LOTS
# on, the lots of each market that came from nowhere.
REPORT_QUOTE, REPORT_FUND, REPORT_LOTS = range(3)
STOPS_ARE_DUE = -1


@by_address
class TickArrays(NamedTuple):
    """Arrays that the checks of a tick compare with and write to."""

    quote_seen: I64  # (A,) quanta, at the last check: see `settle_touched`
    lots_seen: I64  # (A, M) the same
    reserved: I64  # (2, S) rows of FUND and ENGINE by scope
    rows: I64  # (>= A,) ids of the distressed
    report: I64  # (REPORT_LOTS + M,)
    best_bid: I64  # (M,) ticks, 0 if none: the view's
    best_ask: I64  # (M,)


def pack_exchange(
    books: BookArrays,
    accounts: AccountArrays,
    markets: MarketArrays,
    log: LogArrays,
    stops: StopArrays,
    thresholds: Thresholds,
    arrays: TickArrays,
) -> Packed:
    """Return the exchange as the kernels of this file take it."""
    return Packed(books, accounts, markets, log, stops, thresholds, arrays)


_BOOKS, _ACCOUNTS, _MARKETS, _LOG, _STOPS, _THRESHOLDS, _ARRAYS = range(7)
_books_at, _accounts_at, _markets_at = struct_at(BookArrays), struct_at(AccountArrays), struct_at(MarketArrays)
_log_at, _stops_at = struct_at(LogArrays), struct_at(StopArrays)
_thresholds_at, _arrays_at = struct_at(Thresholds), struct_at(TickArrays)


@kernel
def trade(exchange, intents, scratch_rows, scratch_counts, start, n, is_sorted, releases):
    """Sort intents[:n] by arrival unless they are, match intents[start:n], read the best prices, and release isolated
    rows that went flat.

    Returns the first intent not processed, and whether everything is done; if not, the logs lack room: the caller
    spills them and resumes with sorted intents. exchange: words of `pack_exchange`. releases: False leaves isolated
    rows as they are.
    """
    books, accounts = _books_at(exchange, _BOOKS), _accounts_at(exchange, _ACCOUNTS)
    markets, log = _markets_at(exchange, _MARKETS), _log_at(exchange, _LOG)
    if not is_sorted:
        sort_by_arrival(intents, n, scratch_rows, scratch_counts)
    reached = match_orders(books, accounts, markets, log, intents, start, n)
    if reached < n:
        return reached, False
    best_bid, best_ask = _arrays_at(exchange, _ARRAYS).best_bid, _arrays_at(exchange, _ARRAYS).best_ask
    for market in range(best_bid.shape[0]):
        tops = books.tops[market]
        best_bid[market] = tops.bid + tops.base_ticks if tops.bid >= 0 else 0
        best_ask[market] = tops.ask + tops.base_ticks if tops.ask < books.levels.shape[1] else 0
    if not releases:
        return reached, True
    touched = log.header[0].n_touched
    return reached, release_isolated(accounts, markets, log, _arrays_at(exchange, _ARRAYS).lots_seen, 0) >= touched


@kernel
def settle_tick(exchange, ask_stops):
    """Recompute the thresholds of touched rows, check that those rows conserve, and find the distressed at the mark.

    Returns how many distressed ids were written to TickArrays.rows, whether an ENGINE holds contracts, and whether all
    conserves (if not, the report says what does not); STOPS_ARE_DUE, and nothing is done, if ask_stops and the mark
    triggers a stop. The list of touched rows is empty afterwards.
    """
    accounts, markets = _accounts_at(exchange, _ACCOUNTS), _markets_at(exchange, _MARKETS)
    stops, thresholds = _stops_at(exchange, _STOPS), _thresholds_at(exchange, _THRESHOLDS)
    header, arrays = _log_at(exchange, _LOG).header, _arrays_at(exchange, _ARRAYS)
    report, reserved = arrays.report, arrays.reserved
    if ask_stops and is_any_due(stops, markets):
        return STOPS_ARE_DUE, False, True
    conserves = True
    touched = header[0].n_touched
    if touched > 0:
        _reindex(thresholds, accounts, markets, accounts.touched, touched, False)
        report[REPORT_QUOTE] = settle_touched(
            accounts.touched,
            touched,
            accounts.quote,
            accounts.lots,
            arrays.quote_seen,
            arrays.lots_seen,
            report[REPORT_LOTS:],
        )
        conserves = report[REPORT_QUOTE] == 0
        for market in range(accounts.lots.shape[1]):
            conserves = conserves and report[REPORT_LOTS + market] == 0
        header[0].n_touched = 0
        header[0].stamp += 1
    report[REPORT_FUND] = -1
    holds = False
    for scope in range(reserved.shape[1]):
        fund, engine = reserved[0, scope], reserved[1, scope]
        if accounts.quote[fund] < 0:
            report[REPORT_FUND] = fund
            conserves = False
        for market in range(accounts.lots.shape[1]):
            if accounts.lots[engine, market] != 0:
                holds = True
    return find_distressed(thresholds, accounts, markets, arrays.rows), holds, conserves
