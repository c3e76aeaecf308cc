"""Counts to intervals, against worked values: 0 of 1,000, 10 of 10,000, and the runs that a claim needs."""

import numpy as np
import pytest
from clearsim.analysis.estimators.intervals import (
    clopper_pearson,
    normal_quantile,
    probability,
    runs_for_claim,
    runs_for_precision,
    wilson,
)
from scipy import stats


def test_none_of_a_thousand():
    """By hand: 1 - 0.025^(1/1000) = 0.0036821; one-sided 1 - 0.05^(1/1000) = 0.0029912."""
    estimate = probability(0, 1_000)
    assert (estimate.value, estimate.low) == (0.0, 0.0)
    assert estimate.high == pytest.approx(0.00368208, abs=1e-8)
    assert probability(0, 1_000, side="upper").high == pytest.approx(0.00299124, abs=1e-8)


def test_ten_of_ten_thousand():
    """Clopper-Pearson [4.8e-4, 1.84e-3], Wilson [5.43e-4, 1.84e-3]: printed to those digits."""
    low, high = clopper_pearson(10, 10_000)
    assert (round(float(low), 5), round(float(high), 5)) == (0.00048, 0.00184)
    low, high = wilson(10, 10_000)
    assert (round(float(low), 6), round(float(high), 5)) == (0.000543, 0.00184)


@pytest.mark.parametrize(("events", "n"), [(3, 50), (0, 7), (50, 50), (499, 500)])
def test_clopper_pearson_inverts_the_binomial(events, n):
    """Defining property, by another route: at the bounds the tail of the binomial law is 2.5%."""
    low, high = (float(bound) for bound in clopper_pearson(events, n))
    assert (low == 0) if events == 0 else stats.binom.sf(events - 1, n, low) == pytest.approx(0.025, rel=1e-9)
    assert (high == 1) if events == n else stats.binom.cdf(events, n, high) == pytest.approx(0.025, rel=1e-9)


def test_one_sided_bounds_leave_the_other_side_open():
    assert float(clopper_pearson(5, 100, side="upper")[0]) == 0.0
    assert float(clopper_pearson(5, 100, side="lower")[1]) == 1.0
    assert float(clopper_pearson(5, 100, side="upper")[1]) < float(clopper_pearson(5, 100)[1])


def test_wilson_ends_are_exact():
    low, high = wilson([0, 20], [20, 20])
    assert (low[0], high[1]) == (0.0, 1.0)
    assert 0 < high[0] < 1


@pytest.mark.parametrize("interval", [clopper_pearson, wilson])
@pytest.mark.parametrize(("events", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_impossible_counts_are_refused(interval, events, n):
    with pytest.raises(ValueError, match="events"):
        interval(events, n)


@pytest.mark.parametrize(("target", "runs"), [(1e-3, 2_995), (1e-4, 29_956)])
def test_runs_without_an_event_that_prove_a_claim(target, runs):
    assert runs_for_claim(target) == runs
    assert clopper_pearson(0, runs, side="upper")[1] < target <= clopper_pearson(0, runs - 1, side="upper")[1]


def test_runs_with_events_that_prove_a_claim():
    """Poisson rule of thumb: 3 events need about 7.754 / p runs."""
    runs = runs_for_claim(1e-3, events=3)
    assert runs == pytest.approx(7_754, rel=1e-3)
    assert clopper_pearson(3, runs + 1, side="upper")[1] < 1e-3 < clopper_pearson(3, runs - 1, side="upper")[1]


@pytest.mark.parametrize(("p", "runs"), [(1e-3, 1e5), (1e-4, 1e6), (1e-6, 1e8)])
def test_ten_percent_standard_error_needs_a_hundred_over_p(p, runs):
    one_sigma = float(2 * stats.norm.cdf(1) - 1)
    assert runs_for_precision(p, 0.1, level=one_sigma) == pytest.approx(runs, rel=2e-3)


def test_a_one_sided_claim_cannot_rest_on_wilson():
    with pytest.raises(ValueError, match="clopper_pearson"):
        probability(1, 10, interval="wilson", side="upper")
    assert normal_quantile(0.95, "upper") == pytest.approx(1.6449, abs=1e-4)


def test_arrays_are_taken_elementwise():
    low, high = clopper_pearson(np.arange(3), 10)
    assert low.shape == high.shape == (3,)
    assert float(high[0]) == pytest.approx(1 - 0.025**0.1)
