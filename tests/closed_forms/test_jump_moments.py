"""Moments of Levy processes: cumulants of increments are drift, variance + jumps' second moment, and so on.

Source: Merton 1976; Kou 2002 (Management Science 48:1086). Bounds: K standard errors, seed below, on 100,000 increments
of one path (they are independent).
"""

import numpy as np
import pytest
from clearsim.market.clock import FixedClock
from clearsim.market.price import Bates, HawkesJumps, Independent, Kou, Merton, build_paths
from clearsim.market.price.jumps import DoubleExponentialJump, NormalJump
from clearsim.market.price.skeleton import PathContext
from clearsim.rng import Streams

K, SEED, STEPS = 4.5, 7, 100_000
HOUR_MS, YEAR_H = 3_600_000, 365 * 24

MERTON = Merton(
    initial_price=100, annual_volatility="0.6", jumps_per_year=400, jump_log_mean="-0.03", jump_log_sd="0.04",
    compensate=False,
)  # fmt: skip
KOU = Kou(
    initial_price=100, annual_volatility="0.6", jumps_per_year=400, down_share_ppm=700_000, down_eta=20, up_eta=40,
    compensate=False,
)  # fmt: skip
# Raw moments of a log jump, by hand. Normal(m, s): m^2 + s^2 = 0.0025; m^3 + 3 m s^2 = -1.71e-4.
# Two-sided exponential: n! (q (-1/20)^n + (1-q) / 40^n): n=1 -0.0275; n=2 0.003875; n=3 -4.96875e-4.
CASES = [(MERTON, -0.03, 0.0025, -1.71e-4), (KOU, -0.0275, 0.003875, -4.96875e-4)]


def one_path(process, *, steps=STEPS, tick_ms=HOUR_MS, seed=SEED):
    clock = FixedClock(tick_ms=tick_ms)
    return build_paths(
        Independent(), [process], names=["X"], duration_ms=steps * tick_ms, clock=clock, streams=Streams(seed=seed)
    )


@pytest.mark.parametrize(("process", "m1", "m2", "m3"), CASES, ids=["merton", "kou"])
def test_mean_variance_skew_and_count_of_increments(process, m1, m2, m3):
    path = one_path(process)
    x = np.diff(np.log(path.price[:, 0]))
    rate, variance = 400 / YEAR_H, 0.36 / YEAR_H
    mean = -variance / 2 + rate * m1
    for power, expected in ((1, 0.0), (2, variance + rate * m2), (3, rate * m3)):
        sample = (x - mean) ** power
        assert abs(sample.mean() - expected) < K * sample.std() / STEPS**0.5, (power, sample.mean(), expected)
    expected_steps = STEPS * -np.expm1(-rate)  # steps with at least one jump
    assert abs(path.jump.sum() - expected_steps) < K * expected_steps**0.5
    assert rate * m3 / (variance + rate * m2) ** 1.5 < -1  # the skew that was tested is not negligible


@pytest.mark.parametrize(
    ("size", "mean_return"),
    [
        (NormalJump(log_mean="-0.05", log_sd="0.1"), np.exp(-0.045) - 1),
        # 0.6 * 12/13 + 0.4 * 15/14 - 1
        (DoubleExponentialJump(down_share_ppm=600_000, down_eta=12, up_eta=15), 0.6 * 12 / 13 + 0.4 * 15 / 14 - 1),
    ],
    ids=["normal", "double_exponential"],
)
def test_sizes_have_their_stated_moments(size, mean_return):
    y = size.draw(np.random.default_rng(SEED), 400_000)
    assert size.mean_return() == pytest.approx(mean_return, rel=1e-12)
    for sample, expected in ((y, size.mean), ((y - size.mean) ** 2, size.variance), (np.expm1(y), mean_return)):
        assert abs(sample.mean() - expected) < K * sample.std() / len(y) ** 0.5


