"""The ADL queue at a chosen time: where the run stands then, its order, its lights, and what the command refuses."""

import csv

import numpy as np
import pytest
from clearsim.cli import app
from clearsim.config import load_config
from clearsim.engine.build import build_world
from clearsim.engine.queue import queue_of
from clearsim.engine.simulation import run_until, simulate
from clearsim.errors import ConfigError
from typer.testing import CliRunner

SMALL = ["population.cohorts[levered].traders=150", "population.cohorts[noise].traders=30", "duration_s=300"]


@pytest.fixture(scope="module")
def config():
    return load_config("base", SMALL).config


@pytest.fixture(scope="module")
def world_at_250(config):
    world = build_world(config, detail="summary", sink=None)
    run_until(world, 250_000)
    return world


def test_the_world_stands_where_the_whole_run_was_then(config, world_at_250):
    series = simulate(config, detail="series").series
    at = int(np.flatnonzero(np.asarray(series["time_ms"]) == 250_000)[0])
    assert world_at_250.time_ms == 250_000
    assert float(world_at_250.markets.mark[0]) * 0.1 == pytest.approx(float(np.asarray(series["mark_price"])[at]))
    held = np.maximum(world_at_250.accounts.lots[:, 0], 0).sum()
    assert held == np.asarray(series["open_interest_lots"])[at]


def test_the_end_of_the_run_can_be_asked_for(config):
    world = build_world(config, detail="summary", sink=None)
    run_until(world, 300_000)
    assert world.time_ms == 300_000


def test_places_follow_scores_and_hold_every_position_once(world_at_250):
    places = queue_of(world_at_250, 0)
    lots = world_at_250.accounts.lots[world_at_250.rows.first_trader :, 0]
    assert sorted(place.lots for place in places) == sorted(lots[lots != 0].tolist())
    for side in ("long", "short"):
        found = [place for place in places if place.side == side]
        assert [place.place for place in found] == list(range(1, len(found) + 1))
        scores = [place.score for place in found]
        assert scores == sorted(scores, reverse=True)


def test_scores_are_profit_share_times_effective_leverage(world_at_250):
    """BitMEX's rule, from the account's balances: profit / entry value x value / (quote + value), one market."""
    accounts, value = world_at_250.accounts, world_at_250.unit_values()[0]
    names = world_at_250.population.opening.account_names()
    first = world_at_250.rows.first_trader
    for place in queue_of(world_at_250, 0)[:20]:
        if place.mode != "cross" or place.profit_quanta <= 0:
            continue
        row = first + names.index(place.account)
        worth, entry = place.lots * value, abs(int(accounts.cost[row, 0]))
        assert place.profit_quanta == worth - int(accounts.cost[row, 0])
        expected = place.profit_quanta / entry * abs(worth) / (int(accounts.quote[row]) + worth)
        assert place.score == pytest.approx(expected, rel=1e-12)


def test_lights_cut_the_contracts_of_a_side_into_fifths(world_at_250):
    for side in ("long", "short"):
        found = [place for place in queue_of(world_at_250, 0) if place.side == side]
        upto = np.cumsum([abs(place.lots) for place in found])  # own quantity included, as in BitMEX's table
        assert [place.light for place in found] == np.ceil(5 * upto / upto[-1]).astype(int).tolist()


def test_without_a_layer_of_adl_there_is_no_queue(config):
    layers = "waterfall=[{kind: takeover}, {kind: insurance_fund}, {kind: socialised_loss}]"
    world = build_world(load_config("base", [*SMALL, layers]).config, detail="summary", sink=None)
    with pytest.raises(ConfigError, match="no queue"):
        queue_of(world, 0)


def _queue(*arguments):
    sets = [word for text in SMALL for word in ("--set", text)]
    return CliRunner().invoke(app, ["queue", "base", *sets, *arguments])


def test_the_command_prints_and_writes_the_queue(tmp_path):
    out = tmp_path / "queue.csv"
    result = _queue("--at", "2025-01-01T00:04:10Z", "--account", "whale", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "BTCUSDT at 2025-01-01T00:04:10Z" in result.output
    assert "whale" in result.output
    with open(out, newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert {row["side"] for row in rows} == {"long", "short"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--at", "soon"], "time must be seconds or a UTC time"),
        (["--at", "nan"], "time must be seconds or a UTC time"),
        (["--at", "-1"], "the run goes from 2025-01-01T00:00:00Z to 2025-01-01T00:05:00Z"),
        (["--at", "2025-01-01T00:01:00"], "append Z for UTC"),
        (["--at", "10", "--market", "DOGE"], "markets are BTCUSDT"),
        (["--at", "10", "--account", "nobody"], "nobody: holds no position"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments, words):
    found = _queue(*arguments).exception
    assert isinstance(found, ConfigError)
    assert words in str(found)
