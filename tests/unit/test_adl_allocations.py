"""Allocations of an ADL: by hand, against brute force, and what holds for all of them: CLR-ADL-012 to CLR-ADL-015."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from clearsim.clearing.adl import AdlLayer, ProfitLeverageRanking, who_would_be_deleveraged
from clearsim.clearing.adl.allocation import Greedy, ProRata, WaterFilling, level_down
from clearsim.clearing.adl.pot import PotAllocation
from clearsim.clearing.loss import SocialisedLossLayer
from clearsim.errors import AgentError
from clearsim.layout import ROUNDING, Reason
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_adl import gap_with_three_shorts
from tests.worlds.clearing import ClearingWorld

RANKING = ProfitLeverageRanking()


def layer_of(allocation, **options):
    return AdlLayer(ranking=RANKING, allocation=allocation, **options)


def given_by(world):
    """Contracts and quote by counterparty."""
    rows = zip(*(world.matches(column) for column in ("counterparty", "lots", "quote")), strict=True)
    return {row: (lots, quote) for row, lots, quote in rows}


def adl_transfers(world):
    world.spill()
    rows = np.concatenate(world.spilled)
    return rows[rows["reason"] == Reason.ADL]


def test_pro_rata_closes_every_winner_by_its_contracts():
    """CLR-ADL-012: 20 lots against shorts of 10, 10 and 15 in profit: 6, 6 and 8, all at 100."""
    world, victim, shorts = gap_with_three_shorts(layer_of(ProRata()))
    outcome = world.clear(victim)
    assert given_by(world) == {shorts[0]: (6, 600), shorts[1]: (6, 600), shorts[2]: (8, 800)}
    assert world.matches("rank") == [1, 2, 3], "places in the queue of the ranking"
    assert (world.money(victim), world.lots(victim)) == (0, 0)
    assert (world.liquidations("lots_adl"), world.liquidations("deficit")) == ([20], [40])
    assert world.counter("adl_matches") == 3
    assert outcome.reduced[0][1].tolist() == shorts[:3]
    world.assert_conserved()


def test_water_filling_leaves_the_lowest_leverage_that_is_possible():
    """CLR-ADL-013: equities 220, 160 and 680 keep 3, 2 and 10 of 10, 10 and 15 contracts marked at 98."""
    world, victim, shorts = gap_with_three_shorts(layer_of(WaterFilling()))
    world.clear(victim)
    assert {row: lots for row, (lots, _) in given_by(world).items()} == {shorts[0]: 7, shorts[1]: 8, shorts[2]: 5}
    world.assert_conserved()


@pytest.mark.parametrize("allocation", [ProRata(), WaterFilling()])
def test_of_equal_winners_the_lower_id_gives_one_more(allocation):
    """CLR-ADL-012, CLR-ADL-013: 10 lots against three equal shorts: 4, 3 and 3, whatever order they came in."""
    world = ClearingWorld([layer_of(allocation)], marks=(98,))
    victim = world.trader(0, money=50, lots=10, price=105)
    shorts = [world.trader(i, money=1_000, lots=-9, price=105) for i in (3, 1, 2)]
    world.clear(victim)
    assert [given_by(world)[row][0] for row in sorted(shorts)] == [4, 3, 3]


@pytest.mark.parametrize("allocation", [ProRata(), WaterFilling()])
def test_a_pot_takes_one_transfer_a_target_and_one_a_winner(allocation):
    """CLR-ADL-014: longs of 10 bankrupt at 100 and 102 against three shorts: 2,020 in and out, 101 a lot."""
    world = ClearingWorld([layer_of(allocation)], marks=(98,))
    victims = [world.trader(0, money=50, lots=10, price=105), world.trader(1, money=50, lots=10, price=107)]
    shorts = [world.trader(2 + i, money=1_000, lots=-lots, price=110) for i, lots in enumerate((10, 10, 15))]
    world.trader(5, money=10_000, lots=15, price=110)
    world.clear(*victims)
    moved = adl_transfers(world)
    assert len(moved) == 5
    assert (moved["payer"][:2] == ROUNDING).all(), "the pot pays the targets"
    assert (moved["payee"][2:] == ROUNDING).all(), "the winners pay the pot"
    assert sorted(moved["payee"][:2].tolist()) == victims, "and so names those who were closed"
    assert world.matches("bankrupt") == [ROUNDING] * 3, "each winner closes for all of them"
    assert {quote / lots for lots, quote in given_by(world).values()} == {101}
    assert sum(quote for _, quote in given_by(world).values()) == 2_020
    assert [world.money(row) for row in (*victims, ROUNDING)] == [0, 0, 0]
    assert not world.accounts.lots[[*victims, ROUNDING]].any()
    assert not world.accounts.cost[ROUNDING].any()
    assert not world.accounts.flows[ROUNDING].any()
    assert sum(world.lots(row) for row in shorts) == -15
    world.assert_conserved()


def test_a_winner_that_would_end_below_zero_gives_nothing_to_the_pot():
    """CLR-ADL-004: a short of 10 with equity 1 would lose 2 a lot; the other three share its part: 6, 6 and 8."""
    world, victim, shorts = gap_with_three_shorts(layer_of(ProRata()))
    thin = world.trader(6, money=-9, lots=-10, price=99)
    assert world.equity(thin) == 1
    world.clear(victim)
    assert {row: lots for row, (lots, _) in given_by(world).items()} == {shorts[0]: 6, shorts[1]: 6, shorts[2]: 8}
    assert world.lots(thin) == -10


def test_the_targets_own_trader_gives_nothing_to_the_pot():
    """CLR-ADL-005: of the shorts of 10, 10 and 15 the second is the owner's: 8 and 12."""
    world, victim, shorts = gap_with_three_shorts(layer_of(ProRata()))
    world.isolate(0, owner=shorts[1])
    world.clear(victim)
    assert {row: lots for row, (lots, _) in given_by(world).items()} == {shorts[0]: 8, shorts[2]: 12}


