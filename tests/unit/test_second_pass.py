"""The required fund as a bound, and what an endless fund would have needed, worked out by hand on one story.

`fund-empty-adl`: 0.5 BTC long, bankrupt at 45,000, gap to 43,000, and nobody quotes. An engine that takes all of it
over loses 0.5 x 2,000 = 1,000 USDT at mark, and cannot sell: that is the required fund. An inventory cap of 10,750 USDT
admits 0.25 BTC at 43,000, which cost 500.
"""

import json

import clearsim
import pytest
from clearsim.cli import app
from typer.testing import CliRunner

CAP = 10_750


def story(fund, cap=None):
    changed = {"funds[0].seed_quote": fund, "funds[0].inventory_cap_quote": cap}
    return clearsim.load("fund-empty-adl").with_(changed)


@pytest.mark.parametrize(
    ("fund", "cap", "bound_by", "required", "endless", "without_cap"),
    [
        (10_000, None, "none", 1_000, None, None),
        (1_000, None, "none", 1_000, None, None),  # exactly enough is no bound
        (400, None, "fund", 400, 1_000, None),
        (0, None, "fund", 0, 1_000, None),
        (10_000, CAP, "cap", 500, 500, 1_000),
        (100, CAP, "fund and cap", 100, 500, 1_000),
        (500, CAP, "fund and cap", 500, 500, 1_000),  # at 0.25 BTC both limits act
    ],
)
def test_the_required_fund_of_the_story(fund, cap, bound_by, required, endless, without_cap):
    found = clearsim.run(story(fund, cap), detail="summary").required_fund
    assert (found.bound_by, found.quote, found.endless_quote, found.without_cap_quote) == (
        bound_by, required, endless, without_cap,
    )  # fmt: skip
    assert found.is_bound == (bound_by != "none")


def test_the_sentence_says_the_bound_its_cause_and_the_second_pass():
    text = str(clearsim.run(story(100, CAP), detail="summary").required_fund)
    assert text == (
        "at least 100 (the fund ran dry and the inventory cap was reached); with an endless fund: 500 (no cap: 1,000)"
    )
    assert str(clearsim.run(story(10_000), detail="summary").required_fund) == "1,000"
    nothing = clearsim.run(story(0), detail="summary", second_pass=False)
    assert str(nothing.required_fund) == "at least 0 (there was no fund)"


def test_the_second_pass_changes_no_result_and_can_be_left_out():
    with_pass, without = (clearsim.run(story(400), second_pass=again) for again in (True, False))
    assert with_pass.result_hash == without.result_hash
    assert with_pass.manifest["endless_fund"]["required_fund_quanta"] == round(1_000 / with_pass.config.quantum)
    assert "endless_fund" not in without.manifest


def test_a_saved_run_keeps_its_second_pass(tmp_path):
    saved = clearsim.run(story(400)).save(tmp_path / "run")
    assert clearsim.open_run(saved).required_fund.endless_quote == 1_000


def test_each_fund_has_its_own_row():
    funds = clearsim.run(story(400), detail="summary").funds()
    assert funds.to_dict("records") == [
        {
            "fund": "main", "initial_quote": 400.0, "final_quote": 0.0, "draw_quote": 400.0, "gain_quote": 0.0,
            "required_fund_quote": 400.0, "required_fund_is_bound": True, "required_fund_bound_by": "fund",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fund", "cap", "why"),
    [
        (400, None, "the fund was dry, or could not carry the position"),
        (
            10_000,
            CAP,
            "the engine had reached its inventory cap (inventory_cap_quote), though the fund could carry more",
        ),
    ],
)
def test_a_run_says_why_adl_came(fund, cap, why):
    result = clearsim.run(story(fund, cap))
    assert result.why_adl == (why,)
    assert why in result._repr_html_()
    assert set(result.adl_matches()["why"]) == {"cap" if cap else "fund_dry"}


def test_the_console_says_it_and_times_the_second_pass_apart(tmp_path):
    base = ["run", "fund-empty-adl", "--no-report", "--set", "funds[0].seed_quote=400"]
    said = CliRunner().invoke(app, [*base, "--out", str(tmp_path / "a")], catch_exceptions=False).output
    assert "required fund at least 400 (the fund ran dry); with an endless fund: 1,000" in said
    assert "why ADL came: the fund was dry, or could not carry the position" in said
    assert "second pass with an endless fund" in said
    options = ["--no-second-pass", "--out", str(tmp_path / "b")]
    said = CliRunner().invoke(app, [*base, *options], catch_exceptions=False).output
    assert "required fund at least 400 (the fund ran dry)\n" in said
    assert "endless" not in said
    assert "endless_fund" not in json.loads((tmp_path / "b" / "manifest.json").read_text())


def test_the_page_says_it(tmp_path):
    page = clearsim.run(story(100, CAP), out=tmp_path / "run", report=True).folder / "report.html"
    text = page.read_text()
    assert "≥ 100 USDT" in text
    assert "with an endless fund: 500 USDT (no cap: 1.00 thousand USDT)" in text
    assert "Why: the fund was dry, or could" in text
