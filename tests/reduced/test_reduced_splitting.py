"""Paths as rows of keys have the law of crude paths; splitting them gives closed forms, and says what it is worth."""

import math

import numpy as np
import pytest
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.splitting import splitting_in_steps
from clearsim.funds.worlds import ReducedWorld
from clearsim.reduced.branches import required_by_step
from clearsim.reduced.lower import lower
from clearsim.reduced.run import simulate_batch

from tests.reduced.reduced_worlds import KOU, config, longs_of, shock

#: Kou & Wang 2003 as in test_reduced_closed_forms.py: 10x, m = 2%, 7 days, falls with eta 25. The overshoot beyond the
#: liquidation price is exponential, so P(shortfall > y of the notional) = P(through) ((p_b - y) / p_b)^eta, p_b = .9.
THROUGH, BANKRUPTCY, ETA = 0.0452988, 0.9, 25


def kou_world(steps):
    return config(KOU, longs_of((10, 1)), maintenance_ppm=20_000, max_leverage=10, reduced={"steps": steps})


def beyond(y):
    return THROUGH * ((BANKRUPTCY - y) / BANKRUPTCY) ** ETA


def keys_of(n, steps, seed):
    return np.random.default_rng(seed).integers(2**64 - 1, size=(n, steps), dtype=np.uint64, endpoint=True)


@pytest.mark.parametrize("steps", [1, 7])
def test_paths_of_keys_meet_the_closed_form_whatever_the_step(steps):
    """400,000 paths, seed 1, 4 standard errors, at three sizes of shortfall."""
    required = required_by_step(lower(kou_world(steps)), keys_of(400_000, steps, 1))[:, -1] / 1e12
    for y in (0.0, 0.02, 0.05):
        p = beyond(y)
        assert (required > y).mean() == pytest.approx(p, abs=4 * math.sqrt(p / 400_000))


@pytest.mark.parametrize(("y", "particles"), [(0.05, 1_000), (0.15, 20_000)])
def test_splitting_meets_the_closed_form(y, particles):
    """1.1e-2 and 4.7e-4: 40 replicates, seed 2, 4 standard errors.

    One jump makes the whole shortfall, so splitting is no better than crude paths here, and reports it.
    """
    world = ReducedWorld(kou_world(14))
    estimate = splitting_in_steps(world, y * 1e6, particles=particles, replicates=40, seed=2)
    error = estimate.half_width / 2.0227  # t_39
    assert abs(estimate.value - beyond(y)) < 4 * error
    assert error < 0.35 * beyond(y)
    assert estimate.variance_reduction < 2


def test_splitting_refuses_where_one_jump_decides_and_particles_are_few():
    with pytest.raises(RefusedError, match="died out before 150000: use more particles"):
        splitting_in_steps(ReducedWorld(kou_world(14)), 0.15e6, particles=1_000, replicates=40, seed=2)


def test_paths_of_keys_have_the_law_of_crude_paths():
    """A renewed book of two leverages under 50 jumps a year, 12 steps: mean and tail, 4 standard errors, seed 3."""
    renewal = {"kind": "half_life", "half_life_days": 2}
    world = config(KOU, longs_of((10, 0.5), (30, 0.5)), reduced={"steps": 12, "renewal": renewal}, days=14)
    mine = required_by_step(lower(world), keys_of(20_000, 12, 3))[:, -1] / 1e12
    crude = simulate_batch(world, paths=20_000).columns("")["required_fund_quanta"] / 1e12
    error = math.hypot(mine.std(), crude.std()) / math.sqrt(20_000)
    assert mine.mean() == pytest.approx(crude.mean(), abs=4 * error)
    for q in (0.5, 0.9, 0.99):
        x = np.quantile(crude, q)
        spread = 4 * math.sqrt(2 * q * (1 - q) / 20_000)
        assert (mine > x).mean() == pytest.approx((crude > x).mean(), abs=spread)


def test_a_path_that_shares_keys_is_the_same_until_it_branches():
    lowered = lower(kou_world(10))
    keys = keys_of(3_000, 10, 4)
    other = keys.copy()
    other[:, 6:] = keys_of(3_000, 4, 5)
    first, second = required_by_step(lowered, keys), required_by_step(lowered, other)
    np.testing.assert_array_equal(first[:, :6], second[:, :6])
    assert (first[:, -1] != second[:, -1]).any()
    assert (np.diff(first, axis=1) >= 0).all()
    np.testing.assert_array_equal(first[1_000:1_003], required_by_step(lowered, keys[1_000:1_003]))


def test_a_stated_shock_comes_in_its_step_whatever_the_keys():
    """A fall of 20% after a minute takes 10 points beyond the margin of 10x: a tenth of the notional, at once."""
    world = config(shock(-0.2), longs_of((10, 1)), days=1, reduced={"steps": 24})
    required = required_by_step(lower(world), keys_of(5, 24, 6))
    assert (required == 10**11).all()


def test_another_number_of_steps_is_refused():
    with pytest.raises(ValueError, match="a row of 10 keys"):
        required_by_step(lower(kou_world(10)), keys_of(5, 9, 1))
