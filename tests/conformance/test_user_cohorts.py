"""Conformance of users' cohorts on arrays: money is conserved, bad answers are refused by element, the same bytes come
from every process, and the flow does not depend on the clock's step."""

import hashlib
import subprocess
import sys
from decimal import Decimal

import cloudpickle
import numpy as np
import pytest
from clearsim.agents.behaviours import OwnBehaviour
from clearsim.agents.cohort import Cohort
from clearsim.agents.user_cohort import IOC, POST_ONLY, Actions, UserCohort
from clearsim.agents.view import ARRIVAL_SLOTS, Intents
from clearsim.config import config_hash
from clearsim.errors import AgentError, ConfigError
from clearsim.layout import OrderFlag, OrderKind
from numba import njit

from tests.agents.agent_worlds import MARK, build, levered, make_view, opening_item, orders_at, population
from tests.engine.runs import config_of, record, replay

N = 40


@njit
def wanted(lots, uniforms, largest):
    """Each trader that arrives wants a random position of its own."""
    change = np.empty(len(lots), np.int64)
    for i in range(len(lots)):
        change[i] = int((2.0 * uniforms[i, 0] - 1.0) * largest) - lots[i]
    return change


class Restless(UserCohort):
    """At each arrival, a market order towards a random position or a limit order near the mark."""

    uniforms = 2

    def __init__(self, rate, largest=50):
        self.arrivals_per_s = rate
        self.largest = largest

    def start(self, view):
        self.calls = np.zeros(view.n, np.int64)

    def decide(self, view):
        who, place, uniforms = view.arrived
        self.calls[who] += 1
        change = wanted(view.lots[who, 0], uniforms, self.largest)
        away = 1 + (1e-3 * uniforms[:, 1] * view.mark[0]).astype(np.int64)
        limit = view.mark[0] - np.sign(change) * away
        price = np.where(uniforms[:, 1] < 0.5, 0, limit)
        return Actions(account=who, lots=change, price_ticks=price, cancel=True, arrival=place)


class Answers(UserCohort):
    """Returns what it is given, or calls it with the view."""

    answer = None

    def decide(self, view):
        answer = type(self).answer
        return answer(view) if callable(answer) else answer


def cohort(part, traders=N, **fields):
    behaviour = OwnBehaviour.of(part).model_dump(by_alias=True)
    return {"name": "mine", "traders": traders, "capital": {"quote": "500000000"}, "behaviour": behaviour, **fields}


def orders_of(answer, **fields):
    """Intents at 5 s of a cohort that answers `answer`."""
    members = build(population(cohort(Answers, **fields), levered(500)))
    type(members.cohorts[0].state.cohort).answer = staticmethod(answer) if callable(answer) else answer
    return members, orders_at(members, make_view(members), 5_000)


def test_actions_become_intents():
    answer = Actions(
        account=[3, 0, 7, 5],
        lots=[250, -3, 10, 0],
        price_ticks=[MARK - 1, 0, MARK + 9, 0],
        time_in_force=[POST_ONLY, 0, IOC, 0],
        reduce_only=[False, True, False, False],
        cancel=[True, False, False, False],
        arrival=[5, 6, 7, 8],
    )
    members, rows = orders_of(answer)
    first = members.opening.cohort_starts[0]
    kinds = [OrderKind.CANCEL_ALL, OrderKind.LIMIT, OrderKind.MARKET, OrderKind.LIMIT]
    assert rows["kind"].tolist() == kinds
    assert (rows["account"] - first).tolist() == [3, 3, 0, 7]
    assert rows["lots"].tolist() == [0, 250, 3, 10]
    assert rows["side"].tolist() == [0, 0, 1, 0]
    assert rows["price"].tolist() == [0, MARK - 1, 0, MARK + 9]
    assert rows["tif"].tolist() == [0, POST_ONLY, IOC, IOC]
    assert rows["order_flags"].tolist() == [0, 0, OrderFlag.REDUCE_ONLY, 0]
    assert rows["arrival"].tolist() == [5, 5, 6, 7]


