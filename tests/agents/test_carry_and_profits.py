"""Who closes shorts in a fall: cash-and-carry holders when the perpetual is cheap, and traders who take profits."""

import numpy as np
import pytest
from clearsim.agents.view import Intents
from clearsim.layout import FLAG_FROZEN, OrderFlag, Side

from tests.agents.agent_worlds import MARK, build, carry, levered, make_view, orders_at, population
from tests.worlds.records import fields


def carry_world(**changes):
    members = build(population(carry(**changes), levered(500)))
    return members, make_view(members), np.arange(*members.opening.cohort_starts[:2])


def carry_orders(view, members, time_ms: int, *, index=MARK, bid=MARK - 5, ask=MARK + 5) -> np.ndarray:
    view.index[0], view.best_bid[0], view.best_ask[0] = index, bid, ask
    return orders_at(members, view, time_ms)


def test_carry_holders_buy_back_a_step_of_their_short_when_the_perpetual_is_cheap():
    """2,000 ppm below 1,200,000 ticks is 1,197,600: an offer at it is taken, one tick above it is not."""
    members, view, rows = carry_world()
    assert len(carry_orders(view, members, 1_000, ask=1_197_601)) == 0
    orders = carry_orders(view, members, 11_000, ask=1_197_600)
    assert sorted(orders["account"]) == rows.tolist()  # each looks once in ten seconds
    assert set(orders["side"]) == {Side.BUY}
    assert set(orders["price"]) == {1_197_600}
    assert set(orders["order_flags"]) == {OrderFlag.REDUCE_ONLY}
    held = -view.accounts.lots[orders["account"], 0]
    assert orders["lots"].tolist() == np.maximum(1, held // 100).tolist()


def test_carry_holders_look_once_an_interval_whatever_the_step_of_the_clock():
    members, view, rows = carry_world()
    fine = [carry_orders(view, members, now, ask=MARK - 6_000) for now in range(125, 10_001, 125)]
    members, view, rows = carry_world()
    coarse = [carry_orders(view, members, now, ask=MARK - 6_000) for now in range(1_000, 10_001, 1_000)]
    for found in (fine, coarse):
        assert sorted(np.concatenate(found)["account"]) == rows.tolist()


def test_carry_holders_never_buy_more_than_they_are_short_and_never_when_frozen():
    members, view, rows = carry_world(step_ppm=1_000_000)
    carry_orders(view, members, 1_000)
    view.accounts.lots[rows[:3], 0] = (-7, 0, 5)
    view.accounts.flags[rows[3]] |= FLAG_FROZEN
    orders = carry_orders(view, members, 11_000, ask=MARK - 6_000)
    asked = dict(zip(orders["account"].tolist(), orders["lots"].tolist(), strict=True))
    assert asked[rows[0]] == 7
    assert not asked.keys() & set(rows[1:4].tolist())


def test_carry_holders_sell_again_at_a_premium_up_to_what_they_opened_with():
    """3,000 ppm above 1,200,000 is 1,203,600: a bid at it is hit, one tick below it is not."""
    members, view, rows = carry_world(step_ppm=1_000_000)
    assert len(carry_orders(view, members, 1_000, bid=1_203_700, ask=1_203_800)) == 0  # all of it is held
    opened = -view.accounts.lots[rows[0], 0]
    view.accounts.lots[rows[0], 0] = -opened + 4
    assert len(carry_orders(view, members, 11_000, bid=1_203_599, ask=1_203_800)) == 0
    orders = carry_orders(view, members, 21_000, bid=1_203_600, ask=1_203_800)
    assert fields(orders, "account", "side", "lots", "price", "order_flags") == [[rows[0], Side.SELL, 4, 1_203_600, 0]]


def profit_world(**changes):
    behaviour = {
        "kind": "levered",
        "profit_accounts_ppm": 1_000_000,
        "profit_distance": {"low_ppm": 50_000, "high_ppm": 50_000},
        **changes,
    }
    members = build(population(levered(300, behaviour=behaviour)))
    view = make_view(members)
    assert len(orders_at(members, view, 1)) == 0
    return members, view


@pytest.mark.parametrize(
    ("mark", "side", "limit"), [(MARK * 95 // 100, Side.BUY, 1_145_700), (MARK * 105 // 100, Side.SELL, 1_253_700)]
)
def test_profits_are_taken_when_the_mark_has_moved_far_enough_the_right_way(mark, side, limit):
    """5% is 60,000 ticks; half a percent of slippage from 1,140,000 and 1,260,000."""
    members, view = profit_world()
    view.mark[0] = mark + (1 if side is Side.BUY else -1)
    assert len(orders_at(members, view, 1_000)) == 0
    view.mark[0] = mark
    orders = orders_at(members, view, 2_000)
    held = view.accounts.lots[:, 0]
    gainers = np.flatnonzero(held < 0 if side is Side.BUY else held > 0)
    assert len(gainers) > 50
    assert sorted(orders["account"]) == gainers.tolist()
    assert orders["lots"].tolist() == np.abs(held[orders["account"]]).tolist()
    assert set(orders["side"]) == {side}
    assert set(orders["order_flags"]) == {OrderFlag.REDUCE_ONLY}
    assert set(orders["price"]) == {limit}


def test_a_profit_is_pursued_until_the_position_is_flat_even_if_the_mark_returns():
    members, view = profit_world()
    view.mark[0] = MARK * 94 // 100
    rows = orders_at(members, view, 1_000)["account"]
    view.mark[0] = MARK
    view.accounts.lots[rows[:-2], 0] = 0
    view.accounts.lots[rows[-2], 0] = -3
    view.accounts.flags[rows[-1]] |= FLAG_FROZEN
    assert fields(orders_at(members, view, 2_000), "account", "lots") == [[rows[-2], 3]]
    view.accounts.lots[rows, 0] = 0
    assert len(orders_at(members, view, 3_000)) == 0
    view.accounts.lots[rows, 0] = -1  # what is opened later is no business of a target that was reached
    assert len(orders_at(members, view, 4_000)) == 0


def test_who_takes_profits_does_not_change_who_adds_margin():
    def moves(**changes):
        behaviour = {"kind": "levered", "topup_accounts_ppm": 500_000, "outside_budget_ppm": 500_000, **changes}
        members = build(population(levered(300, behaviour=behaviour)))
        view, intents = make_view(members), Intents()
        members.decide(view, intents)
        view.mark[0], view.time_ms = MARK * 90 // 100, 60_000
        members.decide(view, intents)
        return intents.moves

    assert moves()
    assert moves(profit_accounts_ppm=500_000) == moves()
