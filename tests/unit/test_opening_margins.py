"""Maintenance margins of many positions at once: by hand, and equal to the rule in rationals."""

import math
from fractions import Fraction

import numpy as np
import pytest
from clearsim.clearing.margin.maintenance import maintenance_margins, margin_of_all
from clearsim.layout import BASE_ENTRY, BASE_MARK, BASE_MARK_PLUS_FEE
from clearsim.units import PPM

from tests.exact_margin import Bracket, Requirement
from tests.worlds.margin import derived_tiers, make_markets, make_rows

BRACKETS = [(0, 4_000, 8_000), (50_000, 5_000, 10_000), (600_000, 10_000, 20_000)]


def market_of(base: int, *, mark: int = 100, fee: int = 0):
    return make_markets(marks=[mark], tick_values=[3], tiers=[derived_tiers(BRACKETS)], base=base, close_fee_ppm=fee)


def test_by_hand():
    # 100 x 3 a lot: 10 lots are 3,000, 0.4% of it 12; 1,000 short are 300,000, 0.5% less 50 (0.1% of 50,000): 1,450
    markets = market_of(BASE_MARK)
    lots, cost = np.array([10, -1000, 0]), np.array([3_000, -300_000, 0])
    assert maintenance_margins(markets.params[0], markets.tiers[0], 100, lots=lots, cost=cost).tolist() == [12, 1450, 0]


def test_base_times_rate_beyond_int64():
    markets = market_of(BASE_MARK)
    lots = np.array([10**13])  # 3e15 quanta x 10,000 ppm = 3e19 > 2**63
    found = maintenance_margins(markets.params[0], markets.tiers[0], 100, lots=lots, cost=lots)
    assert found.tolist() == [3 * 10**13 - (50 + 3_000)]  # 0.1% of 50,000 and 0.5% of 600,000


@pytest.mark.parametrize("base", [BASE_MARK, BASE_ENTRY, BASE_MARK_PLUS_FEE])
def test_equals_the_rule_in_rationals_for_any_position(base):
    """CLR-MRG-001, CLR-MRG-002: ceil(base x rate) - deduction; deductions here are whole."""
    rng = np.random.default_rng(11)
    fee = 550 if base == BASE_MARK_PLUS_FEE else 0
    markets = market_of(base, mark=97, fee=fee)
    lots = rng.integers(-4_000, 4_000, 2_000)
    entry = rng.integers(200, 400, 2_000)
    name = {BASE_MARK: "mark", BASE_ENTRY: "entry", BASE_MARK_PLUS_FEE: "mark_plus_fee"}[base]
    brackets = tuple(
        Bracket(Fraction(floor), Fraction(rate, PPM), Fraction(cut)) for floor, rate, cut, _ in derived_tiers(BRACKETS)
    )
    rule = Requirement(brackets, name, Fraction(fee, PPM))
    each = zip(lots.tolist(), entry.tolist(), strict=True)
    wanted = [math.ceil(rule.maintenance(size=held, entry=paid, mark=97 * 3)) for held, paid in each]
    found = maintenance_margins(markets.params[0], markets.tiers[0], 97, lots=lots, cost=lots * entry)
    assert found.tolist() == wanted


def test_the_sum_over_rows_and_markets():
    tiers = derived_tiers(BRACKETS)
    markets = make_markets(marks=[100, 50], tick_values=[3, 1], tiers=[tiers, tiers])
    accounts = make_rows(2, n_markets=2)
    first = len(accounts.quote) - 2
    accounts.lots[first:] = [[10, -100], [-1000, 0]]  # 12 and 0.4% of 5,000; 1,450
    assert margin_of_all(accounts, markets) == 12 + 20 + 1450
