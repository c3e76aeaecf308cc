"""Scrambled Sobol points: the mean of a compound Poisson loss, far more precise than as many independent runs."""

import math

import numpy as np
import pytest
from clearsim.analysis.closed_forms.book import ParetoLeverage
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.rqmc import falling_uniforms, normals, poisson_counts, randomised_sobol
from scipy import special

MOST = 12


def losses(uniforms):
    """Poisson(0.5) jumps of exponential size, mean 1/25, largest first; each costs g^2.5 / 2.5, g the fall."""
    counts = poisson_counts(uniforms[:, 0], 0.5)
    ordered = falling_uniforms(uniforms[:, 1:], np.minimum(counts, MOST))
    size = -np.log1p(-np.minimum(np.nan_to_num(ordered), 1 - 1e-16)) / 25
    return np.where(np.isnan(ordered), 0.0, (-np.expm1(-size)) ** 2.5 / 2.5).sum(axis=1)


def test_the_mean_loss():
    """Rate x mean shortfall a jump, exact; 16 scramblings of 4,096; variance reduction above 50."""
    exact = 0.5 * ParetoLeverage(1.5).mean_shortfall(25)
    estimate = randomised_sobol(losses, dimension=1 + MOST, n=4_096, seed=1)
    assert abs(estimate.value - exact) < 4 * estimate.half_width / 2.131  # t_15
    assert estimate.variance_reduction > 50
    assert estimate.relative_half_width < 0.01


def test_a_probability_gains_less():
    estimate = randomised_sobol(lambda u: losses(u) > 0.005, dimension=1 + MOST, n=4_096, seed=2, is_probability=True)
    exact = 1 - math.exp(-0.5 * (1 - (2.5 * 0.005) ** 0.4) ** 25)  # some jump large enough by itself
    assert exact * 0.98 < estimate.value < exact * 1.2  # two together add some
    assert estimate.variance_reduction > 2
    assert estimate.events > 0


def test_largest_first_has_the_law_of_order_statistics():
    """Largest of 5 uniforms has mean 5/6, the second 4/6, the smallest 1/6. 100,000 draws, seed 3, 5 s.e."""
    ordered = falling_uniforms(np.random.default_rng(3).random((100_000, 7)), np.full(100_000, 5))
    assert np.isnan(ordered[:, 5:]).all()
    assert (np.diff(ordered[:, :5], axis=1) <= 0).all()
    for j, mean in ((0, 5 / 6), (1, 4 / 6), (4, 1 / 6)):
        assert ordered[:, j].mean() == pytest.approx(mean, abs=5 * 0.2 / 100_000**0.5)


def test_the_number_of_points_is_rounded_up_and_said():
    estimate = randomised_sobol(lambda u: u[:, 0], dimension=1, n=1_000)
    assert estimate.n == 16 * 1_024
    assert "rounded up from 1,000" in estimate.note
    assert estimate.value == pytest.approx(0.5, abs=1e-4)


def test_rare_events_and_few_scramblings_are_refused():
    with pytest.raises(RefusedError, match="use importance sampling"):
        randomised_sobol(lambda u: u[:, 0] > 1 - 1e-7, dimension=1, n=64, is_probability=True)
    with pytest.raises(RefusedError, match="needs 16 replicates"):
        randomised_sobol(lambda u: u[:, 0], dimension=1, n=64, randomisations=8)
    with pytest.raises(ValueError, match="gave 63 values for 64"):
        randomised_sobol(lambda u: u[1:, 0], dimension=1, n=64)


def test_normals_and_counts_by_inversion():
    assert normals([0.975, 0.5])[0] == pytest.approx(1.959964, abs=1e-6)
    assert np.isfinite(normals([0.0])).all()
    assert poisson_counts([0.60, 0.61, 0.95], 0.5).tolist() == [0, 1, 2]  # cdf 0.6065, 0.9098, 0.9856
    assert special.ndtr(normals([0.3]))[0] == pytest.approx(0.3)
