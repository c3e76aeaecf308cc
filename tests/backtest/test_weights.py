"""Weights of parameters by a history: closed forms of beta and binomial laws, and numbers by hand."""

import math
from datetime import date

import numpy as np
import pytest
from clearsim.analysis.backtest import weights as at
from clearsim.analysis.backtest.windows import Windows
from clearsim.analysis.estimators.estimate import RefusedError


def windows(low, high=None, threshold=0.0, unit=""):
    low = np.array(low, float)
    high = low if high is None else np.array(high, float)
    return Windows(low, high, 30.0, (date(2025, 1, 1),) * len(low), threshold, unit, "made")


def test_cells_of_simulated_draws():
    """Edges 0, .01: of 8 paths 4 draw nothing, 3 up to 1%, 1 more; half a path is spread: (4 + 1/6) / 8.5, ..."""
    found = at.cell_probabilities(np.array([0, 0, 0, 0, 0.001, 0.01, 0.005, 0.02]), (0.0, 0.01))
    assert found == pytest.approx([(4 + 1 / 6) / 8.5, (3 + 1 / 6) / 8.5, (1 + 1 / 6) / 8.5])
    assert found.sum() == pytest.approx(1)


def test_the_likelihood_is_the_product_over_windows():
    """Three windows without a draw, one of .5%, at .7, .2, .1: .7^3 x .2."""
    p = np.array([0.7, 0.2, 0.1])
    found = at.log_likelihood(windows([0, 0, 0, 0.005]), p, (0.0, 0.01))
    assert found == pytest.approx(math.log(0.7**3 * 0.2))


def test_a_range_may_be_any_of_its_cells():
    """Between 0 and 1.5%: everything; between .5% and 1.5%: the upper two."""
    p = np.array([0.7, 0.2, 0.1])
    assert at.log_likelihood(windows([0], [0.015]), p, (0.0, 0.01)) == pytest.approx(0)
    assert at.log_likelihood(windows([0.005], [0.015]), p, (0.0, 0.01)) == pytest.approx(math.log(0.3))


def test_what_was_not_reported_is_anything_up_to_the_threshold():
    """Two windows without a report below 1%: .9 each; a reported 2%: .1."""
    p = np.array([0.7, 0.2, 0.1])
    found = at.log_likelihood(windows([0, 0, 0.02], threshold=0.01), p, (0.0, 0.01))
    assert found == pytest.approx(math.log(0.9**2 * 0.1))


def test_amounts_have_no_cells():
    with pytest.raises(ValueError, match="amounts in USDT"):
        at.log_likelihood(windows([0.0], unit="USDT"), np.array([1.0]), ())


def test_one_draw_in_sixty_windows_makes_a_uniform_prior_a_beta():
    """p uniform: the posterior is Beta(2, 60), mean 2/62 = .03226, variance 2 x 60 / (62^2 x 63) = 4.955e-4."""
    p = (np.arange(20_000) + 0.5) / 20_000
    logs = np.array([at.log_likelihood(windows([0.0] * 59 + [0.02]), np.array([1 - q, q]), (0.01,)) for q in p])
    weights = at.posterior_weights(logs)
    mean = float(np.sum(weights * p))
    assert weights.sum() == pytest.approx(1)
    assert mean == pytest.approx(2 / 62, rel=1e-4)
    assert np.sum(weights * (p - mean) ** 2) == pytest.approx(4.955e-4, rel=1e-3)


def test_effective_sample_size_and_overlap_of_known_weights():
    """Equal weights: n and 1. Half of the draws with all the weight: n / 2 and one half."""
    values, equal = np.arange(1000.0), np.full(1000, 1e-3)
    half = np.where(values < 500, 2e-3, 0.0)
    assert at.effective_sample_size(equal) == pytest.approx(1000)
    assert at.effective_sample_size(half) == pytest.approx(500)
    assert at.overlap(values, equal, equal) == pytest.approx(1)
    assert at.overlap(values, equal, half) == pytest.approx(0.5)


def test_the_predictive_fund_solves_the_mixture():
    """Two parameters, 100 paths each: one never draws, one draws 1..100 evenly. P(draw > f) = (100 - f) / 200 = .05
    at f = 90; with weights 0 and 1 it is 95."""
    draws = np.stack([np.zeros(100), np.arange(1.0, 101.0)])
    assert at.predictive_fund(draws, np.array([0.5, 0.5]), 0.05) == 90
    assert at.predictive_fund(draws, np.array([0.0, 1.0]), 0.05) == 95


def delays(n=2_000, paths=400):
    """Draws with P(draw of 2%) = delay: 0 to .4 in steps of 1/400."""
    delay = np.minimum(np.arange(n) * 401 // n, 400) / 400 * 0.4
    place = (np.arange(paths) + 0.5) / paths
    return np.where(place[None, :] < delay[:, None], 0.02, 0.0), {"delay": delay, "tail": np.tile([0.0, 1.0], n // 2)}


def test_a_history_moves_the_parameter_that_it_sees_and_no_other():
    """Two draws in ten windows: the posterior of the delay is a Beta(3, 9) cut at .4, near .2."""
    draws, parameters = delays()
    found = at.update(draws, parameters, windows([0.0] * 8 + [0.02] * 2), p=0.01)
    mean = float(np.sum(found.weights * parameters["delay"]))
    assert mean == pytest.approx(0.2198, abs=1e-3)  # x^2 (1 - x)^8 on [0, .4], by the midpoint rule
    assert found.effective > at.MIN_EFFECTIVE
    assert found.overlap["tail"] == pytest.approx(1, abs=0.02)
    assert found.overlap["delay"] == pytest.approx(0.8155, abs=0.005)  # of that density and an even one


def test_too_few_draws_or_too_few_that_fit_are_refused():
    draws, parameters = delays()
    with pytest.raises(RefusedError, match="2,000 are needed"):
        at.update(draws[:100], {}, windows([0.0]), p=0.01)
    with pytest.raises(RefusedError, match="draw more of them") as refusal:
        at.update(draws, parameters, windows([0.0] * 600), p=0.01)
    assert refusal.value.runs_needed > 2_000
