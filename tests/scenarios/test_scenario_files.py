"""Scenario files: what is refused, with file, line and key; every shipped one loads and names its sources."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clearsim.config import load_config
from clearsim.errors import ConfigError
from clearsim.runs.run import export_positions
from clearsim.scenarios.metrics import METRICS
from clearsim.scenarios.model import MIN_REPLICATIONS, load_scenario, shipped_scenarios

HEAD = """schema_version: 1
name: small
title: A small one
kind: hypothetical
base: base
bands_written: 2026-11-23
"""
TARGET = """targets:
  - metric: index_fall
    low: -0.2
    high: -0.1
    status: derived
    source: the path
    date: 2026-11-23
"""
NAMES = sorted(shipped_scenarios())
DATA = Path(__file__).parents[2].parent / "shared" / "data" / "market"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="recorded data not at hand")


def refusal(folder: Path, text: str) -> str:
    """What the loader says of a file with this text."""
    path = folder / "small.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_scenario(path)
    return str(error.value)


def test_a_band_upside_down_is_refused_with_its_line(tmp_path):
    text = refusal(tmp_path, HEAD + TARGET.replace("low: -0.2", "low: -0.05"))
    assert "small.yaml:9: targets[0].low must be at most high, found -0.05 > -0.1" in text


def test_an_unknown_metric_names_the_nearest(tmp_path):
    text = refusal(tmp_path, HEAD + TARGET.replace("index_fall", "index_fal"))
    assert "small.yaml:8: targets[0].metric must be a metric, found index_fal (did you mean index_fall?)" in text


def test_a_metric_at_a_time_needs_its_time_and_no_other_takes_one(tmp_path):
    text = refusal(tmp_path, HEAD + TARGET.replace("index_fall", "mark_at"))
    assert "targets[0].at is missing: this metric reads one time (mark_at)" in text
    text = refusal(tmp_path, HEAD + TARGET + "    at: 2025-01-01T00:01:00Z\n")
    assert "small.yaml:14: targets[0].at is not a key of this metric (index_fall)" in text


def test_one_metric_may_be_a_target_at_two_times(tmp_path):
    path = tmp_path / "small.yaml"
    at = [TARGET.replace("index_fall", f"index_at\n    at: 2025-01-01T00:0{minute}:00Z") for minute in (1, 2)]
    path.write_text(HEAD + at[0] + at[1].removeprefix("targets:\n"))
    assert [target.label for target in load_scenario(path).scenario.targets] == [
        "index_at 00:01:00",
        "index_at 00:02:00",
    ]


@pytest.mark.parametrize("key", ["source", "date", "status", "low", "high"])
def test_a_target_without_a_key_that_it_needs_is_refused(tmp_path, key):
    lines = [line for line in (HEAD + TARGET).splitlines() if not line.strip().startswith(f"{key}:")]
    assert f"targets[0].{key}" in refusal(tmp_path, "\n".join(lines) + "\n")


def test_an_empty_source_is_refused(tmp_path):
    assert "targets[0].source" in refusal(tmp_path, HEAD + TARGET.replace("source: the path", 'source: ""'))


def test_a_metric_that_stands_twice_is_refused(tmp_path):
    again = TARGET.removeprefix("targets:\n")
    assert "targets[1].metric must be unique" in refusal(tmp_path, HEAD + TARGET + again)


def test_too_few_replications_for_an_interval_are_refused(tmp_path):
    text = refusal(tmp_path, HEAD + "replications: 2\n" + TARGET)
    assert "small.yaml:7: replications must be at least 3" in text


def test_a_mistyped_key_names_the_nearest(tmp_path):
    assert "did you mean targets" in refusal(tmp_path, HEAD + TARGET.replace("targets:", "target:"))


def test_a_set_path_that_cannot_be_names_the_nearest(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(HEAD + "set:\n  markets[0].fee.taker_ppm: 5\n" + TARGET)
    with pytest.raises(ConfigError, match=r"markets\[0\].fee.*did you mean markets\[0\].fees"):
        load_scenario(path).config()


def test_a_base_that_does_not_exist_is_told_with_the_file(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text((HEAD + TARGET).replace("base: base", "base: bass"))
    with pytest.raises(ConfigError, match=r"small.yaml.*base: bass: no such config"):
        load_scenario(path).config()


def test_set_and_traders_are_laid_over_the_base(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(
        HEAD + "set: {seed: 7, 'markets[0].price.shock_fraction': -0.3}\ntraders: 600\nquick: {traders: 500}\n" + TARGET
    )
    loaded = load_scenario(path)
    config, quick = loaded.config(), loaded.config(quick=True)
    assert config.seed == 7
    assert float(config.markets[0].price.shock_fraction) == -0.3
    assert [sum(c.traders for c in each.population.cohorts) + len(each.agents) for each in (config, quick)] == [
        600,
        500,
    ]


def test_five_events_and_at_least_five_imagined_ones_ship():
    kinds = [load_scenario(name).scenario.kind for name in NAMES]
    assert kinds.count("historical") == 5
    assert kinds.count("hypothetical") >= 5


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_loads_in_both_sizes_and_has_sources(name):
    loaded = load_scenario(name)
    scenario = loaded.scenario
    assert scenario.name == name
    assert scenario.replications >= MIN_REPLICATIONS
    for target in scenario.targets:
        assert target.metric in METRICS
        assert len(target.source) > 5
        assert target.date
    assert loaded.config() is not None
    assert loaded.config(quick=True) is not None


@pytest.mark.parametrize("name", [n for n in NAMES if load_scenario(n).scenario.kind == "historical"])
def test_an_event_is_held_against_a_recorded_number(name):
    assert any(target.status == "recorded" for target in load_scenario(name).scenario.targets)


@pytest.mark.parametrize("name", [n for n in NAMES if load_scenario(n).scenario.kind == "historical"])
def test_every_number_of_an_event_has_a_provenance(name):
    assert load_scenario(name).config().requires_provenance


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_the_opening_book_of_a_shipped_scenario_can_be_built(name, quick, tmp_path):
    """With few traders a cap on the largest position may leave no way to hold the open interest."""
    config = load_scenario(name).config(quick=quick)
    assert export_positions(config, tmp_path / "book.csv", replication=2) > 10


@needs_data
def test_may_2021_waypoints_are_recorded_prices():
    """Opens of half hours, opens and closes of recorded 5 min bars, and one low whose minute is placed."""
    recorded = {}
    for row in csv_rows("binance_spot_30m_crash_windows.csv"):
        if row["symbol"] == "BTCUSDT":
            recorded[datetime.fromtimestamp(int(row["ts_ms"]) / 1000, UTC)] = {float(row["open"])}
    lows = {}
    for row in csv_rows("binance_spot_BTCUSDT_top20_abs_5m_returns_2017-08_2026.csv"):
        opened = datetime.fromisoformat(row["open_time_utc"]).replace(tzinfo=UTC)
        recorded.setdefault(opened, set()).add(float(row["open"]))
        recorded.setdefault(opened + timedelta(minutes=5), set()).add(float(row["close"]))
        lows[opened] = float(row["low"])
    points = load_config("2021-05-19-btcusdt").config.markets[0].price.points
    placed = [point for point in points if float(point.price) not in recorded.get(point.utc, ())]
    assert len(points) == 12
    assert [(f"{point.utc:%H:%M}", float(point.price)) for point in placed] == [("13:12", lows[at(13, 10)])]


def at(hour: int, minute: int) -> datetime:
    """A time on 19 May 2021."""
    return datetime(2021, 5, 19, hour, minute, tzinfo=UTC)


def csv_rows(name: str) -> list[dict[str, str]]:
    """Rows of a recorded table."""
    with (DATA / name).open() as file:
        return list(csv.DictReader(file))
