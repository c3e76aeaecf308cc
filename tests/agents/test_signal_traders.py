"""Momentum, fundamentalists, dip buyers and arbitrageurs: which side, how much, when flat, and with whose money."""

import numpy as np
import pytest
from clearsim.agents.view import Intents
from clearsim.layout import OUTSIDE, Reason

from tests.agents.agent_worlds import (
    MARK,
    UNIT,
    arbitrageurs,
    build,
    levered,
    make_view,
    orders_at,
    population,
    signal,
)


def reaction(cohort: dict, mark_change: float, index_change: float = 0.0, held: int = 0) -> np.ndarray:
    members = build(population(cohort, levered(500)))
    view = make_view(members)
    orders_at(members, view, 1000)
    view.accounts.lots[np.arange(*members.opening.cohort_starts[:2]), 0] = held
    view.mark[0], view.index[0] = round(MARK * (1 + mark_change)), round(MARK * (1 + index_change))
    view.best_bid[0], view.best_ask[0] = view.mark[0] - 5, view.mark[0] + 5
    return orders_at(members, view, 2000)


@pytest.mark.parametrize(
    ("kind", "change", "side"),
    [
        ("momentum", 0.03, 0),
        ("momentum", -0.03, 1),
        ("fundamentalist", -0.03, 0),
        ("fundamentalist", 0.03, 1),
        ("dip_buyer", -0.03, 0),
    ],
)
def test_signal_traders_act_on_the_right_side(kind, change, side):
    orders = reaction(signal(kind), change)
    assert len(orders) >= 8
    assert set(orders["side"]) == {side}


def test_a_dip_buyer_never_goes_short_and_calm_signal_traders_do_nothing():
    assert len(reaction(signal("dip_buyer"), 0.03)) == 0
    for kind in ("momentum", "fundamentalist", "dip_buyer"):
        assert len(reaction(signal(kind), 0.0002)) == 0


def test_signal_traders_go_flat_when_the_signal_fades():
    orders = reaction(signal("momentum"), 0.0, held=500)
    assert len(orders) >= 8
    assert set(orders["side"]) == {1}
    assert set(orders["order_flags"]) == {1}  # reduce-only


def test_signal_traders_stop_at_what_their_capital_carries():
    largest = 300_000_000 * 0.05 / 100 * 10 // 120  # 1,500,000 USDT of position each
    assert len(reaction(signal("momentum"), 0.03, held=int(largest))) == 0
    orders = reaction(signal("momentum"), 0.03, held=int(largest) - 7)
    assert set(orders["lots"]) == {7}


def test_arbitrageurs_close_the_basis_from_both_sides_and_stop_at_their_capital():
    cheap = reaction(arbitrageurs(), -0.002)
    dear = reaction(arbitrageurs(), 0.002)
    assert len(cheap) >= 4
    assert set(cheap["side"]) == {0}
    assert np.all(cheap["price"] <= MARK)
    assert set(dear["side"]) == {1}
    assert np.all(dear["price"] >= MARK)
    assert len(reaction(arbitrageurs(), 0.0005)) == 0
    largest = int(100_000_000 * 0.05 / 20 * 10 / 120)
    assert reaction(arbitrageurs(), -0.002, held=largest // 2)["side"].tolist().count(1) == 0


def test_an_arbitrageur_short_of_money_here_sends_it_from_outside_after_the_delay():
    members = build(population(arbitrageurs(transfer_delay_ms=60_000), levered(500)))
    view = make_view(members)
    mine = np.arange(*members.opening.cohort_starts[:2])
    orders_at(members, view, 1000)
    lots = 10_000  # needs 10,000 x 120 / 10 = 120,000 USDT of the 250,000
    view.accounts.lots[mine, 0] = lots
    view.accounts.quote[mine] -= lots * UNIT + 200_000 * 10**6
    intents = Intents()
    view.time_ms, view.dt_ms = 11_000, 10_000
    members.decide(view, intents)
    assert len(intents.moves) > 10
    for move in intents.moves:
        assert (move.payer, move.reason, move.due_ms) == (OUTSIDE, Reason.DEPOSIT, 71_000)
        assert move.quanta == (250_000 - 50_000) * 10**6 // 2
    assert len({move.payee for move in intents.moves}) == len(intents.moves)  # once, while it is on its way
