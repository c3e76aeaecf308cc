"""Allocations that state how many contracts each winner gives: targets pay into a pot, which pays the winners.

So T targets and W winners take T + W transfers, not T x W (CLR-ADL-014). The pot is the row ROUNDING, which is
empty before and after. Each target closes at its own bankruptcy price, so every winner closes at their average; the
total is split by contracts with largest remainder, ties to the lower id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from ...errors import AgentError
from ...kernels.clearing.closes import Closes, make_closes
from ...kernels.ledger.allocate import allocate
from ...kernels.margin.bankruptcy import bankruptcy_quote
from ...kernels.margin.requirement import measure_rows
from ...layout import ROUNDING
from ...own_parts import OwnPart, UserPart, guarded
from ...policy import Policy
from .case import Case, Decision

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


class AllocationBase(Policy):
    """Base of the shipped allocations."""

    @property
    def needs_whole_queue(self) -> bool:
        """True: the whole queue is needed."""
        return True

    def ready(self) -> Self:
        """Return itself: there is no code to load."""
        return self

    def decide(self, case: Case) -> Decision:
        """Return the closes of a case; only the draft may change."""
        raise NotImplementedError


class TargetView(NamedTuple):
    """The positions to be closed now, in order; money in quanta."""

    row: I64  # (T,) ids
    lots: I64  # (T,) contracts to be closed, absolute: together no more than the winners hold
    quote: I64  # (T,) what each receives for them at its bankruptcy price, signed


class WinnerView(NamedTuple):
    """The winners that may give contracts, best rank first; money in quanta."""

    row: I64  # (W,) ids
    lots: I64  # (W,) contracts, absolute
    mark_value: I64  # (W,) their value at mark, absolute
    equity: I64  # (W,) of the row, all markets
    score: F64  # (W,) of the ranking


Allocate = Callable[[TargetView, WinnerView], I64]


def decide_through_pot(case: Case, allocate: Allocate, *, who: str) -> Decision:
    """Return the closes into the pot and out of it; `allocate` states how many contracts each winner gives.

    If winners would end below zero, they are left out and the contracts are allocated again. A limit of matches goes
    to the first winners of the queue that can be asked. AgentError, naming `who`, if the answer is invalid.
    """
    is_own = np.isin(case.accounts.wallet[case.winners], case.accounts.wallet[case.targets])
    able = np.flatnonzero(~is_own)
    while True:
        asked = able[: max(0, case.matches_left)]
        winners = _winners(case, asked)
        targets = _targets(case, int(winners.lots.sum()))
        lots = np.zeros(len(asked), np.int64)
        if len(targets.row):
            lots = _checked(allocate(targets, winners), targets, winners, who=who)
        quote = split(int(targets.quote.sum()), lots, winners.row)
        gain = _sign(case) * lots * _unit(case) - quote
        stays = (lots == 0) | (winners.equity + gain >= 0)
        if stays.all():
            break
        able = np.setdiff1d(able, asked[~stays])
    wanted = int(np.abs(case.accounts.lots[case.targets, case.market]).sum())
    left = wanted - int(targets.lots.sum())
    closes = _through_pot(targets, winners, lots, quote, market=case.market, rank=asked + 1)
    return Decision(closes, int((lots > 0).sum()), needs_more=False, is_postponed=len(able) > len(asked) and left > 0)


def _checked(answer: object, targets: TargetView, winners: WinnerView, *, who: str) -> I64:
    """Return an allocation's answer as contracts by winner; AgentError if it is invalid."""
    found, wanted = np.asarray(answer), int(targets.lots.sum())
    if found.shape != winners.lots.shape or not np.issubdtype(found.dtype, np.integer):
        raise AgentError(f"{who}: allocate must return {len(winners.row)} whole numbers of contracts, one a winner")
    lots: I64 = found.astype(np.int64)
    wrong = (lots < 0) | (lots > winners.lots)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        row, held = int(winners.row[at]), int(winners.lots[at])
        raise AgentError(f"{who}: allocate took {int(lots[at])} contracts from row {row}, which holds {held}")
    if int(lots.sum()) != wanted:
        raise AgentError(f"{who}: allocate took {int(lots.sum())} contracts in all; {wanted} are to be closed")
    return lots


class PotAllocation(AllocationBase):
    """Base of shipped allocations through the pot: a subclass gives `allocate`."""

    def allocate(self, targets: TargetView, winners: WinnerView) -> I64:
        """Return how many contracts each winner gives, int64 (W,): at most what it holds, targets.lots.sum() in all."""
        raise NotImplementedError

    def decide(self, case: Case) -> Decision:
        """Return the closes into the pot and out of it."""
        return decide_through_pot(case, self.allocate, who=type(self).__name__)


