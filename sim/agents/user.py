"""A user's own agent: a class in the user's own Python file, named from the config. See HOWTO.md beside this file.

The agent gets a read-only picture of the market and of its own account and returns a list of requests. Whatever goes
wrong in it (an exception, a wrong type, a size that is not a number, a price off the grid) becomes an AgentError that
says which agent, when, and what. The text of the file is kept in the config (`source`), so it is part of the config's
hash, travels to workers, and a result folder can be replayed without the file.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np

from ..errors import AgentError
from ..events import FLAG_DELEVERAGED, FLAG_LIQUIDATED, OrderFlag, OrderKind, Side, TimeInForce
from ..instrument import Instrument
from ..kernels.state import P_TICK_VALUE
from ..own_parts import FAILURES, OwnPart, UserPart, one_line, where
from .named import NamedTrader
from .view import ARRIVAL_SLOTS, Intents, MarketView

MAX_REQUESTS = 1000


@dataclass(frozen=True)
class Order:
    """A request to trade. `size` in base units, a positive multiple of the lot; `price` on the grid, None: market
    order.

    time_in_force: GTC, IOC, FOK or POST_ONLY (limit orders only). Numbers may be Decimal, str, int or float.
    """

    market: str
    side: str  # "buy" or "sell"
    size: Decimal | str | float
    price: Decimal | str | float | None = None
    time_in_force: str = "GTC"
    reduce_only: bool = False


@dataclass(frozen=True)
class CancelAll:
    """A request to cancel all of the agent's resting orders in a market; None: in all markets."""

    market: str | None = None


@dataclass(frozen=True)
class MarketPicture:
    """One market as the agent sees it; prices in quote units per base unit, None where there is none."""

    name: str
    index: Decimal
    mark: Decimal
    bid: Decimal | None
    ask: Decimal | None
    volatility: float  # realised, fraction per sqrt(second)
    tick_size: Decimal
    lot_size: Decimal


@dataclass(frozen=True)
class AccountPicture:
    """The agent's own account: money in quote units, sizes in base units (+ is long), by market name."""

    equity: Decimal
    positions: Mapping[str, Decimal]
    resting_bids: Mapping[str, Decimal]
    resting_asks: Mapping[str, Decimal]
    was_liquidated: bool
    was_deleveraged: bool


@dataclass(frozen=True)
class AgentView:
    """All an agent sees at one wake."""

    time_ms: int
    markets: Mapping[str, MarketPicture]
    account: AccountPicture


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
    """The running agent and what is needed to translate for it."""

    row: int
    agent: UserAgent
    instruments: tuple[Instrument, ...]
    rng: np.random.Generator


class UserAgentConfig(OwnPart, NamedTrader):
    """A user's own agent, named from the config or passed as an object. Its amounts are taken as written, not
    scaled."""

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
        """Ask the agent and append what it wants; AgentError if it raises or answers nonsense."""
        now = f"{self.who} ({self.file}:{self.class_name}) at {view.time_ms} ms"
        try:
            answer = state.agent.decide(picture(state, view))
        except FAILURES as error:
            raise AgentError(f"{now} raised {where(error, self.file)}") from error
        if answer is None:
            return
        if not isinstance(answer, list | tuple):
            raise AgentError(f"{now} must return a list of Order and CancelAll, returned {type(answer).__name__}")
        if len(answer) > MAX_REQUESTS:
            raise AgentError(f"{now} returned {len(answer)} requests; the most is {MAX_REQUESTS}")
        arrival = int(state.rng.integers(0, ARRIVAL_SLOTS))
        for number, request in enumerate(answer):
            try:
                _append(request, state, intents, arrival)
            except FAILURES as error:  # a request may hold any object, with any behaviour
                raise AgentError(f"{now}, request {number}: {one_line(error)}") from error


