"""Kernels of the ledger over many rows at once: post a batch of transfers, and check the rows that a cycle touched."""

from ..jit import kernel
from .transfer import post_transfer


@kernel
def post_batch(exchange, rows, start):
    """Make the transfers rows[start:] in their order; return the first not made, unless the log ran full their number.

    rows: TRANSFER_DTYPE (n,); payer, payee, quote, lots, market, reason and price are read.
    """
    log, header = exchange.log, exchange.log.header
    for i in range(start, rows.shape[0]):
        if header[0].log_on != 0 and header[0].n_transfers >= log.transfers.shape[0]:
            return i
        item = rows[i]
        post_transfer(
            exchange, item.payer, item.payee, item.quote, item.lots, item.market, item.reason, item.price
        )  # fmt: skip
    return rows.shape[0]


@kernel
def settle_touched(accounts, rows, quote_seen, lots_seen, open_interest, out_lots):
    """Return the sum of quote changes of the touched `rows`; write the sums of their lots changes to `out_lots`.

    Both are 0 in a conserved cycle. quote_seen (A,), lots_seen (A, M) and open_interest (M,), sums of positive lots,
    are those of the last call, and are brought up to date.  out_lots: int64 (M,).
    """
    quote, lots = accounts.quote, accounts.lots
    n_markets = lots.shape[1]
    for market in range(n_markets):
        out_lots[market] = 0
    total = 0
    for i in range(rows.shape[0]):
        row = rows[i]
        total += quote[row] - quote_seen[row]
        quote_seen[row] = quote[row]
        for market in range(n_markets):
            before, after = lots_seen[row, market], lots[row, market]
            out_lots[market] += after - before
            open_interest[market] += max(after, 0) - max(before, 0)
            lots_seen[row, market] = after
    return total
