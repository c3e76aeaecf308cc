"""Conformance of behaviours: valid intents, deterministic, flow per second independent of the step; noise, whales."""

import numpy as np
import pytest
from clearsim.agents import Whale
from clearsim.agents.view import ARRIVAL_SLOTS, Intents
from clearsim.errors import InvariantError
from clearsim.kernels.book.arrivals import sort_by_arrival
from clearsim.layout import OrderKind

from tests.agents.agent_worlds import (
    MARK,
    UNIT,
    arbitrageurs,
    build,
    levered,
    make_view,
    makers,
    market_arrays,
    noise,
    orders_at,
    population,
    signal,
)
from tests.worlds.records import fields

KINDS = {
    "noise": noise(),
    "momentum": signal("momentum"),
    "fundamentalist": signal("fundamentalist"),
    "dip_buyer": signal("dip_buyer"),
    "arbitrageur": arbitrageurs(),
    "market_maker": makers(),
}


def moving_run(cohort: dict, *, step_ms: int, seconds: int, seed: int = 1) -> np.ndarray:
    """All intents of one cohort while the index falls 3% and recovers, seen at `step_ms`; nothing is filled."""
    members = build(population(cohort, levered(500)), seed=seed)
    view = make_view(members)
    found = []
    for now in range(step_ms, seconds * 1000 + 1, step_ms):
        fall = 0.03 * np.sin(np.pi * now / (seconds * 1000))
        view.index[0] = round(MARK * (1 - fall))
        view.mark[0] = round(MARK * (1 - 0.9 * fall))
        view.best_bid[0], view.best_ask[0] = view.mark[0] - 5, view.mark[0] + 5
        found.append(orders_at(members, view, now))
    return np.concatenate(found)


