"""Peaks over threshold: planted tails recovered, extrapolation with its interval, refusals where it says nothing."""

import numpy as np
import pytest
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.tails import _resampled_groups_top, _resampled_top, fit_tail, stability_table
from scipy import stats


def lomax(n, seed, alpha=2.5):
    return np.random.default_rng(seed).random(n) ** (-1 / alpha) - 1


def test_a_planted_tail_is_extrapolated_within_its_interval():
    """Lomax 2.5, scale 1.5, n = 20,000, k = 1,000: the loss at 1e-4 is 1.5 (1e4^0.4 - 1) = 58.2; xi is 0.4. Seed 1."""
    fit = fit_tail(1.5 * lomax(20_000, 1), 1_000, resamples=300)
    at_1e4 = fit.quantile(1e-4, unit="USDT")
    assert at_1e4.holds(58.2)
    assert 30 < at_1e4.low < at_1e4.high < 100
    assert fit.shape().holds(0.4)
    assert fit.shape().half_width == pytest.approx(1.96 * 1.4 / 1_000**0.5, rel=0.25)  # (1 + xi) / sqrt(k)
    assert fit.exceedance(58.2).holds(1e-4)
    assert "extrapolated" in at_1e4.note


def test_quantile_and_exceedance_are_inverses():
    fit = fit_tail(lomax(5_000, 2), 300, resamples=50)
    assert fit.exceedance(fit.quantile(1e-3).value).value == pytest.approx(1e-3, rel=1e-9)


def test_it_beats_the_raw_order_statistic():
    """RMSE of the loss at 1e-4 from 20,000 losses over 60 samples: below the empirical quantile's."""
    exact, fitted, raw = 1e4**0.4 - 1, [], []
    for seed in range(60):
        sample = lomax(20_000, seed)
        fitted.append(fit_tail(sample, 1_000, resamples=2).quantile(1e-4).value)
        raw.append(np.sort(sample)[-2])
    error = [np.sqrt(np.mean((np.array(values) / exact - 1) ** 2)) for values in (fitted, raw)]
    assert error[0] < 0.2  # about 15%
    assert error[0] < 0.8 * error[1]


def test_an_exponential_tail_has_shape_zero():
    sample = np.random.default_rng(3).exponential(2.0, 20_000)
    fit = fit_tail(sample, 1_000, resamples=300)
    assert fit.shape().holds(0.0)
    assert fit.quantile(1e-4).holds(2 * np.log(1e4))


def test_a_bounded_tail_is_bounded():
    fit = fit_tail(np.random.default_rng(4).random(20_000) ** 0.5, 1_000, resamples=100)
    assert fit.shape().high < 0
    assert fit.quantile(1e-6).value < 1.02
    assert fit.exceedance(1.5).value == 0.0


@pytest.mark.parametrize(
    ("losses", "k", "reason"),
    [
        (np.arange(200.0), 20, "a tail fit takes 50 to 199"),
        (np.arange(200.0), 200, "a tail fit takes"),
        (np.append(np.zeros(900), np.arange(1.0, 101.0)), 150, "only 100 are"),
        (np.append(np.arange(900.0), np.full(100, 1e4)), 100, "not above the rest"),
    ],
)
def test_samples_that_bear_no_fit_are_refused(losses, k, reason):
    with pytest.raises(RefusedError, match=reason):
        fit_tail(losses, k)


def test_inside_the_sample_order_statistics_are_asked_for():
    fit = fit_tail(lomax(5_000, 6), 250, resamples=10)
    with pytest.raises(RefusedError, match="order statistics"):
        fit.quantile(0.06)
    with pytest.raises(RefusedError, match="count the runs"):
        fit.exceedance(0.1)


def test_the_bootstrap_draws_with_replacement():
    """The largest of n draws from n is itself the largest with probability 1 - (1 - 1/n)^n. 20,000 resamples, 4 s.e."""
    ranks = _resampled_top(50, 5, 20_000, np.random.default_rng(7))
    chance = 1 - (1 - 1 / 50) ** 50
    share = (ranks[:, -1] == 49).mean()
    assert abs(share - chance) < 4 * (chance * (1 - chance) / 20_000) ** 0.5
    assert (np.diff(ranks, axis=1) >= 0).all()
    whole = np.sort(np.random.default_rng(8).integers(0, 50, (20_000, 50)), axis=1)[:, -5]
    assert stats.ks_2samp(ranks[:, 0], whole).pvalue > 1e-4


def test_the_stability_table_is_level_above_a_good_threshold():
    table = stability_table(lomax(20_000, 9), 1e-4, resamples=50)
    assert list(table.columns[:3]) == ["k", "threshold", "xi"]
    assert table["k"].is_monotonic_increasing
    assert table["threshold"].is_monotonic_decreasing
    assert ((table["xi_low"] < 0.4) & (table["xi_high"] > 0.4)).mean() > 0.6
    width = table["xi_high"] - table["xi_low"]
    assert width.iloc[0] > 2 * width.iloc[-1]


def test_a_sample_without_losses_has_no_table():
    with pytest.raises(RefusedError, match="more runs with losses"):
        stability_table(np.append(np.zeros(5_000), [1.0, 2.0]), 1e-4)


def test_a_fit_is_a_function_of_its_seed():
    first, second = (fit_tail(lomax(2_000, 10), 100, resamples=50, seed=3).quantile(1e-4) for _ in range(2))
    assert first.row() == second.row() or (first.low, first.high) == (second.low, second.high)
    assert fit_tail(lomax(2_000, 10), 100, resamples=50, seed=4).quantile(1e-4).high != first.high


def test_groups_are_drawn_whole():
    """Four groups of three: the tops of resamples are those of groups drawn whole, with as many copies as draws."""
    ordered, group = np.arange(12.0), np.arange(12) % 4  # the largest four, 8 to 11, lie in groups 0 to 3
    tops = _resampled_groups_top(ordered, group, 3, 4_000, np.random.default_rng(1))
    drawn = np.random.default_rng(1).multinomial(4, np.full(4, 0.25), size=4_000)
    for top, times in zip(tops, drawn, strict=True):
        assert top.tolist() == np.sort(np.repeat(ordered, times[group]))[-3:].tolist()
    share = (tops[:, -1] == 11).mean()
    chance = 1 - 0.75**4
    assert abs(share - chance) < 4 * (chance * (1 - chance) / 4_000) ** 0.5


def test_groups_that_differ_make_a_fit_less_sure():
    """Twenty groups whose losses differ in scale, as points of a study do: wider than if losses were draws."""
    scale = np.exp(np.random.default_rng(11).normal(0, 1, 20))
    losses = (lomax(20_000, 12).reshape(20, 1_000) * scale[:, None]).ravel()
    group = np.repeat(np.arange(20), 1_000)
    alone = fit_tail(losses, 200, resamples=200).quantile(1e-3)
    together = fit_tail(losses, 200, group=group, resamples=200).quantile(1e-3)
    assert together.value == alone.value
    assert together.high - together.low > 1.5 * (alone.high - alone.low)
    assert together.method == "peaks over threshold, bootstrap of 20 groups"
    assert fit_tail(losses, 200, group=np.arange(20_000), resamples=200).quantile(1e-3).high == pytest.approx(
        alone.high, rel=0.15
    )
