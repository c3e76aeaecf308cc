"""The config of one stress, and the search over it from the command line."""

from decimal import Decimal

import pandas as pd
import pytest
from clearsim.cli import app
from clearsim.config import load_config
from clearsim.errors import ConfigError, ResultError
from clearsim.funds.config import open_interest_quote
from clearsim.funds.stress import WHALE, replaces_price, with_shock
from typer.testing import CliRunner


def shocked(name, fidelity="full", **changes):
    stress = {"jump": 0.1, "depth_loss": 0.0, "concentration": 0.0, "leverage": Decimal(5)} | changes
    return with_shock(load_config(name).config, fidelity=fidelity, **stress)


def test_a_jump_takes_the_place_of_the_configs_own():
    own = load_config("base").config
    config = shocked("base")
    assert not replaces_price(own)
    assert config.markets[0].price.shock_fraction == Decimal("-0.1")
    assert config.markets[0].price.shock_ms == own.markets[0].price.shock_ms
    assert config.population == own.population


def test_another_law_gives_way_to_one_fall_within_an_hour():
    own = load_config("btc").config
    assert replaces_price(own)
    config = shocked("btc", "reduced")
    price = config.markets[0].price
    assert (price.kind, price.shock_fraction, price.annual_volatility) == ("single_shock", Decimal("-0.1"), 0)
    assert price.initial_price == own.markets[0].price.initial_price
    assert config.reduced.jumps is None
    assert (config.reduced.horizon_days, config.duration_s) == (None, 3600)


def test_depth_is_taken_from_makers_or_from_the_impact_curve():
    def bids(config):
        makers = next(cohort for cohort in config.population.cohorts if cohort.name == "makers")
        return [band.bid_quote for band in makers.behaviour.depth]

    assert bids(shocked("base", depth_loss=0.75)) == [band / 4 for band in bids(load_config("base").config)]
    impact = shocked("btc", "reduced", depth_loss=0.5).reduced.impact
    assert (impact.bid_quote, impact.ask_quote) == (153_000_000, 120_500_000)


def test_the_largest_account_holds_its_share_of_open_interest():
    config = shocked("base", concentration=0.1)
    whale = next(agent for agent in config.agents if agent.name == WHALE)
    assert whale.positions[0].quote == open_interest_quote(load_config("base").config) / 10
    assert whale.positions[0].leverage == 5
    assert WHALE not in {agent.name for agent in shocked("base").agents}


@pytest.mark.parametrize(
    ("change", "words"), [({"depth_loss": 1.0}, "below 1, found 1"), ({"concentration": 1.5}, "1.5")]
)
def test_a_stress_that_is_none_is_refused(change, words):
    with pytest.raises(ConfigError, match=words):
        shocked("base", **change)


def test_the_command_finds_a_smaller_fall_for_a_smaller_fund(tmp_path):
    """Gap risk only (no impact), one opening book: the smallest fall rises with the fund, and is a bracket."""

    def jump(fund):
        arguments = ["reverse-stress", "btc", "--set", "reduced.impact={kind: none}", "--depth", "0", "--overwrite",
                     "--concentration", "0", "--runs", "1", "--fund", str(fund), "--out", str(tmp_path)]  # fmt: skip
        done = CliRunner().invoke(app, arguments, catch_exceptions=False, standalone_mode=False)
        assert "the price of BTCUSDT falls once after a minute" in done.output
        return pd.read_parquet(tmp_path / "reverse_stress.parquet").iloc[0]

    small, large = jump(1e6), jump(3e8)
    assert 0 < small["jump"] < large["jump"] < 0.6
    assert small["jump_high"] - small["jump_low"] <= 0.005
    with pytest.raises(ResultError, match=r"holds reverse_stress\.csv, reverse_stress\.html, .* --overwrite"):
        CliRunner().invoke(
            app, ["reverse-stress", "btc", "--out", str(tmp_path)], catch_exceptions=False, standalone_mode=False
        )
    assert "smallest shock that exhausts" in (tmp_path / "reverse_stress.html").read_text()


def test_bad_options_are_refused(tmp_path):
    def run(*arguments):
        CliRunner().invoke(app, ["reverse-stress", "base", *arguments], catch_exceptions=False, standalone_mode=False)

    with pytest.raises(ConfigError, match="depth must be shares from 0 to below 1"):
        run("--depth", "0,1")
    with pytest.raises(ConfigError, match="fidelity must be reduced or full"):
        run("--fidelity", "half")
    with pytest.raises(ConfigError, match="tolerance"):
        run("--tolerance", "0.7")


@pytest.mark.parametrize(
    ("option", "says"), [(["--fund", "-5"], "fund must be at least 0"), (["--leverage", "0"], "between 1 and 1000")]
)
def test_a_search_for_nonsense_is_refused(option, says):
    with pytest.raises(ConfigError, match=says):
        CliRunner().invoke(app, ["reverse-stress", "base", *option], catch_exceptions=False, standalone_mode=False)
