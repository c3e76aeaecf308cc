"""Liquidation: who comes first, how much, at what limit, how fast, the penalty: CLR-LIQ-### in RULES.md."""

from decimal import Decimal

import numpy as np
import pytest
from clearsim.clearing.fund import InsuranceFundLayer
from clearsim.clearing.house import Throttle
from clearsim.clearing.liquidation import (
    FractionLiquidation,
    FullLiquidation,
    LiquidationPolicy,
    TierDownLiquidation,
)
from clearsim.clearing.liquidation import orders as kernels
from clearsim.clearing.takeover import TakeoverLayer
from clearsim.kernels.margin.bankruptcy import bankruptcy_limit
from clearsim.layout import FEES, PLAN_DTYPE, OrderFlag, OrderKind, Side, TimeInForce
from pydantic import TypeAdapter, ValidationError

from tests.worlds.clearing import ClearingWorld

FUND = [InsuranceFundLayer()]
#: Two tiers: 1% up to 10,000 quanta of notional, 2% above with a deduction of 100.
TWO_TIERS = ((0, 10_000, 0, 20_000), (10_000, 20_000, 100, 40_000))


def long_world(policy=None, *, money=1_000_000, mark=45_100, **options):
    """200 lots of 0.001 BTC long from 50,000, quanta of 0.001 USDT, bankrupt at 45,000 with 1,000 USDT."""
    world = ClearingWorld(FUND, marks=(mark,), liquidation=policy or FullLiquidation(), **options)
    victim = world.trader(0, money=money, lots=200, price=50_000)
    other = world.trader(1, money=100_000_000, lots=-200, price=50_000)
    return world, victim, other


def test_a_full_step_sends_one_ioc_for_everything_at_the_bankruptcy_price():
    """CLR-LIQ-001, CLR-LIQ-002: 10x long from 50,000 is bankrupt at 45,000."""
    world, victim, _ = long_world()
    (order,) = world.plan(victim)
    assert (order["lots"], order["price"], order["side"]) == (200, 45_000, Side.SELL)
    assert (order["kind"], order["tif"]) == (OrderKind.LIMIT, TimeInForce.IOC)
    assert order["order_flags"] == OrderFlag.LIQUIDATION | OrderFlag.REDUCE_ONLY
    assert world.liquidations("lots") == [200]
    assert world.liquidations("equity") == [20_000]
    assert world.liquidations("maintenance") == [45_100]
    assert world.liquidations("bankruptcy_quote") == [9_000_000]


@pytest.mark.parametrize(
    ("quote", "lots", "limit"),
    [(1000, 3, 334), (999, 3, 333), (-5, 3, 1), (-1000, -3, 333), (-999, -3, 333), (-2, -3, 0), (4, -3, 0)],
)
def test_the_limit_rounds_in_favour_of_the_account(quote, lots, limit):
    """CLR-LIQ-002: 3 lots for 1,000: sell at 334 or better, buy at 333 or better; none below a tick."""
    assert bankruptcy_limit(quote, lots, 1) == limit


def test_an_account_filled_at_its_limit_never_ends_below_zero():
    """CLR-LIQ-002: several markets, each order filled at its limit: the sum leaves 0 or a few quanta."""
    world = ClearingWorld(FUND, marks=(101, 211), liquidation=FullLiquidation(surplus="trader"))
    victim = world.trader(0, money=85, lots=17, price=104)
    world.open(victim, -13, 208, market=1)
    other = world.trader(1, money=100_000, lots=-17, price=104)
    world.open(other, 13, 208, market=1)
    orders = world.plan(victim)
    for i, order in enumerate(orders):
        world.fill(i, lots=int(order["lots"]), price=int(order["price"]), against=other)
    world.finish()
    assert not world.accounts.lots[victim].any()
    assert 0 <= world.money(victim) < 17 + 13


def test_market_orders_take_what_the_book_pays_or_stop_at_the_band():
    """CLR-LIQ-003: a band of 2% around 45,100 sells down to 44,198."""
    world, victim, _ = long_world(FullLiquidation(order="market"))
    assert world.plan(victim)["kind"][0] == OrderKind.MARKET
    world, victim, _ = long_world(FullLiquidation(order="market", band_ppm=20_000))
    (order,) = world.plan(victim)
    assert (order["kind"], order["price"]) == (OrderKind.LIMIT, 45_100 - 902)


