"""The pre-trade check and the margins of rows, by hand: one market or two, open orders, leverage caps, reductions."""

import numpy as np
import pytest
from clearsim.kernels.margin.requirement import (
    check_order,
    equity,
    find_tier,
    initial_requirement,
    is_distressed,
    maintenance,
    maintenance_in,
    measure_rows,
    position_maintenance,
)
from clearsim.layout import BASE_ENTRY, BASE_MARK, BASE_MARK_PLUS_FEE, AccountMode, OrderStatus, Side

from tests.worlds.margin import FIRST_TRADER as ROW
from tests.worlds.margin import derived_tiers, make_markets, make_rows

PASSES, MARGIN, CAP = int(OrderStatus.DONE), int(OrderStatus.REJECTED_MARGIN), int(OrderStatus.REJECTED_TIER_CAP)
BUY, SELL = int(Side.BUY), int(Side.SELL)
TEN_TIMES = derived_tiers([(0, 50_000, 100_000)])


def one_market(*, quote, lots=0, leverage=10, mark=10, tiers=TEN_TIMES, **kinds):
    accounts = make_rows(2)
    accounts.initial_ppm[ROW] = -(-1_000_000 // leverage)
    accounts.quote[ROW], accounts.lots[ROW, 0] = quote, lots
    return accounts, make_markets(marks=[mark], tick_values=[1], tiers=[tiers], **kinds)


def check(world, side, lots, *, price=10, market=0, row=ROW):
    return check_order(*world, row, market, side, price, lots)


def test_an_order_needs_its_initial_margin_to_the_quantum():
    """CLR-MRG-006: 100 lots at a mark of 10 are 1,000, which need 100 at 10x."""
    for side in (BUY, SELL):
        assert check(one_market(quote=100), side, 100) == PASSES
        assert check(one_market(quote=100), side, 101) == MARGIN
        assert check(one_market(quote=99), side, 100) == MARGIN


@pytest.mark.parametrize(("side", "resting"), [(BUY, "open_bid"), (SELL, "open_ask")])
def test_open_orders_on_the_same_side_use_margin_and_on_the_other_side_do_not(side, resting):
    """CLR-MRG-006: with 1 lot resting on the same side 99 more pass and 100 do not; the other side may hold 100."""
    world = one_market(quote=100)
    getattr(world[0], resting)[ROW, 0] = 1
    assert check(world, side, 100) == MARGIN
    assert check(world, side, 99) == PASSES
    world = one_market(quote=100)
    getattr(world[0], "open_ask" if side == BUY else "open_bid")[ROW, 0] = 100
    assert check(world, side, 100) == PASSES


def test_a_position_counts_on_its_own_side_and_against_the_other():
    """CLR-MRG-006: long 40 with equity 100: 60 more long; on the short side 140, which leaves 100 short."""
    world = one_market(quote=100 - 40 * 10, lots=40)
    assert check(world, BUY, 60) == PASSES
    assert check(world, BUY, 61) == MARGIN
    assert check(world, SELL, 140) == PASSES
    assert check(world, SELL, 141) == MARGIN


def test_what_an_order_loses_against_the_mark_at_its_price_must_be_covered_too():
    """CLR-MRG-006: buying 50 at 11 loses 50 at once; 50 more are needed as margin."""
    assert check(one_market(quote=100), BUY, 50, price=11) == PASSES
    assert check(one_market(quote=99), BUY, 50, price=11) == MARGIN
    assert check(one_market(quote=100), SELL, 50, price=9) == PASSES
    assert check(one_market(quote=99), SELL, 50, price=9) == MARGIN
    assert check(one_market(quote=100), BUY, 100, price=9) == PASSES  # a better price earns no credit
    assert check(one_market(quote=100), BUY, 101, price=9) == MARGIN


@pytest.mark.parametrize(("lots", "side"), [(10, SELL), (-10, BUY)])
def test_orders_that_can_only_reduce_pass_even_without_equity(lots, side):
    """CLR-MRG-009: long 10 with equity 0 may sell 10, or 6 with 4 already resting, not 7."""
    world = one_market(quote=-lots * 10, lots=lots)
    assert check(world, side, 10) == PASSES
    assert check(world, side, 11) == MARGIN
    resting = world[0].open_ask if side == SELL else world[0].open_bid
    resting[ROW, 0] = 4
    assert check(world, side, 6) == PASSES
    assert check(world, side, 7) == MARGIN
    world[0].quote[ROW] -= 1_000_000  # far below zero
    assert check(world, side, 6) == PASSES
    assert check(world, BUY if side == SELL else SELL, 1) == MARGIN


BINANCE_START = derived_tiers([(0, 4_000, 8_000), (50_000, 5_000, 10_000), (600_000, 6_500, 13_334)])


@pytest.mark.parametrize(
    ("leverage", "lots", "status"),
    [(125, 4_999, PASSES), (125, 5_000, CAP), (100, 59_999, PASSES), (100, 60_000, CAP), (75, 60_000, PASSES)],
)
def test_leverage_is_capped_by_the_tier_that_the_order_would_reach(leverage, lots, status):
    """CLR-MRG-007: 100x ends where the 75x tier begins, at 600,000; a notional on the floor is in the higher tier."""
    assert check(one_market(quote=10**9, leverage=leverage, tiers=BINANCE_START), BUY, lots) == status


def test_size_is_capped_by_the_schedule_even_where_the_product_would_leave_int64():
    """CLR-MRG-007: cap 1,000,000 at a mark of 10."""
    world = one_market(quote=2**60, leverage=1, cap=1_000_000)
    assert check(world, BUY, 100_000) == PASSES
    assert check(world, BUY, 100_001) == CAP
    assert check(world, BUY, 2**62) == CAP
    world[0].open_bid[ROW, 0] = 1
    assert check(world, BUY, 100_000) == CAP


def test_the_larger_of_own_and_tier_rate_is_required():
    """CLR-MRG-005: at 50x in a 10x tier the tier's rate counts; at 5x the trader's own. 10% of 1 quantum is 1."""
    markets = make_markets(marks=[10], tick_values=[1], tiers=[TEN_TIMES])
    assert initial_requirement(1_000, 20_000, markets.params[0], markets.tiers[0]) == 100
    assert initial_requirement(1_000, 200_000, markets.params[0], markets.tiers[0]) == 200
    assert initial_requirement(1, 100_000, markets.params[0], markets.tiers[0]) == 1


def two_markets(quote, lots, *, marks=(10, 10)):
    accounts = make_rows(2, 2)
    accounts.quote[ROW], accounts.lots[ROW] = quote, lots
    accounts.initial_ppm[ROW] = 100_000
    return accounts, make_markets(marks=list(marks), tick_values=[1, 1], tiers=[TEN_TIMES, TEN_TIMES])


def test_positions_and_orders_in_other_markets_use_the_same_equity():
    """CLR-MRG-006, CLR-MRG-010: 100 of equity carry 1,000 of notional over all markets together."""
    world = two_markets(100 - 300, [0, 30])
    assert check(world, BUY, 70) == PASSES
    assert check(world, BUY, 71) == MARGIN
    world[0].open_ask[ROW, 1] = 80  # the worse side of the other market is now 50 short
    assert check(world, BUY, 50) == PASSES
    assert check(world, BUY, 51) == MARGIN


def test_an_isolated_row_trades_its_own_market_only():
    """CLR-MRG-011."""
    world = two_markets(100, [0, 0])
    world[0].mode[ROW], world[0].market[ROW] = AccountMode.ISOLATED, 1
    assert check(world, BUY, 10, market=1) == PASSES
    assert check(world, BUY, 10, market=0) == MARGIN


def test_maintenance_follows_the_published_bracket_table():
    """CLR-MRG-001: BTCUSDT at 1,000,000: 0.65% - 950 = 5,550 (vector BN-BRACKET-01), in cents: exact."""
    table = derived_tiers([(0, 4_000, 8_000), (5_000_000, 5_000, 10_000), (60_000_000, 6_500, 13_334)])
    assert [row[2] for row in table] == [0, 5_000, 95_000]
    markets = make_markets(marks=[50_000], tick_values=[100], tiers=[table])
    params, tiers = markets.params[0], markets.tiers[0]
    assert position_maintenance(20, 0, 50_000, params, tiers) == 555_000
    assert position_maintenance(-20, 0, 50_000, params, tiers) == 555_000
    assert position_maintenance(0, 0, 50_000, params, tiers) == 0
    assert [find_tier(value, tiers, 3) for value in (0, 4_999_999, 5_000_000, 59_999_999, 10**12)] == [0, 0, 1, 1, 2]


def test_the_requirement_is_rounded_up():
    """CLR-MRG-001: 0.5% of 201 quanta is 1.005, so 2."""
    markets = make_markets(marks=[201], tick_values=[1], tiers=[derived_tiers([(0, 5_000, 10_000)])])
    assert position_maintenance(1, 0, 201, markets.params[0], markets.tiers[0]) == 2
    assert position_maintenance(1, 0, 200, markets.params[0], markets.tiers[0]) == 1


@pytest.mark.parametrize(("base", "margin"), [(BASE_MARK, 45), (BASE_ENTRY, 50), (BASE_MARK_PLUS_FEE, 50)])
def test_the_base_decides_what_the_rate_is_taken_of(base, margin):
    """CLR-MRG-002: entry 10,000, mark 9,000, 0.5%: 45 on mark, 50 on entry, 49.5 rounded up with a fee of 0.05%."""
    markets = make_markets(
        marks=[9_000], tick_values=[1], tiers=[derived_tiers([(0, 5_000, 10_000)])], base=base, close_fee_ppm=500
    )
    assert position_maintenance(1, 10_000, 9_000, markets.params[0], markets.tiers[0]) == margin


@pytest.mark.parametrize(("quote", "strict", "gentle"), [(101, False, False), (100, False, True), (99, True, True)])
def test_equity_exactly_at_the_requirement_is_distressed_only_where_the_schedule_says_so(quote, strict, gentle):
    """CLR-MRG-003: requirement 50 on 10 lots at 100, equity 51, 50, 49."""
    for at_or_below, expected in ((False, strict), (True, gentle)):
        accounts, markets = one_market(quote=quote - 1_050, lots=10, mark=100, at_or_below=at_or_below)
        assert maintenance(accounts, markets, ROW) == 50
        assert equity(accounts, markets, ROW) == quote - 50
        assert is_distressed(accounts, markets, ROW) == expected


def test_flat_rows_are_distressed_below_zero_only():
    """CLR-MRG-013."""
    for at_or_below in (False, True):
        for quote, expected in ((-1, True), (0, False), (1, False)):
            accounts, markets = one_market(quote=quote, at_or_below=at_or_below)
            assert is_distressed(accounts, markets, ROW) == expected


def test_equity_and_requirement_of_a_list_of_rows():
    """CLR-MRG-010: requirements of two markets add up without netting."""
    accounts, markets = two_markets(1_000, [30, -20], marks=(10, 40))
    assert maintenance_in(accounts, markets, ROW, 0) == 15
    assert maintenance_in(accounts, markets, ROW, 1) == 40
    out_equity, out_maintenance = np.zeros(2, np.int64), np.zeros(2, np.int64)
    measure_rows(accounts, markets, np.array([ROW, ROW + 1]), out_equity, out_maintenance)
    assert out_equity.tolist() == [1_000 + 300 - 800, 0]
    assert out_maintenance.tolist() == [55, 0]
