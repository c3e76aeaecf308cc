"""`clearsim size-fund` end to end: what it prints and writes, refuses, and repeats byte by byte."""

import json
import re

import pytest
from clearsim.cli import app
from clearsim.config import to_yaml
from clearsim.errors import ClearsimError, ConfigError, ResultError
from clearsim.funds import block_runs
from clearsim.funds.questions import load_questions
from typer.testing import CliRunner

from tests.reduced.reduced_worlds import KOU, config, longs_of

TARGET = "P(ADL within 7d) < 0.02"
STUDY = """
name: size-test
title: A study for tests
base: base.yaml
fidelity: reduced
design: {kind: latin_hypercube, n: 4}
answer: {event: first_adl, horizon_days: 7, basis: within_horizon, open_interest: aged_once, replenishment: none}
uncertainties:
  - {name: eta, path: "markets[0].price.down_eta", distribution: {kind: uniform, low: 20, high: 30}}
levers:
  - {name: margin, path: "markets[0].margin.maintenance_ppm", values: [100, 7900], labels: [low, high]}
assumes: [Tests need no calibration.]
"""


@pytest.fixture
def base(tmp_path):
    world = config(KOU, longs_of((5, 0.5), (20, 0.5)), seed_quote=1000, reduced={"steps": 4})
    path = tmp_path / "base.yaml"
    path.write_text(to_yaml(world), encoding="utf-8")
    return path


@pytest.fixture
def study(base):
    path = base.with_name("study-file.yaml")
    path.write_text(STUDY, encoding="utf-8")
    return path


def ask(source, *options, target=TARGET, out=None):
    arguments = ["size-fund", str(source), "--target", target, "--budget", "65536", *options]
    return CliRunner().invoke(app, [*arguments, *(["--out", str(out)] if out else [])])


def test_a_config_is_sized_and_the_answer_written(base, tmp_path):
    result = ask(base, "--compare", "--spread", "2", "--capital-cost", "0.5", out=tmp_path / "o")
    assert result.exit_code == 0, result.output
    for text in (
        "required fund: ",
        "share of open interest: ",
        "configured fund: 1.00 thousand USDT",
        "crude, order statistics",
        "expected ADL notional: ",
        "time to rebuild the fund from empty",
        "one event at a time: ",
        "8 opening books of the population",
        "assumes: open interest: the opening book ages once",
        "fund of least cost: ",
        "importance sampling, wider law",
    ):
        assert text in result.output, text
    data = json.loads((tmp_path / "o" / "answer.json").read_text())
    fund = data["fund"]
    assert 0 < fund["low"] < fund["value"] < fund["high"] < data["open_interest"]
    assert data["open_interest"] == 1_000_000
    assert data["confirmed"] is True
    names = {path.name for path in (tmp_path / "o").iterdir()}
    assert names == {"answer.json", "answer.md", "answer.html", "curve.csv", "estimators.csv", "timing.json"}
    page = (tmp_path / "o" / "answer.html").read_text()
    assert "How large must the fund be?" in page
    assert "gap risk only" in page


def test_an_earlier_answer_is_replaced_only_if_asked_and_not_before_the_new_one_is_whole(base, tmp_path):
    out = tmp_path / "o"
    assert ask(base, "--spread", "0", "--compare", out=out).exit_code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    refused = ask(base, "--spread", "0", out=out)
    assert isinstance(refused.exception, ResultError)
    assert str(refused.exception).endswith("choose another folder, or add --overwrite")
    assert "required fund" not in refused.output  # before the work
    unfit = ask(base, "--spread", "0", "--overwrite", "--method", "nonsense", out=out)
    assert unfit.exit_code != 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert ask(base, "--spread", "0", "--overwrite", out=out).exit_code == 0
    assert {path.name for path in out.iterdir()} == set(before) - {"estimators.csv"}


def test_the_same_question_gives_the_same_bytes(base, tmp_path):
    for folder in ("a", "b"):
        ask(base, "--spread", "0", out=tmp_path / folder)
    for name in ("answer.json", "answer.md", "curve.csv"):
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("a", "b"))
        assert first == second, name


