"""The mixture over jumps: its weights are the exact likelihood ratio, and average to the chance of what is drawn."""

import math

import numpy as np
import pytest
from clearsim.analysis.estimators.one_big_jump import JumpLaw, OneBigJump, positive_poisson
from scipy import special

NOMINAL = JumpLaw(0.5, -0.03, 0.07)
BIG, ALL = JumpLaw(1.0, -0.2, 0.09), JumpLaw(1.5, -0.1, 0.08)


def density(law, y):
    return math.exp(-0.5 * ((y - law.log_mean) / law.log_sd) ** 2) / (law.log_sd * math.sqrt(2 * math.pi))


def poisson(expected, k):
    return math.exp(-expected) * expected**k / math.factorial(k)


@pytest.mark.parametrize("sizes", [[-0.2], [-0.05, -0.3], [0.1, 0.0, -0.25]])
def test_the_weight_is_the_ratio_of_densities(sizes):
    """Written out from the definition: P over 0.6 one-jump + 0.3 all + 0.1 nothing tilted."""
    k = len(sizes)
    nominal = poisson(0.5, k) * math.prod(density(NOMINAL, y) for y in sizes)
    one = sum(
        math.prod(density(BIG if i == j else NOMINAL, y) for i, y in enumerate(sizes)) / k for j in range(k)
    ) * (poisson(0.5, k) / (1 - math.exp(-0.5)))  # fmt: skip
    every = poisson(1.5, k) / (1 - math.exp(-1.5)) * math.prod(density(ALL, y) for y in sizes)
    expected = nominal / (0.6 * one + 0.3 * every + 0.1 * nominal)
    mixture = OneBigJump(NOMINAL, BIG, ALL, 0.6, 0.3, 0.1)
    found = mixture.log_weight(np.array([k]), np.array(sizes))
    assert math.exp(found[0]) == pytest.approx(expected, rel=1e-12)


def test_a_run_without_jumps_weighs_what_the_mixture_left_of_it():
    """Only the nominal part draws it: weight 1 / 0.1; where there is no such part it is never drawn."""
    mixture = OneBigJump(NOMINAL, BIG, ALL, 0.6, 0.3, 0.1)
    assert mixture.log_weight(np.array([0]), np.zeros(0))[0] == pytest.approx(math.log(10))
    assert OneBigJump(NOMINAL, BIG, ALL).draw(np.random.default_rng(1), 1_000).counts.min() == 1


@pytest.mark.parametrize("shares", [(0.7, 0.3, 0.0), (0.5, 0.3, 0.2), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)])
def test_weights_average_to_the_mass_and_give_nominal_means(shares):
    """200,000 runs, seed 2, 5 standard errors: mass, mean count, and the chance of a jump below -0.2."""
    mixture = OneBigJump(NOMINAL, BIG, ALL, *shares)
    runs = mixture.draw(np.random.default_rng(2), 200_000)
    weight = np.exp(runs.log_weight)
    below = special.ndtr((-0.2 + 0.03) / 0.07)
    targets = [
        (np.ones(runs.runs), 1.0 if shares[2] else 1 - math.exp(-0.5)),
        (runs.counts, 0.5),
        (runs.total(runs.sizes < -0.2) > 0, 1 - math.exp(-0.5 * below)),
    ]
    assert mixture.total_mass == pytest.approx(targets[0][1])
    for values, expected in targets:
        parts = weight * values
        assert abs(parts.mean() - expected) < 5 * parts.std() / math.sqrt(len(parts)) + 1e-12


def test_a_nominal_part_bounds_the_weights():
    runs = OneBigJump(NOMINAL, BIG, ALL, 0.5, 0.3, 0.2).draw(np.random.default_rng(3), 50_000)
    assert np.exp(runs.log_weight).max() <= 5 * (1 + 1e-12)


def test_draws_are_a_function_of_the_seed():
    mixture = OneBigJump(NOMINAL, BIG, ALL)
    first, second = (mixture.draw(np.random.default_rng(4), 100) for _ in range(2))
    assert np.array_equal(first.sizes, second.sizes)
    assert first.run_of_jump.tolist() == sorted(first.run_of_jump.tolist())
    assert first.total(np.ones(len(first.sizes))).tolist() == first.counts.tolist()


def test_positive_poisson():
    """Mean of a Poisson given that it is not 0: m / (1 - e^-m). Seed 5, 4 standard errors."""
    draws = positive_poisson(np.random.default_rng(5), 0.2, 100_000)
    assert draws.min() == 1
    assert abs(draws.mean() - 0.2 / (1 - math.exp(-0.2))) < 4 * draws.std() / 100_000**0.5
    assert abs((draws == 1).mean() - 0.2 * math.exp(-0.2) / (1 - math.exp(-0.2))) < 4 * 0.3 / 100_000**0.5


def test_bad_mixtures_are_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        OneBigJump(NOMINAL, BIG, ALL, 0.5, 0.3, 0.3)
    with pytest.raises(ValueError, match="narrower"):
        OneBigJump(NOMINAL, JumpLaw(1.0, -0.2, 0.05), ALL)
    OneBigJump(NOMINAL, JumpLaw(1.0, -0.2, 0.05), ALL, 0.5, 0.3, 0.2)
