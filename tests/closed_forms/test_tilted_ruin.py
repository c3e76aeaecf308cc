"""Ruin of one in a million from 10,000 tilted surpluses, against Cramer-Lundberg and Asmussen.

Source of the closed forms: Asmussen & Albrecher, Ruin Probabilities (2010). Standard errors and seeds as stated.
"""

import math

import pytest
from clearsim.analysis.closed_forms.ruin import fund_for_ruin, ruin_by, ruin_probability
from clearsim.analysis.estimators.tilted_ruin import ClaimFund, tilted_ruin

FUND = ClaimFund(rate=0.5)


def test_ruin_ever_of_a_millionth_within_two_percent():
    """rho 0.5, u = 26.245 mean claims, 10,000 paths, seed 1."""
    u = fund_for_ruin(1e-6, rho=0.5)
    estimate = tilted_ruin(FUND, [u], seed=1)[0]
    assert estimate.value == pytest.approx(1e-6, rel=0.02)
    assert estimate.relative_half_width < 0.02
    assert estimate.variance_reduction > 1e6
    assert estimate.n == 10_000


def test_the_error_does_not_grow_with_the_fund():
    widths = [tilted_ruin(FUND, [u], seed=2)[0].relative_half_width for u in (5, 20, 60)]
    assert max(widths) < 0.02


def test_a_horizon():
    """u = 24.34 by time 20: 1e-6; both tilts within 4 standard errors; seed 3."""
    exact = ruin_by(24.34, 20, rate=0.5)
    for theta in (None, FUND.adjustment):
        estimate = tilted_ruin(FUND, [24.34], horizon=20, seed=3, theta=theta)[0]
        assert abs(estimate.value - exact) < 4 * estimate.half_width / 1.96
        assert estimate.relative_half_width < 0.05
        assert estimate.variance_reduction > 1e5


CURVE = [(5, 0.03868), (8, 0.008122), (12, 9.722e-4), (16.18, 1e-4), (20, 1.19e-5), (24.34, 1e-6)]


def test_one_sample_gives_the_whole_curve():
    """Each fund weighed at its own passage; 10,000 paths, seed 4, 4 standard errors; printed exact values."""
    estimates = tilted_ruin(FUND, [u for u, _ in CURVE], horizon=20, seed=4)
    for (u, printed), estimate in zip(CURVE, estimates, strict=True):
        exact = ruin_by(u, 20, rate=0.5)
        assert exact == pytest.approx(printed, rel=5e-3)
        assert abs(estimate.value - exact) < 4 * estimate.half_width / 1.96, u
        assert estimate.relative_half_width < 0.06


def test_the_order_of_funds_does_not_matter():
    forward, backward = (tilted_ruin(FUND, order, horizon=20, runs=500, seed=5) for order in ([5, 9], [9, 5]))
    assert [e.value for e in forward] == [e.value for e in reversed(backward)]


def test_units():
    """Claims of mean 250, 3 premiums a day: the same ruin."""
    scaled = ClaimFund(rate=0.5 * 3 / 250, mean_claim=250, premium=3)
    estimate = tilted_ruin(scaled, [20 * 250], seed=6)[0]
    assert abs(estimate.value - ruin_probability(20, rho=0.5)) < 4 * estimate.half_width / 1.96


def test_tilts_without_a_law_are_refused():
    with pytest.raises(ValueError, match="tilt must be"):
        tilted_ruin(FUND, [5], theta=1.0)
    with pytest.raises(ValueError, match="at least R"):
        tilted_ruin(FUND, [5], theta=0.2)
    assert FUND.exponent(FUND.adjustment) == pytest.approx(0, abs=1e-15)
    assert FUND.best_tilt(24.34, 20) > FUND.adjustment
    assert FUND.best_tilt(1.0, math.inf) == FUND.adjustment
