"""What exchanges tell traders about liquidation prices, with the numbers: closed form and compiled threshold."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from clearsim.clearing.fees import FeeSchedule
from clearsim.clearing.margin import FlatMargin
from clearsim.instrument import Instrument
from clearsim.kernels.margin.liquidation_price import distress_price
from clearsim.kernels.margin.requirement import equity, is_distressed

from tests.exact_margin import (
    Requirement,
    bankruptcy_price,
    liquidation_price,
    position_lots,
    position_size,
    to_decimal,
)
from tests.worlds.margin import FIRST_TRADER as ROW
from tests.worlds.margin import make_markets, make_rows

MARGIN, ENTRY = 1_000, 50_000
FEES = FeeSchedule(taker_ppm=500, maker_ppm=200)
#: A tick of one cent on a lot of 0.001 BTC is 1e-5 USDT: the grid on which the printed prices are exact.
BTC = Instrument.build(
    name="BTCUSDT", tick_size=Decimal("0.01"), lot_size=Decimal("0.001"), quantum=Decimal("0.000001")
)

PROMISES = [
    # leverage, base, maintenance ppm, size, liquidation, bankruptcy
    (10, "entry", 5_000, "0.2", "45250.00", 45_000),
    (10, "mark", 5_000, "0.2", "45226.13", 45_000),
    (10, "mark", 4_000, "0.2", "45180.72", 45_000),
    (10, "mark_plus_fee", 5_000, "0.2", "45248.87", 45_000),
    (20, "entry", 5_000, "0.4", "47750.00", 47_500),
    (20, "mark", 5_000, "0.4", "47738.69", 47_500),
    (20, "mark", 4_000, "0.4", "47690.76", 47_500),
]


def schedule(base: str, maintenance_ppm: int) -> FlatMargin:
    return FlatMargin(base=base, maintenance_ppm=maintenance_ppm, max_leverage=Decimal(100))


def lowered(base: str, maintenance_ppm: int, mark: int):
    params, tiers = schedule(base, maintenance_ppm).lower(quantum=BTC.quantum, fees=FEES)
    return make_markets(
        marks=[mark],
        tick_values=[BTC.tick_value],
        tiers=[tiers.tolist()],
        base=params["margin_base"],
        close_fee_ppm=params["close_fee_ppm"],
    )


@pytest.mark.parametrize(("leverage", "base", "ppm", "size", "liquidation", "bankruptcy"), PROMISES)
def test_a_thousand_at_10x_and_20x_from_50_000(leverage, base, ppm, size, liquidation, bankruptcy):
    """CLR-MRG-002, CLR-MRG-012: size, liquidation price to the cent and bankruptcy price of the promise."""
    quantity = position_size(margin=MARGIN, leverage=leverage, entry=ENTRY)
    assert quantity == Fraction(size)
    price = liquidation_price(Requirement.of(schedule(base, ppm), FEES), size=quantity, entry=ENTRY, margin=MARGIN)
    assert to_decimal(price) == Decimal(liquidation)
    assert bankruptcy_price(size=quantity, entry=ENTRY, margin=MARGIN) == bankruptcy


@pytest.mark.parametrize(("leverage", "base", "ppm", "size", "liquidation", "bankruptcy"), PROMISES)
def test_the_compiled_threshold_is_the_last_cent_below_the_closed_form(
    leverage, base, ppm, size, liquidation, bankruptcy
):
    """CLR-MRG-008: strictly below the requirement; at the bankruptcy price equity is exactly 0."""
    lots = position_lots(BTC, margin=MARGIN, leverage=leverage, entry=ENTRY)
    assert BTC.size(lots) == Decimal(size)
    exact = liquidation_price(
        Requirement.of(schedule(base, ppm), FEES), size=Fraction(size), entry=ENTRY, margin=MARGIN
    )
    ticks = exact * 100
    last_below = ticks.numerator // ticks.denominator - (1 if ticks.denominator == 1 else 0)

    markets = lowered(base, ppm, ENTRY * 100)
    cost = lots * ENTRY * 100 * BTC.tick_value
    accounts = make_rows(1)
    accounts.lots[ROW, 0], accounts.cost[ROW, 0] = lots, cost
    accounts.quote[ROW] = MARGIN * 10**6 - cost
    threshold = distress_price(accounts.quote[ROW], lots, cost, markets.params[0], markets.tiers[0])
    assert threshold == last_below
    markets.mark[0] = threshold
    assert is_distressed(accounts, markets, ROW)
    markets.mark[0] = threshold + 1
    assert not is_distressed(accounts, markets, ROW)
    markets.mark[0] = bankruptcy * 100
    assert equity(accounts, markets, ROW) == 0


def test_the_often_quoted_fall_of_4_75_percent_would_need_a_requirement_of_a_quarter_percent():
    """CLR-MRG-002: 20x from 50,000 at 47,625 needs 0.25% on entry; under all three real rules it is long liquidated."""
    size = Fraction("0.4")
    quarter = Requirement.flat(Fraction(25, 10_000), base="entry")
    assert quarter.maintenance(size=size, entry=ENTRY, mark=ENTRY) == 50
    assert liquidation_price(quarter, size=size, entry=ENTRY, margin=MARGIN) == 47_625
    assert Requirement.flat(Fraction(5, 1_000)).maintenance(size=size, entry=ENTRY, mark=ENTRY) == 100
    for base, ppm in (("entry", 5_000), ("mark", 5_000), ("mark", 4_000)):
        markets = lowered(base, ppm, 4_762_500)
        accounts = make_rows(1)
        accounts.lots[ROW, 0] = 400
        accounts.cost[ROW, 0] = 20_000 * 10**6
        accounts.quote[ROW] = -19_000 * 10**6
        assert equity(accounts, markets, ROW) == 50 * 10**6
        assert is_distressed(accounts, markets, ROW)


def test_sizes_round_down_to_whole_lots():
    """1,000 at 3x from 44,999 is 0.06666... BTC: 66 lots of 0.001."""
    assert position_lots(BTC, margin=1_000, leverage=3, entry=44_999) == 66
    assert np.isclose(float(position_size(margin=1_000, leverage=3, entry=44_999)), 0.0666681)