def _append(request: object, state: UserState, intents: Intents, arrival: int) -> None:
    """Translate one request; ValueError says what is wrong with it."""
    if isinstance(request, CancelAll):
        names = [instrument.name for instrument in state.instruments]
        for market in range(len(names)) if request.market is None else [_market(request.market, names)]:
            intents.append(account=state.row, market=market, kind=OrderKind.CANCEL_ALL, arrival=arrival)
        return
    if not isinstance(request, Order):
        raise ValueError(f"must be an Order or a CancelAll, was {type(request).__name__}")
    market = _market(request.market, [instrument.name for instrument in state.instruments])
    instrument = state.instruments[market]
    if not isinstance(request.side, str) or request.side not in ("buy", "sell"):
        raise ValueError(f"side must be 'buy' or 'sell', was {request.side!r}")
    if not isinstance(request.time_in_force, str) or request.time_in_force not in TimeInForce.__members__:
        raise ValueError(
            f"time_in_force must be one of {', '.join(TimeInForce.__members__)}, was {request.time_in_force!r}"
        )
    if not isinstance(request.reduce_only, bool):
        raise ValueError(f"reduce_only must be True or False, was {request.reduce_only!r}")
    lots = _whole(request.size, instrument.lot_size, "size", "lot")
    price = 0 if request.price is None else _whole(request.price, instrument.tick_size, "price", "tick")
    if price and lots * price * (instrument.tick_size * instrument.lot_size / instrument.quantum) > 2**61:
        raise ValueError(f"size {request.size} at price {request.price} exceeds the largest amount the run can count")
    intents.append(
        account=state.row,
        market=market,
        side=Side.BUY if request.side == "buy" else Side.SELL,
        kind=OrderKind.MARKET if request.price is None else OrderKind.LIMIT,
        tif=TimeInForce.IOC if request.price is None else TimeInForce[request.time_in_force],
        lots=lots,
        price=price,
        flags=OrderFlag.REDUCE_ONLY if request.reduce_only else 0,
        arrival=arrival,
    )


def _market(name: object, names: list[str]) -> int:
    if not isinstance(name, str) or name not in names:
        raise ValueError(f"no market is called {name!r}; there are {', '.join(names)}")
    return names.index(name)


def _whole(value: object, unit: Decimal, what: str, unit_name: str) -> int:
    """`value` in whole units; ValueError unless it is a finite positive number on the grid."""
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int | float | np.number):
        raise ValueError(f"{what} must be a number, was {value!r}")
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise ValueError(f"{what} must be a number, was {value!r}") from None
    if not number.is_finite() or number <= 0:
        raise ValueError(f"{what} must be positive and finite, was {value}")
    if number / unit > 2**53:
        raise ValueError(f"{what} {value} is beyond the largest the run can count")
    count = number / unit
    if count != count.to_integral_value():
        below = math.floor(count) * unit
        raise ValueError(f"{what} {value} is not a whole multiple of the {unit_name} {unit}; the next below is {below}")
    return int(count)


def picture(state: UserState, view: MarketView) -> AgentView:
    """Return what the agent sees now."""
    accounts, row = view.accounts, state.row
    markets, positions, bids, asks = {}, {}, {}, {}
    equity = int(accounts.quote[row])
    for number, instrument in enumerate(state.instruments):
        bid, ask = int(view.best_bid[number]), int(view.best_ask[number])
        markets[instrument.name] = MarketPicture(
            name=instrument.name,
            index=instrument.price(int(view.index[number])),
            mark=instrument.price(int(view.mark[number])),
            bid=instrument.price(bid) if bid else None,
            ask=instrument.price(ask) if ask else None,
            volatility=float(view.volatility[number]),
            tick_size=instrument.tick_size,
            lot_size=instrument.lot_size,
        )
        lots = int(accounts.lots[row, number])
        equity += lots * int(view.mark[number]) * int(view.markets.params[number, P_TICK_VALUE])
        positions[instrument.name] = instrument.size(lots)
        bids[instrument.name] = instrument.size(int(accounts.open_bid[row, number]))
        asks[instrument.name] = instrument.size(int(accounts.open_ask[row, number]))
    flags = int(accounts.flags[row])
    account = AccountPicture(
        equity=equity * state.instruments[0].quantum,
        positions=MappingProxyType(positions),
        resting_bids=MappingProxyType(bids),
        resting_asks=MappingProxyType(asks),
        was_liquidated=bool(flags & FLAG_LIQUIDATED),
        was_deleveraged=bool(flags & FLAG_DELEVERAGED),
    )
    return AgentView(view.time_ms, MappingProxyType(markets), account)
