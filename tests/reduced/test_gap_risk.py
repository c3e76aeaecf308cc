"""Gap risk alone: equal to the formula for one class of positions, and to counting the same engine's jumps."""

import math

import numpy as np
import pytest
from clearsim.reduced.gap_risk import gap_losses, gap_risk_curve
from clearsim.reduced.lower import lower
from clearsim.reduced.run import simulate_batch

from tests.reduced.reduced_worlds import KOU, config, longs_of, shock

OPEN_INTEREST = 1e6
DAYS = 7.0


def test_one_class_of_longs_is_the_exponential_tail():
    """10x longs are bankrupt at 0.9: P(jump < log(0.9 - F/N)) = q (0.9 - F/N)^eta; shorts at 1x at a price of 2."""
    world = config(KOU, longs_of((10, 1)), open_interest=OPEN_INTEREST, days=DAYS)
    fund, probability = gap_risk_curve(world)
    mean = 50 * DAYS / 365
    down = 0.6 * (0.9 - fund / OPEN_INTEREST) ** 25
    up = 0.4 * (2 + fund / OPEN_INTEREST) ** -30.0
    assert fund[0] == 0
    assert probability[1:-1] == pytest.approx(-np.expm1(-mean * (down + up))[1:-1], rel=2e-3)
    assert (np.diff(probability) <= 0).all()


def test_losses_of_a_mixed_book_are_added_by_hand():
    """Half at 10x, half at 5x of 1e6: a fall to 0.7 costs 0.5e6 (0.9 - 0.7) + 0.5e6 (0.8 - 0.7) = 150,000."""
    world = config(KOU, longs_of((10, 0.5), (5, 0.5)), open_interest=OPEN_INTEREST, days=DAYS)
    losses = gap_losses(lower(world).index.gaps, np.log([0.7, 0.85, 0.95, 1.5, 2.5])) * 1e-6
    assert losses == pytest.approx([150_000, 25_000, 0, 0, 500_000], rel=1e-5)


def test_it_bounds_the_engine_from_below_where_nothing_else_happens():
    """Without impact and income a path's required fund is at least its worst single gap while the book is whole."""
    flat = {**KOU, "annual_volatility": 0.0001, "jumps_per_year": 2}
    world = config(flat, longs_of((10, 1)), open_interest=OPEN_INTEREST, days=DAYS)
    fund, probability = gap_risk_curve(world)
    required = simulate_batch(world, paths=200_000).columns("x")["required_fund_quanta"] * 1e-6
    for target in (0.0, 20_000.0, 60_000.0):
        expected = float(np.interp(target, fund, probability))
        error = math.sqrt(expected * (1 - expected) / 200_000)
        assert np.mean(required > target) == pytest.approx(expected, abs=4 * error + 0.03 * expected)


def test_without_random_jumps_there_is_no_curve():
    fund, probability = gap_risk_curve(config(shock(-0.2), longs_of((10, 1))))
    assert len(fund) == len(probability) == 0
