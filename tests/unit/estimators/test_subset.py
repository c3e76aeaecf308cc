"""Subset simulation finds known tails of a black box, and says when it found nothing."""

import math

import numpy as np
import pytest
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.subset import subset_once, subset_simulation
from scipy import special


def linear(noise):
    return noise.sum(axis=1) / math.sqrt(noise.shape[1])


def test_a_linear_event_of_one_in_ten_thousand():
    """P(Z > 3.719) = 1e-4 in 20 dimensions; 12 replicates of 1,000 runs a level, seed 1."""
    estimate = subset_simulation(linear, -special.ndtri(1e-4), dimension=20, per_level=1_000, seed=1)
    assert estimate.holds(1e-4)
    assert estimate.relative_half_width < 0.35
    assert estimate.variance_reduction > 3
    assert estimate.n < 12 * 5 * 1_000


@pytest.mark.slow
def test_a_millionth():
    """2,000 runs a level, 24 replicates, seed 2: within 4 standard errors, relative s.d. a replicate below 0.3."""
    estimate = subset_simulation(linear, -special.ndtri(1e-6), dimension=10, replicates=24, seed=2)
    error = estimate.half_width / 2.069  # t_23
    assert abs(estimate.value - 1e-6) < 4 * error
    assert error / estimate.value * math.sqrt(24) < 0.3
    assert estimate.variance_reduction > 100


def test_losses_that_are_mostly_nothing_have_ties_at_zero():
    """A claim only if Z1 > 1.2816 (10%), of size Exp: P(claim > 5) = 0.1 e^-5 = 6.74e-4. Seed 3."""

    def claims(noise):
        return np.where(noise[:, 0] > 1.2815516, -np.log(special.ndtr(-noise[:, 1])), 0.0)

    estimate = subset_simulation(claims, 5.0, dimension=2, per_level=2_000, seed=3)
    assert estimate.holds(0.1 * math.exp(-5))


def test_no_level_is_needed_for_a_common_event():
    run = subset_once(linear, 0.0, dimension=3, per_level=1_000, generator=np.random.default_rng(4))
    assert (run.runs, run.levels) == (1_000, ())
    assert run.probability == pytest.approx(0.5, abs=0.06)


def test_what_it_cannot_find_is_refused():
    with pytest.raises(RefusedError, match="had no run above"):
        subset_simulation(lambda noise: np.zeros(len(noise)), 1.0, dimension=2, per_level=200)
    with pytest.raises(RefusedError, match="needs 10 replicates"):
        subset_simulation(linear, 1.0, dimension=2, per_level=200, replicates=3)
    with pytest.raises(ValueError, match="10 survivors"):
        subset_simulation(linear, 1.0, dimension=2, per_level=50)
    with pytest.raises(ValueError, match="one loss per run"):
        subset_simulation(lambda noise: noise[:-1, 0], 1.0, dimension=2, per_level=200)
