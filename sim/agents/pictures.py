"""The view of a user's agent at a wake: pictures that hold the integers of that instant and convert them when read.

A picture never changes after it was taken, so an agent may keep it. The pictures of the markets are the same for all
agents of a cycle and are made once; prices and sizes become Decimals when they are read.
"""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, NoReturn, Self

from ..instrument import Instrument
from ..layout import FLAG_DELEVERAGED, FLAG_LIQUIDATED, AccountArrays
from .view import MarketView


class _Picture:
    """A frozen value with one slot: a tuple of the integers seen."""

    __slots__ = ("_seen",)
    FIELDS: ClassVar[tuple[str, ...]] = ()
    _seen: Any

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self._fields())

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in zip(self.FIELDS, self._fields(), strict=True))
        return f"{type(self).__name__}({fields})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).of, (self._seen,)

    def _fields(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.FIELDS)

    @classmethod
    def of(cls, seen: Any) -> Self:
        """Return the picture of the integers seen."""
        made = cls.__new__(cls)
        _set_seen(made, seen)
        return made


_set_seen = _Picture.__dict__["_seen"].__set__
_new = object.__new__


class MarketSeen(NamedTuple):
    """One market at an instant; a price of 0 ticks: there is none."""

    instrument: Instrument
    index_ticks: int
    mark_ticks: int
    bid_ticks: int
    ask_ticks: int
    volatility: float


class MarketPicture(_Picture):
    """One market as the agent sees it; prices in quote units per base unit, None where there is none."""

    __slots__ = ()
    FIELDS = ("name", "index", "mark", "bid", "ask", "volatility", "tick_size", "lot_size")
    _seen: MarketSeen

    @property
    def name(self) -> str:
        """Name of the market."""
        return self._seen[0].name

    @property
    def index(self) -> Decimal:
        """The reference price from outside."""
        seen = self._seen
        return seen[1] * seen[0].tick_size

    @property
    def mark(self) -> Decimal:
        """The last published mark price."""
        seen = self._seen
        return seen[2] * seen[0].tick_size

    @property
    def bid(self) -> Decimal | None:
        """The best bid."""
        seen = self._seen
        return seen[3] * seen[0].tick_size if seen[3] else None

    @property
    def ask(self) -> Decimal | None:
        """The best ask."""
        seen = self._seen
        return seen[4] * seen[0].tick_size if seen[4] else None

    @property
    def volatility(self) -> float:
        """Realised volatility, fraction per sqrt(second)."""
        return self._seen[5]

    @property
    def tick_size(self) -> Decimal:
        """Smallest price step, quote units per base unit."""
        return self._seen[0].tick_size

    @property
    def lot_size(self) -> Decimal:
        """Smallest size step, base units."""
        return self._seen[0].lot_size


#: One account at an instant: the markets; money in quanta; lots held, resting on the bid, on the ask, each by number of
#: the market; flags. A plain tuple: it is made at every wake.
AccountSeen = tuple[tuple[MarketSeen, ...], int, list[int], list[int], list[int], int]


class AccountPicture(_Picture):
    """The agent's own account: money in quote units, sizes in base units (+ is long), by market name."""

    __slots__ = ()
    FIELDS = ("equity", "positions", "resting_bids", "resting_asks", "was_liquidated", "was_deleveraged")
    _seen: AccountSeen

    @property
    def equity(self) -> Decimal:
        """Money and positions at the mark."""
        seen = self._seen
        quanta = seen[1]
        for market, lots in zip(seen[0], seen[2], strict=True):
            if lots:
                quanta += lots * market[2] * market[0].tick_value
        return quanta * seen[0][0][0].quantum

    @property
    def positions(self) -> Mapping[str, Decimal]:
        """Size held in each market."""
        return self._sizes(2)

    @property
    def resting_bids(self) -> Mapping[str, Decimal]:
        """Size of the resting buy orders in each market."""
        return self._sizes(3)

    @property
    def resting_asks(self) -> Mapping[str, Decimal]:
        """Size of the resting sell orders in each market."""
        return self._sizes(4)

    @property
    def was_liquidated(self) -> bool:
        """True once the account was liquidated."""
        return bool(self._seen[5] & FLAG_LIQUIDATED)

    @property
    def was_deleveraged(self) -> bool:
        """True once a position was closed by ADL."""
        return bool(self._seen[5] & FLAG_DELEVERAGED)

    def _sizes(self, place: int) -> Mapping[str, Decimal]:
        seen: Any = self._seen
        pairs = zip(seen[0], seen[place], strict=True)
        return MappingProxyType({market[0].name: lots * market[0].lot_size for market, lots in pairs})


class AgentView(_Picture):
    """The view of an agent at one wake: `time_ms`, `markets` by name, `account`."""

    __slots__ = ()
    FIELDS = ("time_ms", "markets", "account")
    _seen: tuple[int, Mapping[str, MarketPicture], AccountSeen]

    @property
    def time_ms(self) -> int:
        """Milliseconds since the start of the run."""
        return self._seen[0]

    @property
    def markets(self) -> Mapping[str, MarketPicture]:
        """Every market by name."""
        return self._seen[1]

    @property
    def account(self) -> AccountPicture:
        """The agent's own account."""
        return AccountPicture.of(self._seen[2])

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the integers seen: read-only mappings cannot be copied."""
        return _view_again, (self._seen[0], self._seen[2])


def _view_again(time_ms: int, account: AccountSeen) -> AgentView:
    return AgentView.of((time_ms, _by_name(account[0]), account))


class MarketPictures(NamedTuple):
    """The markets at an instant, for all agents that look at it."""

    seen: tuple[MarketSeen, ...]
    by_name: Mapping[str, MarketPicture]

    @classmethod
    def take(cls, view: MarketView) -> "MarketPictures":
        """Return the pictures of all markets in `view`."""
        columns = (view.index, view.mark, view.best_bid, view.best_ask, view.volatility)
        seen = tuple(map(MarketSeen, view.instruments, *(column.tolist() for column in columns)))
        return cls(seen, _by_name(seen))


def _by_name(seen: tuple[MarketSeen, ...]) -> Mapping[str, MarketPicture]:
    return MappingProxyType({market[0].name: MarketPicture.of(market) for market in seen})


def picture(time_ms: int, markets: MarketPictures, accounts: AccountArrays, row: int) -> AgentView:
    """Return the present view of the agent on margin row `row`."""
    made = _new(AgentView)
    account = (
        markets[0],
        accounts.quote.item(row),
        accounts.lots[row].tolist(),
        accounts.open_bid[row].tolist(),
        accounts.open_ask[row].tolist(),
        accounts.flags.item(row),
    )
    _set_seen(made, (time_ms, markets[1], account))
    return made
