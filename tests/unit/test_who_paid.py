"""Who paid, attribution, loss waterfall, and flows: exact sums, checked again, and refused when they do not hold."""

from decimal import Decimal

import pandas as pd
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.flows import CLEARING_GROUPS, MAX_NODES, MONEY_COLUMNS, loss_flows, money_flows
from clearsim.analysis.run_folder import open_run
from clearsim.analysis.who_paid import (
    ADL_HARM,
    COMPONENTS,
    GROUPS,
    adl_harm_lines,
    attribution_by_cohort,
    group_components,
    loss_waterfall,
    who_paid,
)
from clearsim.results import ACCOUNTS, ATTRIBUTION

from tests.worlds.results import write_quiet, write_rich


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return open_run(write_rich(tmp_path_factory.mktemp("rich")))


def make_accounts(**changes):
    """Four rows, by hand: a long loses 70 of its 50 margin; the fund pays 15, a winner gives up 5 by ADL."""
    rows = {
        "account": [0, 1, 2, 3],
        "trader": [0, 1, 2, 3],
        "role": ["liquidated traders", "winners", "insurance fund", "outside"],
        "cohort": ["longs", "shorts", "", ""],
        "mode": ["cross", "cross", "reserved", "reserved"],
        "kind": ["trader", "trader", "reserved", "reserved"],
        "liquidated": [True, False, False, False],
        "bankrupt": [True, False, False, False],
        "equity_initial_quanta": [50, 40, 30, -120],
        "equity_final_quanta": [0, 105, 15, -120],
        "price_quanta": [-70, 70, 0, 0],
        "adl_quanta": [5, -5, 0, 0],
        "fund_quanta": [15, 0, -15, 0],
    } | changes
    blank = {column.name: ["" if column.kind == "string" else 0] * 4 for column in ACCOUNTS}
    return pd.DataFrame(blank | rows)


def test_roles_sum_to_zero_in_quanta_and_hold_every_account(run):
    paid = who_paid(run.accounts)
    assert sum(paid["result_quanta"]) == 0
    assert sum(paid["n_accounts"]) == len(run.accounts)
    assert all(isinstance(value, int) for value in paid["result_quanta"])
    assert paid.set_index("role").loc["outside", "result_quanta"] == 0


def test_a_role_is_what_its_accounts_gained_less_deposits():
    paid = who_paid(make_accounts()).set_index("role")
    assert paid["result_quanta"].to_dict() == {
        "liquidated traders": -50,
        "winners": 65,
        "insurance fund": -15,
        "outside": 0,
    }
    assert paid.loc["winners", "n_traders"] == 1
    assert paid.loc["insurance fund", "n_traders"] == 0


def test_a_quantum_too_many_is_refused():
    with pytest.raises(AnalysisError, match="must sum to 0 quanta, found 1"):
        who_paid(make_accounts(equity_final_quanta=[1, 105, 15, -120]))
    with pytest.raises(AnalysisError, match=r"unknown roles \['ghosts'\]"):
        who_paid(make_accounts(role=["ghosts", "winners", "insurance fund", "outside"]))


def test_attribution_is_exact_for_every_cohort(run):
    frame = attribution_by_cohort(run.accounts)
    assert (frame[list(COMPONENTS)].sum(axis=1) == frame["change_quanta"]).all()
    assert all(sum(frame[name]) == 0 for name in (*COMPONENTS, "change_quanta"))
    assert {"makers", "levered longs", "whale", "insurance fund", "engine"} <= set(frame["cohort"])


def test_an_unexplained_quantum_is_refused():
    with pytest.raises(AnalysisError, match="no component explains 1 quanta of account 1"):
        attribution_by_cohort(make_accounts(equity_final_quanta=[0, 106, 15, -120]))
    with pytest.raises(AnalysisError, match="component fund_quanta must sum to 0 over all accounts, found 2"):
        attribution_by_cohort(make_accounts(fund_quanta=[17, 0, -15, 0], equity_final_quanta=[2, 105, 15, -120]))


def test_groups_hold_every_component_once(run):
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(ATTRIBUTION)
    grouped = group_components(attribution_by_cohort(run.accounts))
    assert (grouped[list(GROUPS)].sum(axis=1) == grouped["change_quanta"]).all()


def test_the_loss_waterfall_by_hand():
    sides = loss_waterfall(make_accounts())
    assert {label: paid for label, paid in sides["causes"].items() if paid} == {"price move, at mark": 70}
    assert {label: paid for label, paid in sides["payers"].items() if paid} == {
        "own margin": 50,
        "fund, net of ENGINE": 15,
        "deleveraged (ADL), net": 5,
    }


