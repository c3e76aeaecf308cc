"""Sums over all margin rows, in one pass: what conservation is checked against, and open interest."""

from sim.kernels.jit import kernel


@kernel
def sum_accounts(accounts, out_lots, out_open_interest):
    """Return the sum of all quote balances; write per market the sum of lots and of positive lots.

    out_lots, out_open_interest: int64 (M,).  The sums of quote and of lots are 0 in a conserved state.
    """
    n_rows, n_markets = accounts.lots.shape
    total = 0
    for row in range(n_rows):
        total += accounts.quote[row]
    for market in range(n_markets):
        net = 0
        positive = 0
        for row in range(n_rows):
            lots = accounts.lots[row, market]
            net += lots
            positive += lots if lots > 0 else 0
        out_lots[market] = net
        out_open_interest[market] = positive
    return total


@kernel
def count_inconsistent_rows(accounts):
    """Return how many rows break quote == sum(flows) - marked_cost (none, in a consistent state)."""
    bad = 0
    for row in range(accounts.quote.shape[0]):
        total = -accounts.marked_cost[row]
        for reason in range(accounts.flows.shape[1]):
            total += accounts.flows[row, reason]
        if total != accounts.quote[row]:
            bad += 1
    return bad
