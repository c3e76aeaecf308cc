"""The harness every margin schedule must pass: monotone, continuous at its joins, the same in all three forms."""

from decimal import Decimal
from fractions import Fraction
from typing import get_args

import pytest
from clearsim.clearing.fees import FeeSchedule
from clearsim.clearing.margin import FlatMargin, MarginPolicy, MarginSchedule, OwnSchedule, Tier, TieredMargin
from clearsim.kernels.margin.liquidation_price import distress_price
from clearsim.kernels.margin.requirement import initial_requirement, position_maintenance

from tests.exact_margin import Requirement, liquidation_price
from tests.worlds.margin import make_markets

FEES = FeeSchedule(taker_ppm=500, maker_ppm=200)
MICRO = Decimal("0.000001")


def tiered(*rows, **changes):
    tiers = [
        Tier(floor_quote=Decimal(floor), max_leverage=Decimal(leverage), maintenance_ppm=rate)
        for floor, leverage, rate in rows
    ]
    return TieredMargin(tiers=tuple(tiers), **changes)


#: BTCUSDT and TRBUSDT of 2024-10-24 (Binance), Hyperliquid's BTC.
BTCUSDT = (
    (0, 125, 4_000),
    (50_000, 100, 5_000),
    (600_000, 75, 6_500),
    (3_000_000, 50, 10_000),
    (12_000_000, 25, 20_000),
    (70_000_000, 20, 25_000),
    (100_000_000, 10, 50_000),
    (230_000_000, 5, 100_000),
    (480_000_000, 4, 125_000),
    (600_000_000, 3, 150_000),
    (800_000_000, 2, 250_000),
    (1_200_000_000, 1, 500_000),
)
TRBUSDT = (
    (0, 26, 15_000),
    (5_000, 25, 20_000),
    (50_000, 20, 25_000),
    (100_000, 10, 50_000),
    (400_000, 5, 100_000),
    (1_000_000, 4, 125_000),
    (2_000_000, 2, 250_000),
    (4_000_000, 1, 500_000),
)


