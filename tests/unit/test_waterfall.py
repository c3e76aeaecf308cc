"""The waterfall, layer by layer, with numbers worked by hand: CLR-FND-### and CLR-LOS-### in sim/clearing/RULES.md."""

import numpy as np
import pytest
from clearsim.clearing.adl import AdlLayer, ProfitLeverageRanking
from clearsim.clearing.fund import InsuranceFundLayer, plan_fund_draws
from clearsim.clearing.liquidation import FullLiquidation
from clearsim.clearing.loss import SocialisedLossLayer
from clearsim.clearing.takeover import TakeoverLayer
from clearsim.clearing.waterfall import DefaultWaterfall
from clearsim.layout import FLAG_BANKRUPT, FLAG_FROZEN, FLAG_HAIRCUT, Reason
from pydantic import TypeAdapter, ValidationError

from tests.worlds.clearing import ClearingWorld

TAKEOVER, FUND, LOSS = TakeoverLayer(), InsuranceFundLayer(), SocialisedLossLayer()
ADL = AdlLayer(ranking=ProfitLeverageRanking())


def ten_times_long(waterfall, **options):
    """1,000 USDT at 10x long from 50,000: 200 lots of 0.001 BTC, quanta of 0.001 USDT; bankrupt at 45,000."""
    world = ClearingWorld(waterfall, marks=(50_000,), **options)
    victim = world.trader(0, money=1_000_000, lots=200, price=50_000)
    other = world.trader(1, money=100_000_000, lots=-200, price=50_000)
    return world, victim, other


def test_a_gap_through_the_bankruptcy_price_is_paid_by_the_fund_and_the_trader_ends_at_exactly_zero():
    """CLR-FND-001: filled at 44,000, i.e. 1,000 beyond bankruptcy on 0.2 BTC: FUND pays 200 USDT."""
    world, victim, other = ten_times_long([FUND], liquidation=FullLiquidation(order="market"))
    world.deposit(world.fund, 300_000)
    world.markets.mark[0] = 44_000
    world.plan(victim)
    world.fill(0, lots=200, price=44_000, against=other)
    world.finish()
    assert (world.money(victim), world.lots(victim)) == (0, 0)
    assert world.money(world.fund) == 100_000
    assert world.counter("fund_draw") == world.counter("deficit") == 200_000
    assert world.liquidations("deficit") == [200_000]
    assert world.liquidations("lots_book") == [200]
    assert world.accounts.flags[victim] & FLAG_BANKRUPT
    assert not world.accounts.flags[victim] & FLAG_FROZEN
    world.assert_conserved()


def test_the_fund_pays_down_to_zero_and_never_below():
    """CLR-FND-001: with 150 USDT in the fund, 50 of the 200 are still owed and stand as bad debt."""
    world, victim, other = ten_times_long([FUND], liquidation=FullLiquidation(order="market"))
    world.deposit(world.fund, 150_000)
    world.markets.mark[0] = 44_000
    world.plan(victim)
    world.fill(0, lots=200, price=44_000, against=other)
    outcome = world.finish()
    assert world.money(world.fund) == 0
    assert world.money(victim) == -50_000
    assert outcome.left.tolist() == [victim]
    assert world.counter("bad_debt") == 50_000
    world.at(1000)
    assert len(world.plan(victim)) == 0
    assert len(world.due) == 0, "a debt that nobody can pay is not found again every cycle"
    world.deposit(world.fund, 20_000)
    world.at(2000)
    world.clear(victim)
    assert (world.money(victim), world.money(world.fund)) == (-30_000, 0)
    assert (world.counter("bad_debt"), world.counter("deficit")) == (30_000, 200_000)
    world.assert_conserved()


def test_what_the_fund_would_pay_is_a_list_and_changes_nothing():
    """CLR-FND-001: two accounts owe 200 and 100, the fund has 250: 200 and 50, by the order of the records."""
    world, victim, other = ten_times_long([FUND], liquidation=FullLiquidation(order="market"))
    second = world.trader(2, money=500_000, lots=100, price=50_000)
    world.deposit(world.fund, 250_000)
    world.markets.mark[0] = 44_000
    world.plan(victim, second)
    world.fill(0, lots=200, price=44_000, against=other)
    world.fill(1, lots=100, price=44_000, against=other)
    world.house.settle(world.due, world.intents[: world.n_intents])
    draws = plan_fund_draws(world.exchange)
    assert list(zip(draws.payer, draws.payee, draws.quote, strict=True)) == [
        (world.fund, victim, 200_000),
        (world.fund, second, 50_000),
    ]
    assert (world.money(world.fund), world.money(victim), world.money(second)) == (250_000, -200_000, -100_000)
    world.house.run_waterfall(world.due)
    assert (world.money(world.fund), world.money(victim), world.money(second)) == (0, 0, -50_000)


