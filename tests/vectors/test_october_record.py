"""The inputs of 10 October 2025, recomputed from the recorded index, book and marks (skipped where those are absent).

The rule that chose the waypoints is written out here a second time; a waypoint that the record does not have, a turning
point left out, a volatility or a depth that is not the data's: each fails.
"""

import math
import statistics
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from clearsim.config import load_config
from clearsim.market.price.skeleton import PathContext
from clearsim.rng import Streams

from .test_event_facts import DAY, EVENTS, Series, at, config, needs_data, points, rows, utc

EDGES = ["20:40", "20:50", "21:10", "21:14", "21:17", "21:22", "21:30", "21:50", "22:10"]
GRID = [("20:40", "21:10", 120), ("21:10", "21:30", 30), ("21:30", "21:50", 60), ("21:50", "22:10", 120)]


@cache
def index() -> dict[datetime, float]:
    """OKX's BTC-USD index: the last value of each second."""
    return {utc(row["ts_ms"]): float(row["price"]) for row in rows("okx_BTCUSD_index_1s_2025-10-10_crash.csv")}


def last(time: datetime) -> float:
    while time not in index():
        time -= timedelta(seconds=1)
    return index()[time]


def turning_points(series: Series, swing: float) -> Series:
    """Extremes of all moves larger than `swing`, in order; the unfinished last one left out."""
    found: Series = []
    high = low = series[0]
    rising = falling = True
    for point in series:
        high = max(high, point, key=lambda p: p[1])
        low = min(low, point, key=lambda p: p[1])
        if rising and point[1] < high[1] * (1 - swing):
            found.append(high)
            rising, falling = False, True
            low = high = point
        elif falling and point[1] > low[1] * (1 + swing):
            found.append(low)
            rising, falling = True, False
            low = high = point
    return found


def test_the_event_has_at_least_forty_waypoints_that_span_the_run() -> None:
    times = [point["utc"] for point in points("2025-10-10-btcusdt")]
    start = config("2025-10-10-btcusdt")["start_utc"]
    end = start + timedelta(seconds=config("2025-10-10-btcusdt")["duration_s"])
    assert all(earlier < later for earlier, later in pairwise(times))
    assert times[0] == start
    assert times[-1] == end
    assert sum(at("21:10") <= time <= at("21:30") for time in times) >= 40


@needs_data
def test_waypoints_are_the_recorded_index_on_the_grid_and_at_every_turning_point() -> None:
    run = [(time, price) for time, price in index().items() if at("20:40") <= time <= at("22:10")]
    wanted = {time for time, _ in turning_points(run, 0.01)}
    for start, end, step_s in GRID:
        wanted |= {at(start) + timedelta(seconds=k) for k in range(0, (at(end) - at(start)).seconds + 1, step_s)}
    typed = {point["utc"]: point["price"] for point in points("2025-10-10-btcusdt")}
    assert typed == {time: index()[time] for time in wanted}
    assert min(run, key=lambda p: p[1]) == (at("21:20:14"), 106211.6)


@needs_data
@pytest.mark.parametrize(("start", "end"), list(pairwise(EDGES)))
def test_bridge_volatility_is_that_of_the_recorded_index(start: str, end: str) -> None:
    """Root of (sum of squared log returns over 5 s / time), to two figures."""
    seconds = (at(end) - at(start)).seconds
    prices = [last(at(start) + timedelta(seconds=k)) for k in range(0, seconds + 1, 5)]
    expected = math.sqrt(sum(math.log(b / a) ** 2 for a, b in pairwise(prices)) / seconds)
    inside = [p for p in points("2025-10-10-btcusdt") if at(start) <= p["utc"] < at(end)]
    assert inside
    for point in inside:
        assert point["volatility_per_sqrt_s"] == float(f"{expected:.2g}"), point


@needs_data
def test_own_spot_is_the_recorded_bar_and_the_outside_index_at_both_ends() -> None:
    largest = rows("binance_spot_BTCUSDT_top20_abs_5m_returns_2017-08_2026.csv")
    (bar,) = [r for r in largest if r["open_time_utc"] == "2025-10-10 21:15"]
    own = config("2025-10-10-btcusdt")["markets"][0]["price"]["own_spot"]
    typed = {point["utc"]: point["price"] for point in own["points"]}
    assert typed == {
        at("21:15"): float(bar["open"]),
        at("21:17"): last(at("21:17")),
        at("21:20"): float(bar["close"]),
        at("21:20:14"): 102_000,  # low of the bar 21:20-21:25, as published; its second is placed
        at("21:22"): last(at("21:22")),
    }


