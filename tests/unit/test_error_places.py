"""Errors that are raised after a config was read name file, line and key, like those of the reader."""

import pickle

import clearsim
import pytest
from clearsim.config import load_config
from clearsim.config.yamlfile import find_config
from clearsim.engine.build import build_world
from clearsim.errors import ConfigError, InputDataError
from clearsim.policy import Policy
from clearsim.reduced.lower import lower

ROOT = """extends: base
"""


def refusal(path, call=lambda config: build_world(config, detail="summary", sink=None)):
    config = load_config(path).config
    with pytest.raises((ConfigError, InputDataError)) as caught:
        call(config)
    return str(caught.value)


STORIES = {
    "a shock after the end": (
        "duration_s: 100\nmarkets:\n  - name: BTCUSDT\n    price: {shock_ms: 200000}\n",
        "own.yaml:5: markets[0].price.shock_ms: market BTCUSDT: price.shock_ms is 200000, after the end",
    ),
    "makers without capital": (
        "population:\n  cohorts:\n    - name: makers\n      capital: {quote: 40000}\n",
        "own.yaml:5: population.cohorts[0].capital: cohort makers: capital x max_leverage carries only ",
    ),
    "orders below a lot": (
        "population:\n  cohorts:\n    - name: noise\n      behaviour: {volume_quote_per_s: 20}\n",
        "own.yaml:5: population.cohorts[2].behaviour.volume_quote_per_s: cohort noise: mean order is 0.02 lots;",
    ),
    "open interest below a lot": (
        "population:\n  open_interest:\n    - {market: BTCUSDT, quote: 40}\n",
        "own.yaml:4: population.open_interest[0]: population.open_interest of BTCUSDT is below one lot",
    ),
    "a program below a lot": (
        "agents:\n  - name: whale\n    programs: !replace\n"
        "      - {market: BTCUSDT, side: sell, base: 0.0001, start_s: 300, duration_s: 120, reduce_only: true}\n",
        "own.yaml:5: agents[0].programs[0].base: agent whale: program of 0.0001 is below one lot",
    ),
    "waypoints that end early": (
        "markets:\n  - name: BTCUSDT\n    price: !replace\n      kind: waypoints\n      annual_volatility: 0\n"
        "      points:\n        - {t_s: 0, price: 50000}\n        - {t_s: 300, price: 43000}\n",
        "own.yaml:7: markets[0].price.points: market BTCUSDT: waypoints span 0 s to 300 s",
    ),
    "a price below a tick": (
        "markets:\n  - name: BTCUSDT\n    price: {shock_fraction: -0.9999999}\n",
        "own.yaml:4: markets[0].price: the index of BTCUSDT would be 0.00",
    ),
    "a file of prices that is too short": (
        "markets:\n  - name: BTCUSDT\n    price: !replace {kind: replay, file: p.csv}\n",
        "own.yaml:4: markets[0].price: ",
    ),
    "an own cohort whose class raises": (
        "population:\n  cohorts:\n    - name: mine\n      traders: 2\n"
        "      behaviour: {kind: own, file: own.py, class: Mine}\n",
        "own.yaml:6: population.cohorts[7].behaviour: cohort mine: ",
    ),
}


#: Changes of base.yaml: what is replaced by what, and the text of the line that the error names, then what it says.
CHANGES = {
    "accounts that cannot hold the open interest": (
        ("largest_share_ppm: 20000", "largest_share_ppm: 2"),
        "        - market: BTCUSDT",
        "population.cohorts[6].opening[0]: cohort levered in BTCUSDT, long: ",
    ),
    "nobody to hold a side": (
        ("short_weight: 1\n", "short_weight: 0\n"),
        "  cohorts:",
        "population.cohorts: market BTCUSDT: ",
    ),
    "a whale too close to liquidation": (
        ("leverage: 10}", "leverage: 200}"),
        "      - {market: BTCUSDT, side: long, quote: 2000000, leverage: 200}",
        "agents[0].positions[0]: agent whale: its position in BTCUSDT would start with equity ",
    ),
}


@pytest.mark.parametrize("story", CHANGES)
def test_an_error_of_the_opening_names_file_line_and_key(story, tmp_path):
    (old, new), line, expected = CHANGES[story]
    text = find_config("base").read_text()
    assert old in text
    (tmp_path / "own.yaml").write_text(text.replace(old, new))
    number = text.replace(old, new).splitlines().index(line) + 1
    assert refusal(tmp_path / "own.yaml").startswith(f"{tmp_path / 'own.yaml'}:{number}: {expected}")


