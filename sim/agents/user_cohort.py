"""A user's own cohort: thousands of accounts that decide in one call, on arrays. See docs/how-to/write-an-agent.md.

The class decides in `decide(view)`: NumPy arrays in, `Actions` (arrays) out. The arithmetic may be NumPy or
a numba function of the user's own. The answer is checked element by element before any of it reaches the market.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..own_parts import UserPart
from .behaviours.base import CohortContext
from .view import MarketView

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

GTC, IOC, FOK, POST_ONLY = range(4)


@dataclass(frozen=True)
class Actions:
    """The actions of a cohort: K actions, each field an array (K,) or one value for all.

    account: index into the cohort, 0 .. n - 1.  lots: + buys, - sells, 0: no order.  price_ticks: limit price, 0: a
    market order.  market: number of the market.  time_in_force: GTC, IOC, FOK or POST_ONLY; a market order never rests:
    FOK is all or nothing, GTC and IOC fill what they can, POST_ONLY is an error.  cancel: True first cancels the
    account's resting orders in the market.  arrival: place in the tick, 0 .. 2**20 - 1; None: drawn. Orders of equal
    place reach the book in the order of the arrays.
    """

    account: npt.ArrayLike
    lots: npt.ArrayLike = 0
    price_ticks: npt.ArrayLike = 0
    market: npt.ArrayLike = 0
    time_in_force: npt.ArrayLike = GTC
    reduce_only: npt.ArrayLike = False
    cancel: npt.ArrayLike = False
    arrival: npt.ArrayLike | None = None


class Arrived(NamedTuple):
    """The accounts that a Poisson process draws; an account may come twice. K of them."""

    account: I64  # (K,) index into the cohort
    place: I64  # (K,) place in the tick, for Actions.arrival
    uniforms: F64  # (K, U) numbers in [0, 1) of each arrival's own: the same whatever the clock's step


class CohortView:
    """The view of a cohort at one wake; use it inside `decide` only. n traders, M markets. Arrays are copies.

    Prices are ticks (int64, 0: there is none), sizes lots (+ is long), money quanta.
    """

    def __init__(self, context: CohortContext, arrived: Arrived, last_ms: int, view: MarketView) -> None:
        self._view, self._context = view, context
        self.arrived = arrived
        self.time_ms = view.time_ms
        self.elapsed_ms = view.time_ms - last_ms  # since the cohort last woke

    @property
    def n(self) -> int:
        """Number of traders."""
        return len(self._context.rows)

    @property
    def markets(self) -> tuple[str, ...]:
        """Names of the markets, in the order of all columns."""
        return tuple(instrument.name for instrument in self._context.instruments)

    @property
    def tick_size(self) -> F64:
        """(M,) quote units per base unit."""
        return np.array([float(instrument.tick_size) for instrument in self._context.instruments])

    @property
    def lot_size(self) -> F64:
        """(M,) base units."""
        return np.array([float(instrument.lot_size) for instrument in self._context.instruments])

    @property
    def quantum(self) -> float:
        """Quote units of one quantum of money."""
        return float(self._context.quantum)

    @property
    def tick_value(self) -> I64:
        """(M,) value of one tick on one lot, quanta."""
        return self._view.markets.params["tick_value"].copy()

    @property
    def index(self) -> I64:
        """(M,) ticks, the reference price from outside."""
        return self._view.index.copy()

    @property
    def mark(self) -> I64:
        """(M,) ticks, the last published mark."""
        return self._view.mark.copy()

    @property
    def bid(self) -> I64:
        """(M,) ticks, the best bid; 0: none."""
        return self._view.best_bid.copy()

    @property
    def ask(self) -> I64:
        """(M,) ticks, the best ask; 0: none."""
        return self._view.best_ask.copy()

    @property
    def volatility(self) -> F64:
        """(M,) realised volatility, fraction per sqrt(second)."""
        return self._view.volatility.copy()

    @property
    def max_leverage(self) -> int:
        """Leverage setting of the cohort."""
        return self._context.max_leverage

    @cached_property
    def lots(self) -> I64:
        """(n, M) position of each trader."""
        return self._by_market(self._view.accounts.lots)

    @cached_property
    def open_bid(self) -> I64:
        """(n, M) lots resting on the bid."""
        return self._by_market(self._view.accounts.open_bid)

    @cached_property
    def open_ask(self) -> I64:
        """(n, M) lots resting on the ask."""
        return self._by_market(self._view.accounts.open_ask)

    @cached_property
    def equity(self) -> I64:
        """(n, M) quanta at the mark, of the margin account on which the trader trades the market: its wallet, or its
        isolated position."""
        accounts, home = self._view.accounts, self._context.home
        unit = self._view.mark * self._view.markets.params["tick_value"]
        rows = home.ravel() if self._has_isolated else home[:, 0]
        quanta = accounts.quote[rows] + (accounts.lots[rows] * unit).sum(axis=1)
        if self._has_isolated:
            return np.asarray(quanta.reshape(home.shape))
        return np.repeat(quanta[:, None], home.shape[1], axis=1)

    @property
    def _has_isolated(self) -> bool:
        return bool((self._context.home != self._context.rows[:, None]).any())

    def _by_market(self, column: I64) -> I64:
        home = self._context.home
        return np.asarray(column[home, np.arange(home.shape[1])])


class UserCohort(UserPart):
    """Base class of a user's cohort. `params` of the config are passed to the constructor by name.

    The class, or its constructor, may set `arrivals_per_s`: then `view.arrived` names the accounts that are due, at
    that rate for the whole cohort, each with `uniforms` numbers of its own; so the flow does not depend on the clock's
    step. `self.rng` (set before the first call) is the only other randomness that keeps a run reproducible. Keep state
    in attributes; do not read clocks or files.
    """

    arrivals_per_s: float = 0.0
    uniforms: int = 0
    rng: np.random.Generator

    def start(self, view: CohortView) -> None:
        """Called once, before the first `decide`: make room for the state of `view.n` traders."""

    def decide(self, view: CohortView) -> Actions | None:
        """Return the traders' actions now; None: nothing."""
        raise NotImplementedError


def whole_column(name: str, value: Any, length: int) -> I64:
    """A column of an answer as int64 (length,); ValueError names the fault and the element."""
    array = np.asarray(value)
    if array.ndim == 0:
        array = np.full(length, array)
    if array.shape != (length,):
        raise ValueError(f"{name} must have {length} elements like account, has shape {array.shape}")
    if array.dtype == np.int64:
        return np.ascontiguousarray(array)
    if array.dtype.kind == "f":
        good = np.isfinite(array) & (np.abs(array) < 2.0**62)
        good[good] = array[good] == np.rint(array[good])
        if not good.all():
            at = int(np.argmin(good))
            raise ValueError(f"element {at}: {name} must be a whole number, was {array[at]}")
    elif array.dtype == np.uint64 and len(array) and int(array.max()) >= 2**63:
        at = int(np.argmax(array))
        raise ValueError(f"element {at}: {name} exceeds the maximum that the run can represent, was {array[at]}")
    elif array.dtype.kind not in "iub":
        raise ValueError(f"{name} must be whole numbers, was an array of {array.dtype}")
    return array.astype(np.int64)
