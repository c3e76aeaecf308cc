"""Errors of configs name file, line, key and the nearest key; overrides, hash, round trip. Base: the starter config."""

from pathlib import Path

import pytest
from clearsim.config import (
    RunConfig,
    build_config,
    canonical_json,
    config_from_text,
    config_hash,
    load_config,
    to_yaml,
    traders_overrides,
)
from clearsim.config.overrides import apply_overrides
from clearsim.config.starter import starter_text
from clearsim.config.yamlfile import find_config, parse_yaml
from clearsim.errors import ConfigError

STARTER = starter_text()


def error_of(*overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        starter_with(*overrides)
    return str(caught.value)


def starter_with(*overrides: str) -> RunConfig:
    node = parse_yaml(STARTER, source="f.yaml")
    apply_overrides(node, overrides, RunConfig)
    return build_config(node)


def edited(old: str, new: str) -> str:
    """The error after replacing a piece of the starter's text."""
    assert STARTER.count(old) == 1, f"{old!r} stands {STARTER.count(old)} times in the starter"
    with pytest.raises(ConfigError) as caught:
        config_from_text(STARTER.replace(old, new), source="f.yaml")
    return str(caught.value)


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(STARTER.splitlines(), 1) if text in line)


def test_the_starter_is_valid() -> None:
    assert config_from_text(STARTER).name == "my-run"


def test_an_unknown_key_names_file_line_and_the_nearest_key() -> None:
    message = edited("tick_size: 0.1", "tik_size: 0.1")
    line = line_of("tick_size: 0.1")
    assert f"f.yaml:{line}: markets[0].tik_size is not a known key (did you mean tick_size?)" in message


def test_a_wrong_kind_lists_the_valid_kinds() -> None:
    message = edited("kind: index_ema_basis", "kind: index_ema")
    line = line_of("index_ema_basis")
    assert message == (
        f"f.yaml:{line}: markets[0].mark.kind must be one of index, index_ema_basis, median_of_three,"
        " found 'index_ema' (did you mean index_ema_basis?)"
    )


@pytest.mark.parametrize("kind", ["{a: 1}", "[1]", "3", "null"])
def test_a_kind_that_is_no_text_and_stands_where_none_is_expected_is_refused(kind: str) -> None:
    with pytest.raises(ConfigError, match="kind is not a known key"):
        config_from_text(f"{STARTER}kind: {kind}\n")


def test_a_missing_kind_lists_the_valid_kinds() -> None:
    message = edited("clock: {kind: fixed, ", "clock: {")
    assert f"f.yaml:{line_of('clock:')}: clock.kind is missing: it must be one of adaptive, fixed" in message


