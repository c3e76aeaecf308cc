"""Input and output of behaviours: the market at one instant, and the buffer of intents of one cycle.

The engine owns both and updates them in place; a behaviour reads the view and appends to the intents, nothing else.
Prices are ticks (0: there is none), money quanta, sizes lots. A trader's request to move cash is a `CashMove`:
behaviours never touch balances.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import InvariantError
from ..instrument import Instrument
from ..layout import (
    F64,
    I64,
    INTENT_DTYPE,
    AccountArrays,
    MarketArrays,
    OrderStatus,
    Records,
    Side,
    TimeInForce,
)

if TYPE_CHECKING:
    from ..kernels.exchange import Exchange

#: One row of intents, in the order of INTENT_DTYPE.
_INTENT = Struct(f"={len(INTENT_DTYPE.names or ())}q")
_PENDING = int(OrderStatus.PENDING)
#: Arrival keys of a tick are 0..ARRIVAL_SLOTS - 1: the time within the tick in 2**20 parts.
ARRIVAL_BITS = 20
ARRIVAL_SLOTS = 1 << ARRIVAL_BITS


@dataclass
class MarketView:
    """The market at one instant. M markets, A margin rows; the engine writes, behaviours only read."""

    instruments: tuple[Instrument, ...]
    exchange: "Exchange"  # for the kernels of cohorts, which read its accounts and markets
    index: I64  # (M,) ticks
    mark: I64  # (M,) ticks, the last published (the same array as markets.mark)
    best_bid: I64  # (M,) ticks, 0 if none
    best_ask: I64  # (M,) ticks, 0 if none
    volatility: F64  # (M,) realised volatility over seconds, fraction per sqrt(second)
    adl_quantile: F64 | None = None  # (A,) place in the deleveraging queue: 0 not in it, 1 first; None: not computed
    time_ms: int = 0
    cycle: int = 0
    dt_ms: int = 0  # since the previous cycle
    pictures: Any = None  # of the markets, as users' agents see them: made when the first of a cycle looks

    @property
    def accounts(self) -> AccountArrays:
        """The margin rows."""
        return self.exchange.accounts

    @property
    def markets(self) -> MarketArrays:
        """The markets."""
        return self.exchange.markets

    @classmethod
    def make(cls, *, instruments: Sequence[Instrument], exchange: "Exchange") -> "MarketView":
        """Return a view at time 0 whose index and mark are `markets.mark`, with no quotes and no volatility yet."""
        n_markets, markets = len(instruments), exchange.markets
        return cls(
            instruments=tuple(instruments),
            exchange=exchange,
            index=markets.mark.copy(),
            mark=markets.mark,
            best_bid=np.zeros(n_markets, np.int64),
            best_ask=np.zeros(n_markets, np.int64),
            volatility=np.zeros(n_markets, np.float64),
        )


class CashMove(NamedTuple):
    """A trader's request to move money at `due_ms`. The engine moves at most what the payer can free, with Reason
    `reason`.

    payer / payee: rows (OUTSIDE for deposits and withdrawals).  quanta: > 0.  reason: Reason.DEPOSIT or MARGIN_MOVE.
    """

    due_ms: int
    payer: int
    payee: int
    quanta: int
    reason: int


@dataclass
class Intents:
    """The orders of one cycle: `rows[:count]` (`INTENT_DTYPE` of `sim/layout.py`), and the requested cash moves.

    `reserve(n)` doubles the buffer until n more rows fit; more than `limit` rows in one cycle is an InvariantError,
    because a cohort that floods the book is a mistake in its rate.
    """

    rows: Records = field(default_factory=lambda: np.zeros(1024, INTENT_DTYPE))
    count: int = 0
    moves: list[CashMove] = field(default_factory=list)
    limit: int = 4_000_000

    def __post_init__(self) -> None:
        """Make the buffers of the sort."""
        self._scratch = np.empty_like(self.rows)
        self._counts = np.zeros(ARRIVAL_SLOTS >> (ARRIVAL_BITS // 2), np.int64)

    def clear(self) -> None:
        """Remove all orders and moves; the buffer stays."""
        self.count = 0
        self.moves.clear()

    def reserve(self, n: int) -> None:
        """Make room for `n` more rows. InvariantError beyond `limit`."""
        needed = self.count + n
        if needed > self.limit:
            raise InvariantError(
                f"{needed} orders in one cycle exceed the limit of {self.limit}: lower a cohort's rate"
            )
        capacity = self.rows.shape[0]
        if needed <= capacity:
            return
        while capacity < needed:
            capacity *= 2
        grown = np.zeros(capacity, INTENT_DTYPE)
        grown[: self.count] = self.rows[: self.count]
        self.rows = grown
        self._scratch = np.empty_like(grown)

    def append(
        self,
        *,
        account: int,
        market: int,
        side: int = Side.BUY,
        kind: int,
        lots: int = 0,
        price: int = 0,
        tif: int = TimeInForce.GTC,
        flags: int = 0,
        arrival: int = 0,
    ) -> None:
        """Add one order."""
        self.write(account, market, side, kind, tif, price, lots, flags, arrival)

    def write(
        self,
        account: int,
        market: int,
        side: int,
        kind: int,
        tif: int,
        price: int,
        lots: int,
        flags: int,
        arrival: int,
    ) -> None:
        """As `append`, for callers that add one order after the other: by position, in the order of the columns."""
        count = self.count
        if count >= self.rows.shape[0] or count >= self.limit:
            self.reserve(1)
        place: Any = self.rows  # any buffer is accepted
        _INTENT.pack_into(
            place, count * _INTENT.size,
            account, market, side, kind, tif, price, lots, flags, -1, arrival, _PENDING, 0, 0,
        )  # fmt: skip
        self.count = count + 1

    def scratch(self) -> tuple[Records, I64]:
        """Buffers of the sort by arrival, for as many orders as there is room for: see `kernels.arrivals`."""
        return self._scratch, self._counts
