"""What must hold for the waterfall in any market: conservation, who may be asked, and that a larger fund helps."""

import numpy as np
from clearsim.clearing.adl import AdlLayer, BinanceWalletRanking, ProfitLeverageRanking
from clearsim.clearing.adl.allocation import Greedy, ProRata, WaterFilling
from clearsim.clearing.fund import InsuranceFundLayer
from clearsim.clearing.loss import SocialisedLossLayer
from clearsim.clearing.takeover import TakeoverLayer
from clearsim.kernels.ledger.allocate import allocate
from clearsim.layout import ROUNDING, Reason
from clearsim.units import allocate_largest_remainder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.worlds.clearing import ClearingWorld
from tests.worlds.margin import FIRST_TRADER

RANKINGS = (ProfitLeverageRanking(), BinanceWalletRanking())


def layers(ranking):
    return [TakeoverLayer(), InsuranceFundLayer(), AdlLayer(ranking=ranking), SocialisedLossLayer()]


traders = st.lists(
    st.tuples(
        st.integers(1, 60),  # lots
        st.integers(80, 120),  # entry
        st.integers(2, 40),  # leverage
        st.booleans(),  # long
        st.integers(0, 1),  # market
    ),
    min_size=2,
    max_size=24,
)
common = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def build(crowd, waterfall, *, fund, marks, scopes, cap=None):
    """Traders with money for their leverage; the last one in each market takes the other side of all others."""
    world = ClearingWorld(waterfall, marks=(100, 100), traders=len(crowd) + 2, scope_of=scopes, cap=cap)
    for scope in range(max(scopes) + 1):
        world.deposit(world.rows.fund(scope), fund)
    for i, (lots, entry, leverage, is_long, market) in enumerate(crowd):
        signed = lots if is_long else -lots
        world.trader(i, money=lots * entry // leverage + 1, lots=signed, price=entry, market=market)
        if i % 3 == 0:
            world.open(world.t(i), -signed // 2 or 1, 100, market=1 - market)
    for market in (0, 1):
        rest = -int(world.accounts.lots[:, market].sum() - world.accounts.lots[0, market])
        world.trader(len(crowd) + market, money=100_000, lots=rest, price=100, market=market)
    world.markets.mark[:] = marks
    return world


def distressed(world):
    rows = [row for row in range(world.rows.first_trader, len(world.accounts.quote)) if world.equity(row) < 0]
    return rows or [world.t(0)]


@common
@given(traders, st.sampled_from(RANKINGS), st.integers(0, 300), st.tuples(st.integers(60, 140), st.integers(60, 140)),
       st.sampled_from([(0, 0), (0, 1)]), st.sampled_from([None, 500]))  # fmt: skip
def test_nothing_is_left_unexplained(crowd, ranking, fund, marks, scopes, cap):
    """CLR-LOS-001: all layers: sums are 0, funds >= 0, nobody below zero but recorded bad debt, payments = deficits."""
    world = build(crowd, layers(ranking), fund=fund, marks=marks, scopes=scopes, cap=cap)
    rows = distressed(world)
    before = {row: world.accounts.lots[row].copy() for row in rows}
    world.clear(*rows)
    world.assert_conserved()
    bad_debt = world.counter("bad_debt")
    below = [world.money(row) for row in rows if world.equity(row) < 0]
    assert -sum(below) == bad_debt, "a bankrupt row ends at zero or as recorded bad debt"
    assert all(not world.accounts.lots[row].any() for row in rows if world.equity(row) < 0)
    assert sum(world.liquidations("deficit")) + bad_debt == world.counter("deficit")
    closed = np.array(world.liquidations("lots_taken_over")) + np.array(world.liquidations("lots_adl"))
    assert (closed <= np.abs(world.liquidations("lots"))).all()
    assert set(world.liquidations("account")) <= set(before)


@common
@given(traders, st.sampled_from(RANKINGS), st.tuples(st.integers(60, 140), st.integers(60, 140)))
def test_adl_takes_no_more_than_was_left_and_never_a_loser_or_a_lower_rank_first(crowd, ranking, marks):
    """CLR-ADL-001, CLR-ADL-003: each bankrupt's closes are in rank order, full but the last; all had won."""
    world = build(crowd, [AdlLayer(ranking=ranking)], fund=0, marks=marks, scopes=(0, 0))
    value = world.markets.mark[None, :] * world.accounts.lots
    profit = value - world.accounts.cost
    held = world.accounts.lots.copy()
    world.clear(*distressed(world))
    world.assert_conserved()
    n = world.house.n_matches
    matches = world.house.records.matches[:n]
    for match in matches:
        market = match[4]
        row = match["counterparty"]
        assert profit[row, market] > 0
        assert held[row, market] * held[match["bankrupt"], market] < 0
        assert world.equity(row) >= 0
    for target in set(matches["bankrupt"].tolist()):
        for market in (0, 1):
            own = matches[(matches["bankrupt"] == target) & (matches["market"] == market)]
            assert own["lots"].sum() <= abs(held[target, market])
            assert (np.diff(own["rank"]) > 0).all()
            assert (own["partial"][:-1] == 0).all()


@common
@given(traders, st.integers(60, 140), st.integers(0, 500), st.integers(1, 500))
def test_with_a_larger_fund_others_pay_no_more(crowd, mark, fund, more):
    """CLR-FND-003: one shock, no feedback, counterparties that can bear it: the harm of ADL and what is socialised.

    The number of contracts deleveraged may still rise: a fund of 2 bears one lot that costs 2 where a fund of 1
    bore a cheaper lot of a later account. And where counterparties are skipped because a close would take them below
    zero, what a larger fund leaves may be small enough for one that was skipped before.
    """
    paid = []
    for cash in (fund, fund + more):
        one_market = [(*trader[:4], 0) for trader in crowd]
        world = build(one_market, layers(RANKINGS[0]), fund=cash, marks=(mark, 100), scopes=(0, 1))
        rows = [row for row in distressed(world) if world.equity(row) < 0 and not world.lots(row, 1)]
        for row in range(world.rows.first_trader, len(world.accounts.quote)):
            if row not in rows:
                world.deposit(row, 1_000_000)
        if rows:
            world.clear(*rows)
        paid.append(sum(world.counter(column) for column in ("adl_harm", "socialised", "bad_debt")))
    assert paid[1] <= paid[0]


@common
@given(traders, st.tuples(st.integers(60, 140), st.integers(60, 140)))
def test_only_the_reasons_of_clearing_move_anything(crowd, marks):
    """CLR-LOS-001: no money appears under another reason, and each reason's flows are the transfers of that reason."""
    world = build(crowd, layers(RANKINGS[0]), fund=50, marks=marks, scopes=(0, 1))
    before = world.accounts.flows.copy()
    world.clear(*distressed(world))
    moved = np.flatnonzero((world.accounts.flows - before).any(axis=0))
    allowed = (Reason.TAKEOVER, Reason.ADL, Reason.FUND_DRAW, Reason.FUND_GAIN, Reason.SURPLUS, Reason.SOCIALISED_LOSS)
    assert set(moved) <= {int(reason) for reason in allowed}
    assert not (world.accounts.flows - before).sum(axis=0).any()


@given(
    st.lists(st.integers(0, 2**40), min_size=1, max_size=30).filter(lambda weights: sum(weights) > 0),
    st.integers(0, 2**50),
    st.randoms(use_true_random=False),
)
def test_the_compiled_split_equals_the_plain_one(weights, amount, random):
    """CLR-ADL-002: largest remainder, ties to the lower id, whatever order the ids stand in."""
    n = len(weights)
    ids = list(range(n))
    random.shuffle(ids)
    parts, spare = np.zeros(n, np.int64), np.zeros(n, np.int64)
    arrays = (np.array(weights, np.int64), np.array(ids, np.int64))
    allocate(amount, *arrays, sum(weights), parts, spare)
    by_id = [weights[ids.index(k)] for k in range(n)]
    expected = allocate_largest_remainder(amount, by_id)
    assert [expected[k] for k in ids] == parts.tolist()


@common
@given(
    traders,
    st.sampled_from([Greedy(), ProRata(), WaterFilling()]),
    st.tuples(st.integers(60, 140), st.integers(60, 140)),
    st.sampled_from([None, 1, 3]),
)
def test_every_allocation_closes_no_more_than_was_left_and_leaves_nobody_below_zero(crowd, allocation, marks, limit):
    """CLR-ADL-003, CLR-ADL-004, CLR-ADL-014: winners only, within what they hold, solvent after; sums are 0."""
    layer = AdlLayer(ranking=RANKINGS[0], allocation=allocation, matches_per_cycle=limit)
    world = build(crowd, [layer], fund=0, marks=marks, scopes=(0, 0))
    held, cost = world.accounts.lots.copy(), world.accounts.cost.copy()
    profit = world.markets.mark[None, :] * held - cost
    targets = distressed(world)
    world.clear(*targets)
    world.assert_conserved()
    assert not world.accounts.lots[:FIRST_TRADER].any()
    assert not world.accounts.flows[ROUNDING].any()
    matches = world.house.records.matches[: world.house.n_matches]
    assert limit is None or len(matches) <= limit
    for row, market in {(match["counterparty"], match["market"]) for match in matches}:
        assert profit[row, market] > 0
        assert abs(world.lots(row, market)) <= abs(held[row, market])
        assert world.equity(row) >= 0
    for account, lots, closed in zip(*(world.liquidations(c) for c in ("account", "lots", "lots_adl")), strict=True):
        assert account in targets
        assert closed <= abs(lots)
