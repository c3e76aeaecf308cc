"""Clearing vectors and anchors of central clearing, against worked examples of the papers."""

import math

import numpy as np
import pytest
from clearsim.analysis.closed_forms.ccp import (
    bilateral_exposure,
    chance_of_defaults,
    cleared_exposure,
    expected_largest_loss,
    expected_largest_two_losses,
    members_needed,
)
from clearsim.analysis.closed_forms.networks import greatest_clearing_vector, haircut_gains

COMPLETE = [[0, 3, 3, 3], [3, 0, 3, 3], [3, 3, 0, 3], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("assets", "payments"),
    [([2, 2, 2, 0], [6, 6, 6, 0]), ([0, 2, 2, 0], [3, 4.5, 4.5, 0]), ([1, 0, 4, 0], [4.5, 3.75, 6.75, 0])],
)
def test_eisenberg_noe_vectors(assets, payments):
    assert greatest_clearing_vector(COMPLETE, assets) == pytest.approx(payments, abs=1e-12)


def test_a_ring():
    ring = [[0, 10, 0], [0, 0, 8], [5, 0, 0]]
    assert greatest_clearing_vector(ring, [1, 2, 0]) == pytest.approx([6, 8, 5], abs=1e-12)


def test_losses_on_default_by_rogers_and_veraart():
    """Their Example 3.3: the greatest vector pays in full although a smaller one clears too."""
    found = greatest_clearing_vector([[0, 2], [2.2, 0]], [1, 1], asset_recovery=0.5, claim_recovery=0.5)
    assert found == pytest.approx([2, 2.2], abs=1e-12)
    poorer = greatest_clearing_vector([[0, 2], [2.2, 0]], [0.1, 0.1], asset_recovery=0.5, claim_recovery=0.5)
    assert poorer == pytest.approx([0.1, 0.1], abs=1e-12)  # by hand: p1 = (0.1 + p2) / 2, p2 = (0.1 + p1) / 2


@pytest.mark.parametrize("seed", range(5))
def test_what_is_paid_is_what_one_has_and_cash_is_conserved(seed):
    generator = np.random.default_rng(seed)
    owed = generator.exponential(10, (12, 12)) * (1 - np.eye(12))
    assets = generator.exponential(20, 12)
    paid = greatest_clearing_vector(owed, assets)
    total = owed.sum(axis=1)
    received = (owed / total[:, None]).T @ paid
    assert paid == pytest.approx(np.minimum(total, assets + received), abs=1e-9)
    assert (assets + received - paid).sum() == pytest.approx(assets.sum(), abs=1e-9)
    assert (paid < total - 1e-9).any()  # somebody defaults: the test has something to say


def test_the_star_of_a_clearing_house_is_the_waterfall():
    """Losers owe 60, 30, 10; margins 40, 30, 15; the house has 5; winners are owed 70 and 30.

    Payments 40, 30, 10; the house pays 85; gains are cut by 15% pro rata to 59.5 and 25.5. House is member 3.
    """
    owed = np.zeros((6, 6))
    owed[:3, 3] = [60, 30, 10]
    owed[3, 4:] = [70, 30]
    paid = greatest_clearing_vector(owed, [40, 30, 15, 5, 0, 0])
    assert paid == pytest.approx([40, 30, 10, 85, 0, 0], abs=1e-12)
    winners = owed[3, 4:] / 100 * paid[3]
    assert winners == pytest.approx([59.5, 25.5], abs=1e-12)
    assert haircut_gains([70, 30], available=85) == pytest.approx(winners, abs=1e-12)
    assert 100 - winners.sum() == pytest.approx(60 - 40 - 5, abs=1e-12)  # winners lose what the default left


def test_enough_money_cuts_nothing():
    assert haircut_gains([70, 30], available=120).tolist() == [70, 30]


def test_members_needed_for_clearing_one_class():
    """Duffie & Zhu 2011: 4K - 1."""
    assert [members_needed(k) for k in range(1, 11)] == [3, 7, 11, 15, 19, 23, 27, 31, 35, 39]


@pytest.mark.parametrize(
    ("members", "classes", "without", "cleared"),
    [(7, 2, 3.3851, 3.3709), (12, 4, 8.7767, 8.9240), (16, 6, 14.6581, 14.9260)],
)
def test_duffie_zhu_exposures(members, classes, without, cleared):
    assert bilateral_exposure(members, classes) == pytest.approx(without, abs=5e-5)
    assert cleared_exposure(members, classes) == pytest.approx(cleared, abs=5e-5)


def test_duffie_zhu_exposures_by_sampling():
    """Seed 9, 200,000 draws of one member's positions, 4 standard errors; N = 7, K = 2."""
    positions = np.random.default_rng(9).standard_normal((200_000, 6, 2))
    bilateral = np.maximum(positions.sum(axis=2), 0).sum(axis=1)
    one_cleared = np.maximum(positions[:, :, 0], 0).sum(axis=1) + np.maximum(positions[:, :, 1].sum(axis=1), 0)
    for sample, expected in ((bilateral, bilateral_exposure(7, 2)), (one_cleared, cleared_exposure(7, 2))):
        assert abs(sample.mean() - expected) < 4 * sample.std() / math.sqrt(len(sample))


def test_largest_losses_and_defaults():
    assert expected_largest_loss(20) == pytest.approx(3.5977, abs=5e-5)
    assert expected_largest_two_losses(20) == pytest.approx(6.1955, abs=5e-5)
    assert expected_largest_loss(50) == pytest.approx(4.4992, abs=5e-5)
    assert expected_largest_two_losses(50) == pytest.approx(7.9984, abs=5e-5)
    chances = [chance_of_defaults(3, n, default_probability=0.01) for n in (10, 20, 50)]
    assert chances == pytest.approx([1.14e-4, 1.0e-3, 0.0138], rel=5e-3)