def test_the_loss_waterfall_balances_and_uses_every_layer(run):
    sides = loss_waterfall(run.accounts)
    assert sum(sides["causes"].values()) == sum(sides["payers"].values()) > 0
    payers = sides["payers"]
    assert (
        min(
            payers["own margin"],
            payers["fund, net of ENGINE"],
            payers["deleveraged (ADL), net"],
            payers["socialised loss"],
        )
        > 0
    )
    assert payers["backstop"] == 0
    assert payers["deleveraged (ADL), net"] == run.run["adl_harm_quanta"]


def test_the_harm_of_adl_is_named_five_ways(run):
    lines = adl_harm_lines(run.run)
    assert len(lines) == 5
    assert lines[0].net == run.run["adl_harm_quanta"]


def test_the_harm_of_adl_has_both_signs():
    """Closes that lost 70 + 30 and gained 40 against the mark: net 60."""
    row = dict.fromkeys((f"{name}{part}_quanta" for name in ADL_HARM.values() for part in ("", "_gained")), 0)
    row |= {"adl_harm_quanta": 60, "adl_harm_gained_quanta": 40, "adl_forgone_1m_quanta": -5}
    row |= {"adl_forgone_1m_gained_quanta": 5}
    booked, minute, *_ = adl_harm_lines(row)
    assert (booked.lost, booked.gained, booked.net) == (100, 40, 60)
    assert (minute.lost, minute.gained, minute.net) == (0, 5, -5)


def test_loss_flows_balance_at_every_reason():
    graph = loss_flows(make_accounts(), min_share=0)
    assert graph.edges[("liquidated traders", "lost"), ("price", "reason")]["quanta"] == 70
    assert graph.edges[("ADL", "reason"), ("liquidated traders", "gained")]["quanta"] == 5
    assert graph.graph["total_quanta"] == 70 + 5 + 15
    for node in graph:
        if node[1] == "reason":
            into = sum(quanta for *_, quanta in graph.in_edges(node, data="quanta"))
            assert into == sum(quanta for *_, quanta in graph.out_edges(node, data="quanta"))


def test_loss_flows_leave_out_the_small_and_say_so(run):
    whole, drawn = loss_flows(run.accounts, min_share=0), loss_flows(run.accounts, min_share=0.02)
    assert len(drawn) <= MAX_NODES
    left_out = sum(q for *_, q in whole.edges(data="quanta")) - sum(q for *_, q in drawn.edges(data="quanta"))
    assert drawn.graph["omitted_quanta"] >= left_out > 0
    clearing = loss_flows(run.accounts, CLEARING_GROUPS, min_share=0)
    assert ("price", "reason") not in clearing


def test_what_moves_inside_a_role_is_counted_though_no_edge_shows_it():
    """ADL of 5 between two accounts of one role, and nothing else."""
    none = [0, 0, 0, 0]
    accounts = make_accounts(
        role=["makers", "makers", "insurance fund", "outside"], price_quanta=none, fund_quanta=none,
        equity_initial_quanta=[50, 40, 30, -120], equity_final_quanta=[55, 35, 30, -120],
    )  # fmt: skip
    graph = loss_flows(accounts)
    assert graph.number_of_edges() == 0
    assert (graph.graph["total_quanta"], graph.graph["inside_quanta"]) == (0, 5)


def test_nothing_flows_in_a_quiet_run(tmp_path):
    assert loss_flows(open_run(write_quiet(tmp_path)).accounts).number_of_edges() == 0


def test_money_flows_net_payer_against_payee_and_leave_out_deposits():
    pieces = [
        pd.DataFrame(rows, columns=list(MONEY_COLUMNS))
        for rows in (
            [("FUND_DRAW", 2, 0, 15, 0), ("FUNDING", 0, 1, 4, 0), ("TRADE", 0, 1, 999, 1)],
            [("FUNDING", 1, 0, 9, 0), ("DEPOSIT", 3, 0, 50, 0), ("MARGIN_MOVE", 0, 4, 7, 0)],
        )
    ]
    roles = pd.Series(["longs", "shorts", "fund", "outside", "longs"], index=[0, 1, 2, 3, 4])
    edges = {
        (a, b, d["reason"]): (d["quanta"], d["transfers"]) for a, b, d in money_flows(pieces, roles).edges(data=True)
    }
    assert edges == {("fund", "longs", "FUND_DRAW"): (15, 1), ("shorts", "longs", "FUNDING"): (5, 2)}


def test_money_flows_agree_with_the_attribution(run):
    accounts = run.accounts
    roles = pd.Series(accounts["role"].to_numpy(dtype=object), index=accounts["account"].to_numpy())
    graph = money_flows(run.batches("transfers", MONEY_COLUMNS), roles)
    drawn = sum(d["quanta"] for *_, d in graph.edges(data=True) if d["reason"] == "FUND_DRAW")
    assert drawn == accounts["fund_quanta"].clip(lower=0).sum()
    assert Decimal(int(drawn)) * run.quantum > 0