def test_engine_takes_over_at_the_bankruptcy_price_and_the_account_ends_at_exactly_zero():
    """CLR-FND-002: nothing fills at 45,000, so ENGINE takes 0.2 BTC at 45,000: 200 USDT under water at 44,000."""
    world, victim, _ = ten_times_long([TAKEOVER, FUND])
    world.deposit(world.fund, 300_000)
    world.markets.mark[0] = 44_000
    outcome = world.clear(victim)
    assert (world.money(victim), world.lots(victim)) == (0, 0)
    assert world.lots(world.engine) == 200
    assert world.liquidations("lots_taken_over") == [200]
    assert world.equity(world.engine) == 0, "its loss of 200 USDT at mark is drawn from FUND"
    assert world.money(world.fund) == 100_000
    assert world.counter("taken_over_notional") == 200 * 44_000
    assert len(outcome.left) == 0
    world.assert_conserved()


def test_takeover_stops_where_fund_and_engine_together_would_fall_below_zero():
    """CLR-FND-003: 50 USDT bear a quarter of a loss of 200: 50 of 200 lots are taken over, 150 stay on the account."""
    world, victim, _ = ten_times_long([TAKEOVER, FUND])
    world.deposit(world.fund, 50_000)
    world.markets.mark[0] = 44_000
    outcome = world.clear(victim)
    assert (world.lots(world.engine), world.lots(victim)) == (50, 150)
    assert world.money(world.fund) + world.equity(world.engine) == 0
    assert world.equity(victim) == -150_000, "the rest is still bankrupt at 45,000"
    assert outcome.left.tolist() == [victim]
    world.assert_conserved()


def test_takeover_stops_at_the_inventory_cap():
    """CLR-FND-003: a cap of 4,400 USDT at 44,000 is 0.1 BTC."""
    world, victim, _ = ten_times_long([TAKEOVER, FUND], cap=100 * 44_000)
    world.deposit(world.fund, 10_000_000)
    world.markets.mark[0] = 44_000
    world.clear(victim)
    assert (world.lots(world.engine), world.lots(victim)) == (100, 100)
    world.assert_conserved()


def test_an_opposite_inventory_makes_room_under_the_cap():
    """CLR-FND-003: ENGINE short 150 under a cap of 100 lots may take 250 longs, here all 200."""
    world, victim, _ = ten_times_long([TAKEOVER, FUND], cap=100 * 44_000)
    world.deposit(world.fund, 10_000_000)
    world.open(world.engine, -150, 44_000)
    world.markets.mark[0] = 44_000
    world.clear(victim)
    assert (world.lots(world.engine), world.lots(victim)) == (50, 0)


def test_a_position_of_several_is_taken_whole_or_not_at_all():
    """CLR-FND-003: two markets; the cap admits 60 of 100 lots in the first and all 10 of the second."""
    world = ClearingWorld([TAKEOVER, FUND], marks=(100, 100), cap=6_000)
    world.deposit(world.fund, 10_000)
    victim = world.trader(0, money=10, lots=100, price=100)
    world.open(victim, 10, 100, market=1)
    world.trader(1, money=10_000, lots=-100, price=100)
    world.open(world.t(1), -10, 100, market=1)
    world.markets.mark[:] = (99, 99)
    world.clear(victim)
    assert (world.lots(victim, 0), world.lots(victim, 1)) == (100, 0)
    assert (world.lots(world.engine, 0), world.lots(world.engine, 1)) == (0, 10)
    world.assert_conserved()


def test_the_gains_of_an_engine_without_inventory_are_swept_to_the_fund():
    """CLR-FND-004: taken over at 45,000, sold at 45,500: 0.2 x 500 = 100 USDT for FUND."""
    world, victim, other = ten_times_long([TAKEOVER, FUND])
    world.markets.mark[0] = 45_100  # equity 20 USDT, requirement 45.1
    world.clear(victim)
    assert world.equity(world.engine) == 20_000
    world.transfer(other, world.engine, 200 * 45_500, 200, 0, Reason.UNWIND)
    world.house.settle_engines()
    assert (world.money(world.fund), world.money(world.engine)) == (100_000, 0)
    assert world.counter("fund_gain") == 100_000