def test_rows_that_have_recovered_are_dropped_by_the_retest():
    """CLR-LIQ-004: found distressed, safe when its turn comes."""
    world, victim, _ = long_world(mark=46_000)
    assert len(world.plan(victim)) == 0
    assert len(world.due) == 0
    assert world.house.n_liquidations == 0


def test_riskiest_first_is_lowest_equity_over_maintenance_and_ties_go_to_the_lower_id():
    """CLR-LIQ-005: 0.2, 0.1, 0.1 and below zero."""
    world = ClearingWorld(FUND, marks=(1000,), tiers=((0, 100_000, 0, 200_000),))
    rows = [world.trader(i, money=money, lots=10, price=1000) for i, money in enumerate((200, 100, 100, -50))]
    due = world.house.admit(np.array(rows[::-1]), now_ms=0)
    assert due.tolist() == [rows[3], rows[1], rows[2], rows[0]]


def test_other_priorities_are_by_id_or_a_hash_that_depends_on_the_key_only():
    """CLR-LIQ-005."""
    world, _, _ = long_world()
    rows = np.arange(5, 13)
    keys = np.zeros((3, 8))
    for out, key in zip(keys, (1, 1, 2), strict=True):
        kernels.risk_keys(world.accounts, world.markets, rows, kernels.PRIORITY_RANDOM, key, out)
    assert (keys[0] == keys[1]).all()
    assert (keys[0] != keys[2]).all()
    assert len(set(keys[0])) == 8
    assert ((keys >= 0) & (keys < 1)).all()
    kernels.risk_keys(world.accounts, world.markets, rows, kernels.PRIORITY_BY_ID, 0, keys[0])
    assert keys[0].tolist() == rows.tolist()


def test_tier_down_closes_the_fewest_lots_after_which_equity_covers_the_requirement():
    """CLR-LIQ-006: 200 lots at 100: 2% - 100 = 300 against equity 151; 75 lots leave 12,500: 150; 74 leave 152."""
    world = ClearingWorld(FUND, marks=(100,), tiers=TWO_TIERS, liquidation=TierDownLiquidation())
    victim = world.trader(0, money=151, lots=200, price=100)
    assert [order["lots"] for order in world.plan(victim)] == [75]
    assert world.liquidations("maintenance") == [300]


def test_tier_down_counts_the_fee_of_the_close():
    """CLR-LIQ-006: with a fee of 0.1% each lot frees 2 and costs .1: 79 lots leave 142 + 7.9 -> 8 <= 151; 78: 152."""
    world = ClearingWorld(FUND, marks=(100,), tiers=TWO_TIERS, liquidation=TierDownLiquidation(), fee_ppm=1_000)
    victim = world.trader(0, money=151, lots=200, price=100)
    assert [order["lots"] for order in world.plan(victim)] == [79]


def test_tier_down_closes_all_where_the_fee_eats_what_a_close_frees():
    """CLR-LIQ-006: a fee of 3% exceeds every maintenance rate: no smaller close helps."""
    world = ClearingWorld(FUND, marks=(100,), tiers=TWO_TIERS, liquidation=TierDownLiquidation(), fee_ppm=30_000)
    victim = world.trader(0, money=151, lots=200, price=100)
    assert [order["lots"] for order in world.plan(victim)] == [200]


def test_tier_down_of_several_positions_starts_with_the_largest_requirement():
    """CLR-LIQ-006: requirements 100 and 50, equity 40: all of the first, then 10 of 50 lots of the second."""
    world = ClearingWorld(FUND, marks=(100, 100), liquidation=TierDownLiquidation(), tiers=((0, 10_000, 0, 20_000),))
    victim = world.trader(0, money=40, lots=-50, price=100)
    world.open(victim, 100, 100, market=1)
    assert [(order["market"], order["lots"]) for order in world.plan(victim)] == [(1, 100), (0, 10)]


def test_tier_down_leaves_the_second_position_alone_if_all_of_the_first_suffices():
    """CLR-LIQ-006: requirements 80 and 24, equity 27: 19 of 20 lots leave 4 + 24 + 3, all 20 leave 24 + 3."""
    policy, tiers = TierDownLiquidation(), ((0, 40_000, 0, 50_000),)
    world = ClearingWorld(FUND, marks=(100, 100), liquidation=policy, tiers=tiers, fee_ppm=1_250)
    victim = world.trader(0, money=27, lots=20, price=100)
    world.open(victim, 6, 100, market=1)
    assert [(order["market"], order["lots"]) for order in world.plan(victim)] == [(0, 20)]


