"""Kernels of the ledger over many rows at once: post a batch of transfers, and check what a cycle touched."""

from ...events import (
    H_LOG_ON,
    H_N_TRANSFERS,
    T_LOTS,
    T_MARKET,
    T_PAYEE,
    T_PAYER,
    T_PRICE,
    T_QUOTE,
    T_REASON,
)
from ..jit import kernel
from .transfer import post_transfer


@kernel
def post_batch(accounts, markets, log, rows, start, n):
    """Make the transfers rows[start:n] in their order; return the first not made (n, unless the log ran full).

    rows: int64 (>= n, TRANSFER_WIDTH); payer, payee, quote, lots, market, reason and price are read.
    """
    header = log.header
    for i in range(start, n):
        if header[H_LOG_ON] != 0 and header[H_N_TRANSFERS] >= log.transfers.shape[0]:
            return i
        item = rows[i]
        post_transfer(
            accounts,
            markets,
            log,
            item[T_PAYER],
            item[T_PAYEE],
            item[T_QUOTE],
            item[T_LOTS],
            item[T_MARKET],
            item[T_REASON],
            item[T_PRICE],
        )
    return n


@kernel
def settle_touched(touched, n, quote, lots, quote_seen, lots_seen, out_lots):
    """Return the sum of quote changes of rows touched[:n]; write the sums of their lots changes to `out_lots`.

    Both are 0 in a conserved cycle. quote_seen (A,) and lots_seen (A, M) hold the balances at the last call, and are
    brought up to date.  out_lots: int64 (M,).
    """
    n_markets = lots.shape[1]
    for market in range(n_markets):
        out_lots[market] = 0
    total = 0
    for i in range(n):
        row = touched[i]
        total += quote[row] - quote_seen[row]
        quote_seen[row] = quote[row]
        for market in range(n_markets):
            out_lots[market] += lots[row, market] - lots_seen[row, market]
            lots_seen[row, market] = lots[row, market]
    return total
