"""The steps of a tick that kernels can take one after the other: one call from Python each, because a call costs as
much as fifty orders.

`trade` runs once the orders of a tick are known, `settle_tick` once its mark is known. Each only calls the kernels it
names, in that order.
"""

from ..layout import I64
from .book.arrivals import sort_by_arrival
from .book.matching import match_in
from .book.stops import is_any_due
from .jit import kernel
from .ledger.post_batch import settle_touched
from .ledger.totals import release_isolated
from .margin.thresholds import find_distressed, reindex
from .packed import Packed

# Report of `settle_tick`: quanta that came from nowhere, a fund row below zero (-1: none); then, from REPORT_LOTS
# on, the lots of each market that came from nowhere.
REPORT_QUOTE, REPORT_FUND, REPORT_LOTS = range(3)
STOPS_ARE_DUE = -1


class TickArrays(Packed):
    """Arrays that the checks of a tick compare with and write to."""

    quote_seen: I64  # (A,) quanta, at the last check: see `settle_touched`
    lots_seen: I64  # (A, M) the same
    open_interest: I64  # (M,) lots, at the last check
    reserved: I64  # (2, S) rows of FUND and ENGINE by scope
    rows: I64  # (>= A,) ids of the distressed
    report: I64  # (REPORT_LOTS + M,)
    best_bid: I64  # (M,) ticks, 0 if none: the view's
    best_ask: I64  # (M,)


@kernel
def trade(exchange, tick, intents, scratch_rows, scratch_counts, start, is_sorted, releases):
    """Sort intents by arrival unless they are, match intents[start:], read the best prices, and release isolated rows
    that went flat.

    Returns the first intent not processed, and whether everything is done; if not, the logs lack room: the caller
    spills them and resumes with sorted intents. tick: TickArrays.  releases: False leaves isolated rows as they are.
    """
    if not is_sorted:
        sort_by_arrival(intents, scratch_rows, scratch_counts)
    reached = match_in(exchange, exchange.accounts, intents, start)
    if reached < intents.shape[0]:
        return reached, False
    books = exchange.books
    for market in range(tick.best_bid.shape[0]):
        tops = books.tops[market]
        tick.best_bid[market] = tops.bid + tops.base_ticks if tops.bid >= 0 else 0
        tick.best_ask[market] = tops.ask + tops.base_ticks if tops.ask < books.levels.shape[1] else 0
    if not releases:
        return reached, True
    touched = exchange.log.header[0].n_touched
    return reached, release_isolated(exchange, tick.lots_seen, 0) >= touched


@kernel
def settle_tick(exchange, tick, ask_stops):
    """Recompute the thresholds of touched rows, check that those rows conserve, and find the distressed at the mark.

    Returns how many distressed ids were written to TickArrays.rows, whether an ENGINE holds contracts, and whether all
    conserves (if not, the report says what does not); STOPS_ARE_DUE, and nothing is done, if ask_stops and the mark
    triggers a stop. The list of touched rows is empty afterwards.
    """
    accounts, header, report, reserved = exchange.accounts, exchange.log.header, tick.report, tick.reserved
    if ask_stops and is_any_due(exchange.stops, exchange.markets):
        return STOPS_ARE_DUE, False, True
    conserves = True
    touched = accounts.touched[: header[0].n_touched]
    if touched.shape[0] > 0:
        reindex(exchange, touched)
        lots_report = report[REPORT_LOTS:]
        report[REPORT_QUOTE] = settle_touched(
            accounts, touched, tick.quote_seen, tick.lots_seen, tick.open_interest, lots_report
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
    return find_distressed(exchange, tick.rows), holds, conserves
