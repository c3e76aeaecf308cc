"""The clock's grid and the step ratio r."""

import numpy as np
import pytest
from clearsim.errors import ConfigError
from clearsim.market.clock import AdaptiveClock, FixedClock, step_ratio, worst_step
from clearsim.market.price import Gbm, Independent, SingleShock, build_paths
from clearsim.rng import Streams
from pydantic import ValidationError

YEAR_S = 365 * 86_400


def test_step_ratio_by_hand():
    # m = 0.5%, 80% a year: r(1 min) = 0.0050125 / (0.8 sqrt(60 / 31,536,000)) = 4.5425; at 5 min 4.5425 / sqrt(5).
    sigma = 0.8 / YEAR_S**0.5
    ratio = step_ratio(maintenance_ppm=5_000, sigma=sigma, step_s=np.array([60.0, 300.0]))
    assert ratio == pytest.approx([4.5425, 2.0315], abs=1e-4)
    assert step_ratio(maintenance_ppm=5_000, sigma=0.0, step_s=60.0) == np.inf


@pytest.mark.parametrize("rate", [0, -1, 1_000_000])
def test_step_ratio_refuses_a_maintenance_rate_outside_its_range(rate):
    with pytest.raises(ConfigError, match="maintenance rate"):
        step_ratio(maintenance_ppm=rate, sigma=0.1, step_s=1.0)


def test_fixed_ticks_end_with_the_run():
    assert FixedClock(tick_ms=400).base_times(1_000).tolist() == [0, 400, 800, 1_000]
    assert FixedClock(tick_ms=500).base_times(1_000).tolist() == [0, 500, 1_000]
    with pytest.raises(ConfigError, match="at least 1 ms"):
        FixedClock(tick_ms=500).base_times(0)


def test_adaptive_clock_halves_only_where_volatility_asks_for_it():
    clock = AdaptiveClock(tick_ms=1_000, min_tick_ms=100, min_step_ratio=3)
    barrier = -np.log1p(-0.005)
    sigma = np.array([[barrier / 3.01], [barrier / 2.99], [barrier / 1.49], [barrier / 0.01], [0.0]])
    # r = 3.01: none; 2.99: one halving (r 4.2); 1.49: (3 / 1.49)^2 = 4.05, so three; 0.01: as far as 100 ms allows
    halvings = clock.halvings(np.arange(6) * 1_000, sigma, [5_000])
    assert halvings.tolist() == [0, 1, 3, 3, 0]


def test_adaptive_clock_serves_the_market_that_needs_most():
    clock = AdaptiveClock(tick_ms=1_000, min_tick_ms=1, min_step_ratio=3)
    sigma = np.array([[0.0, 0.005 / 3]])
    assert clock.halvings(np.array([0, 1_000]), sigma, [5_000, 2_500]).tolist() == [2]
    assert clock.halvings(np.array([0, 1_000]), sigma, [5_000, 5_100]).tolist() == [0]


def test_adaptive_paths_reach_the_ratio_or_the_shortest_tick():
    processes = [Gbm(initial_price=100, annual_volatility=12)]
    common = {"names": ["X"], "duration_ms": 60_000, "streams": Streams(seed=1), "maintenance_ppm": [5_000]}
    enough = build_paths(Independent(), processes, clock=AdaptiveClock(tick_ms=1_000, min_tick_ms=50), **common)
    capped = build_paths(Independent(), processes, clock=AdaptiveClock(tick_ms=1_000, min_tick_ms=500), **common)
    assert enough.worst_step([5_000]).ratio >= 3
    assert capped.worst_step([5_000]).ratio < 3.4
    assert np.diff(capped.times_ms).min() == 500


def test_adaptive_clock_needs_maintenance_rates():
    with pytest.raises(ConfigError, match="maintenance rate of each market"):
        build_paths(
            Independent(),
            [Gbm(initial_price=100, annual_volatility=1)],
            names=["X"],
            duration_ms=1_000,
            clock=AdaptiveClock(tick_ms=100, min_tick_ms=10),
            streams=Streams(seed=1),
        )


def test_min_tick_must_not_exceed_the_tick():
    with pytest.raises(ValidationError, match="must not exceed tick_ms"):
        AdaptiveClock(tick_ms=10, min_tick_ms=20)


def test_worst_step_leaves_jumps_out_and_reports_them():
    times = np.array([0, 1_000, 2_000, 3_000])
    sigma = np.array([[0.001], [0.001], [0.004], [0.002]])
    price = np.array([[100.0], [100.0], [90.0], [90.0]])
    jump = np.array([[False], [False], [True], [False]])
    worst = worst_step(times, sigma, jump, price, [5_000])
    assert (worst.step, worst.time_ms, worst.step_ms, worst.market) == (3, 3_000, 1_000, 0)
    assert worst.ratio == pytest.approx(0.0050125418 / 0.002)
    assert worst.n_jump_steps == 1
    assert worst.largest_jump == pytest.approx(np.log(100 / 90))


def test_worst_step_of_a_path_without_volatility_is_infinite():
    shock = SingleShock(initial_price=100, annual_volatility=0, shock_ms=1_500, shock_fraction="-0.1")
    path = build_paths(
        Independent(), [shock], names=["X"], duration_ms=3_000, clock=FixedClock(tick_ms=1_000), streams=Streams(seed=1)
    )
    worst = path.worst_step([5_000])
    assert worst.ratio == np.inf
    assert worst.step == 0
    assert worst.n_jump_steps == 1
