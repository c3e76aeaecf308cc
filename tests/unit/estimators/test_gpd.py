"""Tail fits recover planted shapes, whatever the unit; the Pareto shape tells good weights from bad."""

import numpy as np
import pytest
from clearsim.analysis.estimators.gpd import fit_excesses, pareto_shape
from scipy import stats


@pytest.mark.parametrize("xi", [-0.3, 0.0, 0.25, 0.8, 1.5])
def test_a_planted_shape_is_recovered(xi):
    """20,000 excesses, seed 1: s.e. of xi is (1 + xi) / sqrt(k); of beta sqrt(2 (1 + xi)) beta / sqrt(k). 4 of each."""
    k = 20_000
    sample = stats.genpareto.rvs(xi, scale=3.0, size=k, random_state=np.random.default_rng(1))
    found_xi, found_beta = fit_excesses(sample)
    assert abs(found_xi - xi) < 4 * (1 + xi) / k**0.5
    assert abs(found_beta - 3.0) < 4 * 3.0 * (2 * (1 + xi)) ** 0.5 / k**0.5


def test_the_fit_is_the_maximum_of_the_likelihood():
    """No neighbour is more likely, by scipy's own density."""
    sample = stats.genpareto.rvs(0.4, scale=2.0, size=500, random_state=np.random.default_rng(2))
    xi, beta = fit_excesses(sample)
    best = stats.genpareto.logpdf(sample, xi, scale=beta).sum()
    for step_xi, step_beta in ((0.01, 0), (-0.01, 0), (0, 0.02), (0, -0.02), (0.01, -0.02), (-0.01, 0.02)):
        assert stats.genpareto.logpdf(sample, xi + step_xi, scale=beta + step_beta).sum() < best


def test_rows_are_fitted_one_by_one_and_units_do_not_matter():
    rows = np.random.default_rng(3).exponential(size=(4, 300))
    together = fit_excesses(rows)
    alone = [fit_excesses(row) for row in rows]
    assert together[0] == pytest.approx([float(xi) for xi, _ in alone])
    scaled = fit_excesses(1e9 * rows)
    assert scaled[0] == pytest.approx(together[0], abs=1e-5)
    assert scaled[1] == pytest.approx(1e9 * together[1], rel=1e-5)


@pytest.mark.parametrize("bad", [[0.0, 0.0, 0.0], [1.0], [-1.0, 2.0], [np.nan, 1.0]])
def test_what_is_no_tail_is_refused(bad):
    with pytest.raises(ValueError, match="tail fit"):
        fit_excesses(bad)


def test_pareto_shape_of_weights():
    generator = np.random.default_rng(4)
    heavy = generator.random(20_000) ** -1.2  # P(w > x) = x^(-1/1.2)
    assert pareto_shape(heavy) == pytest.approx(1.2, abs=0.35)  # k = 424: s.e. 0.11
    assert pareto_shape(generator.random(20_000)) < 0
    assert pareto_shape(np.ones(1_000)) == 0.0
    assert np.isnan(pareto_shape(np.ones(10)))
