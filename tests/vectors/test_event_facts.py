"""The facts typed into the event configs, recomputed from the recorded data (skipped where that is absent).

Margin tiers and mark rules by date, balances of funds, funding, the waypoints of March 2020; the index, the book and
the marks of October 2025 are in `test_october_record.py`.
"""

import csv
import json
import math
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from clearsim.config import load_config

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


@pytest.mark.parametrize(
    ("venue", "symbol"), [("btcusdt", "BTC/USDT:USDT"), ("ethusdt", "ETH/USDT:USDT")], ids=["btc", "eth"]
)
@needs_data
def test_margin_tiers_are_those_of_the_day_before_the_event(venue: str, symbol: str) -> None:
    market = yaml.safe_load((ROOT / "configs" / "venues" / f"binance-usdtm-{venue}.yaml").read_text())["markets"][0]
    brackets = json.loads((DATA / "brackets" / "binance_usdtm_core_2025-10-09.json").read_text())["brackets"][symbol]
    assert len(market["margin"]["tiers"]) == len(brackets)
    for tier, (floor, _, leverage, rate, deduction) in zip(market["margin"]["tiers"], brackets, strict=True):
        assert (tier["floor_quote"], tier["max_leverage"]) == (floor, leverage)
        assert tier["maintenance_ppm"] == round(rate * 1e6)
        assert tier["deduction_quote"] == deduction
    assert market["margin"]["notional_cap_quote"] == brackets[-1][1]


@pytest.mark.parametrize("venue", ["btcusdt", "ethusdt"])
def test_deductions_make_the_maintenance_margin_continuous(venue: str) -> None:
    """deduction_k = deduction_(k-1) + floor_k x (rate_k - rate_(k-1)): at 300,000 (5,000 - 4,000 ppm) it is 300."""
    tiers = yaml.safe_load((ROOT / "configs" / "venues" / f"binance-usdtm-{venue}.yaml").read_text())["markets"][0][
        "margin"
    ]["tiers"]
    assert tiers[0]["deduction_quote"] == 0
    assert (tiers[0]["max_leverage"], tiers[1]["floor_quote"], tiers[1]["deduction_quote"]) == (150, 300_000, 300)
    for lower, upper in pairwise(tiers):
        step = upper["floor_quote"] * (upper["maintenance_ppm"] - lower["maintenance_ppm"])
        assert step % 1_000_000 == 0
        assert upper["deduction_quote"] == lower["deduction_quote"] + step // 1_000_000


@needs_data
@pytest.mark.parametrize("name", ["2020-03-12-btcusdt", "2021-05-19-btcusdt", "2025-10-10-btcusdt"])
def test_the_mark_rule_is_the_one_in_force_at_the_start(name: str) -> None:
    loaded = load_config(EVENTS / f"{name}.yaml").config
    rules = [(r["from_utc"], int(r["window_s"]), int(r["sample_s"])) for r in rows("mark_rule_timeline.csv")]
    start = f"{loaded.start_utc:%Y-%m-%d %H:%M}"
    in_force = [rule for rule in rules if rule[0].startswith("before") or rule[0] <= start][-1]
    mark = loaded.markets[0].mark
    assert (mark.window_ms, mark.sample_ms) == (in_force[1] * 1000, in_force[2] * 1000)


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
    # BTC's part by liquidations, .53
    assert seed == pytest.approx(0.53 * float(of_2025["fund_before"]), rel=0.01)


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
