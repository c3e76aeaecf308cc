"""`Ledger.transfer`, the one verb that moves money, and the checks that nothing was created or lost.

Its compiled twin is `post_transfer` in `sim/kernels/ledger/transfer.py`: both work on the same arrays and write the
same log rows. Kernels are imported when first used, so that this module stays cheap to import.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import ConservationError
from ..layout import FIRST_SCOPE_ROW, TRANSFER_DTYPE, Reason, Records

if TYPE_CHECKING:
    from ..kernels.exchange import Exchange


def transfer_rows(
    *,
    payer: npt.ArrayLike,
    payee: npt.ArrayLike,
    quote: npt.ArrayLike,
    reason: Reason,
    lots: npt.ArrayLike = 0,
    market: npt.ArrayLike = 0,
    price: npt.ArrayLike = 0,
) -> Records:
    """Return transfers for `Ledger.transfer_batch`, TRANSFER_DTYPE (n,); the arguments are broadcast together."""
    columns = np.broadcast_arrays(*(np.atleast_1d(column) for column in (payer, payee, quote, lots, market, price)))
    rows = np.zeros(len(columns[0]), TRANSFER_DTYPE)
    for name, column in zip(("payer", "payee", "quote", "lots", "market", "price"), columns, strict=True):
        rows[name] = column
    rows["reason"] = reason
    return rows


class Transfer(NamedTuple):
    """`quote` quanta from payer to payee, `lots` contracts of `market` from payee to payer. `price` is information."""

    payer: int
    payee: int
    quote: int
    reason: Reason
    lots: int = 0
    market: int = 0
    price: int = 0


def entry_cost_after(*, cost: int, lots: int, change: int, value: int) -> int:
    """Entry cost of a position of `lots` after `change` lots traded for `value` quanta (signed like `change`).

    Increases add at the traded value; decreases keep the average entry, rounded down; a flip restarts at the new price.
    """
    after = lots + change
    if after == 0:
        return 0
    if lots == 0 or (lots > 0) == (change > 0):
        return cost + value
    if (after > 0) != (lots > 0):
        return value * abs(after) // abs(change)
    return cost * abs(after) // abs(lots)


class Ledger:
    """Double entry over the margin rows. Sums over all rows are zero before and after every call."""

    def __init__(self, exchange: "Exchange", *, n_scopes: int = 0) -> None:
        self.exchange = exchange
        self.accounts, self.markets, self.log = exchange.accounts, exchange.markets, exchange.log
        accounts = exchange.accounts
        self._fund_rows = [FIRST_SCOPE_ROW + 2 * scope for scope in range(n_scopes)]
        self.quote_seen = accounts.quote.copy()
        self.lots_seen = accounts.lots.copy()
        self.open_interest = np.maximum(accounts.lots, 0).sum(axis=0)  # (M,) of the rows as last seen
        self._lots_sum = np.zeros(accounts.lots.shape[1], np.int64)
        engines = [row + 1 for row in self._fund_rows]
        self.reserved = np.array([self._fund_rows, engines], np.int64).reshape(2, n_scopes)  # FUND and ENGINE by scope

    def transfer(
        self,
        *,
        payer: int,
        payee: int,
        quote: int,
        reason: Reason,
        lots: int = 0,
        market: int = 0,
        price: int = 0,
    ) -> None:
        """Move `quote` quanta payer -> payee and `lots` contracts payee -> payer, and log it.

        ValueError if payer and payee are the same row; ConservationError if the log is on and full.
        """
        if payer == payee:
            raise ValueError(f"payer and payee must differ; both are {payer}")
        self._book_side(payer, -quote, lots, market, reason)
        self._book_side(payee, quote, -lots, market, reason)
        self._write(Transfer(payer, payee, quote, reason, lots, market, price))

    def transfer_batch(self, rows: Records, start: int = 0) -> int:
        """Make the transfers rows[start:] in their order, compiled; return the first one not made.

        That is len(rows), unless the log ran full: then spill it and call again from there. See `transfer_rows`.
        """
        from ..kernels.ledger.post_batch import post_batch

        if (rows["payer"][start:] == rows["payee"][start:]).any():
            raise ValueError("payer and payee must differ; a transfer of the batch names one account twice")
        return int(post_batch(self.exchange, rows, start))

    def _book_side(self, row: int, quote: int, lots: int, market: int, reason: Reason) -> None:
        accounts = self.accounts
        accounts.quote[row] += quote
        accounts.flows[row, reason] += quote
        if lots:
            marked = lots * int(self.markets.mark[market]) * int(self.markets.params["tick_value"][market])
            accounts.cost[row, market] = entry_cost_after(
                cost=int(accounts.cost[row, market]),
                lots=int(accounts.lots[row, market]),
                change=lots,
                value=-quote,
            )
            accounts.lots[row, market] += lots
            if accounts.quote[row] < 0 and accounts.lots[row, market] == 0:
                self.exchange.waiting.closed_market[row] = market
            accounts.marked_cost[row] += marked
            accounts.flows[row, reason] += marked
        header = self.log.header
        if accounts.stamp[row] != header["stamp"][0]:
            accounts.stamp[row] = header["stamp"][0]
            accounts.touched[header["n_touched"][0]] = row
            header["n_touched"][0] += 1

    def _write(self, item: Transfer) -> None:
        header = self.log.header
        if header["log_on"][0]:
            at = int(header["n_transfers"][0])
            if at >= len(self.log.transfers):
                raise ConservationError(f"cycle {int(header['cycle'][0])}: the transfer log is full; spill it first")
            self.log.transfers[at] = (
                header["seq"][0],
                header["time_ms"][0],
                header["cycle"][0],
                header["cause"][0],
                item.reason,
                item.payer,
                item.payee,
                item.quote,
                item.lots,
                item.market,
                item.price,
            )
            header["n_transfers"][0] += 1
        header["seq"][0] += 1

    def check_touched(self) -> None:
        """Raise ConservationError unless the rows touched in this cycle changed by 0 in sum and no fund is below 0.

        Costs a pass over the touched rows only. Starts the next cycle: the list of touched rows is empty afterwards.
        """
        from ..kernels.ledger.post_batch import settle_touched

        header = self.log.header
        accounts, n_touched = self.accounts, int(header["n_touched"][0])
        touched = accounts.touched[:n_touched]
        quote = settle_touched(accounts, touched, self.quote_seen, self.lots_seen, self.open_interest, self._lots_sum)
        self.require_conserved(int(quote), self._lots_sum.tolist())
        self._check_funds()
        header["n_touched"][0] = 0
        header["stamp"][0] += 1

    def require_conserved(self, quote: int, lots: Sequence[int], *, fund: int = -1) -> None:
        """Raise ConservationError unless the changes of a cycle sum to 0 quanta and 0 lots in each market.

        fund: a fund's row that was found below zero, -1 if there is none.
        """
        cycle = int(self.log.header["cycle"][0])
        if quote or any(lots):
            raise ConservationError(f"cycle {cycle}: {quote} quanta and {list(lots)} lots came from nowhere")
        if fund >= 0:
            raise ConservationError(f"cycle {cycle}: fund {fund} has {int(self.accounts.quote[fund])} quanta")

    def check_sums(self) -> None:
        """Raise ConservationError unless all quote and all lots sum to zero. Costs a pass over all balances."""
        quote, lots = int(self.accounts.quote.sum()), self.accounts.lots.sum(axis=0)
        if quote or lots.any():
            cycle = int(self.log.header["cycle"][0])
            raise ConservationError(
                f"cycle {cycle}: all accounts sum to {quote} quanta and {lots.tolist()} lots, not 0"
            )
        self._check_funds()

    def check_full(self) -> None:
        """As `check_sums`, and every row's quote must equal the sum of its flows less its marked cost."""
        self.check_sums()
        accounts = self.accounts
        gap = accounts.flows.sum(axis=1) - accounts.marked_cost - accounts.quote
        if gap.any():
            row = int(np.flatnonzero(gap)[0])
            raise ConservationError(
                f"cycle {int(self.log.header['cycle'][0])}: account {row} differs from the sum of its flows by"
                f" {int(gap[row])} quanta"
            )

    def _check_funds(self) -> None:
        for row in self._fund_rows:
            if self.accounts.quote[row] < 0:
                self.require_conserved(0, (), fund=row)
