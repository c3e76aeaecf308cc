"""A user's own agent: a class in the user's own Python file, named from the config. See docs/how-to/write-an-agent.md.

The agent gets a read-only picture of the market and of its own account and returns a list of requests. Any failure in
it (an exception, a wrong type, a size that is not a number, a price off the grid) becomes an AgentError that names the
agent, the time and the problem. The text of the file is kept in the config (`source`), so it is part of the config's
hash and is sent to workers, and a result folder can be replayed without the file.
"""

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Literal

import numpy as np

from ..errors import AgentError
from ..instrument import Instrument
from ..layout import OrderFlag, OrderKind, Side, TimeInForce
from ..own_parts import FAILURES, OwnPart, UserPart, one_line, where
from ..policy import PublicPolicy
from .named import NamedTrader
from .pictures import AgentView, MarketPictures, picture
from .view import ARRIVAL_SLOTS, Intents, MarketView

MAX_REQUESTS = 1000
#: Codes as plain numbers: numbers of an enumeration take longer to write.
_SIDES = {"buy": int(Side.BUY), "sell": int(Side.SELL)}
_TIMES = {name: int(code) for name, code in TimeInForce.__members__.items()}
_LIMIT, _MARKET, _CANCEL_ALL = int(OrderKind.LIMIT), int(OrderKind.MARKET), int(OrderKind.CANCEL_ALL)
_IOC, _FOK, _POST_ONLY = int(TimeInForce.IOC), int(TimeInForce.FOK), int(TimeInForce.POST_ONLY)
_REDUCE_ONLY = int(OrderFlag.REDUCE_ONLY)


@dataclass(frozen=True, init=False)
class Order:
    """A request to trade.

    size: base units, a positive multiple of the lot.  price: on the grid; None: a market order.

    time_in_force: GTC, IOC, FOK or POST_ONLY. A market order never rests: GTC (the default) and IOC fill what they can
    at once, FOK all or nothing; POST_ONLY needs a price. Numbers may be Decimal, str, int or float.
    """

    market: str
    side: str  # "buy" or "sell"
    size: Decimal | str | float
    price: Decimal | str | float | None = None
    time_in_force: str = "GTC"
    reduce_only: bool = False

    def __init__(
        self,
        market: str,
        side: str,
        size: Decimal | str | float,
        price: Decimal | str | float | None = None,
        time_in_force: str = "GTC",
        reduce_only: bool = False,
    ) -> None:  # written out: that of a frozen dataclass takes twice as long
        self.__dict__.update(
            market=market, side=side, size=size, price=price, time_in_force=time_in_force, reduce_only=reduce_only
        )


@dataclass(frozen=True)
class CancelAll:
    """A request to cancel all of the agent's resting orders in a market; None: in all markets."""

    market: str | None = None


class UserAgent(UserPart):
    """Base class of a user's agent. `params` of the config are passed to the constructor by name.

    `self.rng` (a numpy Generator of the agent's own stream, set before the first call) is the only randomness that
    keeps a run reproducible. Keep state in attributes; do not read clocks or files.
    """

    rng: np.random.Generator

    def decide(self, view: AgentView) -> list[Order | CancelAll] | None:
        """Return what to do now; None or an empty list: nothing. Orders arrive in the order of the list."""
        raise NotImplementedError


@dataclass
class UserState:
    """The running agent and the data that translate its requests."""

    row: int
    agent: UserAgent
    instruments: tuple[Instrument, ...]
    rng: np.random.Generator
    markets: dict[str, int] = field(init=False)  # number of each market

    def __post_init__(self) -> None:
        """Number the markets."""
        self.markets = {instrument.name: number for number, instrument in enumerate(self.instruments)}