@pytest.mark.parametrize("kind", KINDS)
def test_intents_are_valid(kind):
    members = build(population(KINDS[kind], levered(500)))
    orders = moving_run(KINDS[kind], step_ms=1000, seconds=120)
    assert len(orders) > 20
    start, end = members.opening.cohort_starts[0], members.opening.cohort_starts[1]
    assert np.all((orders["account"] >= start) & (orders["account"] < end))
    assert np.all(orders["market"] == 0)
    assert set(orders["side"]) <= {0, 1}
    assert np.all((orders["arrival"] >= 0) & (orders["arrival"] < ARRIVAL_SLOTS))
    assert np.all(orders["status"] == -1)
    assert np.all(orders["order"] == -1)
    trades = np.isin(orders["kind"], (OrderKind.LIMIT, OrderKind.MARKET))
    assert np.all(orders["lots"][trades] > 0)
    limits = orders["kind"] == OrderKind.LIMIT
    assert np.all(orders["price"][limits] > 0)
    assert np.all(np.abs(orders["price"][limits] / MARK - 1) < 0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_orders_and_another_seed_others(kind):
    first, again, other = (moving_run(KINDS[kind], step_ms=1000, seconds=30, seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("kind", ["noise", "momentum", "fundamentalist", "arbitrageur"])
def test_flow_per_second_does_not_depend_on_the_step(kind):
    """Arrival slots are the same at any step; only decisions that read the market differ: 4 s.e. of a count."""
    cohort = KINDS[kind]
    coarse, fine = (moving_run(cohort, step_ms=step, seconds=240) for step in (1000, 250))
    counts = [np.isin(orders["kind"], (OrderKind.LIMIT, OrderKind.MARKET)).sum() for orders in (coarse, fine)]
    assert counts[0] > 100
    assert abs(counts[0] - counts[1]) < 4 * (counts[0] + counts[1]) ** 0.5
    lots = [orders["lots"][orders["kind"] <= OrderKind.MARKET].sum() for orders in (coarse, fine)]
    assert lots[0] == pytest.approx(lots[1], rel=0.1)


def test_noise_orders_are_the_very_same_at_a_finer_step():
    """At a constant mark the step changes nothing at all but when orders are seen."""
    runs = []
    for step in (1000, 250):
        members = build(population(noise(), levered(500)))
        view = make_view(members)
        rows = np.concatenate([orders_at(members, view, now) for now in range(step, 20_001, step)])
        runs.append(np.array(fields(rows, "account", "side", "kind", "price", "lots")))
    assert np.array_equal(runs[0], runs[1])


def test_noise_has_the_stated_rate_volume_and_mix():
    """400 s at 40 orders/s: 16,000 orders, s.e. 126. 2M/s x 5%: 100,000 USDT/s, relative s.e. sqrt(2 / 16,000)."""
    members = build(population(noise(), levered(500)))
    view = make_view(members)
    rows = np.concatenate([orders_at(members, view, now) for now in range(1000, 400_001, 1000)])
    trades = rows[rows["kind"] <= OrderKind.MARKET]
    assert abs(len(trades) - 16_000) < 4 * 126.5
    value = trades["lots"].sum() * UNIT / 1e6 / 400
    assert value == pytest.approx(100_000, rel=4 * (2 / 16_000) ** 0.5)
    share = (trades["kind"] == OrderKind.MARKET).mean()
    assert abs(share - 0.15) < 4 * (0.15 * 0.85 / 16_000) ** 0.5
    distance = np.abs(trades["price"][trades["kind"] == OrderKind.LIMIT] - MARK) / MARK
    assert distance.mean() == pytest.approx(0.001, rel=4 / (0.85 * 16_000) ** 0.5)
    buys = (trades["side"] == 0).mean()
    assert abs(buys - 0.5) < 4 * 0.5 / 16_000**0.5


def test_noise_limits_are_cancelled_after_their_lifetime():
    members = build(population(noise(limit_lifetime_s=5), levered(500)))
    view = make_view(members)
    view.accounts.open_bid[:] = 1  # as if every order rested
    placed = {}
    cancelled_late = 0
    for now in range(1000, 30_001, 1000):
        for row in orders_at(members, view, now):
            if row["kind"] == OrderKind.LIMIT:
                placed[int(row["account"])] = now
            elif row["kind"] == OrderKind.CANCEL_ALL:
                cancelled_late += 4000 <= now - placed.get(int(row["account"]), now) <= 6000
    assert cancelled_late > 500


def test_frozen_accounts_send_nothing():
    for kind in ("noise", "momentum", "arbitrageur", "market_maker"):
        members = build(population(KINDS[kind], levered(500)))
        view = make_view(members)
        view.index[0] = round(MARK * 1.02)
        view.accounts.flags[:] = 1
        assert sum(len(orders_at(members, view, now)) for now in (1000, 5000, 60_000)) == 0, kind


def test_a_whale_sells_its_amount_evenly_whatever_the_step():
    program = {"market": "BTCUSDT", "side": "sell", "base": "200", "start_s": 10, "duration_s": 100}
    whale = Whale.model_validate({"kind": "whale", "name": "whale", "deposit_quote": "1", "programs": [program]})
    for step in (1000, 250, 7000):
        members = build(population(levered(500)), [whale])
        view = make_view(members)
        found = [(now, orders_at(members, view, now)) for now in range(step, 140_001, step)]
        sold = sum(int(rows["lots"].sum()) for _, rows in found)
        assert sold == 10_000  # 200 x 5% / .001
        by_half = sum(int(rows["lots"].sum()) for now, rows in found if now <= 60_000)
        assert by_half == pytest.approx(5_000, abs=100 * step / 1000)
        assert all(len(rows) == 0 for now, rows in found if now < 10_000 or now > 110_000 + step)
        assert {int(side) for _, rows in found for side in rows["side"]} == {1}


def test_cohorts_wake_only_when_due():
    members = build(population(noise(), makers(), levered(500)))
    view = make_view(members)
    intents = Intents()
    view.time_ms = 1000
    members.decide(view, intents, cohorts=[], agents=[])
    assert intents.count == 0
    members.decide(view, intents, cohorts=[1, 1])
    starts = members.opening.cohort_starts
    owners = intents.rows["account"][: intents.count]
    assert len(owners)
    assert np.all((owners >= starts[1]) & (owners < starts[2]))


def test_intents_grow_and_refuse_a_flood():
    intents = Intents(limit=5_000)
    for k in range(3_000):
        intents.append(account=k, market=0, kind=OrderKind.MARKET, lots=1, arrival=(k * 7919) % ARRIVAL_SLOTS)
    assert intents.count == 3_000
    assert intents.rows["account"][2_999] == 2_999
    sort_by_arrival(intents.rows[: intents.count], *intents.scratch())
    keys = intents.rows["arrival"][:3_000]
    assert np.all(np.diff(keys) >= 0)
    with pytest.raises(InvariantError, match="exceed the limit of 5000"):
        intents.reserve(2_001)


def test_no_cohort_is_always_first():
    """Keys of makers and noise interleave: in many ticks each kind is first at times."""
    first = set()
    members = build(population(noise(), makers(), levered(500)))
    view = make_view(members)
    for now in range(1000, 60_001, 1000):
        view.index[0] = MARK + now // 20
        rows = orders_at(members, view, now)
        first.add(rows["account"][0] < members.opening.cohort_starts[1])
    assert first == {True, False}


def test_views_share_the_mark_of_the_markets():
    members = build(population(levered(500)))
    view = make_view(members)
    view.markets.mark[0] = 5
    assert view.mark[0] == 5
    assert market_arrays().mark[0] == MARK
