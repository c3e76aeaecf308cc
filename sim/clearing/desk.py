"""The desk that the layers of the waterfall work with: arrays, scopes of the funds, and the two ways to change them.

Decides nothing. A layer reads the arrays, decides on closes or payments, and hands them to `close` or `pay`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt

from ..kernels.clearing.closes import Closes
from ..kernels.clearing.payments import Payments
from ..kernels.exchange import Exchange
from ..kernels.ledger.standing import engine_standing
from ..layout import AdlCause, Reason, RecordArrays
from ..ledger.closes import apply_closes, apply_payments
from ..policy import Policy

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Scalar = TypeVar("Scalar", bound=np.generic)
#: Stands for "no limit" of ADL matches.
NO_LIMIT = 2**62


class Scope(NamedTuple):
    """A fund, its ENGINE, and the first of their markets."""

    fund: int  # row
    engine: int  # row
    market: int


@dataclass
class Outcome:
    """Orders that a run of the waterfall cancels, and the backlog it leaves."""

    reduced: list[tuple[int, I64]] = field(default_factory=list)  # (market, rows whose orders there are cancelled)
    left: I64 = field(default_factory=lambda: np.zeros(0, np.int64))  # rows distressed or below zero: the backlog


@dataclass
class Round:
    """One run of the waterfall: the rows that the book left, and the state passed from layer to layer."""

    rows: I64
    outcome: Outcome = field(default_factory=Outcome)
    is_postponed: bool = False  # ADL reached its limit in this cycle: the rest waits, and nothing is torn up
    stopped: I64 | None = None  # (len(rows), M) STOPPED_ bits of the takeover of each position; None: none was tried


class LayerBase(Policy):
    """Base of the layers of the waterfall. A layer decides on closes or payments and hands them to the desk."""

    def ready(self) -> Self:
        """Return the layer as a run uses it, with users' code loaded."""
        return self

    def run(self, desk: "Desk", round_: Round) -> None:
        """Absorb as much as it can of the positions and debts of the round's rows and of ENGINE."""
        raise NotImplementedError


@dataclass
class MatchesLeft:
    """ADL matches that are still allowed in a cycle."""

    cycle: int = -1
    left: int = NO_LIMIT

    def of_cycle(self, cycle: int, per_cycle: int | None) -> int:
        """Matches left in `cycle`, which starts with `per_cycle` (None: no limit)."""
        if cycle != self.cycle:
            self.cycle, self.left = cycle, per_cycle or NO_LIMIT
        return self.left


@dataclass
class Limits:
    """Which limits have acted since the start of the run, and the ADL that they caused."""

    fund_short: npt.NDArray[np.bool_]  # (scopes,) FUND could not pay, or carry a takeover, in full
    cap_reached: npt.NDArray[np.bool_]  # (scopes,) ENGINE left positions because of its cap
    held_cycle: I64  # (A,) last cycle in which a limit held the row back in its present distress, -1 if none
    adl_notional: I64  # (causes,) contracts closed by ADL x mark, one side, by AdlCause
    adl_waited: int = 0  # part of it that closed rows which a limit had held back

    @classmethod
    def none(cls, *, scopes: int, rows: int) -> Self:
        """Return the state at the start of a run."""
        return cls(np.zeros(scopes, bool), np.zeros(scopes, bool), np.full(rows, -1), np.zeros(len(AdlCause), np.int64))


@dataclass
class QueuesOfCycle:
    """Scores of every market and side before the first ADL of a cycle (CLR-ADL-002)."""

    cycle: int = -1
    scores: dict[tuple[int, int], F64] = field(default_factory=dict)  # (market, side) -> (A,), NaN: not in the queue

    def of_cycle(self, cycle: int, rank: Callable[[int, int], F64], n_markets: int) -> dict[tuple[int, int], F64]:
        """The scores of `cycle`; they are made by `rank(market, side)` when first asked for."""
        if cycle != self.cycle:
            self.cycle = cycle
            self.scores = {(market, side): rank(market, side) for market in range(n_markets) for side in (1, -1)}
        return self.scores