@pytest.mark.parametrize(
    ("weight_ppm", "low"),
    [(0, 106_211.6), (300_000, 104_948.12), (510_000, 104_063.684), (850_000, 102_631.74), (1_000_000, 102_000)],
)
def test_the_low_of_the_index_is_the_mixture_at_the_weight(weight_ppm: int, low: float) -> None:
    """At 21:20:14: (1 - w) 106,211.6 + w 102,000; at .51 52,043.684 + 52,020 = 104,063.684."""
    price = load_config(EVENTS / "2025-10-10-btcusdt.yaml").config.markets[0].price
    price = price.model_copy(update={"own_spot": price.own_spot.model_copy(update={"weight_ppm": weight_ppm})})
    start_ms = int((DAY + timedelta(hours=20, minutes=40)).timestamp() * 1000)
    blank = PathContext("BTCUSDT", np.array([0, 5_400_000]), Streams(seed=1), start_ms)
    times = np.unique(np.concatenate([blank.times_ms, price.point_times_ms(blank)]))
    context = PathContext("BTCUSDT", times, Streams(seed=1), start_ms)
    skeleton = price.skeleton(context, np.zeros(len(times) - 1))
    assert np.exp(skeleton.line_log.min()) == pytest.approx(low, abs=0.01)


@cache
def visible_depth(side: str, band_ppm: int) -> tuple[float, ...]:
    """Money within a band in each snapshot of 20:40-20:49, between two recorded distances; empty where none is."""
    found = []
    snapshots = rows("binance_um_BTCUSDT_bookdepth_2025-10-10_repaired.csv")
    for row in (r for r in snapshots if at("20:40") <= utc(r["ts_ms"]) < at("20:50")):
        known = [(int(row[f"{side}_dist_{k}_ppm"]), float(row[f"{side}_usd_{k}"])) for k in range(1, 6)]
        for (near, less), (far, more) in pairwise(known):
            if 0 < near <= band_ppm <= far:
                found.append(less + (more - less) * (band_ppm - near) / (far - near))
    return tuple(found)


@needs_data
def test_depth_is_the_median_of_the_repaired_record_where_it_is_visible_and_scaled_where_not() -> None:
    depth = config("2025-10-10-btcusdt")["population"]["cohorts"][0]["behaviour"]["depth"]
    morning = [r for r in rows("binance_um_BTCUSDT_bookdepth_2025-10-10.csv") if utc(r["ts_ms"]).hour < 15]
    assert len(morning) == 1799
    for side, visible in (("bid", {1, 2, 3}), ("ask", {3, 4, 5})):
        before = {k: statistics.median(float(r[f"{side}_usd_{k}pct"]) for r in morning) for k in range(1, 6)}
        then = {k: statistics.median(visible_depth(side, 10_000 * k)) for k in visible}
        for k in range(1, 6):
            expected = then[k] if k in visible else before[k] * then[3] / before[3]
            assert depth[k - 1][f"{side}_quote"] == pytest.approx(expected, abs=0.1e6), (side, k)
        assert all(len(visible_depth(side, 10_000 * k)) == 20 for k in visible)


@needs_data
def test_the_comparisons_are_recorded_marks_and_not_an_input() -> None:
    coin, usdt = config("2025-10-10-btcusdt")["comparisons"]
    waypoints = {(point["utc"], point["price"]) for point in points("2025-10-10-btcusdt")}
    files = (
        (coin, "binance_BTCUSD_PERP_markprice_1m_2025-10-09_10.csv", 1, 90, 102497.49),
        (usdt, "binance_um_BTCUSDT_markprice_5m_2025-10-10_11.csv", 5, 18, 101877.69),
    )
    for recorded, name, minutes, count, low in files:
        bars = rows(name)
        closes = {utc(r["ts_ms"]) + timedelta(minutes=minutes): float(r["close"]) for r in bars}
        assert len(recorded["points"]) == count
        for point in recorded["points"]:
            assert closes[point["utc"]] == pytest.approx(point["price"], abs=0.005)
        assert not waypoints & {(point["utc"], point["price"]) for point in recorded["points"]}
        assert round(min(float(r["low"]) for r in bars if utc(r["ts_ms"]) < at("22:10")), 2) == low
