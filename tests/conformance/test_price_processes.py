"""Every price process passes one harness: positive, deterministic, refinable, independent of its neighbours, with the
drift and volatility that it states. Statistical bounds are K standard errors, with the seeds below."""

import numpy as np
import pytest
from clearsim.market.clock import AdaptiveClock, FixedClock
from clearsim.market.price import Correlated, Gbm, Independent, PriceProcess, build_paths
from clearsim.rng import Streams
from pydantic import TypeAdapter

K = 4.5  # standard errors: a wrong alarm in 150,000 comparisons
SEED = 20251010
DAY_MS = 86_400_000
DRIFT = 3.0  # large, so that a lost drift or compensator shows

#: A user's own path that draws: a random walk on a grid of its own.
WALK = """
import numpy as np
from clearsim.market.price import PricePath

class Walk(PricePath):
    def __init__(self):
        pass

    def points(self, duration_s, rng):
        times = np.arange(0.0, duration_s + 3.0, 3.0)
        return times, 100.0 * np.exp(np.cumsum(1e-4 * rng.standard_normal(len(times))))
"""

CASES = {
    "gbm": {"kind": "gbm", "initial_price": 100, "annual_volatility": "0.8", "annual_drift": 3},
    "merton": {
        "kind": "merton", "initial_price": 100, "annual_volatility": "0.5", "annual_drift": 3,
        "jumps_per_year": 60, "jump_log_mean": "-0.02", "jump_log_sd": "0.03",
    },
    "kou": {
        "kind": "kou", "initial_price": 100, "annual_volatility": "0.5", "annual_drift": 3,
        "jumps_per_year": 60, "down_share_ppm": 600_000, "down_eta": 25, "up_eta": 30,
    },
    "hawkes_jumps": {
        "kind": "hawkes_jumps", "initial_price": 100, "annual_volatility": "0.5", "annual_drift": 3,
        "base_jumps_per_year": 60, "branching_ppm": 500_000, "excitation_half_life_s": 7200,
        "size": {"kind": "double_exponential", "down_share_ppm": 600_000, "down_eta": 40, "up_eta": 50},
    },
    "bates": {
        "kind": "bates", "initial_price": 100, "annual_drift": 3, "initial_annual_volatility": "1.2",
        "long_run_annual_volatility": "0.6", "reversion_per_year": 20, "volatility_of_variance": "1.5",
        "leverage_correlation": "-0.5", "jumps_per_year": 30,
        "size": {"kind": "normal", "log_mean": "-0.02", "log_sd": "0.03"},
    },
    "waypoints": {
        "kind": "waypoints", "annual_volatility": "0.6",
        "points": [{"t_s": -100, "price": 100}, {"t_s": 1000, "price": 90}, {"t_s": 10_000_000, "price": 110}],
    },
    "single_shock": {
        "kind": "single_shock", "initial_price": 100, "annual_volatility": "0.6", "shock_ms": 1_500,
        "shock_fraction": "-0.1",
    },
    "path": {"kind": "path", "file": "walk.py", "class": "Walk", "source": WALK},
}  # fmt: skip


@pytest.fixture(params=CASES)
def kind(request):
    return request.param


def process(kind):
    return TypeAdapter(PriceProcess).validate_python(CASES[kind])


def paths(processes, *, seed=SEED, replication=0, duration_ms=600_000, clock=None, refine=1, system=None):
    return build_paths(
        system or Independent(),
        processes,
        names=[f"M{i}" for i in range(len(processes))],
        duration_ms=duration_ms,
        clock=clock or FixedClock(tick_ms=1_000),
        streams=Streams(seed=seed, replication=replication),
        maintenance_ppm=[5_000] * len(processes),
        refine=refine,
    )


def test_shapes_and_positive_prices(kind):
    path = paths([process(kind), process(kind)])
    rows = len(path.times_ms)
    assert path.times_ms[0] == 0
    assert path.times_ms[-1] == 600_000
    assert np.all(np.diff(path.times_ms) > 0)
    assert path.price.shape == path.sigma.shape == path.jump.shape == (rows, 2)
    assert np.all(path.price > 0)
    assert np.all(path.sigma > 0)
    assert np.all(path.coarse)
    assert not path.jump[0].any()


