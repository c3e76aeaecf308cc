"""A probability of 3.353e-7 through the reduced engine, and what importance sampling must not change.

Poisson(.2) jumps with log sizes N(-.03, .07) hit longs with Pareto leverage (exponent 1.5, from 1): a fall g costs
g^2.5 / 2.5 of their notional, and P(the jumps of a year cost more than .02) = 3.352e-7 .. 3.354e-7 by convolution on a
grid (see tests/closed_forms/test_rare_events.py, which holds the same problem without an engine).
"""

import math

import numpy as np
import pytest
from clearsim.errors import ConfigError
from clearsim.reduced.run import simulate_batch

from tests.reduced.reduced_worlds import KOU, config, holders, longs_of

EXACT, LOSS = 3.353e-7, 0.02
#: The fall that costs exactly LOSS.
GAP = (2.5 * LOSS) ** 0.4
JUMPS = {"kind": "merton", "jumps_per_year": 0.2, "log_mean": -0.03, "log_sd": 0.07}


def pareto_longs():
    """The Pareto book in atoms that keep mass and mean of cells of 1 / leverage: exact at the cells' edges, so at GAP.

    The mass of a cell is b^1.5 between its edges and its mean .6 x the difference of b^2.5 over the mass.
    """
    edges = np.concatenate([np.linspace(0, GAP, 40), np.linspace(GAP, 0.5, 20)[1:]])
    mass = np.diff(edges**1.5)
    mean = 0.6 * np.diff(edges**2.5) / mass
    parts = [(round(float(1 / b), 6), round(float(m), 10)) for b, m in zip(mean, mass, strict=True)]
    return longs_of(*parts, (1, round(float(1 - mass.sum()), 10)))


def rare_world():
    """A year of it without diffusion."""
    price = {"kind": "gbm", "initial_price": 10000, "annual_volatility": 0}
    return config(
        price, pareto_longs(), reduced={"jumps": JUMPS}, maintenance_ppm=500, max_leverage=1000, days=365,
        open_interest=1_000_000_000,
    )  # fmt: skip


@pytest.fixture(scope="module")
def rare():
    return rare_world()


def test_one_gap_costs_what_the_pareto_book_says(rare):
    batch = simulate_batch(rare, paths=2000)
    one = batch.outcomes["n_jumps"] == 1
    falls = -np.expm1(np.minimum(batch.outcomes["largest_jump"][one], 0))
    cost = batch.outcomes["control"][one] / 1e15
    assert cost == pytest.approx(falls**2.5 / 2.5, abs=3e-5)


def test_an_event_of_3e_7_is_found_within_three_standard_errors_and_five_percent(rare):
    """Error of the book in atoms below .2%; 300,000 paths, replication 0."""
    batch = simulate_batch(rare, paths=300_000, sampler="importance", target=1e-7)
    parts = batch.weights * (batch.outcomes["control"] / 1e15 > LOSS)
    estimate, error = parts.mean(), parts.std() / math.sqrt(len(parts))
    assert error < 0.02 * EXACT
    assert estimate == pytest.approx(EXACT, abs=3 * error)
    assert estimate == pytest.approx(EXACT, rel=0.05)
    assert parts.max() / parts.sum() < 0.02


@pytest.mark.parametrize("target", [1e-2, 1e-4, 1e-7])
def test_weights_average_to_one_and_never_exceed_ten(rare, target):
    batch = simulate_batch(rare, paths=200_000, sampler="importance", target=target)
    weights = batch.weights
    assert weights.max() <= 10.0 + 1e-9
    assert weights.mean() == pytest.approx(1, abs=4 * weights.std() / math.sqrt(len(weights)))


MERTON = {
    "kind": "merton", "initial_price": 10000, "annual_volatility": 0.5, "jumps_per_year": 50,
    "jump_log_mean": -0.02, "jump_log_sd": 0.04,
}  # fmt: skip


@pytest.mark.parametrize("price", [KOU, MERTON], ids=["kou", "merton"])
def test_importance_sampling_changes_no_expectation(price):
    """Mean shortfall and liquidated notional of a leveraged book over a week, crude against weighted."""
    world = config(price, longs_of((10, 0.5), (30, 0.5)), reduced={"steps": 3})
    crude = simulate_batch(world, paths=100_000)
    weighted = simulate_batch(world, paths=100_000, sampler="importance", target=1e-2)
    for sample in (lambda b: b.outcomes["required"] / 1e12, lambda b: b.flow("notional") / 1e12):
        plain, tilted = sample(crude), sample(weighted) * weighted.weights
        error = math.hypot(plain.std(), tilted.std()) / math.sqrt(100_000)
        assert tilted.mean() == pytest.approx(plain.mean(), abs=4 * error)


def test_tails_of_threshold_jumps_are_tilted_without_bias():
    price = {"kind": "gbm", "initial_price": 10000, "annual_volatility": 0.5}
    jumps = {
        "kind": "threshold", "falls_per_year": 11, "down_threshold": 0.0275, "down_xi": 0.28, "down_beta": 0.0099,
        "rises_per_year": 9, "up_threshold": 0.0275, "up_xi": 0.2, "up_beta": 0.0083,
    }  # fmt: skip
    world = config(price, longs_of((5, 0.5), (12, 0.5)), reduced={"jumps": jumps, "steps": 2}, days=30)
    crude = simulate_batch(world, paths=300_000)
    weighted = simulate_batch(world, paths=100_000, sampler="importance", target=1e-3)
    plain = (crude.outcomes["required"] / 1e12 > 0.02).mean()
    parts = weighted.weights * (weighted.outcomes["required"] / 1e12 > 0.02)
    assert plain > 1e-4
    error = math.hypot(math.sqrt(plain / 300_000), parts.std() / math.sqrt(100_000))
    assert parts.mean() == pytest.approx(plain, abs=4 * error)
    assert parts.std() ** 2 < 0.5 * plain


def test_importance_sampling_without_random_jumps_is_refused():
    price = {"kind": "gbm", "initial_price": 10000, "annual_volatility": 0.5}
    with pytest.raises(ConfigError, match="needs random jumps"):
        simulate_batch(config(price, longs_of((10, 1))), paths=10, sampler="importance")


def test_sobol_points_give_the_same_mean_with_less_noise():
    """Mean shortfall of jumps alone, 16 scramblings of 1,024 points against as many crude paths."""
    longs = [holders("long", long=1, short=0, leverage=8), holders("short", long=0, short=1, leverage=1)]
    world = config({**KOU, "annual_volatility": 0, "jumps_per_year": 10}, longs, days=30)

    def means(sampler):
        sample = [simulate_batch(world, paths=1024, sampler=sampler, replication=r) for r in range(16)]
        return np.array([batch.outcomes["control"].mean() for batch in sample]) / 1e12

    crude, sobol = means("crude"), means("sobol")
    assert sobol.std() < 0.6 * crude.std()
    assert sobol.mean() == pytest.approx(crude.mean(), abs=4 * math.hypot(crude.std(), sobol.std()) / 4)