def test_a_study_is_sized_arm_by_arm_at_the_medians_of_its_uncertainties(study, tmp_path):
    result = ask(study, "--spread", "2", out=tmp_path / "o")
    assert result.exit_code == 0, result.output
    assert "P(ADL within 7d) < 0.02 (margin=high): ADL begins within 7 days" in result.output
    assert "uncertainties of the study at their medians: eta 25" in result.output
    assert "assumes: Tests need no calibration." in result.output
    assert "over 2 draws of the study's uncertainties" in result.output
    arms = (tmp_path / "o" / "arms.csv").read_text().splitlines()
    assert len(arms) == 3
    funds = [json.loads((tmp_path / "o" / f"answer-0{n}.json").read_text())["fund"]["value"] for n in (1, 2)]
    assert funds[1] < funds[0]  # who is liquidated earlier leaves more behind


def test_one_arm_may_be_named(study):
    (question,) = load_questions(str(study), arms=["margin=low"])
    assert question.arm == "margin=low"
    assert question.config.markets[0].price.down_eta == 25
    with pytest.raises(ConfigError, match="arms are margin=low; margin=high"):
        load_questions(str(study), arms=["margin=none"])


def test_conditions_hold_at_the_medians_too(base, tmp_path):
    """By a lever's label, by a number, and through another uncertainty that does not apply."""
    text = STUDY.replace(
        "levers:",
        """  - {name: mild, path: "markets[0].price.jumps_per_year", when: {margin: low},
     distribution: {kind: integers, low: 4, high: 8}}
  - {name: wild, path: "markets[0].price.up_eta", when: {mild: 6}, distribution: {kind: uniform, low: 30, high: 50}}
  - {name: fee, path: "markets[0].fees.maker_ppm", when: {taker: 500}, whole: true,
     distribution: {kind: uniform, low: 20, high: 40}}
levers:
  - {name: taker, path: "markets[0].fees.taker_ppm", values: [400, 500]}""",
    )
    path = tmp_path / "conditional.yaml"
    path.write_text(text, encoding="utf-8")
    told = {}
    for question in load_questions(str(path)):
        market = question.config.markets[0]
        told[question.arm] = (
            market.price.jumps_per_year,
            market.price.up_eta,
            market.fees.maker_ppm,
            question.notes[0],
        )
    own = load_questions(str(base))[0].config.markets[0]
    rate, up, maker = own.price.jumps_per_year, own.price.up_eta, own.fees.maker_ppm
    held = "uncertainties of the study at their medians: eta 25"
    assert told == {
        "taker=400, margin=low": (6, 40, maker, f"{held}, mild 6, wild 40"),
        "taker=400, margin=high": (rate, up, maker, held),
        "taker=500, margin=low": (6, 40, 30, f"{held}, mild 6, wild 40, fee 30"),
        "taker=500, margin=high": (rate, up, 30, f"{held}, fee 30"),
    }
    assert rate != 6
    assert up != 40
    assert maker != 30


def test_a_horizon_other_than_the_configs_is_simulated_not_scaled(base, tmp_path):
    result = ask(base, "--spread", "0", target="P(ADL within 14d) < 0.02", out=tmp_path / "o")
    assert "horizon: 14 days" in result.output
    week = ask(base, "--spread", "0", out=tmp_path / "w")
    longer, shorter = (json.loads((tmp_path / f / "answer.json").read_text())["fund"]["value"] for f in ("o", "w"))
    assert longer > shorter
    assert week.exit_code == 0


