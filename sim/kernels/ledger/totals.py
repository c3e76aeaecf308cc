"""Sums over margin rows in one pass: the totals of the conservation check, open interest, and isolated rows gone
flat."""

from ...layout import AccountMode, Reason
from ..jit import kernel
from .transfer import post_transfer

_ISOLATED, _MARGIN_MOVE = int(AccountMode.ISOLATED), int(Reason.MARGIN_MOVE)


@kernel
def sum_accounts(quote, lots, out_lots, out_open_interest):
    """Return the sum of all quote balances; write per market the sum of lots and of positive lots.

    quote: (A,).  lots: (A * M,), row after row: over a table of two dimensions the loop is not vectorised. It is read
    once from front to back: a pass for every market would read the whole table every time.
    out_lots, out_open_interest: int64 (M,).  The sums of quote and of lots are 0 in a conserved state.
    """
    n_markets = out_lots.shape[0]
    total = 0
    for row in range(quote.shape[0]):
        total += quote[row]
    if n_markets == 1:
        out_lots[0], out_open_interest[0] = _sum_lots(lots)
        return total
    out_lots[:] = 0
    out_open_interest[:] = 0
    for first in range(0, lots.shape[0], n_markets):
        for market in range(n_markets):
            held = lots[first + market]
            out_lots[market] += held
            out_open_interest[market] += max(held, 0)
    return total


@kernel
def _sum_lots(lots):
    """Sum of lots, and of positive lots."""
    net, positive = 0, 0
    for at in range(lots.shape[0]):
        net += lots[at]
        positive += max(lots[at], 0)
    return net, positive


@kernel
def release_isolated(exchange, lots_seen, start):
    """Return the money of isolated rows that went flat in this cycle to their wallets; return where to resume.

    lots_seen: int64 (A, M), positions at the end of the last cycle. Looks at the touched rows from number `start`; the
    returned number is below the header's n_touched only when the log is full. A row in debt keeps it for the
    waterfall.
    """
    accounts, log, header = exchange.accounts, exchange.log, exchange.log.header
    n = header[0].n_touched
    for i in range(start, n):
        row = accounts.touched[i]
        if accounts.mode[row] != _ISOLATED or accounts.quote[row] <= 0:
            continue
        market = accounts.market[row]
        if accounts.lots[row, market] != 0 or lots_seen[row, market] == 0:
            continue
        if header[0].log_on != 0 and header[0].n_transfers >= log.transfers.shape[0]:
            return i
        post_transfer(exchange, row, accounts.wallet[row], accounts.quote[row], 0, 0, _MARGIN_MOVE, 0)
    return n
