"""Conformance of behaviours: valid intents, deterministic, flow per second independent of the step, and what each kind promises."""

import numpy as np
import pytest
from agent_worlds import (
    MARK,
    build,
    instruments,
    levered,
    make_view,
    market_arrays,
    opening_item,
    orders_at,
    population,
)

from sim.agents import Whale
from sim.agents.behaviours import MarketMaker
from sim.agents.view import ARRIVAL_SLOTS, CashMove, Intents
from sim.errors import ConfigError, InvariantError
from sim.events import (
    FLAG_LIQUIDATED,
    I_ACCOUNT,
    I_ARRIVAL,
    I_FLAGS,
    I_KIND,
    I_LOTS,
    I_MARKET,
    I_ORDER,
    I_PRICE,
    I_SIDE,
    I_STATUS,
    OrderKind,
    Reason,
)
from sim.kernels.state import OUTSIDE

UNIT = MARK * instruments()[0].tick_value
DEPTH = [
    {"within_ppm": 10_000, "bid_quote": "306000000", "ask_quote": "241000000"},
    {"within_ppm": 20_000, "bid_quote": "700000000", "ask_quote": "393000000"},
    {"within_ppm": 30_000, "bid_quote": "1003000000", "ask_quote": "482000000"},
    {"within_ppm": 40_000, "bid_quote": "1119000000", "ask_quote": "611000000"},
    {"within_ppm": 50_000, "bid_quote": "1200000000", "ask_quote": "723000000"},
]


def makers(**changes) -> dict:
    behaviour = {
        "kind": "market_maker",
        "market": "BTCUSDT",
        "depth": DEPTH,
        "calm_volatility_ppm": 100,
        "inventory_limit_quote": "500000000",
    }
    capital = {"quote": "2000000000"}
    return {
        "name": "makers", "traders": 8, "max_leverage": 10, "capital": capital, "behaviour": {**behaviour, **changes}
    }  # fmt: skip


def noise(**changes) -> dict:
    behaviour = {"kind": "noise", "market": "BTCUSDT", "orders_per_s": "40", "volume_quote_per_s": "2000000"}
    capital = {"quote": "500000000"}
    return {"name": "noise", "traders": 400, "capital": capital, "behaviour": {**behaviour, **changes}}


def signal(kind: str, **changes) -> dict:
    behaviour = {
        "kind": kind,
        "market": "BTCUSDT",
        "threshold": {"low_ppm": 1_000, "high_ppm": 5_000},
        "decision_interval_s": "5",
    }
    extra = {"horizons_s": ["30", "300"]} if kind == "momentum" else {"dispersion_ppm": 0}
    capital = {"quote": "300000000"}
    return {"name": kind, "traders": 100, "capital": capital, "behaviour": {**behaviour, **extra, **changes}}


