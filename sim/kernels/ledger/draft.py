"""A draft: a copy of the rows that a decision may move, moved as the ledger would move them.

A rule whose later choices depend on earlier ones (the equity of a counterparty after a close) makes them on a draft
and returns what it chose; the accounts are unchanged. Reserved rows keep their numbers in a draft, traders follow.
"""

import numpy as np
import numpy.typing as npt

from ...layout import AccountArrays, AccountMode
from ..jit import kernel
from .transfer import entry_cost_after

I64 = npt.NDArray[np.int64]


def count_reserved(accounts: AccountArrays) -> int:
    """Number of reserved rows, which are the first."""
    for row, mode in enumerate(accounts.mode):
        if mode != AccountMode.RESERVED:
            return row
    return len(accounts.mode)


def make_draft(accounts: AccountArrays, traders: I64) -> tuple[AccountArrays, I64]:
    """Return a copy of the reserved rows and of the rows `traders`, and the account row of each of its rows.

    Flows, open orders and the list of touched rows are left out: only `move` may change a draft.
    """
    rows = np.concatenate([np.arange(count_reserved(accounts)), traders])
    draft = accounts._replace(
        quote=accounts.quote[rows],
        lots=accounts.lots[rows],
        cost=accounts.cost[rows],
        wallet=accounts.wallet[rows],
        market=accounts.market[rows],
        mode=accounts.mode[rows],
        flags=accounts.flags[rows],
        flows=accounts.flows[:0],
        marked_cost=accounts.marked_cost[:0],
        open_bid=accounts.open_bid[:0],
        open_ask=accounts.open_ask[:0],
        initial_ppm=accounts.initial_ppm[:0],
        stamp=accounts.stamp[:0],
        touched=accounts.touched[:0],
    )
    return draft, rows


@kernel
def _move_side(draft, row, quote, lots, market):
    draft.quote[row] += quote
    if lots != 0:
        draft.cost[row, market] = entry_cost_after(draft.cost[row, market], draft.lots[row, market], lots, -quote)
        draft.lots[row, market] += lots


@kernel
def move(draft, payer, payee, quote, lots, market):
    """Move balances as `post_transfer` does: `quote` goes payer -> payee, `lots` contracts payee -> payer."""
    _move_side(draft, payer, -quote, lots, market)
    _move_side(draft, payee, quote, -lots, market)