@pytest.mark.parametrize("story", STORIES)
def test_an_error_of_the_build_names_file_line_and_key(story, tmp_path):
    text, expected = STORIES[story]
    (tmp_path / "own.yaml").write_text(ROOT + text)
    (tmp_path / "p.csv").write_text("ts_ms,price\n0,50000\n1000,49000\n")
    (tmp_path / "own.py").write_text(
        "from clearsim import UserCohort\nclass Mine(UserCohort):\n    def __init__(self):\n        1 / 0\n"
    )
    assert expected in refusal(tmp_path / "own.yaml")


def test_the_reduced_engine_names_file_line_and_key(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "extends: btc\nreduced:\n  impact: !replace {kind: linear, half_life_s: 60}\nrequires_provenance: false\n"
        "provenance: !replace []\n"
    )
    text = refusal(path, lower)
    assert text.startswith(f"{path}:3: reduced.impact: must state within_ppm, bid_quote and ask_quote")
    path.write_text("extends: base\n")
    assert refusal(path, lower) == f"{path}:1: reduced must be given for fidelity reduced, found nothing"


def test_a_value_set_in_python_has_a_key_and_no_line(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("extends: base\nname: own\n")
    config = clearsim.load(path).with_({"markets[BTCUSDT].price.shock_ms": 700_000})
    with pytest.raises(
        ConfigError, match=r"^markets\[0\]\.price\.shock_ms: market BTCUSDT: price\.shock_ms is 700000, after"
    ):
        clearsim.run(config)
    shorter = clearsim.load(path).with_({"duration_s": 100})
    with pytest.raises(ConfigError, match=r"base\.yaml:17: markets\[0\]\.price\.shock_ms: market BTCUSDT: "):
        clearsim.run(shorter)


def test_a_config_is_equal_wherever_it_was_written_and_keeps_its_places_when_it_travels(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("extends: base\n")
    first, second = (load_config(tmp_path / f"{name}.yaml").config for name in "ab")
    assert first == second
    assert isinstance(first, Policy)
    assert pickle.loads(pickle.dumps(first))._places["seed"].endswith("base.yaml:6")
    assert dict(first._places)[""] != dict(second._places)[""]


def test_the_error_of_a_failed_run_of_a_study_names_no_file(tmp_path):
    (tmp_path / "s.yaml").write_text(
        "name: s\ntitle: t\nbase: base\nset: {duration_s: 20}\ndesign: {kind: grid, n: 1}\n"
        "levers: [{name: at, path: 'markets[0].price.shock_ms', values: [10000, 700000]}]\n"
    )
    result = clearsim.sweep(tmp_path / "s.yaml", executor="serial")
    [error] = result.failures()["error"]
    assert error.startswith("ConfigError: markets[0].price.shock_ms: market BTCUSDT: price.shock_ms is 700000, after")


def test_a_whole_number_that_no_kernel_holds_is_refused_at_its_key():
    """2^63 - 1 = 9,223,372,036,854,775,807 is the largest int64."""
    with pytest.raises(
        ConfigError, match=r"interval_ms must be at most 9,223,372,036,854,775,807, found a number of more"
    ):
        load_config("base", ["population.cohorts[1].interval_ms=" + "9" * 400])


def test_a_waypoint_beyond_any_run_is_refused_at_its_line(tmp_path):
    (tmp_path / "own.yaml").write_text(
        "extends: base\nmarkets:\n  - name: BTCUSDT\n    price: !replace\n      kind: waypoints\n"
        "      annual_volatility: 0\n      points:\n        - {t_s: 0, price: 50000}\n"
        "        - {t_s: 1000000000000000000000000, price: 43000}\n"
    )
    assert "own.yaml:9: markets[0].price.points[1]: market BTCUSDT: waypoint at " in refusal(tmp_path / "own.yaml")


def test_a_price_of_too_many_ticks_is_refused(tmp_path):
    """A price of 1e25 at ticks of 0.1 is 1e26 ticks; int64 ends at 9.2e18."""
    (tmp_path / "own.yaml").write_text(
        "extends: base\nmarkets:\n  - name: BTCUSDT\n    price: {initial_price: 10000000000000000000000000}\n"
    )
    assert "own.yaml:4: markets[0].price: the index of BTCUSDT would be 1e+25" in refusal(tmp_path / "own.yaml")
