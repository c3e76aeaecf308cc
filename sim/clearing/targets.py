"""The positions to close on one side of a market: ENGINE's if it and FUND are below zero, then accounts'."""

import numpy as np
import numpy.typing as npt

from ..kernels.jit import kernel
from ..kernels.margin.requirement import equity, is_distressed
from .desk import Desk

I64 = npt.NDArray[np.int64]


def targets_of(desk: Desk, rows: I64, market: int, side: int, *, only_bankrupt: bool) -> tuple[I64, int]:
    """Return the `rows` on `side` of `market`, ENGINE before them, and how many contracts they hold.

    only_bankrupt: accounts with equity of zero or more are left out; else those that are not distressed (any more).
    """
    accounts = desk.accounts
    out = np.empty(len(rows) + 1, np.int64)
    engine = desk.insolvent_engine(market)
    first = need = 0
    if engine >= 0 and accounts.lots[engine, market] * side > 0:
        out[0] = engine
        first, need = 1, abs(int(accounts.lots[engine, market]))
    count, lots = gather_targets(accounts, desk.markets, rows, market, side, only_bankrupt, out[first:])
    return out[: first + count], need + int(lots)


@kernel
def gather_targets(accounts, markets, rows, market, side, only_bankrupt, out):
    """Write the `rows` on `side` of `market` that are bankrupt, or distressed, to `out`; return (count, contracts)."""
    count, total = 0, 0
    for row in rows:
        lots = accounts.lots[row, market] * side
        if lots <= 0:
            continue
        if equity(accounts, markets, row) >= 0 and (only_bankrupt or not is_distressed(accounts, markets, row)):
            continue
        out[count] = row
        count += 1
        total += lots
    return count, total