def test_same_seed_same_path_another_replication_another_path(kind):
    first, again, other = (paths([process(kind)], replication=r) for r in (0, 0, 1))
    assert np.array_equal(first.price, again.price)
    assert not np.array_equal(first.price, other.price)


@pytest.mark.parametrize(
    "clock", [FixedClock(tick_ms=1_000), AdaptiveClock(tick_ms=60_001, min_tick_ms=700, min_step_ratio=12)]
)
@pytest.mark.parametrize("refine", [2, 4])
def test_refinement_keeps_every_coarse_point(kind, clock, refine):
    processes = [process(kind), process("gbm")]
    system = Correlated(correlation=[[1, "0.7"], ["0.7", 1]])
    coarse = paths(processes, clock=clock, system=system)
    fine = paths(processes, clock=clock, system=system, refine=refine)
    assert len(fine.times_ms) - 1 == refine * (len(coarse.times_ms) - 1)
    assert np.array_equal(fine.times_ms[fine.coarse], coarse.times_ms)
    assert np.array_equal(fine.price[fine.coarse], coarse.price)


def test_a_neighbour_does_not_change_the_path(kind):
    alone = paths([process(kind)])
    together = paths([process(kind), process("kou")])
    on_both = np.isin(together.times_ms, alone.times_ms)
    assert np.array_equal(together.price[on_both, 0], alone.price[:, 0])


def test_bridged_increments_are_independent_normals_with_the_stated_volatility(kind):
    """Returns of a run at dt/4, without the steps that hold a jump: sd sigma sqrt(dt/4), no autocorrelation."""
    if kind in ("waypoints", "path"):
        pytest.skip("its returns carry the drift of the segment, or are straight lines")
    path = paths([process(kind)], refine=4, duration_ms=3_600_000)
    steps = np.diff(path.times_ms) / 1e3
    z = np.diff(np.log(path.price[:, 0])) / (path.sigma[1:, 0] * np.sqrt(steps))
    z = z[~path.jump[1:, 0]]
    n = len(z)
    assert abs(np.mean(z)) < K / n**0.5
    assert abs(np.var(z) - 1) < K * (2 / n) ** 0.5
    assert abs(np.mean(z[1:] * z[:-1])) < K / n**0.5


def terminal(kind, *, reps, duration_ms, tick_ms):
    """Price at the end over its start, one a replication."""
    clock = FixedClock(tick_ms=tick_ms)
    runs = (paths([process(kind)], replication=r, duration_ms=duration_ms, clock=clock) for r in range(reps))
    return np.array([run.price[-1, 0] / run.price[0, 0] for run in runs])


@pytest.mark.parametrize("kind", ["gbm", "merton", "kou", "hawkes_jumps", "bates"])
def test_mean_price_grows_at_the_stated_drift(kind):
    growth = terminal(kind, reps=1_500, duration_ms=60 * DAY_MS, tick_ms=DAY_MS * 3 // 4)
    expected = np.exp(DRIFT * 60 / 365)
    assert abs(growth.mean() - expected) < K * growth.std() / len(growth) ** 0.5


def test_streams_of_jumps_and_diffusion_are_independent():
    """Merton without jumps is GBM to the bit: the jump stream takes nothing from the diffusion's."""
    calm = CASES["merton"] | {"jumps_per_year": 0}
    same = CASES["gbm"] | {"annual_volatility": "0.5"}
    merton = paths([TypeAdapter(PriceProcess).validate_python(calm)])
    gbm = paths([TypeAdapter(PriceProcess).validate_python(same)])
    assert np.array_equal(merton.price, gbm.price)


def test_a_finer_clock_agrees_with_refinement():
    """Adaptive and fixed clocks on the same base ticks look at one and the same Brownian path."""
    hot = Gbm(initial_price=100, annual_volatility=10)
    fixed = paths([hot], clock=FixedClock(tick_ms=1_000), refine=8)
    adaptive = paths([hot], clock=AdaptiveClock(tick_ms=1_000, min_tick_ms=125, min_step_ratio=5))
    shared = np.isin(fixed.times_ms, adaptive.times_ms)
    assert len(adaptive.times_ms) > 2 * 600
    assert np.array_equal(fixed.price[shared], adaptive.price)
