"""Paths of single processes, systems of several, and what is refused."""

import numpy as np
import pytest
from clearsim.errors import ConfigError, InputDataError
from clearsim.market.clock import FixedClock
from clearsim.market.price import Correlated, Gbm, Independent, PriceProcess, SingleShock, Waypoints, build_paths
from clearsim.market.price.system import cholesky
from clearsim.rng import Streams
from pydantic import TypeAdapter, ValidationError

K, SEED = 4.5, 3
START_MS = 1_760_130_000_000  # 2025-10-10T21:00:00Z


def paths(processes, *, system=None, duration_ms=10_000, tick_ms=1_000, replication=0, **more):
    return build_paths(
        system or Independent(),
        processes,
        names=[f"M{i}" for i in range(len(processes))],
        duration_ms=duration_ms,
        clock=FixedClock(tick_ms=tick_ms),
        streams=Streams(seed=SEED, replication=replication),
        **more,
    )


# Waypoints


def waypoints(points, **more):
    return Waypoints(points=points, **({"annual_volatility": "0.6"} | more))


def test_path_is_exact_at_waypoints_and_the_clock_ticks_there():
    points = [{"t_s": 0, "price": 100}, {"t_s": "2.5", "price": "93.7"}, {"t_s": 10, "price": 97}]
    path = paths([waypoints(points)])
    assert 2_500 in path.times_ms
    at = np.isin(path.times_ms, [0, 2_500, 10_000])
    assert path.price[at, 0] == pytest.approx([100, 93.7, 97], rel=1e-12)
    assert not path.jump.any()


def test_waypoints_in_utc():
    points = [
        {"utc": "2025-10-10T20:59:50Z", "price": 100},
        {"utc": "2025-10-10T21:00:04Z", "price": 95},
        {"utc": "2025-10-10T23:00:12+02:00", "price": 99},
    ]
    path = paths([waypoints(points)], start_ms=START_MS)
    assert path.price[4, 0] == pytest.approx(95, rel=1e-12)
    with pytest.raises(ConfigError, match="start_utc"):
        paths([waypoints(points)])


def test_bridge_has_its_stated_volatility_between_waypoints():
    """Variance at t of a bridge of length T: sigma^2 t (T - t) / T; here also from waypoints outside the run."""
    points = [{"t_s": -6, "price": 100}, {"t_s": 14, "price": 100}]
    process = Waypoints(points=points, volatility_per_sqrt_s="0.001")
    logs = np.array([np.log(paths([process], replication=r).price[[0, 4, 10], 0] / 100) for r in range(3_000)])
    expected = 1e-6 * np.array([6 * 14, 10 * 10, 16 * 4]) / 20
    assert np.all(np.abs((logs**2).mean(axis=0) - expected) < K * expected * (2 / len(logs)) ** 0.5)
    # covariance of bridge at 6 and 16 of 20: sigma^2 * 6 * 4 / 20
    cross = logs[:, 0] * logs[:, 2]
    assert abs(cross.mean() - 1e-6 * 6 * 4 / 20) < K * cross.std() / len(logs) ** 0.5


def test_sigma_is_the_larger_of_bridge_and_realised():
    points = [
        {"t_s": 0, "price": 100, "volatility_per_sqrt_s": "0.5"},
        {"t_s": 4, "price": 110},
        {"t_s": 10, "price": 110},
    ]
    quiet = Waypoints(points=points, volatility_per_sqrt_s="0.01")
    sigma = paths([quiet]).sigma[1:, 0]
    assert sigma == pytest.approx([0.5] * 4 + [0.01] * 6)
    still = Waypoints(points=[p | {"volatility_per_sqrt_s": 0} for p in points], volatility_per_sqrt_s=0)
    assert paths([still]).sigma[1:, 0] == pytest.approx([np.log(1.1) / 2] * 4 + [0.0] * 6)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([{"t_s": 0, "price": 100}], "at least 2"),
        ([{"t_s": 0, "price": 100}, {"t_s": 0, "price": 100}], "order of time"),
        ([{"t_s": 0, "price": 100}, {"t_s": 9, "price": 0}], "greater than 0"),
        ([{"t_s": 0, "price": 100}, {"price": 100}], "exactly one of utc and t_s"),
        ([{"t_s": 0, "price": 100}, {"utc": "2025-10-10T21:00:00", "price": 100}], "timezone"),
    ],
)
def test_bad_waypoints_are_refused(points, message):
    with pytest.raises(ValidationError, match=message):
        waypoints(points)