def test_unwind_offers_a_share_within_the_band_and_waits_its_interval():
    """CLR-FND-005: 10% of 200 lots, 0.5% below 45,100: 20 lots at 44,875 or better, once a second."""
    world, victim, _ = ten_times_long([TAKEOVER, FUND])
    world.markets.mark[0] = 45_100
    world.clear(victim)
    assert world.house.plan_unwind(world.intents, now_ms=0) == 1
    side, price, lots = (int(world.intents[name][0]) for name in ("side", "price", "lots"))
    assert (side, price, lots) == (1, 45_100 - 225, 20)
    assert world.house.plan_unwind(world.intents, now_ms=999) == 0
    assert world.house.plan_unwind(world.intents, now_ms=1000) == 1


def test_an_inventory_of_one_market_does_not_make_another_wait():
    """CLR-FND-005: BTC is offered at 0 ms; ETH is taken over after that in the same cycle, and offered at once."""
    world = ClearingWorld([TAKEOVER, FUND], marks=(100, 100), scope_of=(0, 1))
    world.open(world.rows.engine(0), 20, 100)
    assert world.house.plan_unwind(world.intents, now_ms=0) == 1
    world.open(world.rows.engine(1), 10, 100, market=1)
    assert world.house.plan_unwind(world.intents, now_ms=0) == 1
    assert (int(world.intents["market"][0]), int(world.intents["lots"][0])) == (1, 1)
    assert world.house.plan_unwind(world.intents, now_ms=999) == 0
    assert world.house.plan_unwind(world.intents, now_ms=1000) == 2


def worked_example(waterfall):
    """THEORY 1f: losers owe 60/30/10 with margins 40/30/15, fund 5, winners +70/+30; ten quanta to the unit."""
    world = ClearingWorld(waterfall, marks=(101,), tick_values=(10,))
    losers = [world.trader(i, money=m, lots=n, price=101) for i, (m, n) in enumerate([(400, 60), (300, 30), (150, 10)])]
    winners = [world.trader(3 + i, money=100_000, lots=-n, price=101) for i, n in enumerate((70, 30))]
    world.deposit(world.fund, 50)
    world.markets.mark[0] = 100
    return world, losers, winners


def test_the_worked_example_of_a_waterfall_haircuts_gains_by_fifteen_percent():
    """CLR-LOS-001, CLR-LOS-002: the CCP receives 40/30/10 and 5 and pays 85: winners get 59.5 and 25.5."""
    world, losers, winners = worked_example([FUND, LOSS])
    outcome = world.clear(losers[0])
    assert (world.money(losers[0]), world.lots(losers[0])) == (0, 0)
    assert world.money(world.fund) == 0
    assert [world.equity(row) - 100_000 for row in winners] == [595, 255]
    assert [world.equity(row) for row in losers] == [0, 0, 50]
    assert [world.lots(row) for row in winners] == [-28, -12], "60 lots torn up at mark, 42 and 18"
    assert outcome.reduced[0][1].tolist() == winners
    assert world.counter("socialised") == 150
    assert all(world.accounts.flags[row] & FLAG_HAIRCUT for row in winners)
    assert world.liquidations("lots_adl") == [60]
    world.assert_conserved()


def test_adl_moves_the_same_total_with_another_incidence():
    """CLR-ADL-001 and THEORY 1f: takeover bears 5 with FUND's 5, ADL of the rest costs winners 15, all on the first."""
    world, losers, winners = worked_example([TAKEOVER, FUND, ADL, LOSS])
    outcome = world.clear(losers[0])
    assert (world.money(losers[0]), world.lots(losers[0])) == (0, 0)
    assert world.lots(world.engine) == 15, "50 quanta bear 15 of 60 lots, whose loss is 200 in all"
    assert [world.equity(row) - 100_000 for row in winners] == [700 - 150, 300]
    assert world.counter("adl_harm") == 150
    assert outcome.left.size == 0
    world.assert_conserved()


