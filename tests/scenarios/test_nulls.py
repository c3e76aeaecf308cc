"""Null models of a run: what they leave out, and that they leave the rest alone."""

from dataclasses import replace

import numpy as np
import pytest
from clearsim.config import load_config
from clearsim.engine.simulation import simulate
from clearsim.errors import ConfigError
from clearsim.scenarios.metrics import METRICS
from clearsim.scenarios.model import load_scenario
from clearsim.scenarios.nulls import NULLS, index_alone, no_liquidations, no_market
from clearsim.scenarios.run import measure, outcome_of

from .test_scenario_files import HEAD, TARGET
from .test_scores import outcome

SETTINGS = ("duration_s=260", "markets[0].price.shock_fraction=-0.2")


@pytest.fixture(scope="module")
def config():
    """Four minutes and twenty seconds of the reference market, with a fall of 20% at the end."""
    return load_config("base", overrides=SETTINGS).config


def run(config):
    """Summary row, series and accounts of a run."""
    return simulate(config, detail="series", progress=None, event_sink=None)


def test_the_index_alone_has_the_index_for_its_mark():
    """By hand, of the run of test_scores: index 100, 90, 95, 96, 98 for the mark too."""
    alone = index_alone(outcome())
    of_prices = {name: metric for name, metric in METRICS.items() if metric.of_prices and not metric.is_at_a_time}
    found = {name: metric.compute(alone) for name, metric in of_prices.items()}
    assert found == pytest.approx({"index_fall": -0.1, "index_end": -0.02, "mark_fall": -0.1, "dislocation_max": 0.0})
    at_third = replace(alone, at_ms=float(alone.series["time_ms"][2]))
    found = {name: METRICS[name].compute(at_third) for name in ("index_at", "mark_at", "gap_at")}
    assert found == pytest.approx({"index_at": -0.05, "mark_at": -0.05, "gap_at": 0.0})


def test_without_liquidations_the_run_is_the_same_until_the_first_one(config):
    model, null = run(config), run(no_liquidations(config))
    assert model.runs["liquidated_accounts"] > 0
    assert null.runs["liquidated_accounts"] == 0
    assert null.runs["fund_draw_quanta"] == 0
    assert null.runs["adl_notional_quanta"] == 0
    assert null.runs["backlog_peak"] > 0
    calm = np.asarray(model.series["liquidated_accounts"]) == 0
    assert 10 < calm.sum() < len(calm)
    for column in ("index_price", "mark_price", "open_interest_lots", "volume_quanta"):
        assert np.array_equal(np.asarray(model.series[column])[calm], np.asarray(null.series[column])[calm]), column


def test_without_a_market_nothing_trades_and_the_same_positions_meet_the_same_index(config):
    null_config = no_market(config)
    model, null = run(config), run(null_config)
    assert null.runs["volume_quanta"] == 0
    assert null.runs["liquidated_accounts"] > 0
    holders = {cohort.name for cohort in config.population.cohorts if cohort.opening}

    def held(result):
        names, sizes = result.accounts["cohort"], result.accounts["notional_initial_quanta"]
        return [size for name, size in zip(names, sizes, strict=True) if name in holders]

    assert held(null) == held(model)
    first = [np.asarray(each.series["index_price"])[0] for each in (model, null)]
    assert first[0] == first[1]


def test_a_cohort_that_holds_and_quotes_leaves_no_market_to_take_away(config):
    makers = config.population.cohorts[0]
    holding = makers.model_copy(update={"opening": config.population.cohorts[-1].opening})
    population = config.population.model_copy(update={"cohorts": (holding, *config.population.cohorts[1:])})
    why = no_market(config.model_copy(update={"population": population}))
    assert isinstance(why, str)
    assert why.startswith("cohort makers holds positions and quotes")


def test_null_models_run_on_request_with_the_streams_of_the_model(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(
        HEAD
        + 'set: {duration_s: 260, "markets[0].price.shock_fraction": -0.15}\ntraders: 500\n'
        + TARGET
        + "  - {metric: liquidated_share, low: 0, high: 1, status: derived, source: none, date: 2026-11-23}\n"
    )
    measured = measure(load_scenario(path), nulls=True, say=lambda text: None)
    assert tuple(measured.nulls) == NULLS
    alone, waiting, empty = (measured.nulls[name] for name in NULLS)
    assert alone.values == {"index_fall": measured.model.values["index_fall"]}
    assert waiting.values["liquidated_share"] == (0.0, 0.0, 0.0)
    assert min(empty.values["liquidated_share"]) > 0
    for own, its in zip(measured.model.traces, alone.traces, strict=True):
        assert np.array_equal(its.mark, own.index)
    assert measure(load_scenario(path), say=lambda text: None).nulls == {}


def test_a_number_that_was_chosen_must_be_one_of_the_config(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(HEAD + TARGET + '    used_for: ["population.cohorts[makers].behaviour.skew_pm"]\n')
    with pytest.raises(ConfigError, match=r"targets\[0\].used_for.*did you mean .*skew_ppm"):
        load_scenario(path).config()
    path.write_text(HEAD + TARGET + '    used_for: ["population.cohorts[maker].behaviour.skew_ppm"]\n')
    with pytest.raises(ConfigError, match=r"none is maker \(did you mean makers\?\)"):
        load_scenario(path).config()


def test_a_series_or_minute_that_the_config_does_not_have_is_refused(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(HEAD + TARGET + "paths: [{comparison: mark}]\n")
    with pytest.raises(ConfigError, match=r"small.yaml:14: paths\[0\].comparison must be a comparison, found mark"):
        load_scenario(path).config()
    path.write_text(
        HEAD
        + TARGET
        + "minutes: [{event: most_liquidated, minute_utc: 2025-01-01T00:10:00Z, source: none, date: 2025-01-01}]\n"
    )
    with pytest.raises(ConfigError, match=r"minutes\[0\].minute_utc must lie inside the run, found 2025-01-01 00:10"):
        load_scenario(path).config()


def test_outcomes_of_two_runs_are_alike_in_what_they_hold(config):
    result = run(config)
    assert set(outcome().series) <= set(outcome_of(config, result.runs, result.series).series)