def test_tier_floor_falls_just_below_the_floor_of_the_present_tier():
    """CLR-LIQ-007: 200 lots at 100 to below 10,000: 99 lots stay; in the lowest tier all goes."""
    policy = TierDownLiquidation(reduce_to="tier_floor")
    for lots, close in ((200, 101), (100, 1), (99, 99)):
        world = ClearingWorld(FUND, marks=(100,), tiers=TWO_TIERS, liquidation=policy)
        victim = world.trader(0, money=1, lots=lots, price=100)
        assert [order["lots"] for order in world.plan(victim)] == [close]


def test_an_account_below_zero_is_always_closed_in_full():
    """CLR-LIQ-008: no share and no tier helps it."""
    for policy in (TierDownLiquidation(), FractionLiquidation(fraction_ppm=200_000)):
        world, victim, _ = long_world(policy, mark=44_900)
        assert [order["lots"] for order in world.plan(victim)] == [200]


def test_fractions_close_a_share_then_pause_then_all():
    """CLR-LIQ-008: Hyperliquid's 20% first if above 100,000, 30 s later the rest; small positions at once."""
    policy = FractionLiquidation(
        fraction_ppm=200_000, cooldown_ms=30_000, whole_below_quote=Decimal(100_000), then_whole=True
    )
    world, victim, other = long_world(policy)
    assert [order["lots"] for order in world.plan(victim)] == [40]
    world.fill(0, lots=40, price=45_050, against=other)
    assert len(world.finish().left) == 0, "above zero, it may wait for its next step"
    world.at(29_999)
    assert len(world.plan(victim)) == 0
    assert world.house.backlog.tolist() == [victim]
    world.at(30_000)
    assert [order["lots"] for order in world.plan(victim)] == [160]
    world, victim, _ = long_world(policy.model_copy(update={"whole_below_quote": Decimal(10_000_000)}))
    assert [order["lots"] for order in world.plan(victim)] == [200]


@pytest.mark.parametrize(("rounding", "closed"), [("up", [2, 1]), ("down", [1, 1])])
def test_a_share_that_is_no_whole_number_is_rounded_as_the_rule_book_says(rounding, closed):
    """CLR-LIQ-008: a tenth of 15 lots is 2 rounded up and 1 rounded down; of 5 lots 1 either way."""
    policy = FractionLiquidation(fraction_ppm=100_000, rounding=rounding)
    for lots, expected in zip((15, 5), closed, strict=True):
        world = ClearingWorld(FUND, marks=(45_100,), liquidation=policy)
        victim = world.trader(0, money=5_000 * lots, lots=lots, price=50_000)
        assert [order["lots"] for order in world.plan(victim)] == [expected]


def test_the_penalty_is_on_the_mark_or_on_the_fill():
    """CLR-LIQ-010: 0.05 BTC at a mark of 45,100 and 0.1%: 2.255; filled at 45,000: 2.25. Quanta of 0.001 USDT."""
    for on_fill, fee in ((0, 2_255), (1, 2_250)):
        world, victim, other = long_world(fee_ppm=1_000)
        world.markets.params["penalty_on_fill"] = on_fill
        world.plan(victim)
        world.fill(0, lots=50, price=45_000, against=other)
        world.finish()
        assert world.liquidations("fee") == [fee]


def test_the_fewest_contracts_count_the_taker_fee_where_it_is_charged():
    """CLR-LIQ-006, CLR-FEE-003: with a penalty of 0.05% and a taker fee of 0.05% as with a penalty of 0.1%: 79 lots."""
    closed = []
    for penalty, taker, charged in ((1_000, 0, 0), (500, 500, 1), (500, 500, 0)):
        world = ClearingWorld(FUND, marks=(100,), tiers=TWO_TIERS, liquidation=TierDownLiquidation(), fee_ppm=penalty)
        world.markets.params["taker_ppm"], world.markets.params["liquidation_pays_taker"] = taker, charged
        victim = world.trader(0, money=151, lots=200, price=100)
        closed += [int(order["lots"]) for order in world.plan(victim)]
    assert closed[:2] == [79, 79]
    assert closed[2] < 79