def test_no_winner_pays_more_than_its_gain_and_the_rest_is_recorded_bad_debt():
    """CLR-LOS-003: 200 owed, but the shorts' unrealised gain is 100: all of it, and 100 stand on the flat account."""
    world = ClearingWorld([LOSS])
    victim = world.trader(0, money=100, lots=100, price=103)
    winners = [world.trader(1, money=1_000, lots=-100, price=101)]
    world.open(world.t(2), 0, 0)
    world.markets.mark[0] = 100
    assert world.equity(victim) == -200
    outcome = world.clear(victim)
    assert world.equity(winners[0]) == 1_000
    assert (world.money(victim), world.lots(victim)) == (-100, 0)
    assert (world.counter("socialised"), world.counter("bad_debt"), world.counter("deficit")) == (100, 100, 200)
    assert outcome.left.tolist() == [victim]


def test_realised_gains_can_be_reached_by_the_equity_change_basis():
    """CLR-LOS-003: a winner who has closed has no unrealised gain, but its equity grew by 300."""
    for basis, paid in (("unrealised_gain", 0), ("equity_change", 200)):
        world = ClearingWorld([SocialisedLossLayer(basis=basis)], marks=(103,))
        victim = world.trader(0, money=100, lots=100, price=103)
        short = world.trader(1, money=1_000, lots=-100, price=103)
        late = world.trader(2, money=1_000)
        world.markets.mark[0] = 100
        world.transfer(short, late, 100 * 100, 100, 0, Reason.TRADE)  # the winner leaves at 100
        world.clear(victim)
        assert world.equity(short) == 1_300 - paid
        assert world.equity(late) == 1_000
        assert world.money(victim) == paid - 200
        world.assert_conserved()


def test_a_debt_over_two_scopes_is_split_by_maintenance_freed():
    """CLR-FND-006: maintenance of 300 and 100 splits a debt of 40 as 30 and 10; the poor scope leaves its part."""
    world = ClearingWorld(
        [FUND], marks=(100, 100), tiers=((0, 10_000, 0, 10_000),), scope_of=(0, 1),
        liquidation=FullLiquidation(order="market"),
    )  # fmt: skip
    world.deposit(world.rows.fund(0), 1_000)
    world.deposit(world.rows.fund(1), 4)
    victim = world.trader(0, money=360, lots=300, price=101)
    world.open(victim, 100, 101, market=1)
    other = world.trader(1, money=10_000, lots=-300, price=101)
    world.open(other, -100, 101, market=1)
    world.markets.mark[:] = (100, 100)
    world.plan(victim)
    world.fill(0, lots=300, price=100, against=other)
    world.fill(1, lots=100, price=100, against=other)
    world.finish()
    assert world.money(world.rows.fund(0)) == 970
    assert world.money(world.rows.fund(1)) == 0
    assert world.money(victim) == -6
    world.assert_conserved()


@pytest.mark.parametrize(("order", "paid"), [((0, 1), [1_000, 960]), ((1, 0), [960, 1_000])])
def test_a_debt_that_its_own_orders_left_belongs_to_the_market_closed_last(order, paid):
    """CLR-FND-006: 200 lots bought at 101 with 160 and sold at 100 leave -40."""
    world = ClearingWorld([FUND], marks=(100, 100), scope_of=(0, 1))
    for scope in (0, 1):
        world.deposit(world.rows.fund(scope), 1_000)
    victim = world.trader(0, money=160, lots=100, price=101)
    world.open(victim, 100, 101, market=1)
    other = world.trader(1, money=100_000)
    for market in order:
        world.transfer(other, victim, 100 * 100, 100, market, Reason.TRADE)
    world.clear(victim)
    assert [world.money(world.rows.fund(scope)) for scope in (0, 1)] == paid
    assert world.money(victim) == 0
    world.assert_conserved()


def test_bad_debt_of_one_scope_is_not_paid_by_another_later():
    """CLR-FND-006: 30 of 40 are owed by an empty fund; the other has paid its 10 and pays no more in the next round."""
    world = ClearingWorld(
        [FUND], marks=(100, 100), tiers=((0, 10_000, 0, 10_000),), scope_of=(0, 1),
        liquidation=FullLiquidation(order="market"),
    )  # fmt: skip
    world.deposit(world.rows.fund(1), 1_000)
    victim = world.trader(0, money=360, lots=300, price=101)
    world.open(victim, 100, 101, market=1)
    other = world.trader(1, money=10_000, lots=-300, price=101)
    world.open(other, -100, 101, market=1)
    world.plan(victim)
    world.fill(0, lots=300, price=100, against=other)
    world.fill(1, lots=100, price=100, against=other)
    world.finish()
    assert (world.money(victim), world.money(world.rows.fund(1))) == (-30, 990)
    world.at(1_000)
    due = world.house.admit(np.array([victim]), now_ms=1_000)
    if len(due):
        world.clear(victim)
    assert (world.money(victim), world.money(world.rows.fund(1))) == (-30, 990)