def test_all_errors_are_told_at_once() -> None:
    lines = error_of("seed=-1", "duration_s=abc", "markets[0].fees.taker_ppm=1.5").splitlines()
    assert lines == [
        "--set seed=-1: seed must be at least 0, found -1",
        "--set duration_s=abc: duration_s must be a number, found 'abc'",
        "--set markets[0].fees.taker_ppm=1.5: markets[0].fees.taker_ppm must be a whole number, found 1.5",
    ]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed=yes", "seed must be a whole number, found 'yes'"),
        ("seed=true", "seed must be a whole number, found true"),
        ("requires_provenance=no", "requires_provenance must be true or false, found 'no'"),
        ("requires_provenance=1", "requires_provenance must be true or false, found 1"),
        ("markets[0].mark.sees_liquidation_trades=off", "must be true or false, found 'off'"),
        ("markets[0].mark.sees_liquidation_trades=1", "must be true or false, found 1"),
        ("markets[0].price.annual_volatility=true", "must be a number, found true"),
        ("markets[0].price.annual_volatility=nan", "must be a finite number, found 'nan'"),
        ("markets[0].price.initial_price=0", "must be greater than 0, found 0"),
        ("markets[0].price.initial_price=-5", "must be greater than 0, found -5"),
        ("markets[0].lot_size=-0.001", "must be greater than 0, found -0.001"),
        ("population.cohorts[noise].traders=-5", "population.cohorts[1].traders must be greater than 0, found -5"),
        ("start_utc=2026-01-05T12:00:00", "must name its time zone, like 2025-10-10T20:30:00Z"),
        ("start_utc=20260105", "must be a time like 2025-10-10T20:30:00Z, found 20260105"),
        ("start_utc=12:30:00", "must be a time like 2025-10-10T20:30:00Z, found '12:30:00'"),
        ("name=a b", "name"),
        ("record.detail=event", "must be one of summary, series, events, orders, found 'event' (did you mean events?)"),
        ("record.depth_bands_ppm=[5, 4, 6]", "must widen from near to far"),
        ("markets=[]", "markets must have at least 1 item(s), found a list of 0"),
        ("duration_s=600.5", "duration_s must be a whole number of ticks of 1000 ms, found 600.5 s"),
        ("duration_s=0", "duration_s must be greater than 0, found 0"),
        ("duration_s=0.0001", "duration_s must be whole milliseconds, found 0.0001"),
        ("duration_s=1e99", "duration_s must be at most 10,000,000,000 (300 years), found 1E+99"),
        ("record.sample_ms=1500", "record.sample_ms must be a whole number of ticks of 1000 ms, found 1500"),
        ("asset.quantum=0.01", "markets[0].tick_size must fit asset.quantum"),
        (
            "funds[0].seed_quote=1e18",
            "funds[0].seed_quote must stay within the int64 head-room of 2,305,843,009,214 USDT",
        ),
        ("funds[0].markets=[ETH]", "funds[0].markets[0] must be one of the markets BTCUSDT, found 'ETH'"),
        ("funds[0].markets=[BTCUSDT, BTCUSDT]", "funds[0].markets[1] must be in one fund only"),
        ("waterfall=[{kind: insurance_fund}, {kind: insurance_fund}]", "appears 2 times"),
        ("population.cohorts[makers].name=noise", "names must differ"),
        ("population.cohorts[noise].behaviour.market=ETH", "must be one of the markets BTCUSDT, found 'ETH'"),
        ("positions={file: nowhere.csv}", "positions.file must be a file, found no nowhere.csv"),
        ("waterfall[2].allocation=pro_ratta", "must be a mapping of keys, found 'pro_ratta'; write {kind: pro_rata}"),
        ("waterfall[2].ranking=x", "found 'x'; its kind must be one of binance_wallet, own, profit_leverage"),
        ("scale.simulated_share=2", "scale.simulated_share must be at most 1, found 2"),
        ("prices={kind: correlated, correlation: [[1, 0], [0, 1]]}", "prices.correlation must fit the 1 markets"),
        ("prices={kind: correlated, correlation: [[1, 2], [2, 1]]}", "must be in [-1, 1]"),
    ],
)
def test_a_wrong_value_says_what_was_expected_and_found(override: str, message: str) -> None:
    assert message in error_of(override)


def test_a_missing_file_is_named_with_the_file_that_may_be_meant(tmp_path: Path) -> None:
    (tmp_path / "my_rule.py").write_text("")
    config = tmp_path / "f.yaml"
    agent = "{kind: user, name: a, file: my_rul.py, class: A, deposit_quote: 1, interval_ms: 1000}"
    config.write_text(f"{STARTER}\nagents: [{agent}]\n")
    with pytest.raises(ConfigError, match=r"must be a file, found no .*my_rul\.py \(did you mean my_rule\.py\?\)"):
        load_config(config)


def test_maintenance_above_initial_and_tiers_out_of_order_are_refused() -> None:
    assert "maintenance" in error_of("markets[0].margin.tiers[0].maintenance_ppm=9000")
    assert "floor" in error_of("markets[0].margin.tiers[1].floor_quote=700000")


def test_what_does_not_fit_inside_a_block_is_told_with_the_line_of_its_own_key() -> None:
    old = "{floor_quote: 50000, maintenance_ppm: 5000, max_leverage: 100}"
    message = edited(old, "{floor_quote: 50000, maintenance_ppm: 15000, max_leverage: 100}")
    expected = "markets[0].margin.tiers[1].maintenance_ppm must be below the initial rate of 100x (15000 >= 10000)"
    assert message == f"f.yaml:{line_of(old)}: {expected}"
    override = "markets[0].price.shock_fraction=-1"
    expected = "markets[0].price.shock_fraction must be above -1, otherwise the price is not positive: -1"
    assert error_of(override) == f"--set {override}: {expected}"