HAWKES = HawkesJumps(
    initial_price=100, annual_volatility=0, base_jumps_per_year=20 * YEAR_H, branching_ppm=600_000,
    excitation_half_life_s=600, size=NormalJump(log_mean="-0.001", log_sd="0.001"),
)  # fmt: skip


def hawkes_counts(duration_s, reps):
    generator = np.random.default_rng(SEED)
    return np.array([len(HAWKES.draw_times_s(generator, duration_s)) for _ in range(reps)])


def test_hawkes_mean_count_from_an_empty_history():
    """E N(T) = mu T / (1-n) - mu n / (b (1-n)^2) (1 - e^{-(1-n) b T}), from dE[rate] = b (mu - (1-n) E[rate]) dt."""
    mu, n, b, duration = 20 / 3600, 0.6, np.log(2) / 600, 3_600
    expected = mu * duration / (1 - n) - mu * n / (b * (1 - n) ** 2) * (1 - np.exp(-(1 - n) * b * duration))
    counts = hawkes_counts(duration, 4_000)
    assert expected == pytest.approx(35.38, abs=0.01)  # well below the stationary 50: the start matters
    assert abs(counts.mean() - expected) < K * counts.std() / len(counts) ** 0.5


def test_hawkes_counts_are_overdispersed_as_clusters_are():
    """Long run: variance / mean -> 1 / (1-n)^2 = 6.25 (Borel clusters); Poisson has 1. Sample error about 2.5%."""
    counts = hawkes_counts(200_000, 3_000)
    assert counts.var() / counts.mean() == pytest.approx(6.25, rel=0.12)


def test_hawkes_compensator_is_the_integral_of_the_intensity():
    """Two jumps at 1 s and 3 s, by hand: base t + n sum (1 - e^{-b (t - t_i)})."""
    jumps, times = np.array([1_000, 3_000]), np.array([0, 2_000, 4_000])
    b, base, n = np.log(2) / 600, 20 / 3600, 0.6
    one, three = -np.expm1(-b * 1), -np.expm1(-b * 3)
    expected = [0.0, base * 2 + n * one, base * 4 + n * (one + three)]
    assert HAWKES.integrated_intensity(jumps, times) == pytest.approx(expected, rel=1e-12)


BATES = Bates(
    initial_price=100, initial_annual_volatility="1.2", long_run_annual_volatility="0.6", reversion_per_year=50,
    volatility_of_variance=3, leverage_correlation="-0.7",
)  # fmt: skip


def test_bates_variance_reverts_at_its_stated_speed():
    """E v_t = theta + (v0 - theta) e^{-kappa t}; full truncation's bias is far below the sampling error at 1 h."""
    hours, reps = 24 * 10, 2_000
    generator = np.random.default_rng(SEED)
    steps_s = np.full(hours, 3_600.0)
    final = np.array([BATES.variance_path(steps_s, generator.standard_normal(hours))[-1] for _ in range(reps)])
    expected = 0.36 + (1.44 - 0.36) * np.exp(-50 * (hours - 1) / YEAR_H)
    assert final.min() >= 0
    assert abs(final.mean() - expected) < K * final.std() / reps**0.5


def test_bates_falls_raise_volatility_by_the_leverage_correlation():
    steps = 20_000
    times = np.arange(steps + 1, dtype=np.int64) * 60_000
    context = PathContext("X", times, Streams(seed=SEED))
    z = Streams(seed=SEED).get("price/X/diffusion").standard_normal(steps)
    skeleton = BATES.skeleton(context, z)
    moves = np.diff(skeleton.noise)[:-1] / skeleton.sigma[:-1]
    shocks = np.diff(skeleton.sigma**2) / skeleton.sigma[:-1]
    usable = skeleton.sigma[:-1] > 0
    correlation = np.corrcoef(moves[usable], shocks[usable])[0, 1]
    assert correlation == pytest.approx(-0.7, abs=K * (1 - 0.49) / steps**0.5)
