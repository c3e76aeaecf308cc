"""Settings put into a validated config equal the config read anew with them, and are refused where that is."""

import json

import pytest
from clearsim.config import config_hash, load_config, with_settings
from clearsim.errors import ConfigError

CASES = [
    ("base", "duration_s", 300),
    ("base", "seed", 12),
    ("base", "scale.simulated_share", 0.1),
    ("base", "clock", {"kind": "fixed", "tick_ms": 500}),
    ("base", "start_utc", "2025-02-01T00:00:00Z"),
    ("base", "asset.quantum", 0.00001),
    ("base", "markets[0].fees.taker_ppm", 450),
    ("base", "markets[BTCUSDT].price.shock_fraction", -0.123456789012),
    ("base", "markets[0].price", {"kind": "gbm", "initial_price": 50000, "annual_volatility": 0.6}),
    ("base", "markets[0].margin.tiers[1].maintenance_ppm", 6000),
    ("base", "funds[main].seed_quote", 1e-3),
    ("base", "liquidation", {"kind": "full"}),
    ("base", "liquidation.surplus", "trader"),
    ("base", "waterfall[2].ranking", {"kind": "binance_wallet"}),
    ("base", "waterfall[2]", {"kind": "adl", "ranking": {"kind": "binance_wallet"}}),
    ("base", "population.cohorts[makers].behaviour.depth", [{"within_ppm": 10000, "bid_quote": 5, "ask_quote": 6}]),
    ("base", "population.cohorts[levered].opening[0].size.exponent", 1.3),
    ("base", "population.cohorts[levered].opening[0].leverage.buckets[0].high", 2),
    ("base", "agents[whale].positions[0].leverage", 5),
    ("base", "agents", []),
    ("base", "reduced.steps", 3),
    ("two-markets", "funds[0].seed_quote", 123456),
    ("two-markets", "markets[ETHUSDT].fees.liquidation_ppm", 7000),
    ("two-markets", "prices.correlation", [[1, 0.2], [0.2, 1]]),
    ("two-markets", "population.cohorts[makers-eth].traders", 7),
    ("2025-10-10-btcusdt", "funds[0].seed_quote", 5e7),
    ("2025-10-10-btcusdt", "population.cohorts[0].traders", 12),
    ("2025-10-10-btcusdt", "markets[0].fees.taker_ppm", 410),
]


@pytest.fixture(scope="module")
def configs():
    return {name: load_config(name).config for name in {name for name, _, _ in CASES}}


@pytest.mark.parametrize(("name", "path", "value"), CASES, ids=lambda part: str(part)[:50])
def test_a_setting_gives_the_config_that_reading_it_anew_gives(configs, name, path, value):
    quick = with_settings(configs[name], [(path, value)])
    assert config_hash(quick) == load_config(name, [f"{path}={json.dumps(value)}"]).hash
    assert config_hash(quick) != config_hash(configs[name])


def test_settings_are_made_in_order_and_refine_each_other(configs):
    settings = [("liquidation", {"kind": "full"}), ("liquidation.surplus", "trader"), ("seed", 1), ("seed", 5)]
    slow = load_config("base", ["liquidation={kind: full}", "liquidation.surplus=trader", "seed=5"]).hash
    assert config_hash(with_settings(configs["base"], settings)) == slow


def test_a_part_that_is_not_there_is_made(configs):
    assert configs["base"].positions is None
    config = with_settings(configs["base"], [("positions.file", "book.csv")])
    assert config.positions.file == "book.csv"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("duration_s", -1, "duration_s = -1: duration_s: "),
        ("liquidation", {"kind": "fulll"}, "liquidation = {'kind': 'fulll'}: "),
        ("markets[0].margin.tiers[0].maintenance_ppm", 9000, "must be below the initial rate of 125x (9000 >= 8000)"),
        ("markets[3].fees.taker_ppm", 1, "markets[3].fees.taker_ppm: there is nothing at this path to set"),
        ("markets[X].fees.taker_ppm", 1, "markets[X].fees.taker_ppm: there is nothing at this path to set"),
        ("nothing", 1, "nothing: there is nothing at this path to set"),
        # each part is valid, the whole is not: the fund's market does not exist
        ("funds[0].markets", ["ETHUSDT"], "ETHUSDT"),
    ],
)
def test_what_cannot_be_set_is_refused(configs, path, value, message):
    with pytest.raises(ConfigError) as caught:
        with_settings(configs["base"], [(path, value)])
    assert message in str(caught.value)