def test_waypoints_must_span_the_run_and_follow_each_other():
    with pytest.raises(ConfigError, match=r"span 0 s to 9 s.*the run needs 0 s to 10 s"):
        paths([waypoints([{"t_s": 0, "price": 100}, {"t_s": 9, "price": 100}])])
    mixed = [{"t_s": 0, "price": 9}, {"utc": "2025-10-10T21:00:08Z", "price": 9}, {"t_s": 7, "price": 9}]
    with pytest.raises(ConfigError, match="number 3 does not follow number 2"):
        paths([waypoints(mixed)], start_ms=START_MS)
    with pytest.raises(ConfigError, match="whole millisecond"):
        paths([waypoints([{"t_s": "-0.0005", "price": 9}, {"t_s": 11, "price": 9}])])


# Single shock


def test_shock_lands_in_the_step_that_holds_it_whole():
    shock = SingleShock(initial_price=100, annual_volatility=0, shock_ms=2_500, shock_fraction="-0.1")
    path = paths([shock])
    assert path.price[:, 0] == pytest.approx([100] * 3 + [90] * 8, rel=1e-12)
    assert np.flatnonzero(path.jump[:, 0]).tolist() == [3]
    fine = paths([shock], refine=4)
    assert np.flatnonzero(fine.jump[:, 0]).tolist() == [10]  # at exactly 2,500 ms
    assert fine.price[fine.jump[:, 0], 0] == pytest.approx([90])


def test_shock_that_leaves_no_price_is_refused():
    with pytest.raises(ValidationError, match="the price is not positive"):
        SingleShock(initial_price=100, annual_volatility=0, shock_ms=1, shock_fraction=-1)


def test_shock_after_the_end_is_refused():
    late = SingleShock(initial_price=100, annual_volatility=0, shock_ms=10_001, shock_fraction="0.1")
    with pytest.raises(ConfigError, match=r"M0: price.shock_ms is 10001, after the end"):
        paths([late])


def test_price_that_leaves_the_floats_is_an_error_and_not_clamped():
    wild = Gbm(initial_price=100, annual_volatility="0.5", annual_drift="1e13")
    with pytest.raises(InputDataError, match="M0: the price process gives inf"):
        paths([wild])
    with pytest.raises(InputDataError, match=r"gives 0\.0"):
        paths([Gbm(initial_price=100, annual_volatility="0.5", annual_drift="-1e13")])


@pytest.mark.parametrize("refine", [0, 3, -2])
def test_refine_must_be_a_power_of_two(refine):
    with pytest.raises(ConfigError, match="refine must be 1, 2, 4"):
        paths([Gbm(initial_price=1, annual_volatility=1)], refine=refine)


def test_refine_must_leave_a_millisecond():
    with pytest.raises(ConfigError, match="shortest step is 2 ms"):
        paths([Gbm(initial_price=1, annual_volatility=1)], refine=4, tick_ms=2)


@pytest.mark.parametrize(
    "config",
    [
        {"kind": "gbm", "initial_price": 0, "annual_volatility": 1},
        {"kind": "gbm", "initial_price": "NaN", "annual_volatility": 1},
        {"kind": "gbm", "initial_price": 100, "annual_volatility": -1},
        {"kind": "gbm", "initial_price": 100, "annual_volatility": 1, "drift": 0},
        {"kind": "brownian", "initial_price": 100},
        {"kind": "kou", "initial_price": 1, "annual_volatility": 1, "jumps_per_year": 1, "down_share_ppm": 0,
         "down_eta": 9, "up_eta": 1},
        {"kind": "bates", "initial_price": 1, "initial_annual_volatility": 1, "long_run_annual_volatility": 1,
         "reversion_per_year": 1, "volatility_of_variance": 1, "leverage_correlation": 0, "jumps_per_year": 1},
    ],
)  # fmt: skip
def test_bad_processes_are_refused(config):
    with pytest.raises(ValidationError):
        TypeAdapter(PriceProcess).validate_python(config)


