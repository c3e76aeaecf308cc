"""Auto-deleveraging: who is reduced, at what price, and the queue lights: CLR-ADL-### in sim/clearing/RULES.md."""

from decimal import Decimal

import numpy as np
import pytest
from clearsim.clearing.adl import AdlLayer, AdlQueue, BinanceWalletRanking, ProfitLeverageRanking, adl_lights
from clearsim.clearing.adl import ranking as kernels
from clearsim.clearing.fund import InsuranceFundLayer
from clearsim.clearing.loss import SocialisedLossLayer
from clearsim.clearing.takeover import TakeoverLayer
from clearsim.layout import FLAG_DELEVERAGED

from tests.worlds.clearing import ClearingWorld

ADL = AdlLayer(ranking=ProfitLeverageRanking())


def gap_with_three_shorts(layer=ADL, **options):
    """A long of 20 with 100 of money from 105 (bankrupt at 100), marked at 98; three shorts in profit, one in loss."""
    world = ClearingWorld([layer], marks=(98,), **options)
    victim = world.trader(0, money=100, lots=20, price=105)
    shorts = [
        world.trader(1, money=200, lots=-10, price=100),  # PNL 2%, equity 220, leverage 980 / 220: score .0891
        world.trader(2, money=100, lots=-10, price=104),  # PNL 5.77%, equity 160, leverage 6.125: score .353
        world.trader(3, money=500, lots=-15, price=110),  # PNL 10.9%, equity 680, leverage 2.16: score .236
        world.trader(4, money=300, lots=-10, price=97),  # in loss
    ]
    world.trader(5, money=10_000, lots=25, price=100)
    return world, victim, shorts


def test_with_an_empty_fund_the_best_ranked_winners_are_reduced_in_order_the_last_one_partly():
    """CLR-ADL-001, CLR-ADL-002: 20 lots at 100: all 10 of the second short, then 10 of the third's 15."""
    world, victim, shorts = gap_with_three_shorts()
    outcome = world.clear(victim)
    assert (world.money(victim), world.lots(victim)) == (0, 0)
    assert world.matches("counterparty") == [shorts[1], shorts[2]]
    assert world.matches("lots") == [10, 10]
    assert world.matches("quote") == [1_000, 1_000]
    assert world.matches("rank") == [1, 2]
    assert world.matches("partial") == [0, 1]
    assert world.matches("harm") == [20, 20], "bought back at 100 what the mark gives for 98"
    assert [world.lots(row) for row in shorts] == [-10, 0, -5, -10]
    assert world.house.records.scores[:2] == pytest.approx([60 / 1040 * 980 / 160, 180 / 1650 * 1470 / 680])
    assert outcome.reduced[0][0] == 0
    assert outcome.reduced[0][1].tolist() == [shorts[1], shorts[2]]
    assert world.accounts.flags[shorts[1]] & FLAG_DELEVERAGED
    assert world.liquidations("lots_adl") == [20]
    world.assert_conserved()


def test_losers_are_never_reduced_and_what_the_queue_cannot_take_stays():
    """CLR-ADL-003: the shorts in profit hold 35; of 50 lots, 15 stay on the bankrupt account."""
    world, victim, shorts = gap_with_three_shorts()
    world.deposit(victim, 150)
    world.open(victim, 30, 105)
    outcome = world.clear(victim)
    assert [world.lots(row) for row in shorts] == [0, 0, 0, -10]
    assert world.lots(victim) == 15
    assert outcome.left.tolist() == [victim]
    world.assert_conserved()


def test_a_bankruptcy_price_below_zero_keeps_its_sign():
    """A short of 10 from 5 that owes 200 beside it has -150 in all: only at -15 would its equity be zero."""
    world = ClearingWorld([ADL], marks=(98,))
    victim = world.trader(0, money=-200, lots=-10, price=5)
    winner = world.trader(1, money=5_000, lots=10, price=90)
    world.clear(victim)
    assert (world.money(victim), world.lots(victim)) == (0, 0)
    assert (world.money(winner), world.lots(winner)) == (5_000 - 900 - 150, 0)
    assert world.matches("quote") == [-150]
    assert world.matches("harm") == [980 + 150]
    world.assert_conserved()


def test_a_counterparty_that_would_end_below_zero_is_skipped():
    """CLR-ADL-004: the best-ranked short has equity 15 and would lose 20."""
    world, victim, shorts = gap_with_three_shorts()
    thin = world.trader(6, money=5, lots=-10, price=99)
    world.clear(victim)
    assert world.matches("counterparty") == [shorts[1], shorts[2]]
    assert world.matches("rank") == [2, 3]
    assert world.lots(thin) == -10