def test_one_value_stands_for_all_and_places_are_drawn_where_none_are_given():
    _, rows = orders_of(Actions(account=np.arange(N), lots=2))
    assert rows["lots"].tolist() == [2] * N
    assert np.all((rows["arrival"] >= 0) & (rows["arrival"] < ARRIVAL_SLOTS))
    assert len(set(rows["arrival"].tolist())) > N // 2
    _, again = orders_of(Actions(account=np.arange(N), lots=2))
    assert np.array_equal(rows, again)


def test_none_and_no_actions_are_nothing():
    assert len(orders_of(None)[1]) == len(orders_of(Actions(account=[]))[1]) == 0


MISTAKES = {
    "account": (Actions(account=[0, N], lots=1), "element 1: account must be 0 .. 39, the traders of the cohort, was"),
    "negative account": (Actions(account=[0, 1, -1], lots=1), "element 2: account must be 0 .. 39"),
    "market": (Actions(account=0, lots=1, market=1), "element 0: market must be 0 .. 0, the markets of the run, was 1"),
    "lots": (Actions(account=0, lots=-(2**62)), "element 0: lots must be between -2**53 and 2**53"),
    "lowest": (Actions(account=0, lots=-(2**63)), "element 0: lots must be between -2**53 and 2**53"),
    "price": (Actions(account=[1, 2], lots=1, price_ticks=[5, -5]), "element 1: price_ticks must be between 0 and"),
    "value": (Actions(account=0, lots=2**50, price_ticks=2**50), "element 0: 1125899906842624 lots at"),
    "time": (Actions(account=0, lots=1, price_ticks=9, time_in_force=4), "time_in_force must be 0 .. 3"),
    "place": (Actions(account=0, lots=1, arrival=[2**20]), "element 0: arrival must be 0 .. 2**20 - 1, was 1048576"),
    "nan": (Actions(account=[0, 1], lots=[1.0, float("nan")]), "element 1: lots must be a whole number, was nan"),
    "inf": (Actions(account=[0, 1], lots=[float("inf"), 1.0]), "element 0: lots must be a whole number, was inf"),
    "half": (Actions(account=0, lots=[1.5]), "element 0: lots must be a whole number, was 1.5"),
    "huge": (Actions(account=0, lots=np.array([2**64 - 1], np.uint64)), "beyond the largest the run can count"),
    "text": (Actions(account=0, lots=["many"]), "lots must be whole numbers, was an array of <U4"),
    "length": (Actions(account=[0, 1], lots=[1, 2, 3]), "lots must have 2 elements like account, has shape (3,)"),
    "shape": (Actions(account=[[0, 1]]), "account must have one dimension, has shape (1, 2)"),
    "count": (Actions(account=np.zeros(4001, int)), "4001 actions; the most is 100 for each of 40 traders"),
    "kind": ([1, 2], "must return Actions, returned list"),
    "raise": (lambda view: 1 / 0, "raised ZeroDivisionError: division by zero"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_every_mistake_names_cohort_time_and_element(name):
    answer, message = MISTAKES[name]
    with pytest.raises(AgentError) as caught:
        orders_of(answer)
    text = str(caught.value)
    assert text.startswith("cohort mine (Answers.py:Answers) at 5000 ms")
    assert message in text
    assert "\n" not in text


def test_nothing_of_a_refused_answer_is_written():
    members = build(population(cohort(Answers), levered(500)))
    type(members.cohorts[0].state.cohort).answer = Actions(account=[0, 1, N], lots=1)
    view, intents = make_view(members), Intents()
    view.time_ms = 1000
    with pytest.raises(AgentError):
        members.decide(view, intents)
    assert intents.count == 0


def test_a_rate_or_width_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"cohort mine: Restless\.arrivals_per_s must be a rate"):
        build(population(cohort(Restless(-1.0)), levered(500)))


def test_what_the_cohort_sees():
    """Cross traders see their wallet, isolated ones the money of the position."""
    seen = []
    holds = opening_item(isolated_ppm=500_000, largest_share_ppm=200_000)
    members, _ = orders_of(seen.append, opening=[holds])
    view = seen[0]
    world = make_view(members)
    home, accounts = members.opening.home(0)[:, 0], world.accounts
    assert (view.n, view.time_ms, view.elapsed_ms, view.markets) == (N, 5_000, 5_000, ("BTCUSDT",))
    assert (view.tick_size[0], view.lot_size[0], view.quantum) == (0.1, 0.001, 1e-6)
    assert (view.mark[0], view.bid[0], view.ask[0], view.volatility[0]) == (MARK, MARK - 5, MARK + 5, 1e-4)
    assert np.array_equal(view.lots[:, 0], accounts.lots[home, 0])
    # One tick on one lot is 1e-4 USDT, 100 quanta.
    assert np.array_equal(view.equity[:, 0], accounts.quote[home] + accounts.lots[home, 0] * MARK * 100)
    assert len(set(home.tolist()) - set(range(5, 5 + N))) > 5
    view.lots[:] = 0
    assert accounts.lots[home].any()


def flow(step_ms, seconds=60):
    members = build(population(cohort(Restless(20.0)), levered(500)))
    view = make_view(members)
    found = [orders_at(members, view, now) for now in range(step_ms, seconds * 1000 + 1, step_ms)]
    return np.concatenate(found)


def test_arrivals_and_their_numbers_do_not_depend_on_the_step():
    fine, coarse = flow(250), flow(2_000)
    columns = ["account", "kind", "lots", "side", "price"]
    assert np.array_equal(fine[columns], coarse[columns])
    trades = fine[fine["kind"] != OrderKind.CANCEL_ALL]
    # 20 a second for 60 s: 1,200, standard deviation 35; a trader that wants what it holds sends nothing.
    assert 1_000 < len(trades) < 1_350


def with_cohort(part):
    config = config_of("base", "duration_s=300", traders=600)
    own = Cohort(name="mine", traders=100, behaviour=OwnBehaviour.of(part), capital={"quote": Decimal(2_000_000)})
    cohorts = (*config.population.cohorts, own)
    return config.model_copy(update={"population": config.population.model_copy(update={"cohorts": cohorts})})


def test_money_and_contracts_are_conserved_in_a_run_with_a_crash():
    run = record(with_cohort(Restless(30.0, 500)))
    quote, lots = replay(run)
    rows = run.rows("orders")
    first = 600 + 5
    assert sum(row["account"] >= first for row in rows) > 1_000
    assert sum(quote.values()) == 0
    assert sum(lots.values()) == 0
    assert run.count("liquidated_accounts") > 0


def digest(columns):
    """A hash of all values of a table."""
    return hashlib.sha256(repr([column.tolist() for column in columns.values()]).encode()).hexdigest()


PROGRAM = """
import sys, cloudpickle
from clearsim.config import config_hash
from tests.conformance.test_user_cohorts import digest
from tests.engine.runs import record
config = cloudpickle.loads(sys.stdin.buffer.read())
orders = record(config).sink.table("orders")
print(config_hash(config), digest(orders))
"""


def test_a_worker_gives_the_same_bytes():
    config = with_cohort(Restless(30.0, 500))
    orders = record(config).sink.table("orders")
    here = f"{config_hash(config)} {digest(orders)}"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=cloudpickle.dumps(config), capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == here


def test_the_hash_counts_the_code_and_the_arguments():
    base = config_hash(with_cohort(Restless(30.0)))
    assert base == config_hash(with_cohort(Restless(30.0)))
    assert base != config_hash(with_cohort(Restless(31.0)))
    assert base != config_hash(with_cohort(Answers))
