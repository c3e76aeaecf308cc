"""The facts typed into the event configs, recomputed from the recorded data (skipped where that is absent).

The rule that chose the waypoints of 10 October 2025 is written out here a second time; a waypoint that no trade
supports, a turning point left out, a median that is not the data's: each fails.
"""

import csv
import json
import math
import statistics
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
EVENTS = ROOT / "configs" / "events"
needs_data = pytest.mark.skipif(not (DATA / "market").is_dir(), reason="recorded data not at hand")

DAY = datetime(2025, 10, 10, tzinfo=UTC)
Series = list[tuple[datetime, float]]


def at(clock: str) -> datetime:
    """A time on 10 October 2025."""
    parts = [int(part) for part in clock.split(":")] + [0]
    return DAY + timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2])


@cache
def config(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((EVENTS / f"{name}.yaml").read_text())
    return loaded


def points(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = config(name)["markets"][0]["price"]["points"]
    return found


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / "market" / name).open() as file:
        return list(csv.DictReader(file))


def utc(ts_ms: str) -> datetime:
    return datetime.fromtimestamp(int(ts_ms) / 1000, UTC)


@cache
def spot() -> tuple[tuple[datetime, float], ...]:
    """(time, last trade before it): the end and close of every recorded bar, 1 min before 20:50, 5 s after."""
    minutes = rows("gemini_BTCUSD_1m_2025-10-10.csv")
    seconds = rows("gemini_BTCUSD_5s_2025-10-10_crash.csv")
    early = [(utc(r["ts_ms"]) + timedelta(minutes=1), float(r["close"])) for r in minutes]
    late = [(utc(r["ts_ms"]) + timedelta(seconds=5), float(r["close"])) for r in seconds]
    return tuple([point for point in early if point[0] <= at("20:50")] + late)


def between(start: str, end: str) -> Series:
    return [(time, price) for time, price in spot() if at(start) <= time <= at(end)]


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


def median_trade(start: datetime, length_s: int) -> tuple[datetime, float]:
    inside = [p for p in spot() if start < p[0] <= start + timedelta(seconds=length_s)]
    middle = statistics.median_low([price for _, price in inside])
    return next(p for p in inside if p[1] == middle)


def test_the_event_has_at_least_forty_waypoints_that_span_the_run() -> None:
    times = [point["utc"] for point in points("2025-10-10-btcusdt")]
    start = config("2025-10-10-btcusdt")["start_utc"]
    end = start + timedelta(seconds=config("2025-10-10-btcusdt")["duration_s"])
    assert len(times) >= 40
    assert all(earlier < later for earlier, later in pairwise(times))
    assert times[0] == start
    assert times[-1] == end
    assert sum(at("21:10") <= time <= at("21:30") for time in times) >= 40


@needs_data
def test_every_waypoint_is_the_last_recorded_spot_trade_before_its_time() -> None:
    known = dict(spot())
    largest = rows("binance_spot_BTCUSDT_top20_abs_5m_returns_2017-08_2026.csv")
    (binance,) = [r for r in largest if r["open_time_utc"].startswith("2025-10-10")]
    assert binance["open_time_utc"] == "2025-10-10 21:15"
    known[at("21:15")] = float(binance["open"])
    for point in points("2025-10-10-btcusdt"):
        assert known[point["utc"]] == point["price"], point


@needs_data
def test_waypoints_hold_every_turning_point_of_the_record() -> None:
    typed = {(point["utc"], point["price"]) for point in points("2025-10-10-btcusdt")}
    missed = [p for p in turning_points(between("20:40", "21:14"), 0.002) if p not in typed]
    missed += [p for p in turning_points(between("21:20:45", "22:10"), 0.03) if p not in typed]
    assert missed == []
    lowest = min(price for time, price in spot() if time <= at("22:10"))
    assert min(typed, key=lambda p: p[1]) == (at("21:26:25"), lowest)


@needs_data
def test_waypoints_of_the_thin_book_are_the_median_trades_of_their_windows() -> None:
    typed = {point["utc"]: point["price"] for point in points("2025-10-10-btcusdt")}
    windows = [("21:20:50", "21:25:05", 15), ("21:25:05", "21:30:05", 30), ("21:30:05", "21:50:05", 60)]
    windows += [("21:50:05", "22:05:05", 180), ("22:05:05", "22:09:05", 60)]
    for start, end, length_s in windows:
        moment = at(start)
        while moment < at(end):
            time, price = median_trade(moment, length_s)
            assert typed[time] == price, (start, time)
            moment += timedelta(seconds=length_s)


def bounce_free_volatility(start: str, end: str) -> float:
    """Root of (sum r^2 + 2 sum r r_next) / time: Zhou (1996), volatility per root second without the bid-ask bounce."""
    series = between(start, end)
    r = [math.log(b[1] / a[1]) for a, b in pairwise(series)]
    total = sum(x * x for x in r) + 2 * sum(x * y for x, y in pairwise(r))
    return math.sqrt(total / (series[-1][0] - series[0][0]).total_seconds())


EDGES = ["20:40", "20:50", "20:54:30", "21:08:10", "21:11", "21:12:30", "21:14"]
LATER = ["21:20:45", "21:22", "21:25", "21:29", "21:38:30", "21:50", "22:15"]
HOLE = ("20:54:30", "21:08:10")
STRETCHES = [stretch for edges in (EDGES, LATER) for stretch in pairwise(edges) if stretch != HOLE]


@needs_data
@pytest.mark.parametrize(("start", "end"), STRETCHES)
def test_bridge_volatility_is_that_of_the_recorded_trades(start: str, end: str) -> None:
    expected = bounce_free_volatility(start, end)
    inside = [p for p in points("2025-10-10-btcusdt") if at(start) <= p["utc"] < at(end)]
    assert inside
    for point in inside:
        assert point["volatility_per_sqrt_s"] == pytest.approx(expected, rel=0.015), point


@needs_data
def test_bridge_volatility_in_the_holes_lies_between_that_of_both_sides_or_in_its_stated_range() -> None:
    by_time = {p["utc"]: p["volatility_per_sqrt_s"] for p in points("2025-10-10-btcusdt")}
    before, after = bounce_free_volatility("20:50", "20:54:30"), bounce_free_volatility("21:08:10", "21:11")
    assert by_time[at("20:54:30")] == pytest.approx(math.sqrt((before**2 + after**2) / 2), rel=0.02)
    assert by_time[at("21:15")] == pytest.approx(bounce_free_volatility("21:12:30", "21:14"), rel=0.02)
    assert by_time[at("21:15")] == pytest.approx(bounce_free_volatility("21:20:45", "21:22"), rel=0.02)
    # The upper end of the range, .0028: Parkinson's estimate from Binance's five-minute bar.
    assert math.log(112510.92 / 103800) / math.sqrt(4 * math.log(2) * 300) == pytest.approx(0.0028, abs=0.00005)


@needs_data
def test_there_are_no_recorded_trades_in_the_two_holes() -> None:
    bars = [utc(r["ts_ms"]) for r in rows("gemini_BTCUSD_5s_2025-10-10_crash.csv")]
    assert not [time for time in bars if at("20:54:30") <= time < at("21:08:05")]
    assert not [time for time in bars if at("21:14") <= time < at("21:20:45")]


@needs_data
def test_depth_is_the_median_before_15_utc_with_the_quartiles_in_the_note() -> None:
    makers = config("2025-10-10-btcusdt")["population"]["cohorts"][0]
    entries = config("2025-10-10-btcusdt")["provenance"]
    note = next(e["note"] for e in entries if e["path"] == "population.cohorts[0].behaviour.depth")
    calm = [r for r in rows("binance_um_BTCUSDT_bookdepth_2025-10-10.csv") if utc(r["ts_ms"]).hour < 15]
    assert len(calm) == 1799
    quartiles = {}
    for k, band in enumerate(makers["behaviour"]["depth"], start=1):
        assert band["within_ppm"] == 10_000 * k
        for side in ("bid", "ask"):
            values = [float(r[f"{side}_usd_{k}pct"]) for r in calm]
            low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
            assert band[f"{side}_quote"] == pytest.approx(middle, abs=0.06e6)
            quartiles.setdefault(side, []).append(f"{low / 1e6:.0f}-{high / 1e6:.0f}")
    for side in ("bid", "ask"):
        assert f"{side} {', '.join(quartiles[side])}" in note


@needs_data
def test_the_comparison_is_the_recorded_mark_of_the_perpetual_and_not_an_input() -> None:
    (recorded,) = config("2025-10-10-btcusdt")["comparisons"]
    bars = rows("binance_BTCUSD_PERP_markprice_1m_2025-10-09_10.csv")
    closes = {utc(r["ts_ms"]) + timedelta(minutes=1): float(r["close"]) for r in bars}
    assert len(recorded["points"]) == 90
    for point in recorded["points"]:
        assert closes[point["utc"]] == point["price"]
    waypoints = {(point["utc"], point["price"]) for point in points("2025-10-10-btcusdt")}
    assert not waypoints & {(point["utc"], point["price"]) for point in recorded["points"]}
    assert min(float(r["low"]) for r in bars) == 102497.49


@needs_data
def test_funding_is_as_recorded_and_none_is_due_in_the_run() -> None:
    whole = config("2025-10-10-btcusdt")
    (entry,) = [e for e in whole["provenance"] if e["path"] == "markets[0].funding.first_ms"]
    history = rows("binance_um_funding_mark_8h_2023-12_2025-11.csv")
    rates = {utc(r["ts_ms"]): float(r["BTC_funding_8h"]) for r in history if r["BTC_funding_8h"]}
    assert f"16:00 UTC {rates[at('16:00')]:.6%}".replace("0.", ".") in entry["note"]
    assert rates[DAY + timedelta(days=1)] == 0.0001
    first = whole["start_utc"] + timedelta(milliseconds=whole["markets"][0]["funding"]["first_ms"])
    assert first == DAY + timedelta(days=1)
    assert first > whole["start_utc"] + timedelta(seconds=whole["duration_s"])


@needs_data
@pytest.mark.parametrize(("venue", "symbol"), [("btcusdt", "BTC/USDT:USDT"), ("ethusdt", "ETH/USDT:USDT")])
def test_margin_tiers_are_those_of_october_2024(venue: str, symbol: str) -> None:
    market = yaml.safe_load((ROOT / "configs" / "venues" / f"binance-usdtm-{venue}.yaml").read_text())["markets"][0]
    brackets = json.loads((DATA / "brackets" / "binance_usdtm_core_2024-10-24.json").read_text())["brackets"][symbol]
    assert len(market["margin"]["tiers"]) == len(brackets)
    for tier, (floor, _, leverage, rate, deduction) in zip(market["margin"]["tiers"], brackets, strict=True):
        assert (tier["floor_quote"], tier["max_leverage"]) == (floor, leverage)
        assert tier["maintenance_ppm"] == round(rate * 1e6)
        assert tier["deduction_quote"] == deduction
    assert market["margin"]["notional_cap_quote"] == brackets[-1][1]


@needs_data
def test_march_2020_waypoints_are_recorded_prices() -> None:
    hours = {utc(r["ts_ms"]): r for r in rows("gemini_BTCUSD_1h_2020-01-17_2020-04-09.csv")}
    binance = {}
    for r in rows("binance_spot_BTCUSDT_top20_abs_5m_returns_2017-08_2026.csv"):
        opened = datetime.fromisoformat(r["open_time_utc"]).replace(tzinfo=UTC)
        binance[opened] = float(r["open"])
        binance[opened + timedelta(minutes=5)] = float(r["close"])
    placed = 0
    for point in points("2020-03-12-btcusdt"):
        time, price = point["utc"], point["price"]
        hour = time.replace(minute=0)
        if time in binance and binance[time] == price:
            continue
        if time == hour:
            assert price == float(hours[hour]["open"])
            continue
        assert price in (float(hours[hour]["low"]), float(hours[hour]["high"]))
        placed += 1
    assert placed == 6
    assert len(points("2020-03-12-btcusdt")) == 31


@needs_data
def test_march_2020_bridge_volatility_is_that_of_the_hour() -> None:
    hours = {utc(r["ts_ms"]): r for r in rows("gemini_BTCUSD_1h_2020-01-17_2020-04-09.csv")}
    inside = [p["utc"].replace(minute=0) for p in points("2020-03-12-btcusdt") if p["utc"].minute]
    for point in points("2020-03-12-btcusdt")[:-1]:
        hour = point["utc"].replace(minute=0)
        opened, high, low, close = (float(hours[hour][key]) for key in ("open", "high", "low", "close"))
        variance = 0.5 * math.log(high / low) ** 2 - (2 * math.log(2) - 1) * math.log(close / opened) ** 2
        expected = math.sqrt(variance / 3600) * (0.5 if hour in inside else 1.0)
        assert point["volatility_per_sqrt_s"] == pytest.approx(expected, abs=0.000006)


@needs_data
def test_published_balances_of_the_fund_are_those_in_the_events() -> None:
    table = {r["date_utc"] + r["venue"]: r for r in rows("insurance_fund_events.csv")}
    of_2020 = table["2020-03-12/13Binance Futures"]
    assert config("2020-03-12-btcusdt")["funds"][0]["seed_quote"] == float(of_2020["fund_before"]) * 1000
    of_2025 = next(r for key, r in table.items() if key.startswith("2025-10-10/11Binance"))
    seed = config("2025-10-10-btcusdt")["funds"][0]["seed_quote"]
    assert seed == pytest.approx(0.45 * float(of_2025["fund_before"]), rel=0.01)


def test_the_stressed_event_is_labelled_and_its_multipliers_are_as_stated() -> None:
    plain, stressed = config("2025-10-10-btcusdt"), config("2025-10-10-btcusdt-stressed")
    assert "counterfactual" in stressed["title"]
    assert "counterfactual" in stressed["description"]
    before = plain["population"]["cohorts"][0]["behaviour"]["depth"]
    after = stressed["population"]["cohorts"][0]["behaviour"]["depth"]
    for old, new in zip(before, after, strict=True):
        assert new["bid_quote"] == pytest.approx(0.2 * old["bid_quote"])
        assert new["ask_quote"] == pytest.approx(0.2 * old["ask_quote"])
    assert stressed["funds"][0]["seed_quote"] == pytest.approx(0.01 * plain["funds"][0]["seed_quote"])


def test_leverage_is_given_by_notional_and_by_account_as_two_different_distributions() -> None:
    cohorts = {c["name"]: c for c in config("2025-10-10-btcusdt")["population"]["cohorts"]}
    small, large = (cohorts[name]["opening"][0]["leverage"] for name in ("levered-small", "levered-large"))
    assert (small["weight"], large["weight"]) == ("account", "notional")
    shares = {(b["low"], b["high"]): b["share_ppm"] / 1e6 for b in large["buckets"]}
    # Hyperliquid, 2025-12-15: 2.77, 3.70, 1.16 of 7.63 bn at 0-3x, 3-7x, above 7x.
    assert shares[(0.5, 3)] == pytest.approx(2.77 / 7.63, abs=0.001)
    assert shares[(3, 7)] == pytest.approx(3.70 / 7.63, abs=0.001)
    beyond = [share for (low, _), share in shares.items() if low >= 7]
    assert sum(beyond) == pytest.approx(1.16 / 7.63, abs=0.001)
    exponent = math.log(0.637 / 0.152) / math.log(7 / 3)
    assert shares[(7, 10)] / sum(beyond) == pytest.approx(1 - 0.7**exponent, abs=0.01)
    assert sum(b["share_ppm"] for b in small["buckets"]) == sum(b["share_ppm"] for b in large["buckets"]) == 1_000_000


def test_the_event_has_one_hundred_thousand_traders() -> None:
    assert sum(cohort["traders"] for cohort in config("2025-10-10-btcusdt")["population"]["cohorts"]) == 100_000
