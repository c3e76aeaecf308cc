"""The exact risk prices where the venues' examples do not reach: tiers, prices that do not exist, rounding to print."""

from decimal import Decimal
from fractions import Fraction

import pytest

from tests.exact_margin import Bracket, Requirement, liquidation_price, to_decimal, to_tick

#: 0.4% to 50,000, then 0.5% - 50, then 0.65% - 950 from 600,000 (BTCUSDT, Binance, 2024-10-24).
BRACKETS = tuple(
    Bracket(Fraction(floor), Fraction(rate, 1_000_000), Fraction(cum))
    for floor, rate, cum in ((0, 4_000, 0), (50_000, 5_000, 50), (600_000, 6_500, 950))
)


def test_the_bracket_at_the_liquidation_price_counts_not_the_one_at_entry():
    """CLR-MRG-001: 12 BTC from 50,000 is 600,000, but at 45,000 it is 540,000: the second bracket decides.

    60,000 of margin: P = (60,000 + 50 - 600,000) / (12 x 0.005 - 12) = 539,950 / 11.94 = 45,221.94.
    """
    price = liquidation_price(Requirement(BRACKETS), size=12, entry=50_000, margin=60_000)
    assert price == Fraction(539_950 * 100, 1194)
    assert to_decimal(price) == Decimal("45221.94")


def test_on_entry_value_the_bracket_at_entry_decides():
    """CLR-MRG-002: 600,000 x 0.65% - 950 = 2,950: 50,000 - (60,000 - 2,950) / 12 = 45,245.83."""
    price = liquidation_price(Requirement(BRACKETS, "entry"), size=12, entry=50_000, margin=60_000)
    assert to_decimal(price) == Decimal("45245.83")


def test_a_long_with_all_its_value_as_margin_has_no_liquidation_price_and_a_ruined_short_has_zero():
    flat = Requirement.flat(Fraction(1, 200))
    assert liquidation_price(flat, size=1, entry=100, margin=100) is None
    assert liquidation_price(flat, size=1, entry=100, margin=150) is None
    assert liquidation_price(flat, size=-1, entry=100, margin=-100) == 0


@pytest.mark.parametrize(
    ("value", "places", "printed"),
    [
        (Fraction(1, 3), 2, "0.33"),
        (Fraction(2, 3), 2, "0.67"),
        (Fraction(5, 1000), 2, "0.00"),
        (Fraction(15, 1000), 2, "0.02"),
        (Fraction(-5, 1000), 2, "0.00"),
        (Fraction(-2, 3), 0, "-1"),
        (Fraction(10**40 + 1, 2), 0, "5" + "0" * 39),
    ],
)
def test_printing_rounds_to_even_exactly_at_any_size(value, places, printed):
    assert to_decimal(value, places=places) == Decimal(printed)


def test_prices_go_to_the_grid_in_the_stated_direction():
    assert to_tick(Fraction("7735.372549"), Decimal("0.5"), up=True) == Decimal("7735.5")
    assert to_tick(Fraction("7735.372549"), Decimal("0.5"), up=False) == Decimal("7735.0")
    assert to_tick(Fraction("7735.5"), Decimal("0.5"), up=True) == Decimal("7735.5")
