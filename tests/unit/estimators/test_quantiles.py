"""The required fund from a sample: ranks of order statistics, the curve, and the refusal of too small a sample."""

import numpy as np
import pytest
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.quantiles import (
    exceedance_curve,
    exhausted,
    order_ranks,
    required_fund,
    runs_for_quantile,
)
from scipy import stats


def test_a_fund_that_just_suffices_is_not_exhausted():
    sample = [0, 0, 10, 10, 20]
    assert exhausted(sample, 10).value == pytest.approx(0.2)
    assert exhausted(sample, 9.99).value == pytest.approx(0.6)
    assert exhausted(sample, 20).events == 0


def test_the_curve_counts_what_exceeds():
    curve = exceedance_curve([0, 0, 10, 10, 20], at=[20, 0, 10])
    assert curve["fund"].tolist() == [0, 10, 20]
    assert curve["events"].tolist() == [3, 1, 0]
    assert curve["high"].iloc[2] == pytest.approx(1 - 0.025 ** (1 / 5))


def test_the_default_curve_keeps_the_tail_and_starts_at_nothing():
    sample = np.random.default_rng(1).exponential(size=20_000)
    curve = exceedance_curve(sample, max_points=100)
    assert len(curve) <= 101
    assert curve["fund"].iloc[0] == 0
    assert curve["events"].iloc[[-1, -2]].tolist() == [0, 1]
    assert curve["probability"].is_monotonic_decreasing


def test_ranks_are_the_smallest_with_the_level():
    """n = 1,000, p = 0.1, by the defining inequality: P(low <= B <= high - 1) >= 0.95, each tail at most 2.5%."""
    low, value, high = order_ranks(1_000, 0.1)
    assert value == 900
    law = stats.binom(1_000, 0.9)
    assert law.cdf(low - 1) <= 0.025 < law.cdf(low)
    assert law.sf(high - 1) <= 0.025 < law.sf(high - 2)
    assert law.cdf(high - 1) - law.cdf(low - 1) >= 0.95


def test_required_fund_reads_the_order_statistics():
    sample = np.random.default_rng(2).permutation(np.arange(1, 1_001))
    estimate = required_fund(sample, 0.1, unit="USDT")
    low, _, high = order_ranks(1_000, 0.1)
    assert (estimate.low, estimate.value, estimate.high) == (low, 900, high)
    assert estimate.events == 100
    assert exhausted(sample, estimate.value).value <= 0.1 < exhausted(sample, estimate.value - 1).value


def test_a_bound_on_one_side():
    sample = np.arange(1, 1_001)
    upper = required_fund(sample, 0.1, side="upper")
    assert upper.low == 0
    assert upper.value < upper.high < required_fund(sample, 0.1).high


@pytest.mark.parametrize("p", [1e-2, 1e-3, 1e-4])
def test_too_small_a_sample_is_refused_with_the_runs_needed(p):
    needed = runs_for_quantile(p)
    assert needed == {1e-2: 368, 1e-3: 3_688, 1e-4: 36_887}[p]  # ln 0.025 / ln(1 - p)
    with pytest.raises(RefusedError, match=f"{needed:,}") as refusal:
        required_fund(np.arange(needed - 1), p)
    assert refusal.value.runs_needed == needed
    assert required_fund(np.arange(needed), p).high == needed - 1


def test_nothing_and_infinity_are_no_sample():
    for bad in ([], [1.0, np.inf], [np.nan]):
        with pytest.raises(ValueError, match="required funds"):
            required_fund(bad, 0.1)