def test_a_counterparty_may_end_at_exactly_zero():
    """CLR-ADL-004: the best-ranked short has equity 20 and loses 20."""
    world, victim, _ = gap_with_three_shorts()
    thin = world.trader(6, money=10, lots=-10, price=99)
    world.clear(victim)
    assert world.matches("counterparty")[0] == thin
    assert (world.money(thin), world.lots(thin)) == (0, 0)


def test_a_traders_own_rows_are_not_counterparties_of_its_isolated_position():
    """CLR-ADL-005: the owner's short is first in the queue, and is passed over."""
    world, victim, shorts = gap_with_three_shorts()
    world.isolate(0, owner=shorts[1])
    world.clear(victim)
    assert world.lots(shorts[1]) == -10
    assert world.matches("counterparty") == [shorts[2], shorts[0]]


def test_who_complies_again_after_a_partial_takeover_is_left_alone():
    """CLR-FND-002, CLR-ADL-007: 420 lots from 1,000 on 18, marked at 980; quanta of 0.001 on lots of 0.001.

    Requirement 411.6 x 5% - 10.5 = 10.08 against 9.6. A cap of 220 admits 224 lots; 196 keep 4.48 against 2.3416.
    """
    tiers = ((0, 5_000, 0, 10_000), (100_000, 20_000, 1_500, 25_000), (300_000, 50_000, 10_500, 100_000))
    layers = [TakeoverLayer(), InsuranceFundLayer(), AdlLayer(ranking=ProfitLeverageRanking(), trigger="distressed")]
    world = ClearingWorld(layers, marks=(980,), tiers=tiers, cap=220_000)
    world.deposit(world.fund, 10_000_000)
    victim = world.trader(0, money=18_000, lots=420, price=1_000)
    short = world.trader(1, money=1_000_000, lots=-420, price=1_000)
    outcome = world.clear(victim)
    assert (world.lots(world.engine), world.lots(victim), world.lots(short)) == (224, 196, -420)
    assert world.equity(victim) == 4_480
    assert world.matches("lots") == []
    assert len(outcome.left) == 0
    world.assert_conserved()


def two_markets_with_a_shared_winner(names):
    """In BTC, A is first in the queue of shorts; in ETH A too, ahead of B. Closing A in BTC leaves it less levered.

    Longs of both markets are bankrupt at 100 and marked at 98.
    """
    world = ClearingWorld([ADL], marks=(98, 98), names=names)
    victims = [world.trader(i, money=100, lots=20, price=105, market=i) for i in (0, 1)]
    both = world.trader(2, money=100, lots=-20, price=105, market=0)
    world.open(both, -10, 105, market=1)
    other = world.trader(3, money=400, lots=-30, price=105, market=1)
    world.trader(4, money=100_000, lots=20, price=105, market=1)
    return world, victims, both, other


@pytest.mark.parametrize("names", [("BTC", "ETH"), ("ETH", "BTC")])
def test_a_queue_is_as_of_the_cycle_and_the_order_of_markets_changes_nothing(names):
    """CLR-ADL-001, CLR-ADL-002: whichever market is worked first, both queues are those before any close."""
    world, victims, both, other = two_markets_with_a_shared_winner(names)
    scores = {
        (row, market): kernels.profit_leverage_score(world.accounts, world.markets, row, market)
        for row in (both, other)
        for market in (0, 1)
        if world.lots(row, market)
    }
    assert scores[both, 1] > scores[other, 1]
    world.clear(*victims)
    markets = world.matches("market")
    assert markets == ([0, 1, 1] if names == ("BTC", "ETH") else [1, 1, 0])
    in_eth = [row for row, market in zip(world.matches("counterparty"), markets, strict=True) if market == 1]
    assert in_eth == [both, other], "the first of the queue before any close comes first"
    assert [world.lots(row, 1) for row in (both, other)] == [0, -20]
    world.assert_conserved()


