"""Market makers: calm depth as stated; they withdraw by inventory, equity, volatility and ADL; never by time."""

import numpy as np
import pytest
from clearsim.agents.behaviours import MarketMaker
from clearsim.errors import ConfigError
from clearsim.layout import OrderKind

from tests.agents.agent_worlds import (
    DEPTH,
    MARK,
    UNIT,
    build,
    instruments,
    levered,
    make_view,
    makers,
    orders_at,
    population,
)


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
    bids, asks = (orders[(orders["side"] == side) & (orders["kind"] == OrderKind.LIMIT)] for side in (0, 1))
    return orders, bids, asks


@pytest.mark.parametrize("levels", [1, 4])
def test_calm_ladders_reproduce_the_stated_depth(levels):
    """Each level loses less than one lot to rounding: 8 makers x 5 bands x levels lots at most."""
    _, bids, asks = ladder(levels_per_band=levels)
    for band in DEPTH:
        edge = band["within_ppm"] / 1e6
        near_bids = bids[bids["price"] >= MARK * (1 - edge) - 1]
        near_asks = asks[asks["price"] <= MARK * (1 + edge) + 1]
        for near, stated in ((near_bids, band["bid_quote"]), (near_asks, band["ask_quote"])):
            value = near["lots"].sum() * UNIT / 1e6
            wanted = float(stated) * 0.05
            assert wanted - 8 * 5 * levels * UNIT / 1e6 <= value <= wanted


def test_first_band_follows_the_power_law_of_distance():
    _, bids, _ = ladder(levels_per_band=16)
    half = bids[bids["price"] >= MARK * 0.995]["lots"].sum()
    whole = bids[bids["price"] >= MARK * 0.99 - 1]["lots"].sum()
    assert half / whole == pytest.approx(0.5**0.85, abs=0.04)


def test_makers_withdraw_with_volatility():
    sizes = [ladder(volatility=v)[1]["lots"].sum() for v in (0.0, 1e-4, 2e-4, 4e-4, 1e-3)]
    assert sizes[0] == sizes[1] == sizes[2]
    assert sizes[3] == pytest.approx(sizes[2] / 2, rel=0.01)  # (tolerance 2 / ratio 4) ** 1
    assert sizes[4] == pytest.approx(sizes[2] / 5, rel=0.01)
    nearest = [ladder(volatility=v)[1]["price"].max() for v in (1e-4, 1e-3)]
    assert nearest[0] > nearest[1]


def test_makers_withdraw_the_side_that_adds_to_their_inventory_and_skew_against_it():
    # Inventory limit: 500M x 5% / 8 makers / 120 USDT = 26,041 lots each.
    flat, full = ladder(), ladder(lots=26_042)
    assert len(full[1]) == 0
    assert full[2]["lots"].sum() > 0.9 * flat[2]["lots"].sum()
    half = ladder(lots=13_000)
    assert half[1]["lots"].sum() == pytest.approx(0.5 * flat[1]["lots"].sum(), rel=0.1)
    assert half[2]["price"].min() < flat[2]["price"].min()
    short = ladder(lots=-13_000)
    assert short[2]["lots"].sum() == pytest.approx(0.5 * flat[2]["lots"].sum(), rel=0.1)
    assert short[1]["price"].max() > flat[1]["price"].max()


def test_the_skew_grows_with_volatility_as_in_the_papers_and_is_the_stated_one_when_calm():
    """13,000 of 26,041.67 lots at ten times the calm volatility: skew .002 x 10**power x .49920 of the middle."""
    common = {"lots": 13_000, "withdrawal_power": 0, "widening": 0, "skew_ppm": 2_000}
    asks = {
        (power, volatility): ladder(volatility=volatility, skew_volatility_power=power, **common)[2]["price"].min()
        for power in (0, 1, 2)
        for volatility in (5e-5, 1e-4, 1e-3)
    }
    flat = ladder(withdrawal_power=0, widening=0)[2]["price"].min()
    for power, shift in ((0, 0.000_998_4), (1, 0.009_984), (2, 0.099_84)):
        assert asks[power, 1e-4] == asks[power, 5e-5] == asks[0, 1e-4]
        assert asks[power, 1e-3] == pytest.approx(flat * (1 - shift), abs=2)


def test_makers_quote_less_when_their_equity_is_gone_and_nothing_when_it_is_negative():
    capital = 2_000_000_000 * 0.05 / 8 * 1e6
    flat = ladder()[1]["lots"].sum()
    assert ladder(loss=int(capital * 0.5))[1]["lots"].sum() == pytest.approx(0.5 * flat, rel=0.01)
    assert len(ladder(loss=int(capital * 1.1))[0]) == 0


def test_makers_withdraw_with_their_chance_of_being_deleveraged():
    capital = int(2_000_000_000 * 0.05 / 8 * 1e6)
    common = {"lots": -1_000, "profit": capital}
    safe, first = ladder(quantile=0.0, **common)[1], ladder(quantile=1.0, **common)[1]
    middle = ladder(quantile=0.5, **common)[1]
    assert middle["lots"].sum() == pytest.approx(0.5 * safe["lots"].sum(), rel=0.02)
    assert first["lots"].sum() < 0.05 * safe["lots"].sum()
    losing = ladder(quantile=1.0, lots=-1_000, profit=-1)[1]
    assert losing["lots"].sum() == safe["lots"].sum()


def test_makers_do_not_withdraw_with_time_or_with_the_fall_of_the_price():
    now, later = ladder(time_ms=1000)[1], ladder(time_ms=3_600_000)[1]
    assert now["lots"].sum() == later["lots"].sum()
    fallen = ladder(index=MARK // 2, mark=MARK // 2)[1]
    assert fallen["lots"].sum() == now["lots"].sum()
    assert fallen["price"].max() < MARK // 2


def test_what_is_taken_from_a_maker_comes_back_with_the_half_life():
    members = build(population(makers(refill_half_life_ms=10_000, inventory_limit_quote="500000000000"), levered(500)))
    view = make_view(members)
    mine = np.arange(*members.opening.cohort_starts[:2])

    def bid_lots(now):
        orders = orders_at(members, view, now)
        return orders["lots"][(orders["side"] == 0) & (orders["kind"] == OrderKind.LIMIT)].sum()

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
        limits = orders[(orders["side"] == side) & (orders["kind"] == OrderKind.LIMIT)]
        np.add.at(resting[:, 0], limits["account"], limits["lots"])
    assert len(orders_at(members, view, 5000)) == 0
    view.index[0] = round(MARK * 1.001)
    moved = orders_at(members, view, 9000)
    assert (moved["kind"] == OrderKind.CANCEL_ALL).sum() == 8
    for maker in set(moved["account"].tolist()):
        assert moved[moved["account"] == maker]["kind"][0] == OrderKind.CANCEL_ALL  # before its new quotes


def test_makers_that_cannot_pay_for_their_depth_are_refused():
    poor = {**makers(), "capital": {"quote": "1000000"}}
    with pytest.raises(ConfigError, match="capital x max_leverage carries"):
        build(population(poor, levered(500)))


def test_depth_must_rise():
    with pytest.raises(ValueError, match="depth must rise"):
        MarketMaker.model_validate({**makers()["behaviour"], "depth": DEPTH[::-1]})