def test_rules_that_read_the_fund_are_sized_by_bisection(base, tmp_path):
    plain = ask(base, "--spread", "0", out=tmp_path / "p")
    assert plain.exit_code == 0, plain.output
    result = ask(
        base, "--set", "reduced.fund.adl_drawdown_ppm=500000", "--set", "funds[0].fee_share_ppm=0", "--spread", "0",
        out=tmp_path / "o",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert (
        "because the path before exhaustion depends on the fund's size; reduced.fund.adl_drawdown_ppm" in result.output
    )
    funds = [json.loads((tmp_path / f / "answer.json").read_text())["fund"]["value"] for f in ("o", "p")]
    assert funds[0] == pytest.approx(2 * funds[1], rel=0.15)
    assert "There is no curve" in (tmp_path / "o" / "answer.html").read_text()


SHOCK = (
    "markets[0].price={kind: single_shock, initial_price: 10000, annual_volatility: 2, shock_ms: 60000,"
    " shock_fraction: -0.12}"
)


def test_per_event_is_given_the_stress_where_the_config_is_one_event(base, tmp_path):
    """Two names of one question: the same runs, the same fund, and the answer says which of the two it is."""
    found = {}
    for words, days in (("per event", ""), ("given stress", " within 7d")):
        out = tmp_path / words.replace(" ", "-")
        result = ask(base, "--set", SHOCK, "--spread", "0", target=f"P(ADL{days} {words}) < 0.05", out=out)
        assert result.exit_code == 0, result.output
        assert "probability: given the stress scenario of the config" in result.output
        found[words] = json.loads((out / "answer.json").read_text())["fund"]
    assert found["per event"]["value"] == found["given stress"]["value"] > 0
    assert found["per event"]["low"] < found["per event"]["high"]


BAD = [
    ({"target": "P(ADL within 7d) > 0.02"}, [], ConfigError, "use < in place of >"),
    ({"target": "P(ADL per event) < 0.02"}, [], ConfigError, "needs runs of one event"),
    ({"target": "P(ADL within 7d given stress) < 0.02"}, [], ConfigError, "whose price is a scenario"),
    ({}, ["--method", "magic"], ConfigError, "method must be auto or one of"),
    ({}, ["--budget", "soon"], ConfigError, "budget must be a number of runs, or seconds like 60s, found 'soon'"),
    ({}, ["--level", "2"], ConfigError, "level must be"),
    ({}, ["--fidelity", "fast"], ConfigError, "fidelity must be reduced or full"),
    ({}, ["--set", "reduced.fund.cap_quote=9000", "--method", "crude"], ClearsimError, "use bisection"),
    ({}, ["--set", "waterfall=[{kind: takeover}, {kind: insurance_fund}]"], ClearsimError, "there is no adl layer"),
]


@pytest.mark.parametrize(("asked", "options", "error", "text"), BAD)
def test_what_cannot_be_answered_is_refused_with_the_reason(base, asked, options, error, text):
    result = ask(base, *options, **asked)
    assert isinstance(result.exception, error)
    assert text in str(result.exception)


def test_a_name_that_is_nothing_names_the_nearest_study_or_config():
    for name, nearest in (("fund-size-btx", "fund-size-btc"), ("btcx", "btc")):
        result = ask(name)
        assert isinstance(result.exception, ConfigError)
        assert f"{name}: no such study, study folder or config" in str(result.exception)
        assert nearest in str(result.exception)


def test_a_study_that_says_one_thing_and_simulates_another_is_refused(study):
    study.write_text(STUDY.replace("open_interest: aged_once", "open_interest: renewed"), encoding="utf-8")
    result = ask(study)
    assert isinstance(result.exception, ConfigError)
    assert "answer.open_interest: the study states renewed, its config simulates aged_once" in str(result.exception)


def test_a_target_out_of_reach_of_the_budget_is_refused_before_the_first_run_with_what_it_takes(base, tmp_path):
    """ln 40 / -ln(1 - 1e-5) = 368,886.1"""
    result = ask(base, "--method", "crude", "--spread", "0", target="P(ADL within 7d) < 1e-5", out=tmp_path / "o")
    assert isinstance(result.exception, ClearsimError)
    assert "refused: 368,887 paths are needed and 65,536 are allowed" in str(result.exception)
    assert "give a budget of at least 368,887 (roughly " in str(result.exception)
    assert result.output == ""
    assert not (tmp_path / "o").exists()


def test_all_arms_are_refused_before_the_first_runs(study, monkeypatch):
    monkeypatch.setattr(block_runs, "run_block", None)
    result = ask(study, "--method", "crude", target="P(ADL within 7d) < 1e-5")
    assert "refused: 368,887 paths are needed" in str(result.exception)


def test_a_dry_run_prints_batches_paths_and_time_and_writes_nothing(study, tmp_path, monkeypatch):
    """p = 0.02: 400 / p = 20,000 paths are one batch, once more with the fund; three draws of two batches."""
    monkeypatch.chdir(tmp_path)
    result = ask(study, "--spread", "3", "--arm", "margin=low", "--dry-run", "--workers", "2")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    for number, line in enumerate(("1 batches 65,536", "1 batches 65,536", "6 batches 393,216"), start=1):
        assert lines[number].startswith(f"{line} paths "), lines
    assert re.fullmatch(r"2,048 draws [\d.]+ m?s over what is not known, at the most", lines[4])
    assert lines[5] == "8 batches, 524,288 paths"
    assert re.fullmatch(r"time of two batches: all of it takes about \d+ s on 2 workers", lines[6])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base.yaml", "study-file.yaml"]
