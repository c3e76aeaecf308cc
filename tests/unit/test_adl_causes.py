"""Why ADL came, and whether the required fund is only a bound: CLR-ADL-018, with numbers worked by hand.

200 lots long at 10x from 50,000 are bankrupt at 45,000. At a mark of 44,000 a takeover costs 1,000 a lot.
"""

import pytest
from clearsim.clearing.adl import AdlLayer, ProfitLeverageRanking, ProRata
from clearsim.clearing.fund import InsuranceFundLayer
from clearsim.clearing.liquidation import FullLiquidation
from clearsim.clearing.takeover import TakeoverLayer
from clearsim.layout import AdlCause

from tests.worlds.clearing import ClearingWorld

TAKEOVER, FUND = TakeoverLayer(), InsuranceFundLayer()
RANKING = ProfitLeverageRanking()
ADL, ADL_OF_DISTRESSED = AdlLayer(ranking=RANKING), AdlLayer(ranking=RANKING, trigger="distressed")
CAP_OF_100_LOTS = 100 * 44_000


def crash(waterfall, *, fund=0, mark=44_000, shorts=(200,), victims=1, **options):
    """The long of the module, once per victim, after the price has fallen; `shorts` are their counterparties."""
    world = ClearingWorld(waterfall, marks=(50_000,), **options)
    rows = [world.trader(i, money=1_000_000, lots=200, price=50_000) for i in range(victims)]
    for i, lots in enumerate(shorts):
        world.trader(victims + i, money=100_000_000, lots=-lots, price=50_000)
    world.deposit(world.fund, fund)
    world.markets.mark[0] = mark
    return world, rows


