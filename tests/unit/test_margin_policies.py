"""What a margin schedule and a fee schedule refuse, and what they lower to."""

from decimal import Decimal

import pytest
from clearsim.clearing.fees import FeeSchedule
from clearsim.clearing.margin import FlatMargin, MarginPolicy, Tier, TieredMargin, initial_ppm_of
from clearsim.errors import ConfigError
from clearsim.units import QUANTA_LIMIT
from pydantic import TypeAdapter, ValidationError

MICRO = Decimal("0.000001")
FEES = FeeSchedule(taker_ppm=500, maker_ppm=200)

#: BTCUSDT (Binance) of 2024-10-24, the first five brackets: floor, largest leverage, rate, maintenance amount.
BTCUSDT = (
    (0, 125, 4_000, 0),
    (50_000, 100, 5_000, 50),
    (600_000, 75, 6_500, 950),
    (3_000_000, 50, 10_000, 11_450),
    (12_000_000, 25, 20_000, 131_450),
)


def tiers(*rows):
    return tuple(
        Tier(floor_quote=Decimal(floor), max_leverage=Decimal(leverage), maintenance_ppm=rate, **more)
        for floor, leverage, rate, more in rows
    )


def binance(**changes):
    rows = [(floor, leverage, rate, {"deduction_quote": Decimal(cum)}) for floor, leverage, rate, cum in BTCUSDT]
    return TieredMargin(tiers=tiers(*rows), **changes)


def test_published_deductions_are_the_derived_ones():
    """CLR-MRG-004: BTCUSDT of 2024-10-24."""
    assert binance().deductions() == [0, 50, 950, 11_450, 131_450]


def test_the_deduction_of_the_venue_s_example():
    """CLR-MRG-004: floor 250,000, 1% after 0.5% with 50 before: 1,300 (vector BN-CUM-01)."""
    schedule = TieredMargin(tiers=tiers((0, 125, 4_000, {}), (50_000, 100, 5_000, {}), (250_000, 50, 10_000, {})))
    assert schedule.deductions() == [0, 50, 1_300]


def test_a_stated_deduction_that_breaks_continuity_is_refused_with_the_right_one():
    with pytest.raises(ValidationError, match=r"tiers\[1\].deduction_quote must be 50, found 60"):
        TieredMargin(tiers=tiers((0, 125, 4_000, {}), (50_000, 100, 5_000, {"deduction_quote": Decimal(60)})))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (((10, 125, 4_000, {}),), r"tiers\[0\].floor_quote must be 0, found 10"),
        (((0, 125, 8_000, {}),), r"tiers\[0\].maintenance_ppm must be below .* 125x \(8000 >= 8000\)"),
        (((0, 125, 4_000, {}), (0, 100, 5_000, {})), r"tiers\[1\].floor_quote must be above .* \(0 <= 0\)"),
        (((0, 125, 4_000, {}), (9, 100, 5_000, {}), (5, 50, 6_000, {})), r"tiers\[2\].floor_quote .*\(5 <= 9\)"),
        (((0, 125, 4_000, {}), (9, 100, 4_000, {})), r"tiers\[1\].maintenance_ppm must rise .*\(4000 <= 4000\)"),
        (((0, 100, 4_000, {}), (9, 125, 5_000, {})), r"tiers\[1\].max_leverage must not rise .*\(125 > 100\)"),
        (((0, 100, 4_000, {}), (9, 20, 60_000, {})), r"tiers\[1\].maintenance_ppm must be below .*\(60000 >= 50000\)"),
    ],
)
def test_tiers_out_of_order_are_refused_by_name(rows, message):
    with pytest.raises(ValidationError, match=message):
        TieredMargin(tiers=tiers(*rows))


def test_maintenance_at_or_above_initial_is_refused():
    with pytest.raises(
        ValidationError, match=r"maintenance_ppm must be below the initial rate of 50x \(20000 >= 20000\)"
    ):
        FlatMargin(maintenance_ppm=20_000, max_leverage=Decimal(50))
    FlatMargin(maintenance_ppm=19_999, max_leverage=Decimal(50))


@pytest.mark.parametrize("rate", [0, -1, 1_000_000, 0.5, "5000", True])
def test_rates_are_whole_parts_per_million_between_zero_and_one(rate):
    with pytest.raises(ValidationError):
        FlatMargin(maintenance_ppm=rate, max_leverage=Decimal(2))