class Allocation(UserPart):
    """An allocation of your own: extend it, and name the class in the config (or pass it from Python).

    `allocation: {kind: own, file: mine.py, class: MyAllocation, params: {...}}`, or
    `OwnAllocation.of(MyAllocation(...))`. It does not choose which winners may be asked, and it moves no money.
    """

    def allocate(self, targets: TargetView, winners: WinnerView) -> I64:
        """Return how many contracts each winner gives, int64 (W,): at most what it holds, targets.lots.sum() in all.

        Called again with fewer winners where one would end below zero. It gets copies.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method allocate(targets, winners)")


class OwnAllocation(OwnPart):
    """An allocation of your own through the pot, named by file and class; its answer is checked (CLR-ADL-017)."""

    kind: Literal["own"] = "own"
    base: ClassVar[type] = Allocation
    noun: ClassVar[str] = "ADL allocation"
    needs_whole_queue: ClassVar[bool] = True

    def ready(self) -> "LoadedAllocation":
        """Load the class; ConfigError if it cannot be."""
        return LoadedAllocation(self.load(), self.who, self.file, self.time_limit_s)

    def decide(self, case: Case) -> Decision:
        """Decide with a fresh instance of the class."""
        return self.ready().decide(case)


@dataclass(frozen=True)
class LoadedAllocation:
    """An allocation of your own in a run."""

    part: Allocation
    who: str
    file: str
    seconds: float  # that a call may take
    needs_whole_queue: ClassVar[bool] = True

    def ready(self) -> Self:
        """Return itself: its code is loaded."""
        return self

    def decide(self, case: Case) -> Decision:
        """Return the closes into the pot and out of it; AgentError if `allocate` raises or its answer is invalid."""

        def allocate(targets: TargetView, winners: WinnerView) -> I64:
            asked = TargetView._make(map(np.copy, targets)), WinnerView._make(map(np.copy, winners))
            seconds = self.seconds
            answer = guarded(self.who, self.file, self.part.allocate, *asked, error=AgentError, seconds=seconds)
            lots: I64 = guarded(self.who, self.file, np.asarray, answer, error=AgentError)
            return lots

        return decide_through_pot(case, allocate, who=self.who)


def split(amount: int, weights: I64, ids: I64) -> I64:
    """Return `amount`, of any sign, split by weights >= 0 with largest remainder, ties to the lower id."""
    parts, spare = np.zeros((2, len(weights)), np.int64)
    total = int(weights.sum())
    if total:
        allocate(amount, np.ascontiguousarray(weights), ids, total, parts, spare)
    return parts


def _sign(case: Case) -> int:
    return 1 if int(case.accounts.lots[case.targets[0], case.market]) > 0 else -1


def _unit(case: Case) -> int:
    """Value of one lot at mark, quanta."""
    return int(case.markets.mark[case.market]) * int(case.markets.params["tick_value"][case.market])


def _winners(case: Case, asked: I64) -> WinnerView:
    """The winners at the places `asked` of the queue."""
    rows = case.winners[asked]
    worth, _ = measured = np.empty((2, len(rows)), np.int64)
    measure_rows(case.accounts, case.markets, rows, *measured)
    lots = np.abs(case.accounts.lots[rows, case.market])
    return WinnerView(case.ids[rows], lots, lots * _unit(case), worth, case.scores[asked])


def _targets(case: Case, capacity: int) -> TargetView:
    """The targets in order, as far as `capacity` contracts go; the last one partly."""
    held = np.abs(case.accounts.lots[case.targets, case.market])
    before = np.cumsum(held) - held
    lots = np.clip(capacity - before, 0, held)
    quote = np.zeros(len(lots), np.int64)
    for i in np.flatnonzero(lots).tolist():
        want, got = int(held[i]), int(lots[i])
        whole = int(bankruptcy_quote(case.accounts, case.markets, case.targets[i], case.market, want))
        quote[i] = whole * got // want
    closed = lots > 0
    return TargetView(case.ids[case.targets[closed]], lots[closed], quote[closed])


def _through_pot(targets: TargetView, winners: WinnerView, lots: I64, quote: I64, *, market: int, rank: I64) -> Closes:
    """The closes of the targets against the pot, then those of the pot against the winners: T + W in all."""
    gives = lots > 0
    n_targets, n_winners = len(targets.row), int(gives.sum())
    closes = make_closes(n_targets + n_winners)
    into, out = slice(0, n_targets), slice(n_targets, None)
    closes.market[:] = market
    closes.target[into], closes.target[out] = targets.row, ROUNDING
    closes.counterparty[into], closes.counterparty[out] = ROUNDING, winners.row[gives]
    closes.lots[into], closes.lots[out] = targets.lots, lots[gives]
    closes.quote[into], closes.quote[out] = targets.quote, quote[gives]
    closes.rank[out], closes.score[out] = rank[gives], winners.score[gives]
    return closes