def test_what_the_winners_cannot_take_stays_on_the_last_targets():
    """CLR-ADL-003: the winners hold 35 of 50 contracts: all are closed, 15 stay."""
    world, victim, shorts = gap_with_three_shorts(layer_of(ProRata()))
    world.deposit(victim, 150)
    world.open(victim, 30, 105)
    world.clear(victim)
    assert [world.lots(row) for row in shorts] == [0, 0, 0, -10]
    assert world.lots(victim) == 15
    world.assert_conserved()


def test_a_limit_of_matches_goes_to_the_best_ranked_and_the_rest_waits():
    """CLR-ADL-006: of two matches the second and third short make use: 8 and 12 contracts pro rata to 10 and 15."""
    world, victim, shorts = gap_with_three_shorts(layer_of(ProRata(), matches_per_cycle=2))
    world.deposit(victim, 50)
    world.open(victim, 10, 105)
    world.house.layers.append(SocialisedLossLayer())
    outcome = world.clear(victim)
    assert {row: lots for row, (lots, _) in given_by(world).items()} == {shorts[1]: 10, shorts[2]: 15}
    assert world.lots(victim) == 5, "and nothing is torn up meanwhile"
    assert outcome.left.tolist() == [victim]


def test_a_winner_that_cannot_be_asked_takes_no_place_under_a_limit_of_matches():
    """CLR-ADL-004, CLR-ADL-006: the best-ranked short has equity 15 and would lose 20; the next one has the match."""
    world, victim, shorts = gap_with_three_shorts(layer_of(ProRata(), matches_per_cycle=1))
    thin = world.trader(6, money=5, lots=-10, price=99)
    world.clear(victim)
    assert world.lots(thin) == -10
    assert {row: lots for row, (lots, _) in given_by(world).items()} == {shorts[1]: 10}


def test_a_distressed_target_above_zero_shares_its_gain_with_all_winners():
    """CLR-ADL-007: equity 40 on 20 lots at 1,002: closed at 1,000, shorts of 5 and 15 gain 10 and 30."""
    layer = layer_of(ProRata(), trigger="distressed")
    world = ClearingWorld([layer], marks=(1002,))
    victim = world.trader(0, money=1_000, lots=20, price=1050)
    shorts = [world.trader(1 + i, money=10_000, lots=-lots, price=1050) for i, lots in enumerate((5, 15))]
    before = [world.equity(row) for row in shorts]
    world.clear(victim)
    assert [world.equity(row) - was for row, was in zip(shorts, before, strict=True)] == [10, 30]
    assert world.money(victim) == 0


