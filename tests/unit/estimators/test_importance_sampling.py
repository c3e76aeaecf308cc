"""Weighted runs: unbiased estimates and honest intervals where weights are good, refusals with reasons where not."""

import math

import numpy as np
import pytest
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.importance_sampling import (
    WeightedCurve,
    WeightLimits,
    check_weights,
    weighted_mean,
    weighted_probability,
)
from scipy import stats


def tilted_exponential(n, seed, mean=6.0):
    """Exp(1) losses drawn with another mean; log dP/dQ = -x + x / mean + log(mean)."""
    loss = np.random.default_rng(seed).exponential(mean, n)
    return loss, -loss + loss / mean + math.log(mean)


def test_a_tail_of_one_in_160_000():
    """P(Exp(1) > 12) = e^-12, 20,000 runs, seed 1, 4 standard errors; variance reduction 7,000."""
    loss, log_weight = tilted_exponential(20_000, 1)
    estimate = weighted_probability(loss > 12, log_weight)
    error = estimate.half_width / 1.96
    assert abs(estimate.value - math.exp(-12)) < 4 * error
    assert estimate.relative_half_width < 0.08
    assert estimate.variance_reduction == pytest.approx(7_000, rel=0.15)  # e^-12 / (36/11 e^-22), less 1
    assert estimate.largest_weight_share < 0.005
    assert estimate.effective_sample_size > 500


def test_the_interval_is_the_normal_one_by_hand():
    event = np.arange(400) % 4 == 0
    log_weight = np.where(np.arange(400) % 8 == 0, math.log(2.0), 0.0)
    parts = np.where(event, np.exp(log_weight), 0.0)
    estimate = weighted_probability(event, log_weight, limits=WeightLimits(effective_sample=50))
    assert estimate.value == pytest.approx(parts.mean()) == pytest.approx(0.375)
    half = stats.norm.ppf(0.975) * parts.std(ddof=1) / 20
    assert (estimate.low, estimate.high) == pytest.approx((0.375 - half, 0.375 + half))
    assert estimate.effective_sample_size == pytest.approx(150**2 / (50 * 4 + 50))
    assert estimate.largest_weight_share == pytest.approx(2 / 150)
    assert estimate.events == 100


def test_equal_weights_are_crude_monte_carlo():
    event = np.arange(1_000) % 5 == 0
    estimate = weighted_probability(event, np.zeros(1_000))
    assert estimate.value == pytest.approx(0.2)
    assert estimate.variance_reduction == pytest.approx(1.0, rel=2e-3)
    assert estimate.effective_sample_size == pytest.approx(200)


def test_one_sided_bounds():
    loss, log_weight = tilted_exponential(20_000, 1)
    upper = weighted_probability(loss > 12, log_weight, side="upper")
    assert upper.low == 0
    assert upper.value < upper.high < weighted_probability(loss > 12, log_weight).high
    lower = weighted_probability(loss > 12, log_weight, side="lower")
    assert lower.high == 1


def test_a_mean_may_be_negative():
    loss, log_weight = tilted_exponential(20_000, 2, mean=1.5)
    estimate = weighted_mean(-loss, log_weight, unit="USDT")
    assert estimate.holds(-1.0)
    assert estimate.high < 0


@pytest.mark.parametrize(
    ("contributions", "reason"),
    [
        (np.zeros(1_000), "no run shows the event"),
        (np.append(np.full(200, 1e-3), 1.0), "one run contributes 83"),
        (np.ones(60), "the effective sample is 60"),
        ((np.arange(50_000) + 8.0) ** -0.9, "runs with the event have a tail of shape 0.[789]"),
    ],
)
def test_bad_weights_are_refused_with_the_reason(contributions, reason):
    with np.errstate(divide="ignore"), pytest.raises(RefusedError, match=reason):
        weighted_mean((contributions > 0).astype(float), np.log(contributions))


def test_weights_without_a_mean_are_refused_even_where_the_event_looks_well():
    heavy = (np.arange(50_000) + 0.5) ** -1.3
    event = np.arange(50_000) > 25_000
    with pytest.raises(RefusedError, match="all runs have a tail of shape 1"):
        weighted_probability(event, np.log(heavy))


def test_a_tilt_in_the_wrong_direction_is_refused():
    loss, log_weight = tilted_exponential(20_000, 3, mean=0.5)
    with pytest.raises(RefusedError, match="refused"):
        weighted_probability(loss > 6, log_weight)


@pytest.mark.parametrize("bad", [[np.nan, 0.0], [800.0, 0.0], []])
def test_what_is_no_weight_is_an_error(bad):
    with pytest.raises(ValueError, match="log weights"):
        weighted_mean(np.ones(len(bad)), bad)
    with pytest.raises(ValueError, match="2 values have 1"):
        weighted_mean([1.0, 2.0], [0.0])


def test_the_curve_is_the_probability_at_every_fund():
    loss, log_weight = tilted_exponential(5_000, 4)
    curve = WeightedCurve(loss, log_weight)
    value, low, high = curve.bounds([3.0, 8.0])
    for i, fund in enumerate((3.0, 8.0)):
        alone = weighted_probability(loss > fund, log_weight)
        assert (value[i], low[i], high[i]) == pytest.approx((alone.value, alone.low, alone.high), rel=1e-9)
    table = curve.table([3.0, 8.0, 60.0])
    assert table["refused"].tolist()[:2] == ["", ""]
    assert "no run" in table["refused"].iloc[2]
    assert len(curve.table()) <= 61


@pytest.mark.parametrize("p", [1e-3, 1e-5])
def test_the_required_fund_from_weighted_runs(p):
    """Exp(1): the fund for p is -ln p; 20,000 runs, seed 5; its interval is near z se / density."""
    loss, log_weight = tilted_exponential(20_000, 5, mean=9.0)
    estimate = WeightedCurve(loss, log_weight).required_fund(p)
    assert estimate.holds(-math.log(p))
    assert estimate.half_width < 0.08
    parts = np.where(loss > estimate.value, np.exp(log_weight), 0)
    assert parts.mean() <= p < np.where(loss >= estimate.value, np.exp(log_weight), 0).mean()
    upper = WeightedCurve(loss, log_weight).required_fund(p, side="upper")
    assert upper.low == 0
    assert upper.high < estimate.high


def test_the_required_fund_beyond_the_sample_is_refused():
    loss, log_weight = tilted_exponential(2_000, 6)
    with pytest.raises(RefusedError, match="fund for 1e-25"):
        WeightedCurve(loss, log_weight).required_fund(1e-25)


def test_no_fund_is_needed_when_everything_is_rarer_than_the_target():
    curve = WeightedCurve(np.ones(1_000), np.full(1_000, math.log(1e-3)))
    assert curve.required_fund(0.01).value == 0.0


def test_contributions_are_counted():
    check = check_weights([0.0, 0.0, 1.0, 3.0])
    assert (check.events, check.largest_weight_share) == (2, 0.75)
    assert check.effective_sample_size == pytest.approx(1.6)
