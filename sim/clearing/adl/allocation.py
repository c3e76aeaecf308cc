"""Who is closed for whom in an ADL, and for how much: one class an allocation. It decides, and changes nothing.

A case is the targets on one side of a market and the queue of winners on the other, as a draft of their rows; the
answer is a list of closes. Every close is at the bankruptcy price of the position that is closed, so winners pay the
shortfall (CLR-ADL-001). A winner never belongs to the trader that is closed (CLR-ADL-005), and is passed over, whole,
if the close would take it below zero (CLR-ADL-004). To add one: a class with a rule id in its docstring, and its name
in `AllocationPolicy` at the end.
"""

from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ...kernels.clearing.closes import Closes, first_closes, make_closes
from ...kernels.jit import kernel
from ...kernels.ledger.allocate import allocate
from ...kernels.ledger.draft import move
from ...kernels.margin.bankruptcy import bankruptcy_quote, lot_value
from ...kernels.margin.requirement import equity
from ...kernels.rounding import mul_div_ceil, mul_div_floor
from ...kernels.state import AccountArrays, MarketArrays
from ...policy import Policy

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


class Case(NamedTuple):
    """One side of a market to be closed against the queue of the other; rows are those of the draft."""

    accounts: AccountArrays  # a draft, which an allocation may move: reserved rows, targets, winners
    markets: MarketArrays
    market: int
    ids: I64  # the row that each row of the draft stands for
    targets: I64  # rows of the draft, in the order in which they are closed
    winners: I64  # rows of the draft in the order of the queue, the first of it at least
    scores: F64  # their scores
    is_whole_queue: bool
    matches_left: int  # most winners that may be reduced


class Decision(NamedTuple):
    """What an allocation decided."""

    closes: Closes  # rows of the accounts, no longer of the draft
    matches: int  # winners that are reduced, each counted once a target
    needs_more: bool  # the winners did not suffice and are not the whole queue: nothing is decided yet
    is_postponed: bool  # the limit of matches was reached with contracts left: they wait


class Allocation(Policy):
    """Base of all allocations."""

    @property
    def needs_whole_queue(self) -> bool:
        """True if every winner must be known; else the first of the queue, until they hold enough."""
        return True

    def decide(self, case: Case) -> Decision:
        """Return the closes of a case; the draft may be moved, nothing else."""
        raise NotImplementedError


# -- greedy ------------------------------------------------------------------------------------------------------------


class Greedy(Allocation):
    """The best-ranked winner is closed in full, then the next; the last one partly (CLR-ADL-001).

    Each target is closed after the other, directly against its counterparties, at its own bankruptcy price; the total
    of a close is split by contracts with largest remainder, ties to the lower id (CLR-ADL-002).
    """

    kind: Literal["greedy"] = "greedy"

    @property
    def needs_whole_queue(self) -> bool:
        """The first of the queue suffice."""
        return False

    def decide(self, case: Case) -> Decision:
        """Close target after target, winner after winner."""
        # Each close uses up its winner, or is the last of its target: so there are at most this many.
        closes = make_closes(len(case.targets) + len(case.winners))
        n, status = _close_greedily(
            case.accounts, case.markets, case.market, case.ids, case.targets, case.winners, case.is_whole_queue,
            case.matches_left, closes, np.empty((5, len(case.winners)), np.int64),
        )  # fmt: skip
        closes = first_closes(closes, n)
        closes.score[:] = case.scores[closes.rank - 1]
        return Decision(closes, n, status == _NEEDS_MORE, status == _POSTPONED)


_DONE, _NEEDS_MORE, _POSTPONED = range(3)


@kernel
def survives(accounts, markets, row, quote, value):
    """True if `row` stays at or above zero after paying `quote` for contracts worth `value` at mark (both signed)."""
    return equity(accounts, markets, row) - quote + value >= 0


@kernel
def _pick(accounts, markets, target, market, whole, head, winners, matches_left, picks, parts):
    """Choose winners for `target`, best first; return (number, contracts, all winners asked).

    picks, parts: int64 (>= winners,): places in `winners` and contracts of each. whole: quote for the whole position.
    """
    lots = accounts.lots[target, market]
    want = abs(lots)
    sign = 1 if lots > 0 else -1
    unit = lot_value(markets, market) * sign
    got, n = 0, 0
    place = head
    while place < winners.shape[0] and got < want and n < matches_left:
        row = winners[place]
        take = min(-accounts.lots[row, market] * sign, want - got)
        if take > 0 and accounts.wallet[row] != accounts.wallet[target]:
            quote = whole if take == want else mul_div_ceil(whole, take, want)
            if survives(accounts, markets, row, quote, take * unit):
                picks[n] = place
                parts[n] = take
                got += take
                n += 1
        place += 1
    return n, got, place >= winners.shape[0]


@kernel
def _close_target(accounts, ids, target, market, quote, n, got, winners, scratch, closes, first):
    """Write the closes of `got` contracts of `target` against the picked winners from `first` on, and move the draft.

    quote: for all of them, split by largest remainder.
    """
    picks, parts, quotes, tie, remainders = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    sign = 1 if accounts.lots[target, market] > 0 else -1
    for i in range(n):
        tie[i] = ids[winners[picks[i]]]
    allocate(quote, parts, tie, n, got, quotes, remainders)
    for i in range(n):
        at = first + i
        closes.target[at] = ids[target]
        closes.counterparty[at] = tie[i]
        closes.market[at] = market
        closes.lots[at] = parts[i]
        closes.quote[at] = quotes[i]
        closes.rank[at] = picks[i] + 1
        move(accounts, winners[picks[i]], target, quotes[i], sign * parts[i], market)


@kernel
def _close_greedily(accounts, markets, market, ids, targets, winners, is_whole, matches_left, closes, scratch):
    """Close the targets, in order, against the winners; return (closes, _DONE, _NEEDS_MORE or _POSTPONED).

    scratch: int64 (5, >= winners).
    """
    done, head, at = 0, 0, 0
    while at < targets.shape[0]:
        target = targets[at]
        want = abs(accounts.lots[target, market])
        if want == 0:
            at += 1
            continue
        if done >= matches_left:
            return done, _POSTPONED
        while head < winners.shape[0] and accounts.lots[winners[head], market] == 0:
            head += 1
        whole = bankruptcy_quote(accounts, markets, target, market, want)
        n, got, is_used_up = _pick(
            accounts, markets, target, market, whole, head, winners, matches_left - done, scratch[0], scratch[1]
        )
        if is_used_up and got < want and not is_whole:
            return done, _NEEDS_MORE
        if n > 0:
            quote = whole if got == want else mul_div_floor(whole, got, want)
            _close_target(accounts, ids, target, market, quote, n, got, winners, scratch, closes, done)
            done += n
        if n == 0 or got == want or is_used_up:
            at += 1
    return done, _DONE


AllocationPolicy = Annotated[
    Greedy, Field(description="which winners are closed, and by how much: greedy, in the order of the queue")
]