def test_a_cap_below_the_last_floor_is_refused():
    with pytest.raises(ValidationError, match="notional_cap_quote must exceed the last floor"):
        binance(notional_cap_quote=Decimal(12_000_000))


def test_floors_and_deductions_must_be_whole_quanta():
    schedule = TieredMargin(tiers=tiers((0, 125, 4_000, {}), (Decimal("0.001"), 100, 5_000, {})))
    with pytest.raises(ConfigError, match=r"margin.tiers\[1\]: amount: 0.000001000 is not a whole multiple|tiers\[1\]"):
        schedule.lower(quantum=Decimal("0.00001"), fees=FEES)


def test_a_closing_fee_that_eats_the_whole_position_is_refused():
    schedule = FlatMargin(maintenance_ppm=600_000, max_leverage=Decimal(1), base="mark_plus_fee")
    with pytest.raises(ConfigError, match="must stay below 1000000 ppm"):
        schedule.lower(quantum=MICRO, fees=FeeSchedule(taker_ppm=400_000, maker_ppm=0))


def test_a_schedule_lowers_to_quanta_and_codes():
    params, table = binance(base="mark_plus_fee", notional_cap_quote=Decimal(70_000_000)).lower(
        quantum=MICRO, fees=FEES
    )
    assert dict(params) == {
        "margin_base": 2,
        "close_fee_ppm": 500,
        "n_tiers": 5,
        "notional_cap": 70_000_000 * 10**6,
        "at_or_below": 0,
    }
    assert table["floor"].tolist() == [floor * 10**6 for floor, *_ in BTCUSDT]
    assert table["maintenance_ppm"].tolist() == [4_000, 5_000, 6_500, 10_000, 20_000]
    assert table["deduction"].tolist() == [cum * 10**6 for *_, cum in BTCUSDT]
    assert table["initial_ppm"].tolist() == [8_000, 10_000, 13_334, 20_000, 40_000]


def test_a_flat_schedule_is_one_tier_without_a_cap():
    params, table = FlatMargin(maintenance_ppm=5_000, max_leverage=Decimal(100), distressed_at_or_below=True).lower(
        quantum=MICRO, fees=FEES
    )
    assert (params["margin_base"], params["notional_cap"], params["at_or_below"]) == (0, QUANTA_LIMIT, 1)
    assert params["close_fee_ppm"] == 0  # only the base mark_plus_fee counts it
    assert table.tolist() == [(0, 5_000, 0, 10_000)]


@pytest.mark.parametrize(
    ("leverage", "ppm"),
    [("75", 13_334), ("3", 333_334), ("125", 8_000), ("1", 1_000_000), ("0.5", 2_000_000), ("1.5", 666_667)],
)
def test_initial_rate_of_a_leverage_is_rounded_up(leverage, ppm):
    """CLR-MRG-005."""
    assert initial_ppm_of(Decimal(leverage)) == ppm


def test_the_union_is_chosen_by_kind_and_an_unknown_kind_is_refused():
    union = TypeAdapter(MarginPolicy)
    flat = union.validate_python({"kind": "flat", "maintenance_ppm": 5_000, "max_leverage": "100"})
    assert isinstance(flat, FlatMargin)
    with pytest.raises(ValidationError, match="sqrt"):
        union.validate_python({"kind": "sqrt", "maintenance_ppm": 5_000, "max_leverage": "100"})
    with pytest.raises(ValidationError, match="maintenance_pm"):
        union.validate_python({"kind": "flat", "maintenance_pm": 5_000, "max_leverage": "100"})


def test_a_rebate_larger_than_the_taker_s_fee_is_refused():
    FeeSchedule(taker_ppm=300, maker_ppm=-300)
    with pytest.raises(ValidationError, match="the exchange would pay"):
        FeeSchedule(taker_ppm=300, maker_ppm=-301)


@pytest.mark.parametrize("changes", [{"taker_ppm": -1}, {"taker_ppm": 1_000_000}, {"liquidation_ppm": -5}])
def test_fees_outside_their_range_are_refused(changes):
    with pytest.raises(ValidationError):
        FeeSchedule(**({"taker_ppm": 500, "maker_ppm": 200} | changes))