def test_a_message_that_starts_with_no_key_keeps_its_place() -> None:
    message = edited("share_ppm: 200000", "share_ppm: 200001")
    assert message == (
        f"f.yaml:{line_of('buckets:')}: population.cohorts[2].opening[0].leverage.buckets:"
        " shares must sum to 1000000, found 1000001"
    )


def test_a_market_in_no_fund_is_refused() -> None:
    message = error_of("markets[0].name=ETHUSDT", "funds[0].markets=[ETHUSDT, BTCUSDT]")
    assert "funds[0].markets[1] must be one of the markets ETHUSDT, found 'BTCUSDT'" in message
    assert "must be in exactly one fund, no fund names" in error_of("markets[0].name=ETHUSDT")


def test_two_markets_of_one_name_are_refused() -> None:
    text = STARTER.replace("funds:  #", "  - {name: BTCUSDT}\nfunds:  #")
    node = parse_yaml(text, source="f.yaml")
    assert isinstance(node.value, dict)
    markets = node.value["markets"].value
    assert isinstance(markets, list)
    markets[1] = markets[0]
    with pytest.raises(ConfigError, match=r"markets\[1\]\.name must be unique, BTCUSDT is a duplicate"):
        build_config(node)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "markets[0].fees.taker_pm=5",
            "there is no markets[0].fees.taker_pm (did you mean markets[0].fees.taker_ppm?)",
        ),
        ("market[0].fees=5", "there is no market (did you mean markets?)"),
        ("markets[1].fees.taker_ppm=5", "markets has 1 items, but none is 1; its items are BTCUSDT"),
        ("markets[BTCUSD].fees.taker_ppm=5", "none is BTCUSD (did you mean BTCUSDT?)"),
        (
            "waterfall[adl].trigger=5",
            "waterfall has 4 items, but none is adl; its items have no names: give a number, 0 to 3",
        ),
        ("seed.x=5", "seed is a single value, so there is no seed.x in it"),
        ("seed", "must be path=value, like --set seed=7"),
        ("=5", "must be path=value"),
        ("a]b=5", "cannot read the path"),
        ("seed=[1", "not valid YAML"),
    ],
)
def test_an_override_that_cannot_be_names_the_nearest_path(override: str, message: str) -> None:
    text = error_of(override)
    assert text.startswith(f"--set {override}: ")
    assert message in text


def load(tmp_path: Path, *overrides: str) -> RunConfig:
    path = tmp_path / "c.yaml"
    path.write_text(STARTER)
    return load_config(path, overrides).config


def test_overrides_reach_into_lists_by_index_and_by_name_and_set_defaults(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        "markets[0].fees.taker_ppm=300",
        "markets[BTCUSDT].fees.maker_ppm=-100",
        "clock={kind: adaptive, tick_ms: 2000, min_tick_ms: 500}",
        "requires_provenance=false",
        "seed=7",
    )
    assert (config.markets[0].fees.taker_ppm, config.markets[0].fees.maker_ppm) == (300, -100)
    assert config.clock.kind == "adaptive"
    assert config.seed == 7


def test_traders_are_shared_out_in_proportion_and_makers_stay(tmp_path: Path) -> None:
    overrides = traders_overrides(load(tmp_path), 1000)
    counts = [cohort.traders for cohort in load(tmp_path, *overrides).population.cohorts]
    # 10 makers stay; 988 are shared 90 : 400 over one each: 988*90/490 = 181.47, 988*400/490 = 806.53
    assert counts == [10, 182, 808]


