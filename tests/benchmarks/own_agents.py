"""Users' agents and cohorts: decisions and actions a second of processor time, and their ratio to forms kept here.

Run `python -m tests.benchmarks.own_agents`. A single agent looks at a price and its position, with and without sending
an order; the ratio is to a picture that is counted out in Decimals at every wake. A cohort of thousands acts on arrays,
all at once or a few at a time; the ratio is to the shipped noise traders. Only the decisions are timed, not the book.
"""

import time
from collections.abc import Callable
from types import MappingProxyType

import numpy as np
from clearsim.agents.behaviours import OwnBehaviour
from clearsim.agents.population import Population
from clearsim.agents.user import Order, UserAgent, UserAgentConfig
from clearsim.agents.user_cohort import Actions, UserCohort
from clearsim.agents.view import Intents
from numba import njit

from tests.agents.agent_worlds import build, levered, make_view, noise, population

AGENT_GOAL, COHORT_GOAL = 150_000, 2_000_000


class Looks(UserAgent):
    """Looks and does nothing."""

    def decide(self, view):
        if view.markets["BTCUSDT"].mark > 0 and view.account.positions["BTCUSDT"] > 0:
            return [Order("BTCUSDT", "sell", "0.25")]
        return None


class Orders(UserAgent):
    """Sends a limit order at the index every time."""

    def decide(self, view):
        return [Order("BTCUSDT", "buy", "0.25", view.markets["BTCUSDT"].index)]


class Reverting(UserCohort):
    """All accounts at once, in NumPy: a limit order back towards zero."""

    def decide(self, view):
        held = view.lots[:, 0]
        return Actions(np.arange(view.n), lots=1 - 2 * (held > 0), price_ticks=view.mark[0])


@njit
def pulled(held, mark, lots, price):
    """Order of each account against its position."""
    for i in range(len(held)):
        lots[i] = -1 if held[i] > 0 else 1
        price[i] = mark - lots[i]


class Compiled(UserCohort):
    """All accounts at once, in a compiled function."""

    def start(self, view):
        self.who = np.arange(view.n)
        self.order, self.price = np.empty(view.n, np.int64), np.empty(view.n, np.int64)

    def decide(self, view):
        pulled(view.lots[:, 0], view.mark[0], self.order, self.price)
        return Actions(self.who, lots=self.order, price_ticks=self.price)


class Arrivals(UserCohort):
    """Accounts at their turn: 200 of 10,000 at each wake."""

    arrivals_per_s, uniforms = 2_000.0, 1

    def decide(self, view):
        who, place, uniforms = view.arrived
        lots = np.where(uniforms[:, 0] < 0.5, 3, -3)
        return Actions(who, lots=lots, price_ticks=view.mark[0] - lots, arrival=place)


def eager(members: Population, view, agent) -> None:
    """The picture that was made at every wake before: all of it in Decimals; the agent decides on it."""
    accounts, row = view.accounts, members.opening.agent_rows[0]
    markets, positions, bids, asks = {}, {}, {}, {}
    equity = int(accounts.quote[row])
    for number, instrument in enumerate(view.instruments):
        bid, ask = int(view.best_bid[number]), int(view.best_ask[number])
        markets[instrument.name] = _Picture(
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
        equity += lots * int(view.mark[number]) * instrument.tick_value
        positions[instrument.name] = instrument.size(lots)
        bids[instrument.name] = instrument.size(int(accounts.open_bid[row, number]))
        asks[instrument.name] = instrument.size(int(accounts.open_ask[row, number]))
    account = _Picture(
        equity=equity * view.instruments[0].quantum,
        positions=MappingProxyType(positions),
        resting_bids=MappingProxyType(bids),
        resting_asks=MappingProxyType(asks),
        was_liquidated=bool(accounts.flags[row] & 1),
        was_deleveraged=bool(accounts.flags[row] & 2),
    )
    agent.decide(_Picture(time_ms=view.time_ms, markets=MappingProxyType(markets), account=account))


class _Picture:
    def __init__(self, **fields):
        for name, value in fields.items():
            object.__setattr__(self, name, value)


def per_second(step: Callable[[], int], seconds: float = 0.4) -> float:
    """Units a second of processor time, the best of three."""
    step()
    best = 0.0
    for _ in range(3):
        start, units = time.process_time(), 0
        while (spent := time.process_time() - start) < seconds:
            units += step()
        best = max(best, units / spent)
    return best


def agents_per_second(kind: type[UserAgent], n: int = 10) -> float:
    """Decisions of `n` agents of a kind that wake together."""
    configs = [UserAgentConfig.of(kind, name=f"a{i}", deposit_quote=1000) for i in range(n)]
    members = build(population(levered(500)), configs)
    view, intents = make_view(members), Intents()

    def step() -> int:
        view.time_ms += 1_000
        intents.clear()
        members.decide(view, intents, cohorts=[])
        return n

    return per_second(step)


def eager_per_second() -> float:
    """Decisions of one agent on pictures in Decimals."""
    members = build(population(levered(500)), [UserAgentConfig.of(Looks, name="a", deposit_quote=1000)])
    view, agent = make_view(members), Looks()

    def step() -> int:
        eager(members, view, agent)
        return 1

    return per_second(step)


def cohort_per_second(entry: dict, step_ms: int = 100) -> float:
    """Intents of a cohort."""
    members = build(population(entry, levered(500)))
    view, intents = make_view(members), Intents()

    def step() -> int:
        view.time_ms += step_ms
        intents.clear()
        members.decide(view, intents, cohorts=[0])
        return intents.count

    return per_second(step)


def own(kind: type[UserCohort], traders: int = 10_000) -> dict:
    """A cohort of a user's class."""
    behaviour = OwnBehaviour.of(kind).model_dump(by_alias=True)
    return {"name": "own", "traders": traders, "capital": {"quote": "500000000"}, "behaviour": behaviour}


def measure() -> dict[str, float]:
    """All rates."""
    busy = {**noise(orders_per_s="2000", volume_quote_per_s="200000000"), "traders": 10_000}
    return {
        "looks": agents_per_second(Looks),
        "orders": agents_per_second(Orders),
        "eager": eager_per_second(),
        "numpy": cohort_per_second(own(Reverting)),
        "compiled": cohort_per_second(own(Compiled)),
        "small": cohort_per_second(own(Compiled, traders=1_000)),
        "arrivals": cohort_per_second(own(Arrivals)),
        "noise": cohort_per_second(busy),
    }


if __name__ == "__main__":
    for name, rate in measure().items():
        print(f"{name:10} {rate:14,.0f} a second")
