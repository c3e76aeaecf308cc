"""The account of the fund: gross payments, net of ENGINE, net result and required fund are sums of its lines."""

import pandas as pd
import pytest
from clearsim.analysis.fund_account import fund_account, fund_facts
from clearsim.analysis.run_folder import open_run
from clearsim.results import ACCOUNTS

from tests.worlds.results import write_rich


def make_accounts():
    """By hand: FUND (100 at the start) pays 30 to a bankrupt trader and 50 to ENGINE, gets 12 of ENGINE's gains back,
    4 of fees and 1 of surplus: 100 - 30 - 50 + 12 + 4 + 1 = 37. ENGINE lost 45 at market: -45 + 50 - 12 = -7."""
    rows = {
        "account": [0, 1, 2, 3, 4],
        "trader": [0, 1, 2, 3, 4],
        "name": ["OUTSIDE", "FUND:main", "ENGINE:main", "", ""],
        "kind": ["reserved", "reserved", "reserved", "trader", "trader"],
        "role": ["outside", "insurance fund", "engine", "liquidated traders", "winners"],
        "equity_initial_quanta": [-300, 100, 0, 100, 100],
        "equity_final_quanta": [-300, 37, -7, 0, 270],
        "fund_quanta": [0, -68, 38, 30, 0],
        "liquidation_fee_quanta": [0, 4, 0, -4, 0],
        "surplus_quanta": [0, 1, 0, -1, 0],
        "price_quanta": [0, 0, -45, -125, 170],
    }
    blank = {column.name: ["" if column.kind == "string" else 0] * 5 for column in ACCOUNTS}
    return pd.DataFrame(blank | rows)


def test_every_line_by_hand():
    """Net of ENGINE: 30 + 50 - 12 = 68. Net result: -68 + 4 + 1 = -63. Together with ENGINE's -7: -70. At a required
    fund of 81 they had lost 81 at their lowest point, and gained 11 back after it."""
    lines = fund_account(make_accounts(), {"fund_draw_quanta": 80, "required_fund_quanta": 81})
    assert [(line.name, line.quanta) for line in lines] == [
        ("to_accounts", -30),
        ("to_engine", -50),
        ("gross_payments", -80),
        ("from_engine", 12),
        ("net_of_engine", -68),
        ("fees", 4),
        ("surplus", 1),
        ("net_result", -63),
        ("engine_result", -7),
        ("together", -70),
        ("since_lowest", -11),
        ("required_fund", -81),
    ]


def test_every_total_is_the_sum_of_the_parts_above_it():
    lines = fund_account(make_accounts(), {"fund_draw_quanta": 80, "required_fund_quanta": 70})
    so_far = 0
    for line in lines:
        so_far += 0 if line.is_total else line.quanta
        assert not line.is_total or line.quanta == so_far, line
    assert sum(line.is_total for line in lines) == 5


def test_a_receipt_of_another_kind_has_a_line():
    accounts = make_accounts()
    accounts["equity_final_quanta"] += [0, 6, 0, 0, -6]
    lines = {
        line.name: line.quanta for line in fund_account(accounts, {"fund_draw_quanta": 80, "required_fund_quanta": 70})
    }
    assert (lines["other"], lines["net_result"]) == (6, -57)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return open_run(write_rich(tmp_path_factory.mktemp("rich")))


def test_the_numbers_of_the_account_are_those_that_stand_elsewhere(run):
    from clearsim.analysis.who_paid import loss_waterfall, who_paid

    lines = {line.name: line.quanta for line in fund_account(run.accounts, run.run)}
    assert lines["gross_payments"] == -run.run["fund_draw_quanta"]
    assert lines["net_of_engine"] == -loss_waterfall(run.accounts)["payers"]["fund, net of ENGINE"]
    result = who_paid(run.accounts).set_index("role")["result_quanta"]
    assert lines["net_result"] == result["insurance fund"]
    assert lines["required_fund"] == -run.run["required_fund_quanta"]


def test_the_facts_of_a_fund_add_up_its_markets(run):
    """The made-up run counts every payment in its first market; the second market's counters are 0."""
    facts = fund_facts(run, "shared", ["BTCUSDT", "ETHUSDT"])
    assert (facts.gross, facts.received) == (run.run["fund_draw_quanta"], run.run["fund_gain_quanta"])
    assert fund_facts(run, "shared", ["ETHUSDT"]).gross == 0
    assert (facts.initial, facts.final) == (120_000_000_000, 0)


def test_without_samples_there_are_no_facts(tmp_path):
    run = open_run(write_rich(tmp_path, detail="summary"))
    assert fund_facts(run, "shared", ["BTCUSDT"]) is None