def test_a_queue_stays_as_it_was_when_the_cycle_began():
    """CLR-ADL-002: a second round of the same cycle asks the queue of the first; the next cycle has its own."""
    world, victim, shorts = gap_with_three_shorts()
    late = world.trader(6, money=100, lots=20, price=105)
    world.clear(victim)
    world.deposit(shorts[2], 100_000)  # no longer levered: now the last of the queue
    assert world.lots(shorts[2]) == -5
    world.clear(late)
    assert world.matches("counterparty")[2:] == [shorts[2], shorts[0]]
    next_world, victim, shorts = gap_with_three_shorts()
    late = next_world.trader(6, money=100, lots=20, price=105)
    next_world.clear(victim)
    next_world.deposit(shorts[2], 100_000)
    next_world.at(1_000)
    next_world.clear(late)
    assert next_world.matches("counterparty")[2:] == [shorts[0], shorts[2]]


def test_a_limit_per_cycle_postpones_the_rest_and_nothing_is_socialised_meanwhile():
    """CLR-ADL-006: one match a cycle: 10 lots now, 10 in the next cycle."""
    layer = AdlLayer(ranking=ProfitLeverageRanking(), matches_per_cycle=1)
    world, victim, shorts = gap_with_three_shorts()
    world.house.layers = [layer, SocialisedLossLayer()]
    assert world.clear(victim).left.tolist() == [victim]
    assert (world.lots(victim), world.equity(victim)) == (10, -20)
    world.at(1_000)
    assert len(world.clear(victim).left) == 0
    assert world.matches("counterparty") == [shorts[1], shorts[2]]
    world.assert_conserved()


def test_solvent_distressed_accounts_wait_unless_the_rule_book_deleverages_them():
    """CLR-ADL-007: equity 40 against a requirement of 101; at the bankruptcy price, 1,000, the short gains 40."""
    for trigger, lots in (("bankrupt", 20), ("distressed", 0)):
        world = ClearingWorld([AdlLayer(ranking=ProfitLeverageRanking(), trigger=trigger)], marks=(1002,))
        victim = world.trader(0, money=1_000, lots=20, price=1050)
        short = world.trader(1, money=10_000, lots=-20, price=1050)
        outcome = world.clear(victim)
        assert world.lots(victim) == lots
        assert (len(outcome.left) == 1) == (trigger == "bankrupt")
        if trigger == "distressed":
            assert world.money(victim) == 0
            assert world.matches("harm") == [-40]
            assert world.equity(short) == 10_000 + 960 + 40


def test_engines_inventory_is_deleveraged_when_fund_and_engine_are_below_zero():
    """CLR-ADL-008: ENGINE long 20 from 100 with 5 in FUND: at 99 its loss of 20 exceeds 5, closed at 99.75."""
    world = ClearingWorld([TakeoverLayer(), InsuranceFundLayer(), ADL], marks=(99,))
    world.deposit(world.fund, 5)
    world.open(world.engine, 20, 100)
    short = world.trader(1, money=1_000, lots=-20, price=104)
    outcome = world.house.run_waterfall(np.zeros(0, np.int64))
    assert (world.money(world.engine), world.lots(world.engine)) == (0, 0)
    assert world.money(world.fund) == 0
    assert world.equity(short) == 1_000 + 100 - 15
    assert outcome.reduced[0][1].tolist() == [short]
    world.assert_conserved()


def test_the_total_of_a_close_is_split_by_largest_remainder_ties_to_the_lower_id():
    """CLR-ADL-002: 301 quanta for 3 lots against three shorts of 1: 101, 100, 100."""
    world = ClearingWorld([ADL], marks=(90,))
    victim = world.trader(0, money=14, lots=3, price=105)
    shorts = [world.trader(i, money=1_000, lots=-1, price=105) for i in (3, 2, 1)]
    world.clear(victim)
    assert world.money(victim) == 0
    assert [1_105 - world.money(row) for row in sorted(shorts)] == [101, 100, 100]


def test_multi_market_accounts_end_at_exactly_zero_in_every_market():
    """CLR-LIQ-002: equity -6 is split over two positions by maintenance, and nothing is left."""
    world = ClearingWorld([ADL], marks=(100, 200), tick_values=(1, 1))
    victim = world.trader(0, money=60, lots=7, price=103)
    world.open(victim, -5, 191, market=1)
    assert world.equity(victim) == -6
    world.trader(1, money=1_000, lots=-7, price=103)
    world.trader(2, money=1_000, lots=5, price=191, market=1)
    world.clear(victim)
    assert world.money(victim) == 0
    assert not world.accounts.lots[victim].any()
    world.assert_conserved()