def test_a_cooldown_is_cut_short_by_negative_equity():
    """CLR-LIQ-008: the pause is 30 s, but at 44,900 the account is bankrupt."""
    world, victim, _ = long_world(FractionLiquidation(fraction_ppm=200_000, cooldown_ms=30_000))
    world.clear(victim)
    world.at(1_000)
    world.markets.mark[0] = 44_900
    assert [order["lots"] for order in world.plan(victim)] == [200]


def test_latency_runs_from_the_first_distress_and_starts_anew_after_a_recovery():
    """CLR-LIQ-009: 500 ms."""
    world, victim, _ = long_world(FullLiquidation(latency_ms=500))
    for now, admitted in ((0, 0), (499, 0), (500, 1)):
        world.at(now)
        assert len(world.house.admit(np.array([victim]), now_ms=now)) == admitted
    world.at(600)  # recovered: not in the list of this cycle
    world.at(700)
    assert len(world.house.admit(np.array([victim]), now_ms=700)) == 0


def test_the_throttle_lets_so_many_through_per_second():
    """CLR-LIQ-009: 10 per second: a burst of 10, then one every 100 ms."""
    throttle = Throttle(10)
    assert [throttle.take(25, 0), throttle.take(15, 50), throttle.take(15, 100), throttle.take(14, 10_000)] == [
        10,
        0,
        1,
        10,
    ]
    assert Throttle(None).take(25, 0) == 25


def test_the_fee_is_charged_on_the_filled_amount_only_and_split_by_the_funds_share():
    """CLR-LIQ-010: 50 of 200 lots at mark 45,100 and 0.1%: 2,255 of 0.001 USDT; FUND gets 30%, rounded down."""
    world, victim, other = long_world(fee_ppm=1_000, fee_share_ppm=300_000)
    world.plan(victim)
    world.fill(0, lots=50, price=45_060, against=other)
    world.finish()
    assert world.liquidations("fee") == [2_255]
    assert (world.money(world.fund), world.money(FEES)) == (676, 1_579)
    assert world.counter("book_notional") == world.counter("liquidated_long") == 50 * 45_100
    assert (world.counter("liquidated_short"), world.counter("liquidated_accounts")) == (0, 1)
    world.assert_conserved()


def test_the_fee_never_exceeds_what_the_account_has_left():
    """CLR-LIQ-010: filled at 45,010 with 2 USDT left, a fee of 5% would be 451 USDT."""
    world, victim, other = long_world(fee_ppm=50_000, fee_share_ppm=1_000_000)
    world.plan(victim)
    world.fill(0, lots=200, price=45_010, against=other)
    world.finish()
    assert (world.money(victim), world.money(world.fund)) == (0, 2_000)
    assert world.liquidations("fee") == [2_000]


def test_the_surplus_goes_to_the_fund_or_back_to_the_trader():
    """CLR-LIQ-011: closed at 45,050 for 0.2 BTC, 10 USDT are left; an isolated row returns them to its wallet."""
    for surplus, isolated in (("fund", False), ("trader", False), ("trader", True)):
        world, victim, other = long_world(FullLiquidation(surplus=surplus))
        wallet = world.isolate(0, owner=world.t(2)) if isolated else victim
        wallet = world.t(2) if isolated else victim
        world.plan(victim)
        world.fill(0, lots=200, price=45_050, against=other)
        world.finish()
        assert world.money(world.fund) == (10_000 if surplus == "fund" else 0)
        assert world.money(wallet) == (0 if surplus == "fund" else 10_000)
        assert world.liquidations("surplus") == [10_000 if surplus == "fund" else 0]
        world.assert_conserved()


def test_after_a_liquidation_a_recovery_of_the_price_brings_nothing_back():
    """The position is gone at 45,000; at 60,000 the trader still has nothing."""
    world = ClearingWorld([TakeoverLayer(), *FUND], marks=(45_100,))
    victim = world.trader(0, money=1_000_000, lots=200, price=50_000)
    world.trader(1, money=100_000_000, lots=-200, price=50_000)
    world.clear(victim)
    world.markets.mark[0] = 60_000
    assert world.equity(victim) == 0


def test_lowered_policies_have_the_width_that_kernels_read():
    policy = TypeAdapter(LiquidationPolicy).validate_python({"kind": "tier_down", "reduce_to": "tier_floor"})
    assert policy.lower(Decimal("0.01")).dtype == PLAN_DTYPE
    with pytest.raises(ValidationError, match="fraction_ppm"):
        TypeAdapter(LiquidationPolicy).validate_python({"kind": "fraction", "fraction_ppm": 0})