class Desk:
    """The exchange as the layers see it, and the scopes of its funds.

    caps: int64 (M,) maximum inventory of the ENGINE of each market, quanta.  may_draw: the waterfall has the layer that
    pays from FUND.  spill: empties the transfer log (sets the header's n_transfers to 0).  names: of the markets.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        caps: I64,
        quantum: Decimal,
        may_draw: bool,
        spill: Callable[[], None],
        names: Sequence[str] = (),
    ) -> None:
        self.exchange = exchange
        self.accounts, self.markets, self.log = exchange.accounts, exchange.markets, exchange.log
        self.waiting = exchange.waiting
        counts = exchange.records.counts  # kept when records grow
        self._n_liquidations, self._n_matches = counts["liquidations"], counts["matches"]
        markets = exchange.markets
        self.caps, self.quantum, self.may_draw = caps, quantum, may_draw
        self.spill = spill
        self.n_markets = len(markets.mark)
        self.work = np.zeros((4, max(self.n_markets, 2)), np.int64)  # scratch of `split_by_market`
        self.matches_left = MatchesLeft()
        self.queues_of_cycle = QueuesOfCycle()
        self.markets_by_name = sorted(range(self.n_markets), key=lambda m: names[m]) if names else range(self.n_markets)
        _, first = np.unique(markets.params["fund_row"], return_index=True)
        self.scopes = [
            Scope(int(markets.params["fund_row"][m]), int(markets.params["engine_row"][m]), int(m)) for m in first
        ]
        self.limits = Limits.none(scopes=len(self.scopes), rows=len(exchange.accounts.quote))

    @property
    def records(self) -> RecordArrays:
        """The records of clearing."""
        return self.exchange.records

    @property
    def cycle(self) -> int:
        """Number of the present cycle."""
        return int(self.log.header["cycle"][0])

    # -- changes -------------------------------------------------------------------------------------------------------

    def close(self, closes: Closes, reason: Reason) -> None:
        """Apply closes that a rule has decided."""
        if reason is Reason.ADL:
            self.ensure_records(matches=len(closes.target))
        apply_closes(self.exchange, closes, reason, spill=self.spill)

    def pay(self, payments: Payments, reason: Reason) -> None:
        """Apply payments that a rule has decided."""
        apply_payments(self.exchange, payments, reason, spill=self.spill)

    # -- state --------------------------------------------------------------------------------------------------------

    def standing_of(self, engine: int) -> tuple[int, bool]:
        """Equity of an ENGINE at mark, quanta, and whether it holds contracts."""
        worth, _, holds = engine_standing(self.exchange, engine)
        return int(worth), bool(holds)

    def holds_inventory(self) -> bool:
        """True if an ENGINE holds contracts."""
        return any(any(self.accounts.lots[scope.engine].tolist()) for scope in self.scopes)

    def insolvent_engine(self, market: int) -> int:
        """ENGINE's row of the market's scope if FUND's cash and ENGINE's equity are below zero together, else -1."""
        fund, engine = (int(self.markets.params[name][market]) for name in ("fund_row", "engine_row"))
        return engine if self.standing_of(engine)[0] + int(self.accounts.quote[fund]) < 0 else -1

    # -- records -------------------------------------------------------------------------------------------------------

    @property
    def n_liquidations(self) -> int:
        """Rows filled in records.liquidations."""
        count: int = self._n_liquidations.item()
        return count

    @property
    def n_matches(self) -> int:
        """Rows filled in records.matches and records.scores."""
        count: int = self._n_matches.item()
        return count

    def ensure_records(self, *, liquidations: int = 0, matches: int = 0) -> None:
        """Make room for this many more rows of each."""
        records = self.records
        grown = records._replace(
            liquidations=_grow(records.liquidations, self.n_liquidations + liquidations),
            matches=_grow(records.matches, self.n_matches + matches),
            scores=_grow(records.scores, self.n_matches + matches),
        )
        if grown.liquidations is not records.liquidations or grown.matches is not records.matches:
            self.exchange.replace(records=grown)


def _grow(array: npt.NDArray[Scalar], rows: int) -> npt.NDArray[Scalar]:
    """Return `array` with at least `rows` rows, contents kept."""
    if len(array) >= rows:
        return array
    bigger = np.zeros((max(rows, 2 * len(array)), *array.shape[1:]), array.dtype)
    bigger[: len(array)] = array
    return bigger