def test_who_would_be_deleveraged_changes_nothing_and_the_layer_does_just_that():
    """CLR-ADL-015: greedy 10 and 10; pro rata 6, 6 and 8; and the arrays are as before."""
    world, victim, shorts = gap_with_three_shorts()
    before = [array.copy() for array in (*world.accounts, *world.markets, *world.log)]
    answers = {}
    for allocation in (Greedy(), ProRata()):
        decision = who_would_be_deleveraged(
            world.accounts, world.markets, np.array([victim]), market=0, ranking=RANKING, allocation=allocation
        )
        answers[allocation.kind] = dict(
            zip(decision.reduced.tolist(), decision.closes.lots[-3:].tolist(), strict=False)
        )
    after = (*world.accounts, *world.markets, *world.log)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert answers["greedy"] == {shorts[1]: 10, shorts[2]: 10}
    assert answers["pro_rata"] == {shorts[1]: 6, shorts[2]: 8, shorts[0]: 6}
    world.clear(victim)
    assert dict(zip(world.matches("counterparty"), world.matches("lots"), strict=True)) == answers["greedy"]


def test_targets_on_both_sides_are_refused():
    world, victim, shorts = gap_with_three_shorts()
    with pytest.raises(ValueError, match="one side of market 0; they hold \\[20, -10\\]"):
        who_would_be_deleveraged(
            world.accounts, world.markets, np.array([victim, shorts[0]]), market=0, ranking=RANKING, allocation=Greedy()
        )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([1, 2], "must return 3 whole numbers"),
        ([6.0, 6.0, 8.0], "must return 3 whole numbers"),
        ([20, 0, 0], "took 20 contracts from row 6, which holds 10"),
        ([-1, 10, 11], "took -1 contracts from row 6"),
        ([5, 5, 5], "took 15 contracts in all; 20 are to be closed"),
    ],
)
def test_an_allocation_that_cannot_be_is_refused(answer, message):
    class Wrong(PotAllocation):
        def allocate(self, targets, winners):
            return np.array(answer)

    world, victim, shorts = gap_with_three_shorts()
    assert shorts[1] == world.t(2) == 7
    with pytest.raises(AgentError, match=message.replace("row 6", f"row {shorts[1]}")):
        who_would_be_deleveraged(
            world.accounts, world.markets, np.array([victim]), market=0, ranking=RANKING, allocation=Wrong()
        )


def kept_by(held, equity, wanted):
    """`level_down` on lists."""
    left = np.array(held, np.int64)
    level_down(left, np.array(equity, np.int64), np.arange(len(held)), wanted, np.empty(len(held), np.int64))
    return left.tolist()


def kept_one_by_one(held, equity, wanted):
    """CLR-ADL-013 as it is written, in exact rationals."""
    left = list(held)
    for _ in range(wanted):
        at = max(range(len(left)), key=lambda i: (Fraction(left[i], equity[i]), -i))
        left[at] -= 1
    return left


sizes = st.integers(1, 60)
books = st.lists(st.tuples(sizes, st.one_of(sizes, st.integers(1, 2**58))), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(books, st.integers(0, 400))
def test_levelling_equals_the_rule_taken_one_contract_at_a_time(book, wanted):
    """CLR-ADL-013: among them many equal levels, and equities beyond what a float holds exactly."""
    held, equity = zip(*book, strict=True)
    wanted = min(wanted, sum(held))
    assert kept_by(held, equity, wanted) == kept_one_by_one(held, equity, wanted)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 30)), min_size=1, max_size=4), st.integers(0, 20))
def test_no_other_way_leaves_a_lower_leverage(book, wanted):
    """CLR-ADL-013: of all ways to take the contracts, none has a smaller maximum."""
    held, equity = zip(*book, strict=True)
    wanted = min(wanted, sum(held))

    def highest(left):
        return max(Fraction(kept, worth) for kept, worth in zip(left, equity, strict=True))

    ways = [left for left in product(*(range(lots + 1) for lots in held)) if sum(left) == sum(held) - wanted]
    assert highest(kept_by(held, equity, wanted)) == min(highest(left) for left in ways)


def test_levelling_millions_of_contracts_of_equal_rows_takes_the_lower_ids_first():
    """CLR-ADL-013: 1,000 equal rows of 10**9 contracts give 10**9 + 1 in all: a million each, one more the first."""
    left = kept_by([10**9] * 1_000, [7] * 1_000, 10**9 + 1)
    assert left == [10**9 - 10**6 - 1] + [10**9 - 10**6] * 999
