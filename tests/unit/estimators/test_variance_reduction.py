"""Control variates and paired differences: they take out the noise that they say, and no more."""

import numpy as np
import pytest
from clearsim.analysis.estimators.control import control_variate
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.paired import paired_difference, paired_probability


def correlated(n, seed, r=0.954):
    x, z = np.random.default_rng(seed).standard_normal((2, n))
    return 5 + 2 * (r * x + (1 - r**2) ** 0.5 * z), 3 + x


def test_variance_falls_by_one_over_one_less_r_squared():
    """r = 0.954 gives 11.1. 20,000 runs, seed 1."""
    y, c = correlated(20_000, 1)
    estimate = control_variate(y, c, 3.0)
    assert estimate.variance_reduction == pytest.approx(11.1, rel=0.05)
    assert estimate.holds(5.0)
    crude_half = 1.96 * y.std() / len(y) ** 0.5
    assert estimate.half_width == pytest.approx(crude_half / 11.1**0.5, rel=0.05)


def test_the_correction_by_hand():
    """y = 2 c exactly, control mean known to be 10 but sampled as c: the answer is 20 without error."""
    c = np.linspace(9, 10.8, 50)
    estimate = control_variate(2 * c, c, 10.0)
    assert estimate.value == pytest.approx(20)
    assert estimate.half_width < 1e-9


def test_a_wrong_mean_or_a_constant_control_is_refused():
    y, c = correlated(5_000, 2)
    with pytest.raises(RefusedError, match="the stated mean is wrong"):
        control_variate(y, c, 3.2)
    with pytest.raises(RefusedError, match="the same in every run"):
        control_variate(y, np.ones(5_000), 1.0)
    with pytest.raises(ValueError, match="30 runs"):
        control_variate(y[:20], c[:20], 3.0)


def test_common_randomness_takes_the_noise_out_of_a_difference():
    """Arms at 1.0 and 1.1 on the same draws: the difference is 0.1 x, variance (1 + 1.21) / 0.01 = 221 times less."""
    x = np.random.default_rng(3).exponential(size=5_000)
    estimate = paired_difference(x, 1.1 * x)
    assert estimate.value == pytest.approx(0.1 * x.mean())
    assert estimate.holds(0.1)
    assert estimate.variance_reduction == pytest.approx(221, rel=1e-6)


def test_paired_difference_is_the_t_interval_by_hand():
    """Differences 1, 2, 3: mean 2, s.d. 1, t_2(0.975) = 4.3027, half-width 4.3027 / sqrt(3)."""
    estimate = paired_difference([0, 0, 0], [1, 2, 3])
    assert (estimate.value, estimate.events) == (2, 3)
    assert estimate.half_width == pytest.approx(4.30265 / 3**0.5, rel=1e-5)
    with pytest.raises(ValueError, match="paired arms"):
        paired_difference([1.0], [1.0])


def test_paired_probabilities():
    """20 runs change to the event, 5 away from it, of 1,000: 0.015; Agresti & Min: (20.5 - 5.5) / 1002 as centre."""
    first, second = np.zeros(1_000, bool), np.zeros(1_000, bool)
    second[:20] = True
    first[20:25] = True
    first[500:550] = second[500:550] = True
    estimate = paired_probability(first, second)
    assert estimate.value == pytest.approx(0.015)
    half = 1.959964 * (26 - 15**2 / 1002) ** 0.5 / 1002
    assert (estimate.low, estimate.high) == pytest.approx((15 / 1002 - half, 15 / 1002 + half))
    assert estimate.events == 25
    assert estimate.variance_reduction > 3


def test_arms_that_always_agree_still_have_an_interval():
    same = np.arange(100) % 3 == 0
    estimate = paired_probability(same, same)
    assert estimate.value == 0
    assert estimate.low < 0 < estimate.high
    with pytest.raises(ValueError, match="same runs"):
        paired_probability(same, same[:-1])