def test_profit_leverage_score_by_hand():
    """CLR-ADL-009: long 10 from 100 with 200: at 110 PNL 10%, leverage 1100 / 300; at 95 PNL -5% / (950 / 150)."""
    world = ClearingWorld([ADL], marks=(110,))
    row = world.trader(0, money=200, lots=10, price=100)
    score = kernels.profit_leverage_score(world.accounts, world.markets, row, 0)
    assert score == pytest.approx(0.1 * 1100 / 300)
    world.markets.mark[0] = 95
    score = kernels.profit_leverage_score(world.accounts, world.markets, row, 0)
    assert score == pytest.approx(-0.05 / (950 / 150))


def test_binance_score_ignores_losers_and_floors_the_wallet():
    """CLR-ADL-010: short 10 from 100 with 50: at 96 UPNL 40 on a wallet of 50, margin 5 of 90; at 104 it scores 0."""
    world = ClearingWorld([ADL], marks=(96,))
    row = world.trader(0, money=50, lots=-10, price=100)
    floor = BinanceWalletRanking(wallet_floor_quote=Decimal(1)).wallet_floor(Decimal(1))
    score = kernels.binance_wallet_score(world.accounts, world.markets, row, 0, floor)
    assert score == pytest.approx(40 / 50 * 5 / 90)
    assert kernels.binance_wallet_score(world.accounts, world.markets, row, 0, 80) == pytest.approx(40 / 80 * 5 / 90)
    world.markets.mark[0] = 104
    assert kernels.binance_wallet_score(world.accounts, world.markets, row, 0, floor) == 0.0


def test_lights_are_fifths_of_contracts_on_each_side():
    """CLR-ADL-011: one short of 1, then one of 9: the first fifth and the last; a lone account is in the last."""
    world = ClearingWorld([ADL], marks=(90,))
    first = world.trader(0, money=50, lots=-1, price=100)
    second = world.trader(1, money=5_000, lots=-9, price=100)
    long = world.trader(2, money=5_000, lots=10, price=100)
    lights = adl_lights(world.accounts, world.markets, market=0, ranking=ProfitLeverageRanking(), quantum=Decimal(1))
    assert [lights[row] for row in (first, second, long)] == [1, 5, 5]
    assert lights[: world.rows.first_trader].tolist() == [0] * 5


def random_crowd(n: int, seed: int) -> ClearingWorld:
    world = ClearingWorld([ADL], marks=(1000,), traders=n)
    rng = np.random.default_rng(seed)
    rows = slice(world.rows.first_trader, None)
    lots = -rng.integers(1, 1000, n)
    entry = rng.integers(950, 1100, n)
    world.accounts.lots[rows, 0] = lots
    world.accounts.cost[rows, 0] = lots * entry
    world.accounts.quote[rows] = -lots * entry + (-lots * entry) // rng.integers(2, 30, n)
    return world


@pytest.mark.parametrize("share", [1e-5, 1e-3, 0.05, 0.6])
def test_the_sampled_queue_is_a_prefix_of_the_full_sort_and_extends_to_it(share):
    """CLR-ADL-002: 20,000 rows; enough contracts, or extended until there are."""
    world = random_crowd(20_000, seed=7)
    need = int(-world.accounts.lots.sum() * share)
    queue = AdlQueue(
        world.accounts, world.markets, market=0, side=-1, ranking=ProfitLeverageRanking(), quantum=Decimal(1), need=need
    )  # fmt: skip
    scores = queue.scores
    eligible = np.flatnonzero(~np.isnan(scores))
    full = eligible[np.lexsort((eligible, -scores[eligible]))]
    assert queue.complete or len(queue.ids) < len(full)
    while not queue.complete:
        assert (queue.ids == full[: len(queue.ids)]).all()
        queue.extend()
    assert (queue.ids == full).all()


def test_closing_through_a_sampled_queue_equals_closing_through_the_full_one(monkeypatch):
    """CLR-ADL-002: the same counterparties, whether 12,000 rows are sorted as far as needed or all at once."""
    results = []
    for sort_all_below in (0, 10**9):
        monkeypatch.setattr("clearsim.clearing.adl.queue.SORT_ALL_BELOW", sort_all_below)
        world = random_crowd(12_000, seed=11)
        victim = world.trader(0, money=0)
        world.accounts.lots[victim, 0] = 1_000_000
        world.accounts.cost[victim, 0] = 1_000_000 * 1010
        world.accounts.quote[victim] = -1_000_000 * 1003
        world.clear(victim)
        results.append(world.house.records.matches[: world.house.n_matches].copy())
    assert len(results[0]) > 1_000
    assert (results[0] == results[1]).all()
