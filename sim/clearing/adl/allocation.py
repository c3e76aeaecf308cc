"""Allocations of an ADL: which winners are closed against which targets, and for how much. They change nothing.

Every close is at the bankruptcy price of the target's position, so winners pay the shortfall (CLR-ADL-001). A winner
never belongs to the target's trader (CLR-ADL-005), and is skipped entirely if the close would take it below zero
(CLR-ADL-004). To add an allocation: write a class with a rule id in its docstring, and add its name to
`AllocationPolicy` at the end. `case.py` defines the input and the output; an allocation that only states how many
contracts each winner gives extends `PotAllocation` (`pot.py`).
"""

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ...kernels.clearing.closes import first_closes, make_closes
from ...kernels.jit import kernel
from ...kernels.ledger.allocate import allocate
from ...kernels.ledger.draft import move
from ...kernels.margin.bankruptcy import bankruptcy_quote, lot_value
from ...kernels.margin.requirement import equity
from ...kernels.rounding import compare_products, mul_div_ceil, mul_div_floor
from .case import Case, Decision
from .pot import AllocationBase, OwnAllocation, PotAllocation, TargetView, WinnerView, split

I64 = npt.NDArray[np.int64]


# -- greedy ------------------------------------------------------------------------------------------------------------


class Greedy(AllocationBase):
    """The best-ranked winner is closed in full, then the next; the last one partly (CLR-ADL-001).

    Targets are closed one after the other, directly against their counterparties, each at its own bankruptcy price;
    the total of a close is split by contracts with largest remainder, ties to the lower id (CLR-ADL-002).
    """

    kind: Literal["greedy"] = "greedy"

    @property
    def needs_whole_queue(self) -> bool:
        """False: the first winners of the queue suffice."""
        return False

    def decide(self, case: Case) -> Decision:
        """Close target after target, winner after winner."""
        # Each close uses up its winner or is the last of its target, so there are at most this many.
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
def _pick(accounts, markets, target, market, whole, head, winners, matches_left, picked):
    """Choose winners for `target`, best first; return (number, contracts, all winners asked).

    picked: int64 (2, >= winners): places in `winners` and contracts of each. whole: quote for the whole position.
    """
    picks, parts = picked[0], picked[1]
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
def _close_target(accounts, ids, target, market, quote, got, winners, n, scratch, closes, first):
    """Write the closes of `got` contracts of `target` against n picked winners from `first` on, and move the draft.

    quote: for all of them, split by largest remainder.  scratch: int64 (5, >= n), the first two as `_pick` left them.
    """
    picks, parts, quotes = scratch[0, :n], scratch[1, :n], scratch[2, :n]  # C-contiguous, as other callers' parts are
    tie, remainders = scratch[3, :n], scratch[4, :n]
    sign = 1 if accounts.lots[target, market] > 0 else -1
    for i in range(n):
        tie[i] = ids[winners[picks[i]]]
    allocate(quote, parts, tie, got, quotes, remainders)
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
        room = matches_left - done
        n, got, is_used_up = _pick(accounts, markets, target, market, whole, head, winners, room, scratch[:2])
        if is_used_up and got < want and not is_whole:
            return done, _NEEDS_MORE
        if n > 0:
            quote = whole if got == want else mul_div_floor(whole, got, want)
            _close_target(accounts, ids, target, market, quote, got, winners, n, scratch, closes, done)
            done += n
        if n == 0 or got == want or is_used_up:
            at += 1
    return done, _DONE


# -- pro rata ----------------------------------------------------------------------------------------------------------


class ProRata(PotAllocation):
    """Every winner is closed pro rata to its contracts, by largest remainder, ties to the lower id (CLR-ADL-012)."""

    kind: Literal["pro_rata"] = "pro_rata"

    def allocate(self, targets: TargetView, winners: WinnerView) -> I64:
        """Split the contracts of all targets over all winners."""
        return split(int(targets.lots.sum()), winners.lots, winners.row)


# -- water filling -----------------------------------------------------------------------------------------------------


