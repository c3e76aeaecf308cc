"""`load`, `Config`, `run`, `Result`: the same numbers through every door, exact money, errors that name the key."""

import json
from decimal import Decimal
from fractions import Fraction

import clearsim
import numpy as np
import pandas as pd
import pytest
from clearsim.api.units import in_units, quote_of
from clearsim.cli import app
from typer.testing import CliRunner


def test_memory_folder_and_command_line_give_the_same_hash(config, result, tmp_path):
    config.to_yaml(tmp_path / "small.yaml")
    folder = clearsim.run(config, out=tmp_path / "api")
    arguments = ["run", str(tmp_path / "small.yaml"), "--out", str(tmp_path / "cli"), "--no-report"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    by_command = json.loads((tmp_path / "cli" / "manifest.json").read_text())
    assert result.result_hash == folder.result_hash == by_command["result_hash"]
    assert result.manifest["table_hashes"] == by_command["table_hashes"]
    assert result.config.hash == folder.config.hash == by_command["config_hash"]


def test_a_saved_run_is_the_run(result, tmp_path):
    opened = clearsim.open_run(result.save(tmp_path / "saved"))
    assert opened.result_hash == result.result_hash
    for name in ("runs", "accounts", "series", "transfers", "liquidations"):
        pd.testing.assert_frame_equal(opened.table(name), result.table(name))
    assert clearsim.replay(opened).equal
    with pytest.raises(clearsim.ResultError, match="exists"):
        result.save(tmp_path / "saved")


def test_what_a_folder_proves_is_said(result, tmp_path):
    found = clearsim.audit(result.save(tmp_path / "saved"))
    assert found.transfers == len(result.transfers())
    assert found.accounts == len(result.accounts())
    assert found.equities_compared
    assert len(found.proved) == 5
    assert "the run kept no orders" in found.not_compared[0]
    with pytest.raises(clearsim.ConfigError, match="save it first"):
        clearsim.audit(result)


def test_results_of_the_roles_sum_to_exactly_zero(result):
    paid = result.who_paid(units="quanta")
    assert paid["result_quanta"].dtype == np.int64
    assert paid["result_quanta"].sum() == 0
    assert paid["result_quanta"].abs().sum() > 0
    quote = result.who_paid()
    expected = [int(value) / 1_000_000 for value in paid["result_quanta"]]
    assert quote["result_quote"].tolist() == expected


def test_scenario_seed_and_replication_name_the_randomness(config, result):
    others = [clearsim.run(config, detail="summary", **{name: 1}) for name in ("scenario", "replication")]
    others.append(clearsim.run(config, detail="summary", seed=2))
    volumes = {run.summary()["volume_quote"] for run in (result, *others)}
    assert len(volumes) == 4


@pytest.mark.parametrize(
    ("quanta", "quantum", "expected"),
    [
        (12_345_678, Fraction(1, 10**6), 12.345678),
        (2**53 + 1, Fraction(1, 10**6), 9007199254.740993),  # exact value 9007199254.740993
        (-(2**62) - 1, Fraction(1, 3), -1.5372286728091293e18),
        (3, Fraction(5, 2), 7.5),
    ],
)
def test_quote_units_are_the_nearest_to_the_exact_amount(quanta, quantum, expected):
    (found,) = quote_of([quanta], quantum)
    exact = quanta * quantum
    assert found == expected
    assert abs(Fraction(float(found)) - exact) <= min(
        abs(Fraction(float(np.nextafter(found, side))) - exact) for side in (-np.inf, np.inf)
    )


def test_units_are_named_in_the_columns():
    frame = pd.DataFrame({"fund_quanta": [3_000_000], "n": [1]})
    at = {"quantum": Decimal("0.000001"), "share": Decimal("0.25")}
    assert in_units(frame, "quote", **at).to_dict("list") == {"fund_quote": [3.0], "n": [1]}
    assert in_units(frame, "venue", **at).to_dict("list") == {"fund_quote": [12.0], "n": [1]}
    assert in_units(frame, "quanta", **at).to_dict("list") == {"fund_quanta": [3_000_000], "n": [1]}
    with pytest.raises(clearsim.ConfigError, match="quote, venue or quanta"):
        in_units(frame, "usd", **at)


def test_a_table_that_was_not_kept_is_an_error_not_an_empty_frame(config):
    run = clearsim.run(config, detail="series")
    assert len(run.series()) > 0
    with pytest.raises(clearsim.ResultError, match="detail='events'"):
        run.liquidations()
    summary = clearsim.run(config, detail="summary")
    with pytest.raises(clearsim.ResultError, match="detail='series'"):
        summary.figure("price")
    with pytest.raises(clearsim.ConfigError, match="there is no table 'trades'"):
        summary.table("trades")


def test_figures_are_named_and_notebooks_show_a_table_and_a_picture(config, result):
    assert clearsim.figure(result, "price").data
    with pytest.raises(clearsim.ConfigError, match="figures are price-BTCUSDT, who-paid"):
        result.figure("volume")
    for shown in (result, config):
        html = shown._repr_html_()
        assert "<table>" in html
        assert "<svg" in html


def test_a_report_of_a_run_in_memory_needs_a_path(result, tmp_path):
    assert "Who paid" in result.report(tmp_path / "run.html").read_text()
    with pytest.raises(clearsim.ConfigError, match="give the path"):
        result.report()


def test_progress_is_a_callback_and_nothing_is_printed(config, capsys):
    heard = []
    clearsim.run(config, detail="summary", progress=lambda *what: heard.append(what))
    assert heard[-1][0] == 60_000
    assert capsys.readouterr() == ("", "")


def test_with_gives_what_set_gives(config):
    from clearsim.config import load_config

    texts = ["markets[0].fees.taker_ppm=501", "funds[main].seed_quote=123456.5", "prices={kind: independent}"]
    values = {"markets[0].fees.taker_ppm": 501, "funds[main].seed_quote": 123_456.5, "prices": {"kind": "independent"}}
    changed = clearsim.load("base").with_(values)
    assert changed.hash == load_config("base", texts).hash
    assert clearsim.load("base").markets[0].fees.taker_ppm != 501  # the first is not changed
    assert isinstance(changed, clearsim.Config)


def test_numpy_values_are_taken_as_numbers(config):
    changed = config.with_({"seed": np.int64(9), "markets[0].price.shock_fraction": np.float64(-0.125)})
    assert (changed.seed, changed.markets[0].price.shock_fraction) == (9, Decimal("-0.125"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"markets[0].fees.taker_pp": 1}, "no markets[0].fees.taker_pp (did you mean markets[0].fees.taker_ppm?)"),
        ({"seed": 1.5}, "seed must be a whole number, found 1.5"),
        ({"seed": True}, "seed must be a whole number, found true"),
        ({"markets[1].fees.taker_ppm": 1}, "markets has 1 items, but none is 1"),
        ({"positions": {"file": "nowhere.csv"}}, "positions.file must be a file"),
        ({"": 1}, "the path names no key"),
        ({".": 1}, "the path names no key"),
        ({"funds[0].markets": ["ETH"]}, "must be one of the markets BTCUSDT, found 'ETH'"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_with_its_path(config, values, message):
    with pytest.raises(clearsim.ConfigError) as refused:
        config.with_(values)
    assert message in str(refused.value)


@pytest.mark.parametrize("traders", [300.5, "300"])
def test_a_number_of_traders_is_whole(config, traders):
    with pytest.raises(clearsim.ConfigError, match="n must be a whole number, found"):
        config.with_traders(traders)


def test_positions_come_from_a_table(config):
    table = pd.DataFrame(
        {
            "who": ["ann", "bob"], "market": "BTCUSDT", "side": ["long", "short"], "quantity": 0.2, "entry": 50_000,
            "margin": [0, 0], "mode": "cross", "collateral": [5_000, 6_000],
        }
    )  # fmt: skip
    value = clearsim.positions(table, columns={"who": "account"})
    run = clearsim.run(config.with_({"positions": value, "agents": []}), detail="summary")
    held = run.accounts().set_index("name").loc[["ann", "bob"], "equity_initial_quote"]
    assert held.tolist() == [5_000.0, 6_000.0]  # entered at the opening mark, so equity is the collateral
    with pytest.raises(clearsim.ClearsimError, match="column account is missing"):
        clearsim.positions(table)
    with pytest.raises(clearsim.ClearsimError, match="'lots' is not known"):
        clearsim.positions(table.rename(columns={"who": "account"}).assign(lots=1))


def test_both_engines_run_through_one_door():
    """The row of the reduced engine is that of a study of one point."""
    paths = clearsim.run("btc", fidelity="reduced", paths=500)
    assert len(paths.frame()) == len(paths) == 500
    study = clearsim.Study("btc", fidelity="reduced", paths=500)
    swept = clearsim.sweep(study, executor="serial")
    row, own = swept.frame().iloc[0], paths.summary()
    for name in ("required_fund_quote", "liquidated_notional_quote", "first_adl_ms", "index_low"):
        assert row[name] == own[name]
    assert swept.paths()["required_fund_quote"].tolist() == paths.frame()["required_fund_quote"].tolist()
    assert clearsim.run("btc", fidelity="reduced", paths=500).result_hash == paths.result_hash
    assert clearsim.run("btc", fidelity="reduced", paths=500, seed=2).result_hash != paths.result_hash
    assert "<svg" in paths._repr_html_()


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("base", {"fidelity": "reduced"}, "reduced must be given for fidelity reduced"),
        ("btc", {"fidelity": "reduced", "detail": "series"}, "detail is not an option of fidelity reduced"),
        ("base", {"paths": 10}, "paths is not an option of fidelity full"),
        ("base", {"detial": "series"}, "detial is not an option of fidelity full"),
        ("base", {"fidelity": "fast"}, "fidelity must be full or reduced"),
        ("btc", {"fidelity": "reduced", "paths": 0}, "paths must be a whole number from 1, found 0"),
        ("btc", {"fidelity": "reduced", "paths": 10.5}, "paths must be a whole number, found 10.5"),
        ("base", {"detail": "foo"}, "detail must be one of summary, series, events, orders; found 'foo'"),
        ("base", {"scenario": -1}, "scenario must be a whole number from 0, found -1"),
        ("base", {"replication": "a"}, "replication must be a whole number, found 'a'"),
    ],
)
def test_an_option_that_an_engine_does_not_take_is_refused(source, options, message):
    with pytest.raises(clearsim.ConfigError, match=message):
        clearsim.run(source, **options)