def arbitrageurs(**changes) -> dict:
    behaviour = {
        "kind": "arbitrageur",
        "market": "BTCUSDT",
        "entry_ppm": 1_000,
        "decision_interval_s": "2",
        "outside_quote": "100000000",
    }
    capital = {"quote": "100000000"}
    return {"name": "arbs", "traders": 20, "capital": capital, "behaviour": {**behaviour, **changes}}


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
    assert np.all((orders[:, I_ACCOUNT] >= start) & (orders[:, I_ACCOUNT] < end))
    assert np.all(orders[:, I_MARKET] == 0)
    assert set(orders[:, I_SIDE]) <= {0, 1}
    assert np.all((orders[:, I_ARRIVAL] >= 0) & (orders[:, I_ARRIVAL] < ARRIVAL_SLOTS))
    assert np.all(orders[:, I_STATUS] == -1)
    assert np.all(orders[:, I_ORDER] == -1)
    trades = np.isin(orders[:, I_KIND], (OrderKind.LIMIT, OrderKind.MARKET))
    assert np.all(orders[trades, I_LOTS] > 0)
    limits = orders[:, I_KIND] == OrderKind.LIMIT
    assert np.all(orders[limits, I_PRICE] > 0)
    assert np.all(np.abs(orders[limits, I_PRICE] / MARK - 1) < 0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_orders_and_another_seed_others(kind):
    first, again, other = (moving_run(KINDS[kind], step_ms=1000, seconds=30, seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("kind", ["noise", "momentum", "fundamentalist", "arbitrageur"])
def test_flow_per_second_does_not_depend_on_the_step(kind):
    """Arrival slots are the same at any step; only decisions that read the market between differ: within 4 s.e. of a count."""
    cohort = KINDS[kind]
    coarse, fine = (moving_run(cohort, step_ms=step, seconds=240) for step in (1000, 250))
    counts = [np.isin(orders[:, I_KIND], (OrderKind.LIMIT, OrderKind.MARKET)).sum() for orders in (coarse, fine)]
    assert counts[0] > 100
    assert abs(counts[0] - counts[1]) < 4 * (counts[0] + counts[1]) ** 0.5
    lots = [orders[orders[:, I_KIND] <= OrderKind.MARKET, I_LOTS].sum() for orders in (coarse, fine)]
    assert lots[0] == pytest.approx(lots[1], rel=0.1)


def test_noise_orders_are_the_very_same_at_a_finer_step():
    """At a constant mark the step changes nothing at all but when orders are seen."""
    runs = []
    for step in (1000, 250):
        members = build(population(noise(), levered(500)))
        view = make_view(members)
        rows = np.concatenate([orders_at(members, view, now) for now in range(step, 20_001, step)])
        runs.append(rows[:, [I_ACCOUNT, I_SIDE, I_KIND, I_PRICE, I_LOTS]])
    assert np.array_equal(runs[0], runs[1])


def test_noise_has_the_stated_rate_volume_and_mix():
    """400 s at 40 orders/s is 16,000 orders, s.e. 126; 2M/s x 5% is 100,000 USDT/s, s.e. of the sum 1/sqrt(16,000) x sqrt(2)."""
    members = build(population(noise(), levered(500)))
    view = make_view(members)
    rows = np.concatenate([orders_at(members, view, now) for now in range(1000, 400_001, 1000)])
    trades = rows[rows[:, I_KIND] <= OrderKind.MARKET]
    assert abs(len(trades) - 16_000) < 4 * 126.5
    value = trades[:, I_LOTS].sum() * UNIT / 1e6 / 400
    assert value == pytest.approx(100_000, rel=4 * (2 / 16_000) ** 0.5)
    share = (trades[:, I_KIND] == OrderKind.MARKET).mean()
    assert abs(share - 0.15) < 4 * (0.15 * 0.85 / 16_000) ** 0.5
    distance = np.abs(trades[trades[:, I_KIND] == OrderKind.LIMIT, I_PRICE] - MARK) / MARK
    assert distance.mean() == pytest.approx(0.001, rel=4 / (0.85 * 16_000) ** 0.5)
    buys = (trades[:, I_SIDE] == 0).mean()
    assert abs(buys - 0.5) < 4 * 0.5 / 16_000**0.5


def test_noise_limits_are_cancelled_after_their_lifetime():
    members = build(population(noise(limit_lifetime_s=5), levered(500)))
    view = make_view(members)
    view.accounts.open_bid[:] = 1  # as if every order rested
    placed = {}
    cancelled_late = 0
    for now in range(1000, 30_001, 1000):
        for row in orders_at(members, view, now):
            if row[I_KIND] == OrderKind.LIMIT:
                placed[int(row[I_ACCOUNT])] = now
            elif row[I_KIND] == OrderKind.CANCEL_ALL:
                cancelled_late += 4000 <= now - placed.get(int(row[I_ACCOUNT]), now) <= 6000
    assert cancelled_late > 500


def test_frozen_accounts_send_nothing():
    for kind in ("noise", "momentum", "arbitrageur", "market_maker"):
        members = build(population(KINDS[kind], levered(500)))
        view = make_view(members)
        view.index[0] = round(MARK * 1.02)
        view.accounts.flags[:] = 1
        assert sum(len(orders_at(members, view, now)) for now in (1000, 5000, 60_000)) == 0, kind


# Market makers -------------------------------------------------------------------------------------------------------


def ladder(volatility=1e-4, lots=0, profit=0, quantile=0.0, time_ms=1000, index=MARK, mark=MARK, loss=0, **changes):
    """(intents, bid lots, ask lots) of fresh makers in a given state."""
    members = build(population(makers(**changes), levered(500)))
    view = make_view(members)
    mine = np.arange(*members.opening.cohort_starts[:2])
    view.index[0], view.mark[0], view.volatility[0] = index, mark, volatility
    view.accounts.lots[mine, 0] = lots
    view.accounts.cost[mine, 0] = lots * view.mark[0] * instruments()[0].tick_value - profit
    view.accounts.quote[mine] -= lots * view.mark[0] * instruments()[0].tick_value + loss
    view.adl_quantile = np.full(members.opening.n_rows, quantile)
    orders = orders_at(members, view, time_ms)
    bids, asks = (orders[(orders[:, I_SIDE] == side) & (orders[:, I_KIND] == OrderKind.LIMIT)] for side in (0, 1))
    return orders, bids, asks


@pytest.mark.parametrize("levels", [1, 4])
def test_calm_ladders_reproduce_the_stated_depth(levels):
    """Each level loses less than one lot to rounding: 8 makers x 5 bands x levels lots at most."""
    _, bids, asks = ladder(levels_per_band=levels)
    for band in DEPTH:
        edge = band["within_ppm"] / 1e6
        near_bids = bids[bids[:, I_PRICE] >= MARK * (1 - edge) - 1]
        near_asks = asks[asks[:, I_PRICE] <= MARK * (1 + edge) + 1]
        for near, stated in ((near_bids, band["bid_quote"]), (near_asks, band["ask_quote"])):
            value = near[:, I_LOTS].sum() * UNIT / 1e6
            wanted = float(stated) * 0.05
            assert wanted - 8 * 5 * levels * UNIT / 1e6 <= value <= wanted


def test_first_band_follows_the_power_law_of_distance():
    _, bids, _ = ladder(levels_per_band=16)
    half = bids[bids[:, I_PRICE] >= MARK * 0.995][:, I_LOTS].sum()
    whole = bids[bids[:, I_PRICE] >= MARK * 0.99 - 1][:, I_LOTS].sum()
    assert half / whole == pytest.approx(0.5**0.85, abs=0.04)


def test_makers_withdraw_with_volatility():
    sizes = [ladder(volatility=v)[1][:, I_LOTS].sum() for v in (0.0, 1e-4, 2e-4, 4e-4, 1e-3)]
    assert sizes[0] == sizes[1] == sizes[2]
    assert sizes[3] == pytest.approx(sizes[2] / 2, rel=0.01)  # (tolerance 2 / ratio 4) ** 1
    assert sizes[4] == pytest.approx(sizes[2] / 5, rel=0.01)
    nearest = [ladder(volatility=v)[1][:, I_PRICE].max() for v in (1e-4, 1e-3)]
    assert nearest[0] > nearest[1]


def test_makers_withdraw_the_side_that_adds_to_their_inventory_and_skew_against_it():
    # Inventory limit: 500M x 5% / 8 makers / 120 USDT = 26,041 lots each.
    flat, full = ladder(), ladder(lots=26_042)
    assert len(full[1]) == 0
    assert full[2][:, I_LOTS].sum() > 0.9 * flat[2][:, I_LOTS].sum()
    half = ladder(lots=13_000)
    assert half[1][:, I_LOTS].sum() == pytest.approx(0.5 * flat[1][:, I_LOTS].sum(), rel=0.1)
    assert half[2][:, I_PRICE].min() < flat[2][:, I_PRICE].min()
    short = ladder(lots=-13_000)
    assert short[2][:, I_LOTS].sum() == pytest.approx(0.5 * flat[2][:, I_LOTS].sum(), rel=0.1)
    assert short[1][:, I_PRICE].max() > flat[1][:, I_PRICE].max()


def test_makers_quote_less_when_their_equity_is_gone_and_nothing_when_it_is_negative():
    capital = 2_000_000_000 * 0.05 / 8 * 1e6
    flat = ladder()[1][:, I_LOTS].sum()
    assert ladder(loss=int(capital * 0.5))[1][:, I_LOTS].sum() == pytest.approx(0.5 * flat, rel=0.01)
    assert len(ladder(loss=int(capital * 1.1))[0]) == 0


def test_makers_withdraw_with_their_chance_of_being_deleveraged():
    capital = int(2_000_000_000 * 0.05 / 8 * 1e6)
    common = {"lots": -1_000, "profit": capital}
    safe, first = ladder(quantile=0.0, **common)[1], ladder(quantile=1.0, **common)[1]
    middle = ladder(quantile=0.5, **common)[1]
    assert middle[:, I_LOTS].sum() == pytest.approx(0.5 * safe[:, I_LOTS].sum(), rel=0.02)
    assert first[:, I_LOTS].sum() < 0.05 * safe[:, I_LOTS].sum()
    losing = ladder(quantile=1.0, lots=-1_000, profit=-1)[1]
    assert losing[:, I_LOTS].sum() == safe[:, I_LOTS].sum()


def test_makers_do_not_withdraw_with_time_or_with_the_fall_of_the_price():
    now, later = ladder(time_ms=1000)[1], ladder(time_ms=3_600_000)[1]
    assert now[:, I_LOTS].sum() == later[:, I_LOTS].sum()
    fallen = ladder(index=MARK // 2, mark=MARK // 2)[1]
    assert fallen[:, I_LOTS].sum() == now[:, I_LOTS].sum()
    assert fallen[:, I_PRICE].max() < MARK // 2


def test_what_is_taken_from_a_maker_comes_back_with_the_half_life():
    members = build(population(makers(refill_half_life_ms=10_000, inventory_limit_quote="500000000000"), levered(500)))
    view = make_view(members)
    mine = np.arange(*members.opening.cohort_starts[:2])

    def bid_lots(now):
        orders = orders_at(members, view, now)
        return orders[(orders[:, I_SIDE] == 0) & (orders[:, I_KIND] == OrderKind.LIMIT), I_LOTS].sum()

    calm = bid_lots(1000)
    view.accounts.lots[mine, 0] += calm // 16  # half of each maker's bids
    view.accounts.quote[mine] -= calm // 16 * UNIT
    view.accounts.cost[mine, 0] += calm // 16 * UNIT
    # Equity used: position 1/16 x 8 of the bids; capacity 2e9 x 10, bids 1.2e9: 3% of it, on top of the depletion.
    used = 1 - 0.5 * 1.2e9 / 2e10
    assert bid_lots(2000) == pytest.approx(0.5 * used * calm, rel=0.01)
    assert bid_lots(12_000) == pytest.approx(0.75 * used * calm, rel=0.01)


def test_makers_stand_still_while_nothing_changes():
    members = build(population(makers(), levered(500)))
    view = make_view(members)
    orders = orders_at(members, view, 1000)
    for side, resting in ((0, view.accounts.open_bid), (1, view.accounts.open_ask)):
        limits = orders[(orders[:, I_SIDE] == side) & (orders[:, I_KIND] == OrderKind.LIMIT)]
        np.add.at(resting[:, 0], limits[:, I_ACCOUNT], limits[:, I_LOTS])
    assert len(orders_at(members, view, 5000)) == 0
    view.index[0] = round(MARK * 1.001)
    moved = orders_at(members, view, 9000)
    assert (moved[:, I_KIND] == OrderKind.CANCEL_ALL).sum() == 8
    for maker in set(moved[:, I_ACCOUNT].tolist()):
        assert moved[moved[:, I_ACCOUNT] == maker][0, I_KIND] == OrderKind.CANCEL_ALL  # before its new quotes


def test_makers_that_cannot_pay_for_their_depth_are_refused():
    poor = {**makers(), "capital": {"quote": "1000000"}}
    with pytest.raises(ConfigError, match="capital x max_leverage carries"):
        build(population(poor, levered(500)))


def test_depth_must_rise():
    with pytest.raises(ValueError, match="depth must rise"):
        MarketMaker.model_validate({**makers()["behaviour"], "depth": DEPTH[::-1]})


# Those who follow, those who resist, those who tie -----------------------------------------------------------------------


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
    assert set(orders[:, I_SIDE]) == {side}


def test_a_dip_buyer_never_goes_short_and_calm_signal_traders_do_nothing():
    assert len(reaction(signal("dip_buyer"), 0.03)) == 0
    for kind in ("momentum", "fundamentalist", "dip_buyer"):
        assert len(reaction(signal(kind), 0.0002)) == 0


def test_signal_traders_go_flat_when_the_signal_fades():
    orders = reaction(signal("momentum"), 0.0, held=500)
    assert len(orders) >= 8
    assert set(orders[:, I_SIDE]) == {1}
    assert set(orders[:, I_FLAGS]) == {1}  # reduce-only


def test_signal_traders_stop_at_what_their_capital_carries():
    largest = 300_000_000 * 0.05 / 100 * 10 // 120  # 1,500,000 USDT of position each
    assert len(reaction(signal("momentum"), 0.03, held=int(largest))) == 0
    orders = reaction(signal("momentum"), 0.03, held=int(largest) - 7)
    assert set(orders[:, I_LOTS]) == {7}


def test_arbitrageurs_close_the_basis_from_both_sides_and_stop_at_their_capital():
    cheap = reaction(arbitrageurs(), -0.002)
    dear = reaction(arbitrageurs(), 0.002)
    assert len(cheap) >= 4
    assert set(cheap[:, I_SIDE]) == {0}
    assert np.all(cheap[:, I_PRICE] <= MARK)
    assert set(dear[:, I_SIDE]) == {1}
    assert np.all(dear[:, I_PRICE] >= MARK)
    assert len(reaction(arbitrageurs(), 0.0005)) == 0
    largest = int(100_000_000 * 0.05 / 20 * 10 / 120)
    assert reaction(arbitrageurs(), -0.002, held=largest // 2)[:, I_SIDE].tolist().count(1) == 0


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


# Levered traders --------------------------------------------------------------------------------------------------------


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
    """20x at the mark, maintenance .4%: a fall of 3.5% leaves 1.55% - .4% of 1.2% < 2%: about .0119 of the value at the new mark."""
    members, view, moves, _ = moves_after(watchers(), -0.035)
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
        orders += intents.rows[: intents.count].tolist()
        assert now > 20_000 or not orders
    assert len(orders) == len({order[I_ACCOUNT] for order in orders}) > 900  # those whose half margin is a lot at least
    for order in orders:
        assert order[I_KIND] == OrderKind.MARKET
        assert order[I_SIDE] == side[order[I_ACCOUNT]]
        value = order[I_LOTS] * UNIT
        assert value <= 20 * view.accounts.quote[order[I_ACCOUNT]]


def test_stop_losses_and_holding_need_no_decisions():
    members = build(population(levered(500)))
    assert len(orders_at(members, make_view(members), 1000)) == 0


# Named agents, intents ---------------------------------------------------------------------------------------------------


def test_a_whale_sells_its_amount_evenly_whatever_the_step():
    program = {"market": "BTCUSDT", "side": "sell", "base": "200", "start_s": 10, "duration_s": 100}
    whale = Whale.model_validate({"kind": "whale", "name": "whale", "deposit_quote": "1", "programs": [program]})
    for step in (1000, 250, 7000):
        members = build(population(levered(500)), [whale])
        view = make_view(members)
        found = [(now, orders_at(members, view, now)) for now in range(step, 140_001, step)]
        sold = sum(int(rows[:, I_LOTS].sum()) for _, rows in found)
        assert sold == 10_000  # 200 x 5% / .001
        by_half = sum(int(rows[:, I_LOTS].sum()) for now, rows in found if now <= 60_000)
        assert by_half == pytest.approx(5_000, abs=100 * step / 1000)
        assert all(len(rows) == 0 for now, rows in found if now < 10_000 or now > 110_000 + step)
        assert {int(side) for _, rows in found for side in rows[:, I_SIDE]} == {1}


def test_cohorts_wake_only_when_due():
    members = build(population(noise(), makers(), levered(500)))
    view = make_view(members)
    intents = Intents()
    view.time_ms = 1000
    members.decide(view, intents, cohorts=[], agents=[])
    assert intents.count == 0
    members.decide(view, intents, cohorts=[1, 1])
    starts = members.opening.cohort_starts
    owners = intents.rows[: intents.count, I_ACCOUNT]
    assert len(owners)
    assert np.all((owners >= starts[1]) & (owners < starts[2]))


def test_intents_grow_and_refuse_a_flood():
    intents = Intents(limit=5_000)
    for k in range(3_000):
        intents.append(account=k, market=0, kind=OrderKind.MARKET, lots=1, arrival=(k * 7919) % ARRIVAL_SLOTS)
    assert intents.count == 3_000
    assert intents.rows[2_999, I_ACCOUNT] == 2_999
    intents.sort()
    keys = intents.rows[:3_000, I_ARRIVAL]
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
        first.add(rows[0, I_ACCOUNT] < members.opening.cohort_starts[1])
    assert first == {True, False}


def test_views_share_the_mark_of_the_markets():
    members = build(population(levered(500)))
    view = make_view(members)
    view.markets.mark[0] = 5
    assert view.mark[0] == 5
    assert market_arrays().mark[0] == MARK
