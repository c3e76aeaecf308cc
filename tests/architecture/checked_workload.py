"""A small workload of the ledger and margin kernels, run by test_kernel_bounds.py in a process with bounds checks on.

Prints what it found; `--break` asks one kernel for a row that does not exist.
"""

import sys

import numpy as np
from clearsim.kernels.exchange import make_exchange, reindex_all
from clearsim.kernels.margin.requirement import check_order, equity, measure_rows
from clearsim.kernels.margin.thresholds import find_distressed, reindex
from clearsim.layout import Reason, Side
from clearsim.ledger.ledger import Ledger, transfer_rows

from tests.worlds.margin import FIRST_TRADER, derived_tiers, make_log, make_markets, make_rows

N_TRADERS = 700  # three blocks, the last one partial


def main() -> None:
    """Deposit, open, move the mark and look for distressed rows, with a full log and all rows touched."""
    markets = make_markets(
        marks=[10_000, 500],
        tick_values=[1, 20],
        tiers=[derived_tiers([(0, 5_000, 10_000), (3_000_000, 10_000, 20_000)]), derived_tiers([(0, 5_000, 10_000)])],
    )
    accounts = make_rows(N_TRADERS, 2)
    log = make_log(capacity=3 * N_TRADERS)
    exchange = make_exchange(accounts, markets, log)
    ledger = Ledger(exchange, n_scopes=1)
    rows = np.arange(FIRST_TRADER, FIRST_TRADER + N_TRADERS)
    lots = np.where(rows % 2, 10, -10)
    ledger.transfer_batch(transfer_rows(payer=0, payee=rows, quote=10_000 + 10 * rows, reason=Reason.DEPOSIT))
    ledger.transfer_batch(transfer_rows(payer=rows, payee=0, quote=lots * 10_000, lots=lots, reason=Reason.OPENING))
    some = rows[::3]
    ledger.transfer_batch(transfer_rows(payer=some, payee=0, quote=10_000, lots=1, market=1, reason=Reason.OPENING))
    reindex_all(exchange)
    reindex(exchange, accounts.touched[: int(log.header["n_touched"][0])])
    out = np.zeros(len(accounts.quote), np.int64)
    found = []
    for mark in (10_000, 9_500, 10_600, 8_000, 12_500):
        markets.mark[0] = mark
        found.append(find_distressed(exchange, out))
    buffers = np.zeros(len(out), np.int64), np.zeros(len(out), np.int64)
    measure_rows(accounts, markets, out[: found[-1]], *buffers)
    statuses = [check_order(accounts, markets, int(row), 0, int(Side.BUY), 10_000, 5) for row in rows[:20]]
    touched = int(log.header["n_touched"][0])
    ledger.check_touched()
    print("found", found, "touched", touched, "statuses", sorted(set(statuses)))
    if "--break" in sys.argv:
        print("equity", equity(accounts, markets, len(accounts.quote)))


if __name__ == "__main__":
    main()