class WaterFilling(PotAllocation):
    """The maximum effective leverage that remains is as low as possible (CLR-ADL-013).

    Effective leverage is contracts x mark / equity of the row, at the mark and before the close. Contract by contract,
    the winner with the highest leverage gives one, ties to the lower id: the most levered are reduced first, until all
    that remain are level. Rows without equity give theirs before all others, lower ids first.
    Source: Campbell, Hey, Moallemi, Nutz, arXiv 2603.15963 (one asset, isolated margin), read 2026-11; here a row with
    several markets counts with all its equity.
    """

    kind: Literal["water_filling"] = "water_filling"

    def allocate(self, targets: TargetView, winners: WinnerView) -> I64:
        """Take the contracts of all targets from the most levered."""
        taken = np.zeros(len(winners.row), np.int64)
        wanted = int(targets.lots.sum())
        for place in np.flatnonzero(winners.equity <= 0)[np.argsort(winners.row[winners.equity <= 0])]:
            taken[place] = min(wanted, int(winners.lots[place]))
            wanted -= int(taken[place])
        rich = np.flatnonzero(winners.equity > 0)
        left = winners.lots[rich]
        level_down(left, winners.equity[rich], winners.row[rich], wanted, np.empty(len(rich), np.int64))
        taken[rich] = winners.lots[rich] - left
        return taken


#: Exceeds the floating-point error of a quotient of two int64, and is far below a contract in a million.
_SLACK = 1e-12


@kernel
def _count_above(left, equity, level):
    """Contracts, over all winners, that are above `level` (contracts per quantum of equity)."""
    total = 0
    for i in range(left.shape[0]):
        total += max(0, left[i] - np.int64(min(level * equity[i], np.float64(left[i]))))
    return total


@kernel
def _stands_higher(left, equity, ids, i, j):
    """True if winner `i` gives a contract before winner `j`: exactly, by products."""
    order = compare_products(left[i], equity[j], left[j], equity[i])
    return order > 0 or (order == 0 and ids[i] < ids[j])


@kernel
def _sift_down(heap, n, at, left, equity, ids):
    """Sift the winner at place `at` of the heap down to its place; the highest is at place 0."""
    moving = heap[at]
    while 2 * at + 1 < n:
        child = 2 * at + 1
        if child + 1 < n and _stands_higher(left, equity, ids, heap[child + 1], heap[child]):
            child += 1
        if not _stands_higher(left, equity, ids, heap[child], moving):
            break
        heap[at] = heap[child]
        at = child
    heap[at] = moving


@kernel
def level_down(left, equity, ids, wanted, heap):
    """Take `wanted` contracts from `left`, one by one from the highest left / equity, ties to the lower id; exact.

    left: int64 (n,) contracts, at least `wanted` in all, changed in place.  equity: above 0, quanta.  heap: scratch.
    A level is searched in floating point, and all contracts that are surely above it are taken at once; the few that
    remain are taken one by one by exact comparison.
    """
    low, high = 0.0, 0.0
    for i in range(left.shape[0]):
        high = max(high, np.float64(left[i]) / np.float64(equity[i]))
    high *= 1.0 + 4.0 * _SLACK
    for _ in range(100):
        middle = 0.5 * (low + high)
        if _count_above(left, equity, middle * (1.0 - _SLACK)) > wanted:
            low = middle
        else:
            high = middle
    level = high * (1.0 + _SLACK)
    n = 0
    for i in range(left.shape[0]):
        above = max(0, left[i] - np.int64(min(level * equity[i], np.float64(left[i]))))
        left[i] -= above
        wanted -= above
        if left[i] > 0:
            heap[n] = i
            n += 1
    for at in range(n // 2 - 1, -1, -1):
        _sift_down(heap, n, at, left, equity, ids)
    while wanted > 0 and n > 0:
        left[heap[0]] -= 1
        wanted -= 1
        if left[heap[0]] == 0:
            n -= 1
            heap[0] = heap[n]
        _sift_down(heap, n, 0, left, equity, ids)


AllocationPolicy = Annotated[
    Greedy | ProRata | WaterFilling | OwnAllocation,
    Field(discriminator="kind", description="which winners are reduced, and by how much"),
]