def test_the_resolved_config_reads_back_to_the_same_hash(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert config_hash(config_from_text(to_yaml(config))) == config_hash(config)


def test_the_hash_sees_meaning_not_spelling(tmp_path: Path) -> None:
    same = STARTER.replace("tick_size: 0.1", 'tick_size: "0.10"').replace("seed_quote: 50000", "seed_quote: 5e4")
    assert config_hash(config_from_text(same)) == config_hash(load(tmp_path))
    zoned = STARTER.replace("2026-01-05T12:00:00Z", "2026-01-05T13:00:00+01:00")
    assert config_hash(config_from_text(zoned)) == config_hash(load(tmp_path))
    assert config_hash(load(tmp_path, "seed=2")) != config_hash(load(tmp_path))


def test_an_input_file_counts_by_its_content_not_its_name(tmp_path: Path) -> None:
    for name, text in (("a.csv", "x\n"), ("b.csv", "x\n"), ("c.csv", "y\n")):
        (tmp_path / name).write_text(text)
    a, b, c = (config_hash(load(tmp_path, f"positions={{file: {tmp_path}/{name}.csv}}")) for name in "abc")
    assert a == b
    assert a != c


def test_a_file_is_read_relative_to_the_config_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text("x\n")
    path = tmp_path / "c.yaml"
    path.write_text(STARTER + "positions: {file: book.csv}\n")
    positions = load_config(path).config.positions
    assert positions is not None
    assert positions.file == str(tmp_path / "book.csv")


def test_the_text_of_an_agent_file_travels_with_the_config_and_counts_for_the_hash(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text("class Mine: ...\n")
    path = tmp_path / "c.yaml"
    path.write_text(STARTER + "agents: [{kind: user, name: me, file: agent.py, class: Mine}]\n")
    first = load_config(path)
    assert first.config.agents[0].source == "class Mine: ...\n"
    (tmp_path / "agent.py").unlink()
    assert config_hash(first.config) == first.hash  # without the file
    (tmp_path / "agent.py").write_text("class Mine: pass\n")
    assert load_config(path).hash != first.hash


def test_canonical_json_is_stable() -> None:
    config = config_from_text(STARTER)
    assert canonical_json(config) == canonical_json(config.model_copy(deep=True))
    assert '"tick_size":"0.1"' in canonical_json(config)


def test_a_config_that_requires_provenance_must_cover_every_number() -> None:
    entries = [
        f"{{path: '{path}', status: assumption, source: test}}"
        for path in ("scale", "markets[*].tick_size", "markets[0].lot_size", "markets[0].price", "funds", "population")
    ]
    text = f"{STARTER}requires_provenance: true\nprovenance:\n" + "".join(f"  - {entry}\n" for entry in entries)
    with pytest.raises(ConfigError) as caught:
        config_from_text(text, source="f.yaml")
    message = str(caught.value)
    line = line_of("half_life_ms: 30000")
    assert f"f.yaml:{line}: markets[0].mark.half_life_ms must be covered by provenance" in message
    assert "tick_size" not in message
    assert "population" not in message
    rest = "".join(
        f"  - {{path: '{path}', status: fact, source: test, in_force_from: '2019'}}\n"
        for path in ("markets[0].mark", "markets[0].margin", "markets[0].fees", "liquidation", "waterfall")
    )
    assert config_from_text(text + rest).requires_provenance


def test_provenance_of_nothing_is_refused() -> None:
    text = f"{STARTER}provenance: [{{path: 'markets[0].tik_size', status: fact, source: test}}]\n"
    with pytest.raises(ConfigError, match=r"provenance\[0\]\.path must lead to something in this config"):
        config_from_text(text)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("fund-size-btc", "fund-size-btc is a study: clearsim sweep fund-size-btc"),
        ("jelly-2025", "jelly-2025 is a scenario: clearsim validate jelly-2025"),
    ],
)
def test_what_is_no_config_but_ships_is_named(name, says):
    with pytest.raises(ConfigError, match=rf"^{name}: no such config file or shipped config \({says}\)$"):
        find_config(name)


def test_a_file_that_is_not_there_names_the_nearest_shipped_config() -> None:
    with pytest.raises(ConfigError, match=r"2025-10-10-btcusd: no such config.*did you mean 2025-10-10-btcusdt\?"):
        load_config("2025-10-10-btcusd")


def test_a_folder_is_not_a_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(tmp_path)
