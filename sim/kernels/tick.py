"""The steps of a tick that kernels can take one after the other: one call from Python each, for a call costs as much
as fifty orders.

`trade` is what follows once the orders of a tick are known, `settle_tick` what follows once its mark is. Each is no
more than calls of the kernels named in it, in that order.
"""

from sim.events import H_N_TOUCHED, H_STAMP
from sim.kernels.arrivals import sort_by_arrival
from sim.kernels.batch import settle_touched
from sim.kernels.jit import kernel
from sim.kernels.matching import match_orders
from sim.kernels.stops import is_any_due
from sim.kernels.thresholds import _reindex, find_distressed
from sim.kernels.totals import release_isolated

# What `settle_tick` reports: quanta that came from nowhere, a fund row below zero (-1: none), whether an ENGINE holds
# contracts; then, from REPORT_LOTS on, the lots of each market that came from nowhere.
REPORT_QUOTE, REPORT_FUND, REPORT_HOLDS, REPORT_LOTS = range(4)
STOPS_ARE_DUE = -1


@kernel
def trade(books, accounts, markets, log, intents, scratch, start, n, lots_seen, is_sorted, releases):
    """Sort intents[:n] by arrival unless they are, match intents[start:n], and release isolated rows that went flat.

    Returns the first intent not processed, and whether everything is done; if not, the logs lack room: the caller
    spills them and goes on with sorted intents.  releases: False leaves isolated rows as they are.  scratch: ArrivalScratch.  lots_seen: see `release_isolated`.
    """
    if not is_sorted:
        sort_by_arrival(intents, n, scratch)
    reached = match_orders(books, accounts, markets, log, intents, start, n)
    if reached < n:
        return reached, False
    if not releases:
        return reached, True
    touched = log.header[H_N_TOUCHED]
    return reached, release_isolated(accounts, markets, log, lots_seen, 0) >= touched


@kernel
def settle_tick(
    stops, thresholds, accounts, markets, header, quote_seen, lots_seen, reserved, rows, report, ask_stops
):  # fmt: skip
    """Recompute the thresholds of touched rows, check that those rows conserve, and find the distressed at the mark.

    Returns how many distressed ids were written to `rows`; STOPS_ARE_DUE, and nothing is done, if ask_stops and the
    mark triggers a stop.  quote_seen, lots_seen: see `settle_touched`.  reserved: (2, S) rows of FUND and ENGINE by
    scope.  report: int64 (REPORT_LOTS + M,), written. The list of touched rows is empty afterwards.
    """
    if ask_stops and is_any_due(stops, markets):
        return STOPS_ARE_DUE
    touched = header[H_N_TOUCHED]
    if touched > 0:
        _reindex(thresholds, accounts, markets, accounts.touched, touched, False)
        report[REPORT_QUOTE] = settle_touched(
            accounts.touched, touched, accounts.quote, accounts.lots, quote_seen, lots_seen, report[REPORT_LOTS:]
        )
        header[H_N_TOUCHED] = 0
        header[H_STAMP] += 1
    report[REPORT_FUND] = -1
    report[REPORT_HOLDS] = 0
    for scope in range(reserved.shape[1]):
        fund, engine = reserved[0, scope], reserved[1, scope]
        if accounts.quote[fund] < 0:
            report[REPORT_FUND] = fund
        for market in range(accounts.lots.shape[1]):
            if accounts.lots[engine, market] != 0:
                report[REPORT_HOLDS] = 1
    return find_distressed(thresholds, accounts, markets, rows)