def causes(world):
    """Lots closed by ADL, by cause, at the mark."""
    unit = int(world.markets.mark[0])
    amounts = zip(AdlCause, world.house.desk.limits.adl_notional.tolist(), strict=True)
    return {cause.name: amount // unit for cause, amount in amounts if amount}


def limits(world):
    found = world.house.desk.limits
    return found.fund_short.tolist(), found.cap_reached.tolist()


def test_adl_comes_because_the_fund_is_dry():
    """50,000 carry 50 of the 200 lots; ADL closes 150, and the required fund is only a bound."""
    world, [victim] = crash([TAKEOVER, FUND, ADL], fund=50_000)
    world.clear(victim)
    assert causes(world) == {"FUND_DRY": 150}
    assert limits(world) == ([True], [False])
    assert world.matches("why") == [AdlCause.FUND_DRY]
    assert world.counter("adl_notional") == 150 * 44_000
    world.assert_conserved()


def test_adl_comes_because_the_inventory_cap_is_reached_while_the_fund_has_money():
    """A cap of 100 lots at mark: the other 100 go to ADL, and 900,000 quanta stay with fund and engine."""
    world, [victim] = crash([TAKEOVER, FUND, ADL], fund=1_000_000, cap=CAP_OF_100_LOTS)
    world.clear(victim)
    assert causes(world) == {"CAP": 100}
    assert limits(world) == ([False], [True])
    assert world.money(world.fund) + world.equity(world.engine) == 900_000
    world.assert_conserved()


@pytest.mark.parametrize(
    ("fund", "cause", "lots"), [(50_000, "FUND_DRY", 150), (100_000, "FUND_DRY", 100), (150_000, "CAP", 100)]
)
def test_if_fund_and_cap_both_stop_a_takeover_the_cause_is_the_tighter_and_both_are_noted(fund, cause, lots):
    """The fund carries 50, 100 or 150 lots, the cap 100; a tie is the fund's."""
    world, [victim] = crash([TAKEOVER, FUND, ADL], fund=fund, cap=CAP_OF_100_LOTS)
    world.clear(victim)
    assert causes(world) == {cause: lots}
    assert limits(world) == ([True], [True])


@pytest.mark.parametrize("waterfall", [[ADL, TAKEOVER, FUND], [FUND, ADL]])
def test_adl_comes_because_of_the_order_of_the_waterfall_while_the_fund_is_full(waterfall):
    world, [victim] = crash(waterfall, fund=1_000_000)
    world.clear(victim)
    assert causes(world) == {"ORDER": 200}
    assert limits(world) == ([False], [False])
    assert world.money(world.fund) == 1_000_000


def test_adl_comes_because_its_trigger_is_before_bankruptcy():
    """At 45,100 the long still has 20,000 of the 45,100 that it must keep: distressed, not bankrupt."""
    world, [victim] = crash([FUND, ADL_OF_DISTRESSED], fund=1_000_000, mark=45_100)
    world.clear(victim)
    assert causes(world) == {"TRIGGER": 200}
    assert limits(world) == ([False], [False])


def test_a_distressed_account_that_the_cap_keeps_from_a_takeover_is_closed_because_of_the_cap():
    world, [victim] = crash([TAKEOVER, FUND, ADL_OF_DISTRESSED], fund=1_000_000, mark=45_100, cap=0)
    world.clear(victim)
    assert causes(world) == {"CAP": 200}


def test_an_insolvent_inventory_is_deleveraged_because_the_fund_is_dry():
    """Fund 300,000. At 44,000 the engine takes 200 lots at a loss of 200,000; at 43,000 400,000: 100,000 short."""
    world, [victim] = crash([TAKEOVER, FUND, ADL], fund=300_000)
    world.clear(victim)
    assert causes(world) == {}
    assert limits(world) == ([False], [False])
    world.markets.mark[0] = 43_000
    world.at(1000)
    world.clear()
    assert causes(world) == {"FUND_DRY": 200}
    assert limits(world) == ([True], [False])


def test_what_a_flat_account_owes_beyond_the_fund_is_noted_without_adl():
    """Filled at 44,000: 200,000 owed. A fund of exactly 200,000 pays all of it and is no bound; 199,999 is."""
    for fund, short in ((200_000, False), (199_999, True)):
        world, [victim] = crash([FUND], fund=fund, liquidation=FullLiquidation(order="market"))
        world.plan(victim)
        world.fill(0, lots=200, price=44_000, against=world.t(1))
        world.finish()
        assert world.money(world.fund) == 0
        assert limits(world) == ([short], [False])


def waited(world):
    return world.house.desk.limits.adl_waited // int(world.markets.mark[0])


def test_positions_that_the_limit_of_matches_postponed_have_waited():
    """One match a cycle against shorts of 120 and 80: the 80 come a cycle later."""
    adl = AdlLayer(ranking=RANKING, matches_per_cycle=1)
    world, [victim] = crash([TAKEOVER, FUND, adl], shorts=(120, 80))
    world.at(1000)
    world.clear(victim)
    assert (world.matches("waited"), waited(world)) == ([0], 0)
    world.at(2000)
    world.clear(victim)
    assert world.matches("waited") == [0, 1]
    assert sorted(world.matches("lots")) == [80, 120]
    assert waited(world) == world.matches("lots")[1]
    assert causes(world) == {"FUND_DRY": 200}


def two_of_whom_one_waits():
    """Two bankrupt longs and one liquidation a second: the second long waits after the first cycle."""
    world, rows = crash(
        [TAKEOVER, FUND, ADL],
        victims=2,
        shorts=(400,),
        liquidation=FullLiquidation(per_second=1, priority="by_account_id"),
    )
    world.at(1000)
    world.clear(*rows)
    return world, rows


def test_positions_that_the_limit_of_liquidations_held_back_have_waited():
    """One liquidation a second: of two bankrupt longs the second is closed one second later."""
    world, rows = two_of_whom_one_waits()
    world.at(2000)
    world.clear(rows[1])
    assert world.matches("bankrupt") == rows
    assert world.matches("waited") == [0, 1]
    assert waited(world) == 200


def test_a_wait_counts_only_in_the_distress_in_which_it_happened():
    """The second long recovers for two cycles, then falls again and is closed at once."""
    world, rows = two_of_whom_one_waits()
    for now in (2000, 3000):
        world.at(now)
    world.at(4000)
    world.clear(rows[1])
    assert world.matches("waited") == [0, 0]


def test_the_causes_of_an_allocation_through_the_pot_sum_to_all_of_it():
    """Shorts of 150 and 50 share the 200 lots; targets have causes, and the matches get that of most contracts."""
    adl = AdlLayer(ranking=RANKING, allocation=ProRata())
    world, [victim] = crash([TAKEOVER, FUND, adl], fund=50_000, shorts=(150, 50))
    world.clear(victim)
    assert causes(world) == {"FUND_DRY": 150}
    assert world.counter("adl_notional") == 150 * 44_000
    assert world.matches("why") == [AdlCause.FUND_DRY] * 2
