"""Liquidation as a first passage: what the time step does to it, and what a jump through it leaves unpaid.

A long with leverage L and maintenance m on mark value, entry 1: liquidated at p_l = (1 - 1/L) / (1 - m), bankrupt at
p_b = 1 - 1/L. Paths are slices of long paths of the processes themselves. K standard errors at the seed below.
"""

import math

import numpy as np
import pytest

from sim.market.clock import FixedClock
from sim.market.price import Gbm, Independent, Kou, build_paths
from sim.rng import Streams

K, SEED = 4.0, 17
YEAR_S = 365 * 86_400
MINUTE_MS, DAY_MS = 60_000, 86_400_000
BETA = 0.5825971579390107  # -zeta(1/2) / sqrt(2 pi)


def normal_cdf(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def hit_probability(barrier, *, sigma, years):
    """P(min of log price <= barrier < 0) for a driftless price, continuous monitoring."""
    nu, spread = -(sigma**2) / 2, sigma * math.sqrt(years)
    mirrored = math.exp(2 * nu * barrier / sigma**2) * normal_cdf((barrier + nu * years) / spread)
    return normal_cdf((barrier - nu * years) / spread) + mirrored


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
    barrier = math.log((1 - 1 / leverage) / (1 - m))
    for step_s, expected in ((0, continuous), (60, minute), (300, five), (3_600, hour)):
        shifted = barrier - BETA * 0.8 * math.sqrt(step_s / YEAR_S)
        assert hit_probability(shifted, sigma=0.8, years=1 / 365) == pytest.approx(expected, abs=6e-6)


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


KOU = Kou(
    initial_price=1_000, annual_volatility="0.5", jumps_per_year=50, down_share_ppm=600_000, down_eta=25, up_eta=30,
    compensate=False,
)  # fmt: skip
# L, m, P(liquidated), P(through bankruptcy), E[shortfall]: Kou & Wang 2003 Thm 3.1, Laplace inverted numerically;
# drift of the price 0 between jumps, 7 days, continuous monitoring.
KOU_TABLE = [
    (5, 0.02, 0.0320502, 0.0071509, 2.2003e-4),
    (10, 0.02, 0.318899, 0.0452988, 1.56804e-3),
    (20, 0.01, 0.620470, 0.0741269, 2.70848e-3),
]


def kou_outcomes(logs, jumped, *, leverage, m, step_s, generator):
    """(liquidated, shortfall) of each path: between grid points the crossing of a Brownian bridge is drawn.

    A step with a jump is taken as one gap; its diffusion (0.2% sd) is small against mean jumps of 4%.
    """
    p_b = 1 - 1 / leverage
    barrier = math.log(p_b / (1 - m))
    before = np.concatenate([np.zeros((len(logs), 1)), logs[:, :-1]], axis=1)
    room, left = np.maximum(before - barrier, 0), np.maximum(logs - barrier, 0)
    crossing = np.exp(-2 * room * left / (0.25 * step_s / YEAR_S))
    hit = np.where(jumped, logs <= barrier, generator.random(logs.shape) < crossing)
    first, any_hit = hit.argmax(axis=1), hit.any(axis=1)
    rows = np.arange(len(logs))
    by_jump = any_hit & jumped[rows, first]
    shortfall = np.where(by_jump, np.maximum(p_b - np.exp(logs[rows, first]), 0), 0)
    return any_hit, shortfall


@pytest.mark.slow
def test_kou_first_passage_and_shortfall():
    """48,000 weeks at 10 minutes. Error of treating a jump step as one gap: under 1% of each number, allowed for."""
    generator = np.random.default_rng(SEED)
    liquidated, shortfall = ([[] for _ in KOU_TABLE] for _ in range(2))
    for replication in range(12):
        logs, jumped = slices(KOU, step_ms=600_000, length_ms=7 * DAY_MS, count=4_000, replication=replication)
        for i, (leverage, m, *_) in enumerate(KOU_TABLE):
            hit, loss = kou_outcomes(logs, jumped, leverage=leverage, m=m, step_s=600, generator=generator)
            liquidated[i].append(hit)
            shortfall[i].append(loss)
    for i, (leverage, _, p_hit, p_through, mean_loss) in enumerate(KOU_TABLE):
        hit, loss = np.concatenate(liquidated[i]), np.concatenate(shortfall[i])
        n = len(hit)
        assert abs(hit.mean() - p_hit) < K * math.sqrt(p_hit / n) + 0.01 * p_hit, leverage
        assert abs((loss > 0).mean() - p_through) < K * math.sqrt(p_through / n) + 0.01 * p_through, leverage
        assert abs(loss.mean() - mean_loss) < K * loss.std() / math.sqrt(n) + 0.01 * mean_loss, leverage
