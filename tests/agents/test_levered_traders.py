"""Levered traders: who adds margin, when, from where and how much; who comes back after liquidation."""

import pytest
from clearsim.agents.view import CashMove, Intents
from clearsim.layout import FLAG_LIQUIDATED, OUTSIDE, OrderKind, Reason

from tests.agents.agent_worlds import (
    MARK,
    UNIT,
    build,
    instruments,
    levered,
    make_view,
    opening_item,
    orders_at,
    population,
)


def watchers(**changes) -> dict:
    behaviour = {"kind": "levered", "topup_accounts_ppm": 1_000_000, "attention_s": "10", **changes}
    leverage = {"kind": "fixed", "weight": "account", "at": "now", "leverage": "20"}
    item = opening_item(
        leverage=leverage,
        isolated_ppm=1_000_000,
        stops=None,
        ageing={"mean_age_days": "0", "volatility_per_day_ppm": 0},
    )
    return levered(1_000, behaviour=behaviour, opening=[item])


def moves_after(cohort: dict, change: float, seconds: int = 10, flags: int = 0, flat: bool = False):
    members = build(population(cohort))
    view = make_view(members)
    intents = Intents()
    view.time_ms = 1
    members.decide(view, intents)
    assert not intents.moves
    view.mark[0] = round(MARK * (1 + change))
    view.accounts.flags[members.opening.first_trader :] = flags
    if flat:
        view.accounts.quote[:] = 0
        view.accounts.lots[:] = 0
    found: list[CashMove] = []
    for now in range(1000, seconds * 1000 + 1, 1000):
        intents.clear()
        view.time_ms = now
        members.decide(view, intents)
        found += intents.moves
    return members, view, found, intents


def test_nobody_tops_up_far_from_liquidation():
    assert moves_after(watchers(), 0.0)[2] == []


def test_longs_top_up_from_their_wallets_when_liquidation_is_near():
    """20x at the mark: a fall of 3.5% leaves 1.55% of it less .4% maintenance: below the 2% at which they act."""
    members, _view, moves, _ = moves_after(watchers(), -0.035)
    opening = members.opening
    held = dict(zip(opening.positions[:, 0].tolist(), opening.positions[:, 2].tolist(), strict=True))
    assert {held[move.payee] > 0 for move in moves} == {True}
    longs_with_money = sum(1 for row, lots in held.items() if lots > 0 and opening.deposit[opening.wallet[row]] > 0)
    assert len(moves) == len({move.payee for move in moves}) == longs_with_money  # each looked once in 10 s
    for move in moves:
        assert move.reason == Reason.MARGIN_MOVE
        assert move.payer == opening.wallet[move.payee]
        assert move.quanta <= opening.deposit[move.payer]


def test_a_top_up_restores_the_stated_distance():
    generous = watchers()
    generous["opening"][0]["capital_share_per_position"] = {"low_ppm": 100_000, "high_ppm": 100_000}
    members, view, moves, _ = moves_after(generous, -0.035)
    lots = {row: int(size) for row, _, size, _ in members.opening.positions.tolist()}
    for move in moves[:50]:
        value = lots[move.payee] * int(view.mark[0]) * instruments()[0].tick_value
        equity = int(view.accounts.quote[move.payee]) + value + move.quanta
        maintenance = value * 0.004 if value < 50_000 * 10**6 else None
        if maintenance is not None:
            assert (equity - maintenance) / value == pytest.approx(0.05, abs=1e-6)


def test_money_from_outside_is_limited_by_the_budget_and_arrives_late():
    cohort = watchers(outside_budget_ppm=300_000, transfer_delay_ms=45_000)
    cohort["opening"][0]["capital_share_per_position"] = {"low_ppm": 1_000_000, "high_ppm": 1_000_000}
    members, _, moves, _ = moves_after(cohort, -0.035, seconds=30)
    assert len(moves) == len({move.payee for move in moves}) > 500
    for move in moves:
        assert (move.payer, move.reason) == (OUTSIDE, Reason.DEPOSIT)
        assert move.due_ms % 1000 == 0
        assert 46_000 <= move.due_ms <= 55_000
        assert move.quanta <= 0.3 * members.opening.deposit[move.payee] + 1


def test_liquidated_traders_come_back_once_with_new_money_on_the_same_side():
    cohort = watchers(
        topup_accounts_ppm=0, comeback_accounts_ppm=1_000_000, outside_budget_ppm=500_000, comeback_delay_s=20
    )
    members, view, moves, intents = moves_after(cohort, 0.0, seconds=10, flags=FLAG_LIQUIDATED, flat=True)
    assert len(moves) == 1_000
    assert all(move.payer == OUTSIDE and 21_000 <= move.due_ms <= 30_000 for move in moves)
    for move in moves:
        view.accounts.quote[move.payee] += move.quanta
    side = {row: 0 if lots > 0 else 1 for row, _, lots, _ in members.opening.positions.tolist()}
    orders = []
    for now in range(11_000, 60_001, 1000):
        intents.clear()
        view.time_ms = now
        members.decide(view, intents)
        assert not intents.moves
        orders += list(intents.rows[: intents.count].copy())
        assert now > 20_000 or not orders
    assert len(orders) == len({order["account"] for order in orders}) > 900  # those whose half margin is a lot at least
    for order in orders:
        assert order["kind"] == OrderKind.MARKET
        assert order["side"] == side[order["account"]]
        value = order["lots"] * UNIT
        assert value <= 20 * view.accounts.quote[order["account"]]


def test_stop_losses_and_holding_need_no_decisions():
    members = build(population(levered(500)))
    assert len(orders_at(members, make_view(members), 1000)) == 0


def test_the_short_cut_for_safe_positions_changes_no_decision():
    """Far from liquidation a trader only compares the mark; forgetting what it knows each time decides the same."""
    found = {}
    for forget in (False, True):
        cohort = watchers(outside_budget_ppm=300_000, attention_s="3")
        cohort["opening"][0]["leverage"] = opening_item()["leverage"]
        members = build(population(cohort))
        view, intents, moves = make_view(members), Intents(), []
        for step in range(400):
            intents.clear()
            view.time_ms = 1000 * (step + 1)
            view.mark[0] = round(MARK * (1 - 0.0005 * step if step < 200 else 0.9 + 0.001 * (step - 200)))
            if forget and step:
                members.cohorts[0].state.arrays.memory["safe"] = 0
            members.decide(view, intents)
            moves += [(view.time_ms, *move) for move in intents.moves]
        found[forget] = moves
    assert len(found[True]) > 500
    assert found[False] == found[True]
