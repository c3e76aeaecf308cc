"""Posts a batch of transfers against one account: deposits and opening positions."""

from ..jit import kernel
from .transfer import post_transfer


@kernel
def post_against(accounts, markets, log, reason, other, rows, quote, lots, market, price, start):
    """For each i >= start: rows[i] pays quote[i] to `other` and receives lots[i] from it; return where to resume if
    the log is full."""
    header = log.header
    for i in range(start, rows.shape[0]):
        if header[0].log_on != 0 and header[0].n_transfers >= log.transfers.shape[0]:
            return i
        post_transfer(accounts, markets, log, rows[i], other, quote[i], lots[i], market[i], reason, price[i])
    return rows.shape[0]
