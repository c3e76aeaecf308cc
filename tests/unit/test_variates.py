"""Draws are numpy's, from the same bits, and follow their laws."""

import numpy as np
import pytest
from clearsim.market.price.skeleton import interpolate
from clearsim.market.price.system import combine
from clearsim.rng import Streams
from clearsim.studies.design.normal import normal_probability, normal_quantile
from clearsim.variates import poisson, poissons, standard_exponential, standard_normal


def generator(seed: int) -> np.random.Generator:
    return Streams(seed=seed).get("test")


@pytest.mark.parametrize("count", [0, 1, 2, 1000, 300_000])
@pytest.mark.parametrize(
    ("ours", "name"), [(standard_normal, "standard_normal"), (standard_exponential, "standard_exponential")]
)
def test_draws_are_those_of_numpy_and_leave_the_generator_where_numpy_leaves_it(ours, name: str, count: int) -> None:
    first, second = generator(7), generator(7)
    np.testing.assert_allclose(ours(first, count), getattr(second, name)(count), rtol=3e-14, atol=5e-15)
    assert first.bit_generator.state == second.bit_generator.state


@pytest.mark.parametrize("mean", [0.0, 0.3, 0.9, 9.99, 10.0, 40.0, 1e4])
def test_poisson_numbers_are_those_of_numpy(mean: float) -> None:
    first, second = generator(3), generator(3)
    assert poissons(first, mean, 5_000).tolist() == second.poisson(mean, 5_000).tolist()
    assert first.bit_generator.state == second.bit_generator.state
    assert poisson(first, mean) == second.poisson(mean)


def test_normals_and_exponentials_follow_their_laws() -> None:
    """Moments within 5 standard errors at 1,000,000 draws, seed 11; tails beyond the last layer too."""
    n = 1_000_000
    normal, exponential = standard_normal(generator(11), n), standard_exponential(generator(11), n)
    for values, moments in ((normal, {1: 0, 2: 1, 3: 0, 4: 3}), (exponential, {1: 1, 2: 2, 3: 6})):
        for power, mean in moments.items():
            sample = values**power
            assert abs(sample.mean() - mean) < 5 * sample.std() / np.sqrt(n)
    beyond = np.count_nonzero(np.abs(normal) > 3.6541528853610088) / n
    assert abs(beyond - 2.580_0e-4) < 5 * np.sqrt(2.58e-4 / n)  # 2 (1 - Phi(3.65415...))


def test_normal_quantile_and_probability_are_inverse_to_each_other_and_known_at_known_points() -> None:
    for u in (1e-300, 1e-20, 0.001, 0.3, 0.5, 0.8, 0.999):
        assert normal_probability(normal_quantile(u)) == pytest.approx(u, rel=2e-13)
    assert normal_quantile(0.975) == pytest.approx(1.959963984540054, rel=1e-15)
    assert normal_probability(-38.0) == pytest.approx(2.885428e-316, rel=1e-6)
    assert normal_probability(1.0) == pytest.approx(0.8413447460685429, rel=1e-15)


def test_lines_and_products_are_those_of_numpy() -> None:
    draw = generator(5)
    x, y = np.array([0, 3, 10, 11]), draw.random(4)
    at = np.arange(-2, 14)
    np.testing.assert_allclose(interpolate(at, x, y), np.interp(at, x, y), rtol=1e-15)
    factor, rows = draw.random((3, 2)), draw.random((2, 5))
    np.testing.assert_allclose(combine(factor, rows), factor @ rows, rtol=1e-15)
