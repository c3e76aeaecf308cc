"""Liquidation as a first passage of a diffusion: what the time step does to it. Jumps: test_kou_liquidation.py.

A long with leverage L and maintenance m on mark value, entry 1: liquidated at p_l = (1 - 1/L) / (1 - m), bankrupt at
p_b = 1 - 1/L. Paths are slices of long paths of the processes themselves. K standard errors at the seed below.
"""

import math

import numpy as np
import pytest
from clearsim.analysis.closed_forms.gap import bankruptcy_price, liquidation_price
from clearsim.analysis.closed_forms.passage import BGK_BETA, discrete_hit_probability, hit_probability, mean_overshoot
from clearsim.market.clock import FixedClock
from clearsim.market.price import Gbm, Independent, build_paths
from clearsim.rng import Streams

K, SEED = 4.0, 17
YEAR_S = 365 * 86_400
MINUTE_MS, DAY_MS = 60_000, 86_400_000
BETA = 0.5825971579390107  # -zeta(1/2) / sqrt(2 pi)


def slices(process, *, step_ms, length_ms, count, replication):
    """Log prices relative to their start, (count, steps), and which steps hold a jump."""
    path = build_paths(
        Independent(), [process], names=["X"], duration_ms=count * length_ms, clock=FixedClock(tick_ms=step_ms),
        streams=Streams(seed=SEED, replication=replication),
    )  # fmt: skip
    steps = length_ms // step_ms
    logs = np.log(path.price[:, 0])
    return logs[1:].reshape(count, steps) - logs[:-1:steps, None], path.jump[1:, 0].reshape(count, steps)


GBM = Gbm(initial_price=1_000, annual_volatility="0.8")
# L, m, P with continuous monitoring, then P at steps of 1 min, 5 min, 1 h by the shifted barrier
# (Broadie, Glasserman & Kou 1997). The values are the formula's, to 5 digits.
BGK = [(20, 0.01, 0.33138, 0.32385, 0.31469, 0.27593), (50, 0.005, 0.72221, 0.71091, 0.69703, 0.63637)]


@pytest.mark.parametrize(("leverage", "m", "continuous", "minute", "five", "hour"), BGK)
def test_the_shifted_barrier_formula_gives_the_published_table(leverage, m, continuous, minute, five, hour):
    barrier = math.log(liquidation_price(leverage, m))
    day = {"sigma": 0.8, "horizon": 1 / 365}
    assert hit_probability(barrier, **day) == pytest.approx(continuous, abs=6e-6)
    for step_s, expected in ((60, minute), (300, five), (3_600, hour)):
        found = discrete_hit_probability(barrier, step=step_s / YEAR_S, **day)
        assert found == pytest.approx(expected, abs=6e-6)


def test_the_shift_is_the_published_constant():
    """-zeta(1/2) / sqrt(2 pi); overshoots 6.43, 14.4, 49.8 bp at 1 min, 5 min, 1 h and sigma 0.8."""
    assert abs(BGK_BETA - BETA) < 1e-15
    for step_s, basis_points in ((60, 6.43), (300, 14.4), (3_600, 49.8)):
        assert mean_overshoot(sigma=0.8, step=step_s / YEAR_S) == pytest.approx(basis_points * 1e-4, rel=2e-3)
    with pytest.raises(ValueError, match="below the start"):
        hit_probability(0.1, sigma=0.8, horizon=1)


def test_a_continuous_path_is_liquidated_as_often_as_the_reflection_principle_says():
    """Hourly steps with the crossing of a Brownian bridge drawn in each: exact for any step. 40,000 days."""
    logs, _ = slices(GBM, step_ms=3_600_000, length_ms=DAY_MS, count=40_000, replication=7)
    before = np.concatenate([np.zeros((len(logs), 1)), logs[:, :-1]], axis=1)
    uniforms = np.random.default_rng(SEED).random(logs.shape)
    for leverage, m, continuous, *_ in BGK:
        barrier = math.log(liquidation_price(leverage, m))
        room = np.maximum(before - barrier, 0) * np.maximum(logs - barrier, 0)
        hits = (uniforms < np.exp(-2 * room / (0.64 * 3_600 / YEAR_S))).any(axis=1).mean()
        assert abs(hits - continuous) < K * math.sqrt(continuous * (1 - continuous) / len(logs))


@pytest.mark.slow
def test_fine_steps_without_jumps_leave_no_shortfall():
    """At 1 min, L = 20, m = 1% bankruptcy lies r = 9.1 deviations of a step below liquidation: nothing is unpaid.

    50,000 days. At 1 h it lies 1.2 below: 12.6% of liquidations go through, and 1.16e-4 per position is unpaid on
    average (law of overshoots by ladder heights: Siegmund 1979).
    """
    for step_ms, count, through in ((MINUTE_MS, 50, 0.0), (3_600_000, 25, 0.1256)):
        size = 1_000 if step_ms == MINUTE_MS else 20_000
        prices = []
        for replication in range(count):
            logs, _ = slices(GBM, step_ms=step_ms, length_ms=DAY_MS, count=size, replication=replication)
            crossed = logs <= math.log(liquidation_price(20, 0.01))
            rows = np.flatnonzero(crossed.any(axis=1))
            prices.append(np.exp(logs[rows, crossed[rows].argmax(axis=1)]))
        shortfall = np.maximum(bankruptcy_price(20) - np.concatenate(prices), 0.0)
        assert len(shortfall) > 10_000
        if through == 0.0:
            assert shortfall.max() == 0.0
        else:
            assert (shortfall > 0).mean() == pytest.approx(through, rel=0.03)
            assert shortfall.sum() / (count * size) == pytest.approx(1.16e-4, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(("step_s", "column", "calls"), [(60, 3, 50), (300, 4, 50), (3_600, 5, 25)])
def test_discrete_monitoring_shifts_the_barrier(step_s, column, calls):
    """50,000 days at 1 min, 200,000 at 5 min, 500,000 at 1 h; the formula itself is off by up to 0.6% at 1 h."""
    count = {60: 1_000, 300: 4_000, 3_600: 20_000}[step_s]
    lowest = np.concatenate(
        [
            slices(GBM, step_ms=step_s * 1_000, length_ms=DAY_MS, count=count, replication=r)[0].min(axis=1)
            for r in range(calls)
        ]
    )
    for row in BGK:
        leverage, m, continuous, expected = row[0], row[1], row[2], row[column]
        hits = (lowest <= math.log((1 - 1 / leverage) / (1 - m))).mean()
        error = math.sqrt(expected * (1 - expected) / len(lowest))
        assert abs(hits - expected) < K * error + (0.006 * expected if step_s == 3_600 else 0.0), (row, hits)
        assert continuous - hits > 3 * error  # the step shows


@pytest.mark.slow
def test_the_mean_overshoot_is_beta_sigma_sqrt_dt():
    """At 5 min, conditional on liquidation within the day: about 14.4 bp."""
    logs, _ = slices(GBM, step_ms=300_000, length_ms=DAY_MS, count=20_000, replication=99)
    barrier = math.log((1 - 1 / 20) / (1 - 0.01))
    crossed = logs <= barrier
    first = crossed.argmax(axis=1)
    overshoot = (barrier - logs[np.arange(len(logs)), first])[crossed.any(axis=1)]
    expected = BETA * 0.8 * math.sqrt(300 / YEAR_S)
    assert expected == pytest.approx(14.4e-4, abs=0.1e-4)
    assert overshoot.mean() == pytest.approx(expected, rel=0.02)