# Systems


def test_correlation_of_returns_is_recovered_also_when_refined():
    system = Correlated(correlation=[[1, "0.8"], ["0.8", 1]])
    processes = [Gbm(initial_price=100, annual_volatility="0.8"), Gbm(initial_price=5, annual_volatility="1.2")]
    path = paths(processes, system=system, duration_ms=20_000_000, refine=2)
    for rows in (path.price, path.price[path.coarse]):
        returns = np.diff(np.log(rows), axis=0)
        assert abs(np.corrcoef(returns.T)[0, 1] - 0.8) < K * (1 - 0.64) / len(returns) ** 0.5


def test_perfectly_correlated_markets_move_as_one():
    system = Correlated(correlation=[[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    path = paths([Gbm(initial_price=100, annual_volatility="0.8")] * 3, system=system, refine=4)
    assert np.array_equal(path.price[:, 0], path.price[:, 1])
    assert not np.array_equal(path.price[:, 0], path.price[:, 2])


def test_common_jumps_hit_all_markets_at_once_in_proportion_to_beta():
    jumps = {
        "jumps_per_year": 2_000_000,
        "size": {"kind": "normal", "log_mean": "-0.02", "log_sd": "0.01"},
        "betas": [1, "1.5", 0],
        "compensate": False,
    }
    system = Correlated(correlation=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], common_jumps=jumps)
    path = paths([Gbm(initial_price=100, annual_volatility=0)] * 3, system=system, duration_ms=600_000)
    moves = np.diff(np.log(path.price), axis=0)
    assert 20 < path.jump[:, 0].sum() < 60  # expected 38.1 jumps in 600 steps
    assert np.array_equal(path.jump[:, 0], path.jump[:, 1])
    assert not path.jump[:, 2].any()
    assert moves[:, 1] == pytest.approx(1.5 * moves[:, 0], abs=1e-12)
    assert np.all(moves[:, 2] == 0)


def test_compensated_common_jumps_leave_the_mean_price_unchanged():
    size = {"kind": "double_exponential", "down_share_ppm": 800_000, "down_eta": 20, "up_eta": 30}
    jumps = {"jumps_per_year": 200, "size": size, "betas": [2]}
    system = Correlated(correlation=[[1]], common_jumps=jumps)
    process, day = Gbm(initial_price=100, annual_volatility="0.3"), 86_400_000
    runs = (paths([process], system=system, replication=r, duration_ms=10 * day, tick_ms=day) for r in range(3_000))
    ends = np.array([run.price[-1, 0] for run in runs])
    assert abs(ends.mean() - 100) < K * ends.std() / len(ends) ** 0.5


def test_common_jumps_cannot_hit_a_given_path():
    jumps = {"jumps_per_year": 1, "size": {"kind": "normal", "log_mean": 0, "log_sd": 0}, "betas": [1]}
    process = waypoints([{"t_s": 0, "price": 100}, {"t_s": 10, "price": 100}])
    with pytest.raises(ConfigError, match=r"betas\[0\] to 0"):
        paths([process], system=Correlated(correlation=[[1]], common_jumps=jumps))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1, 0]], "square"),
        ([[2]], r"\[0\]\[0\] must be 1"),
        ([[1, "0.5"], ["0.4", 1]], "equal"),
        ([[1, "1.5"], ["1.5", 1]], r"\[-1, 1\]"),
        ([[1, "0.9", "-0.9"], ["0.9", 1, "0.9"], ["-0.9", "0.9", 1]], "positive semidefinite"),
    ],
)
def test_bad_correlations_are_refused(rows, message):
    with pytest.raises(ValidationError, match=message):
        Correlated(correlation=rows)


def test_correlation_must_fit_the_markets():
    with pytest.raises(ConfigError, match="1 rows, the run has 2 markets"):
        paths([Gbm(initial_price=1, annual_volatility=1)] * 2, system=Correlated(correlation=[[1]]))


def test_cholesky_of_a_singular_matrix():
    matrix = np.array([[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]])
    factor = cholesky(matrix)
    assert factor @ factor.T == pytest.approx(matrix)
    assert np.array_equal(factor, np.tril(factor))
