"""The compiled roundings equal Python's integers everywhere their results fit, at the extremes of int64 too."""

from fractions import Fraction

import pytest
from clearsim import units
from clearsim.kernels import rounding
from hypothesis import given, settings
from hypothesis import strategies as st

LIMIT = units.INT64_MAX
WIDE = st.one_of(st.integers(-LIMIT, LIMIT), st.integers(-1000, 1000))
BIG = st.one_of(st.integers(0, LIMIT), st.integers(0, 1000))
MONEY = st.one_of(st.integers(-units.QUANTA_LIMIT, units.QUANTA_LIMIT), st.integers(-1000, 1000))


@settings(max_examples=500, deadline=None)
@given(amount=MONEY, scale=st.sampled_from([units.PPM, units.PPB, 1, 7, 1000]), data=st.data())
def test_rates_round_the_same_at_the_edge_of_the_head_room(amount, scale, data):
    """CLR-MRG-001, CLR-MRG-005: rates within their scale, of either sign, on amounts to the head-room of 2**61."""
    rate = data.draw(st.integers(-scale, scale))
    floor, ceil = units.rate_floor(amount, rate, scale), units.rate_ceil(amount, rate, scale)
    assert rounding.rate_floor(amount, rate, scale) == floor
    assert rounding.rate_ceil(amount, rate, scale) == ceil
    exact = Fraction(amount) * rate / scale
    assert floor <= exact <= ceil
    assert ceil - floor == (0 if exact.denominator == 1 else 1)


@settings(max_examples=500, deadline=None)
@given(a=WIDE, b=BIG, c=st.one_of(st.integers(1, LIMIT), st.integers(1, 1000)))
def test_money_times_money_over_money_is_exact_where_the_product_leaves_int64(a, b, c):
    floor, ceil = units.mul_div_floor(a, b, c), units.mul_div_ceil(a, b, c)
    if abs(floor) <= LIMIT and abs(ceil) <= LIMIT:
        assert rounding.mul_div_floor(a, b, c) == floor
        assert rounding.mul_div_ceil(a, b, c) == ceil
    exact = Fraction(a) * b / c
    assert floor <= exact <= ceil
    assert ceil - floor == (0 if exact.denominator == 1 else 1)


@pytest.mark.parametrize(
    ("amount", "rate", "scale", "floor", "ceil"),
    [
        (1, 100_000, units.PPM, 0, 1),  # 10% of one quantum rounds up to 1
        (-1, 100_000, units.PPM, -1, 0),
        (123_456, 567_243, units.PPM, 70_029, 70_030),  # dYdX v4 liquidity_tier_test.go, dydx-189
        (2**61, units.PPM, units.PPM, 2**61, 2**61),
        (-(2**61), units.PPB, units.PPB, -(2**61), -(2**61)),
        (0, 999, units.PPM, 0, 0),
    ],
)
def test_rounding_by_hand(amount, rate, scale, floor, ceil):
    """CLR-MRG-005: the margin's direction is up."""
    assert (rounding.rate_floor(amount, rate, scale), rounding.rate_ceil(amount, rate, scale)) == (floor, ceil)
    assert (units.rate_floor(amount, rate, scale), units.rate_ceil(amount, rate, scale)) == (floor, ceil)


@settings(max_examples=200, deadline=None)
@given(amount=st.integers(0, 10**18), weights=st.lists(st.integers(0, 10**12), min_size=1, max_size=8))
def test_largest_remainder_gives_whole_parts_that_add_up_and_are_within_one_of_their_share(amount, weights):
    if sum(weights) == 0:
        with pytest.raises(ValueError, match="positive sum"):
            units.allocate_largest_remainder(amount, weights)
        return
    parts = units.allocate_largest_remainder(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(amount * weight, sum(weights))) < 1
