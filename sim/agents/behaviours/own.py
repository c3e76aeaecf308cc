"""The behaviour of a user's own cohort: calls the user's class, checks the arrays it returns, writes them as orders.

The cohort holds opening positions, money and leverage like any other; only its decisions are the user's.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from ...errors import AgentError, ConfigError
from ...own_parts import FAILURES, OwnPart, one_line, where
from ..arrivals import CHUNK, Arrivals
from ..user_cohort import Actions, Arrived, CohortView, UserCohort, whole_column
from ..view import ARRIVAL_SLOTS, Intents, MarketView
from .base import BehaviourPolicy, CohortContext

I64 = npt.NDArray[np.int64]

#: Actions per wake and trader of the cohort.
MAX_ACTIONS_PER_TRADER = 100
_LIMITS = {
    "account": "must be 0 .. {n_last}, the traders of the cohort",
    "market": "must be 0 .. {m_last}, the markets of the run",
    "lots": "must be between -2**53 and 2**53",
    "price_ticks": "must be between 0 and 2**53",
    "time_in_force": "must be 0 .. 3 (GTC, IOC, FOK, POST_ONLY)",
    "post_only": "needs price_ticks: an order without a price always takes",
    "arrival": "must be 0 .. 2**20 - 1",
}


@dataclass
class OwnCohortState:
    """The running cohort and the data that translate its actions."""

    context: CohortContext
    cohort: UserCohort
    arrivals: Arrivals | None
    places: np.random.Generator  # places in the tick of actions that name none
    tick_values: I64  # (M,)
    last_ms: int = 0
    started: bool = False


class OwnBehaviour(OwnPart, BehaviourPolicy):
    """A user's own cohort on arrays, by file and class."""

    base: ClassVar[type] = UserCohort
    noun: ClassVar[str] = "cohort"
    ordinary: ClassVar[bool] = True

    kind: Literal["own"] = "own"

    def initial_state(self, context: CohortContext) -> OwnCohortState:
        """Return the running cohort with its random streams; ConfigError if its class cannot be used."""
        try:
            cohort: UserCohort = self.load()
            rate, width = float(cohort.arrivals_per_s), int(cohort.uniforms)
        except (ConfigError, *FAILURES) as error:
            raise ConfigError(f"cohort {context.name}: {one_line(error)}").at("behaviour") from error
        if not 0 <= rate < float("inf") or not 0 <= width <= 100:
            raise ConfigError(
                f"cohort {context.name}: {self.class_name}.arrivals_per_s must be a rate and uniforms 0 .. 100, found"
                f" {rate} and {width}"
            ).at("behaviour")
        cohort.rng, places = context.rng.spawn(2)
        arrivals = Arrivals(context.rng, rate / 1000.0, width=2 + width) if rate > 0 else None
        tick_values = np.ascontiguousarray(context.markets.params["tick_value"])
        return OwnCohortState(context, cohort, arrivals, places, tick_values)

    def decide(self, state: OwnCohortState, view: MarketView, intents: Intents) -> None:
        """Call the cohort and append its actions; AgentError if it raises or returns an invalid answer."""
        seen = CohortView(state.context, arrived(state, view.time_ms), state.last_ms, view)
        state.last_ms = view.time_ms
        try:
            if not state.started:
                state.started = True
                self.limited(state.cohort.start, seen)
            answer = self.limited(state.cohort.decide, seen)
        except FAILURES as error:
            raise AgentError(f"{self._at(state, view)} raised {where(error, self.file)}") from error
        if answer is None:
            return
        if not isinstance(answer, Actions):
            raise AgentError(f"{self._at(state, view)} must return Actions, returned {type(answer).__name__}")
        try:
            append(answer, state, intents)
        except FAILURES as error:
            raise AgentError(f"{self._at(state, view)}: {one_line(error)}") from error

    def _at(self, state: OwnCohortState, view: MarketView) -> str:
        return f"cohort {state.context.name} ({self.file}:{self.class_name}) at {view.time_ms} ms"


def arrived(state: OwnCohortState, now_ms: int) -> Arrived:
    """The arrivals since the cohort last woke; none if it states no rate."""
    stream = state.arrivals
    if stream is None:
        return Arrived(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 0)))
    from ...kernels.agents.user_orders import due_arrivals

    parts: list[Arrived] = []
    traders, more = len(state.context.rows), True
    while more:
        room = Arrived(np.empty(CHUNK, np.int64), np.empty(CHUNK, np.int64), np.empty((CHUNK, stream.width - 2)))
        count, more = due_arrivals(
            stream.uniforms, stream.cursor, stream.clock, stream.per_ms, traders, now_ms, *room
        )  # fmt: skip
        parts.append(Arrived(room.account[:count], room.place[:count], room.uniforms[:count]))
        if stream.is_used_up:
            stream.refill()
    if len(parts) == 1:
        return parts[0]
    account, place, uniforms = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Arrived(account, place, uniforms)


def append(answer: Actions, state: OwnCohortState, intents: Intents) -> None:
    """Check an answer and write it; ValueError names the fault and the element."""
    from ...kernels.agents.user_orders import FAULTS, ActionArrays, append_actions

    accounts = np.atleast_1d(np.asarray(answer.account))
    n, home = len(accounts), state.context.home
    if accounts.ndim != 1:
        raise ValueError(f"account must have one dimension, has shape {accounts.shape}")
    if n > MAX_ACTIONS_PER_TRADER * len(home):
        raise ValueError(f"{n} actions; the maximum is {MAX_ACTIONS_PER_TRADER} for each of {len(home)} traders")
    columns = {
        name: whole_column(name, accounts if name == "account" else getattr(answer, name), n)
        for name in ("account", "market", "lots", "price_ticks", "time_in_force", "reduce_only", "cancel")
    }
    columns["arrival"] = (
        state.places.integers(0, ARRIVAL_SLOTS, n)
        if answer.arrival is None
        else whole_column("arrival", answer.arrival, n)
    )
    intents.reserve(2 * n)
    written, at, fault = append_actions(
        ActionArrays(*columns.values()), home, state.tick_values, intents.rows[intents.count :]
    )
    if fault:
        raise ValueError(_words(FAULTS[fault], at, columns, home))
    intents.count += written


def _words(name: str, at: int, columns: dict[str, I64], home: npt.NDArray[np.int32]) -> str:
    """Message for the fault in element `at` of an answer."""
    if name == "value":
        lots, price = columns["lots"][at], columns["price_ticks"][at]
        return f"element {at}: {lots} lots at {price} ticks exceed the maximum that the run can represent"
    limit = _LIMITS[name].format(n_last=home.shape[0] - 1, m_last=home.shape[1] - 1)
    if name == "post_only":
        return f"element {at}: time_in_force POST_ONLY {limit}"
    return f"element {at}: {name} {limit}, was {columns[name][at]}"