class Rising(MarginSchedule):
    """A rate that grows with the size, in steps: 1% for every million."""

    def tiers(self):
        return [(step * 1_000_000, 10_000 * (step + 1), 40 // (step + 1)) for step in range(10)]


SCHEDULES = {
    "flat on mark": FlatMargin(maintenance_ppm=5_000, max_leverage=Decimal(100)),
    "flat on entry": FlatMargin(maintenance_ppm=5_000, max_leverage=Decimal(100), base="entry"),
    "flat with fee": FlatMargin(maintenance_ppm=15_000, max_leverage=Decimal(20), base="mark_plus_fee"),
    "BTCUSDT": tiered(*BTCUSDT),
    "BTCUSDT on entry": tiered(*BTCUSDT, base="entry"),
    "TRBUSDT with fee": tiered(*TRBUSDT, base="mark_plus_fee"),
    "of the user's own": OwnSchedule.of(Rising),
    "Hyperliquid BTC": tiered((0, 40, 12_500), (150_000_000, 20, 25_000)),
}
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)

TICK_VALUE = 10_000  # a price tick of 0.01 on a lot of 1 is 0.01 quote units


def lower(schedule):
    params, tiers = schedule.lower(quantum=MICRO, fees=FEES)
    return make_markets(
        marks=[1],
        tick_values=[TICK_VALUE],
        tiers=[tiers.tolist()],
        base=params["margin_base"],
        close_fee_ppm=params["close_fee_ppm"],
        at_or_below=bool(params["at_or_below"]),
    )


def floors_quote(schedule):
    if isinstance(schedule, OwnSchedule):
        schedule = schedule.tiered()
    return [int(tier.floor_quote) for tier in schedule.tiers] if isinstance(schedule, TieredMargin) else [0]


def in_rationals(schedule):
    """The schedule in rationals."""
    return Requirement.of(schedule.tiered() if isinstance(schedule, OwnSchedule) else schedule, FEES)


def margin_at(schedule, markets, notional_ticks):
    """Requirement of one lot at a price; entry equals the mark, so that all bases see the same notional."""
    cost = notional_ticks * TICK_VALUE
    return position_maintenance(1, cost, notional_ticks, markets.params[0], markets.tiers[0])


def probes(schedule):
    """Notionals in ticks of 0.01 around every floor and between them."""
    out = {1, 2, 99, 12_345}
    for floor in floors_quote(schedule):
        ticks = floor * 100
        out |= {ticks + step for step in (-100, -1, 0, 1, 100) if ticks + step > 0} | {ticks * 3 // 2 + 7}
    return sorted(out)


def test_the_harness_covers_every_member_of_the_union():
    members = set(get_args(get_args(MarginPolicy)[0]))
    assert {type(schedule) for schedule in SCHEDULES.values()} == members


@every_schedule
def test_requirement_rises_with_size_and_less_than_the_notional(schedule):
    """CLR-MRG-001: monotone, above 0, and below the notional, so that a fall can always reach it."""
    markets = lower(schedule)
    before_notional, before = 0, 0
    for ticks in probes(schedule):
        margin, notional = margin_at(schedule, markets, ticks), ticks * TICK_VALUE
        assert margin > 0
        assert before <= margin < notional
        assert margin - before <= notional - before_notional
        before_notional, before = notional, margin


@every_schedule
def test_requirement_is_continuous_at_every_join(schedule):
    """CLR-MRG-004: across a floor, one tick changes the requirement by no more than the higher rate on that tick."""
    markets = lower(schedule)
    rates = markets.tiers["maintenance_ppm"][0].tolist()
    for i, floor in enumerate(floors_quote(schedule)):
        if floor:
            below, at = (margin_at(schedule, markets, floor * 100 + step) for step in (-1, 0))
            highest = TICK_VALUE * (rates[i] + 500) // 1_000_000 + 1
            assert 0 <= at - below <= highest


@every_schedule
def test_kernel_is_the_closed_form_rounded_up_to_a_quantum(schedule):
    """CLR-MRG-001, CLR-MRG-002."""
    markets, requirement = lower(schedule), in_rationals(schedule)
    for ticks in probes(schedule):
        price = Fraction(ticks, 100)
        exact = requirement.maintenance(size=1, entry=price, mark=price) * 10**6
        assert 0 <= margin_at(schedule, markets, ticks) - exact < 1


@every_schedule
def test_initial_margin_exceeds_maintenance_at_every_size(schedule):
    """CLR-MRG-005: what may be opened is not distressed at once."""
    markets = lower(schedule)
    fee = schedule.close_fee_ppm(FEES)
    for ticks in probes(schedule):
        notional = ticks * TICK_VALUE
        initial = initial_requirement(1, notional, 1, markets.params[0], markets.tiers[0])
        assert initial + notional * fee // 1_000_000 + 1 >= margin_at(schedule, markets, ticks)


@every_schedule
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("size", [1, 37, 2_500])
@pytest.mark.parametrize("leverage", [1, 3, 20])
def test_threshold_is_the_closed_form_liquidation_price_cut_to_the_grid(schedule, side, size, leverage):
    """CLR-MRG-008: across tiers, from 1,000 and from 300,000 a unit."""
    markets, requirement = lower(schedule), in_rationals(schedule)
    for entry in (1_000, 300_000):
        lots = side * size
        margin = Fraction(size * entry, leverage).__ceil__()
        cost = lots * entry * 100 * TICK_VALUE
        exact = liquidation_price(requirement, size=lots, entry=entry, margin=margin)
        found = distress_price(margin * 10**6 - cost, lots, cost, markets.params[0], markets.tiers[0])
        if exact is None:
            assert found == 0
        elif exact == 0:
            assert found == 1
        else:
            ticks = exact * 100
            assert found < ticks <= found + 1 if side > 0 else found - 1 <= ticks < found