class UserAgentConfig(OwnPart, NamedTrader, metaclass=PublicPolicy):
    """A user's own agent, named from the config or passed as an object.

    Its amounts are used as written, not scaled.
    """

    venue_scale: ClassVar[bool] = False
    base: ClassVar[type] = UserAgent
    noun: ClassVar[str] = "agent"

    kind: Literal["user"] = "user"

    @property
    def name_in_run(self) -> str:
        """The agent's name."""
        return self.name

    def initial_state(
        self, *, row: int, instruments: tuple[Instrument, ...], share: Decimal, rng: np.random.Generator
    ) -> UserState:
        """Return the running agent with its random stream; `share` is not used."""
        agent: UserAgent = self.load()
        agent.rng = rng
        return UserState(row, agent, instruments, rng)

    def decide(self, state: UserState, view: MarketView, intents: Intents) -> None:
        """Call the agent and append its requests; AgentError if it raises or returns an invalid answer."""
        if view.pictures is None:
            view.pictures = MarketPictures.take(view)
        seen = picture(view.time_ms, view.pictures, view.accounts, state.row)
        try:
            answer = self.limited(state.agent.decide, seen)
        except FAILURES as error:
            raise AgentError(f"{self._at(view)} raised {where(error, self.file)}") from error
        if answer is None:
            return
        if not isinstance(answer, (list, tuple)):
            raise AgentError(
                f"{self._at(view)} must return a list of Order and CancelAll, returned {type(answer).__name__}"
            )
        if len(answer) > MAX_REQUESTS:
            raise AgentError(f"{self._at(view)} returned {len(answer)} requests; the maximum is {MAX_REQUESTS}")
        arrival = int(state.rng.integers(0, ARRIVAL_SLOTS))
        for number, request in enumerate(answer):
            try:
                _append(request, state, intents, arrival)
            except FAILURES as error:  # a request may hold any object, with any behaviour
                raise AgentError(f"{self._at(view)}, request {number}: {one_line(error)}") from error

    def _at(self, view: MarketView) -> str:
        return f"{self.who} ({self.file}:{self.class_name}) at {view.time_ms} ms"


def _append(request: object, state: UserState, intents: Intents, arrival: int) -> None:
    """Translate one request; ValueError names its fault."""
    if not isinstance(request, Order):
        if not isinstance(request, CancelAll):
            raise ValueError(f"must be an Order or a CancelAll, was {type(request).__name__}")
        names = list(state.markets)
        for market in range(len(names)) if request.market is None else [_market(request.market, state.markets)]:
            intents.append(account=state.row, market=market, kind=_CANCEL_ALL, arrival=arrival)
        return
    market = _market(request.market, state.markets)
    instrument = state.instruments[market]
    if not isinstance(request.side, str) or request.side not in _SIDES:
        raise ValueError(f"side must be 'buy' or 'sell', was {request.side!r}")
    if not isinstance(request.time_in_force, str) or request.time_in_force not in _TIMES:
        raise ValueError(f"time_in_force must be one of {', '.join(_TIMES)}, was {request.time_in_force!r}")
    if not isinstance(request.reduce_only, bool):
        raise ValueError(f"reduce_only must be True or False, was {request.reduce_only!r}")
    is_market = request.price is None
    lots = _whole(request.size, instrument.lot_size, "size", "lot")
    price = 0 if is_market else _whole(request.price, instrument.tick_size, "price", "tick")
    if lots * price * instrument.tick_value > 2**61:
        raise ValueError(f"size {request.size} at price {request.price} exceeds the maximum that the run can represent")
    kind, tif = _LIMIT, _TIMES[request.time_in_force]
    if is_market:
        if tif == _POST_ONLY:
            raise ValueError("time_in_force POST_ONLY needs a price: an order without one always takes")
        kind, tif = _MARKET, _FOK if tif == _FOK else _IOC
    flags = _REDUCE_ONLY if request.reduce_only else 0
    intents.write(state.row, market, _SIDES[request.side], kind, tif, price, lots, flags, arrival)


def _market(name: object, markets: dict[str, int]) -> int:
    if not isinstance(name, str) or name not in markets:
        raise ValueError(f"no market is called {name!r}; the markets are {', '.join(markets)}")
    return markets[name]


def _whole(value: object, unit: Decimal, what: str, unit_name: str) -> int:
    """`value` in whole units; ValueError unless it is a finite positive number on the grid."""
    kind = type(value)
    if kind is Decimal or kind is int or kind is str:  # the form of most orders; failures are explained below
        try:
            count = (value if kind is Decimal else Decimal(value)) / unit  # type: ignore[arg-type,operator]
            whole = int(count)
            if whole == count and 0 < whole <= 2**53:
                return whole
        except (ArithmeticError, ValueError):
            pass
    return _explained(value, unit, what, unit_name)


def _explained(value: object, unit: Decimal, what: str, unit_name: str) -> int:
    """As `_whole`, for any object; ValueError names its fault."""
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int | float | np.number):
        raise ValueError(f"{what} must be a number, was {value!r}")
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise ValueError(f"{what} must be a number, was {value!r}") from None
    if not number.is_finite() or number <= 0:
        raise ValueError(f"{what} must be positive and finite, was {value}")
    if number / unit > 2**53:
        raise ValueError(f"{what} {value} exceeds the maximum that the run can represent")
    count = number / unit
    if count != count.to_integral_value():
        below = math.floor(count) * unit
        raise ValueError(f"{what} {value} is not a whole multiple of the {unit_name} {unit}; the next below is {below}")
    return int(count)