def test_recorded_bad_debt_is_paid_by_the_fund_only_and_never_by_later_gains():
    """CLR-FND-001: nobody had gains when 100 stayed as bad debt; 20 in FUND pay 20 of it, gains of 20 at 98 nothing.

    The tear-up takes 91 of 100 and 9 of 10 shorts; the 9 and 1 that are left gain 18 and 2.
    """
    world = ClearingWorld([FUND, LOSS])
    victim = world.trader(0, money=100, lots=100, price=102)
    world.trader(2, money=1_000, lots=10, price=100)
    shorts = [world.trader(i, money=1_000, lots=-lots, price=100) for i, lots in ((1, 100), (3, 10))]
    world.markets.mark[0] = 100
    world.clear(victim)
    assert (world.money(victim), world.counter("bad_debt")) == (-100, 100)
    world.deposit(world.fund, 20)
    world.at(1_000)
    world.markets.mark[0] = 98
    world.clear(*world.house.admit(np.array([victim]), now_ms=1_000))
    assert (world.money(victim), world.money(world.fund), world.counter("bad_debt")) == (-80, 0, 80)
    assert [world.equity(row) for row in shorts] == [1_018, 1_002]
    world.assert_conserved()


def test_an_isolated_position_never_costs_its_owner_more_than_the_margin_assigned():
    """500 USDT isolated at 20x: whatever the gap, 500 are lost and the wallet is untouched."""
    for gap in (1, 10, 50, 90):
        world = ClearingWorld([TAKEOVER, FUND, ADL, LOSS], marks=(100,), tick_values=(10,))
        owner = world.trader(0, money=4_500)
        row = world.isolate(1, owner=owner)
        world.trader(1, money=500, lots=10, price=100)
        world.trader(2, money=1_000_000, lots=-10, price=100)
        world.markets.mark[0] = 100 - gap
        if gap > 4:
            world.clear(row)
            assert (world.money(row), world.lots(row)) == (0, 0)
        assert world.equity(row) == max(0, 500 - 100 * gap)
        assert world.equity(owner) == 4_500
        world.assert_conserved()


def test_a_cross_account_can_lose_all_it_has_and_not_a_cent_more():
    for gap in (10, 60, 99):
        world = ClearingWorld([TAKEOVER, FUND, ADL, LOSS], marks=(100,))
        row = world.trader(0, money=5_000, lots=1_000, price=100)
        world.trader(1, money=1_000_000, lots=-1_000, price=100)
        world.markets.mark[0] = 100 - gap
        world.clear(row)
        assert (world.money(row), world.lots(row)) == (0, 0)
        world.assert_conserved()


def test_a_log_too_small_for_one_pass_is_spilled_and_loses_nothing():
    """CLR-LOS-001: 60 holders torn up through a log of 8 rows; every transfer is in a spilled part, once."""
    world = ClearingWorld([LOSS], traders=70, log_capacity=8)
    victim = world.trader(0, money=100, lots=600, price=101)
    for i in range(1, 61):
        world.trader(i, money=1_000, lots=-10, price=101)
    world.markets.mark[0] = 100
    world.clear(victim)
    world.spill()
    rows = np.concatenate(world.spilled)
    assert len(np.unique(rows["seq"])) == len(rows)
    assert (rows["reason"] == Reason.SOCIALISED_LOSS).sum() == 60 + 60 + 1
    assert (world.money(victim), world.lots(victim)) == (0, 0)
    world.assert_conserved()


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([{"kind": "insurance_fund"}, {"kind": "insurance_fund"}], "appears 2 times"),
        ([{"kind": "socialised_loss"}, {"kind": "insurance_fund"}], "must be the last layer"),
        ([{"kind": "insurence_fund"}], "insurence_fund"),
    ],
)
def test_a_waterfall_that_makes_no_sense_is_refused(layers, message):
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(DefaultWaterfall).validate_python(layers)
