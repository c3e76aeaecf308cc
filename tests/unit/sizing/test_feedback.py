"""The config knows where the path before exhaustion depends on the fund: every reason by name, and what it leads to."""

import pytest
from clearsim.analysis.sizing.choose_method import choose_method
from clearsim.api.worlds import WorldOf
from clearsim.funds.feedback import fund_feeds_back, nothing_to_size
from clearsim.funds.questions import Question

from tests.reduced.reduced_worlds import ADL, KOU, WATERFALL, config, longs_of

LONGS = longs_of((10, 1))
BANKRUPT_ONLY = {**ADL, "trigger": "bankrupt"}
FUND = {"name": "main", "markets": ["BTC"], "seed_quote": 1000, "fee_share_ppm": 1_000_000}
CODE = "from clearsim.agents.user import UserAgent\n\n\nclass Mine(UserAgent):\n    pass\n"


def reduced(**rules):
    return config(KOU, LONGS, reduced={"fund": rules})


def full(**changes):
    return config(KOU, LONGS, **changes)


def test_a_plain_config_lets_one_set_of_runs_tell_every_size():
    assert fund_feeds_back(reduced(), fidelity="reduced", event="first_adl") == []
    assert fund_feeds_back(full(), fidelity="full", event="first_adl") == []


REDUCED = [
    ({"cap_quote": 5000}, "reduced.fund.cap_quote"),
    ({"adl_drawdown_ppm": 300_000}, "reduced.fund.adl_drawdown_ppm"),
    ({"replenishment": {"lag_days": 0}}, "reduced.fund.replenishment"),
    ({"replenishment": {"lag_days": 3, "per_day_quote": 10}}, "reduced.fund.replenishment"),
]


@pytest.mark.parametrize(("rules", "path"), REDUCED)
def test_rules_of_the_reduced_fund_feed_back_and_are_sized_by_bisection(rules, path):
    world = reduced(**rules)
    reasons = fund_feeds_back(world, fidelity="reduced", event="first_adl")
    assert [reason.path for reason in reasons] == [path]
    facts = WorldOf(Question("x", world, "reduced", {}, {}), "first_adl").facts
    assert choose_method(1e-2, facts, budget=1_000_000).method == "bisection"
    assert choose_method(1e-4, facts, budget=1_000_000).method == "weighted-bisection"
    assert path in " ".join(choose_method(1e-2, facts, budget=1_000_000).why)


FULL = [
    ({"funds": [{**FUND, "inventory_cap_quote": 10}]}, "first_adl", "funds[0].inventory_cap_quote"),
    ({"waterfall": [{"kind": "insurance_fund"}, BANKRUPT_ONLY]}, "first_adl", "waterfall"),
    ({"waterfall": [ADL, {"kind": "insurance_fund"}]}, "equity_zero", "waterfall"),
    ({}, "cash_zero", "waterfall"),
    ({}, "bad_debt", "waterfall"),
]


@pytest.mark.parametrize(("changes", "event", "path"), FULL)
def test_mechanisms_of_the_full_engine_feed_back(changes, event, path):
    reasons = fund_feeds_back(full(**changes), fidelity="full", event=event)
    assert path in [reason.path for reason in reasons]


def test_an_inventory_cap_without_takeover_caps_nothing():
    world = full(funds=[{**FUND, "inventory_cap_quote": 10}], waterfall=[{"kind": "insurance_fund"}])
    assert fund_feeds_back(world, fidelity="full", event="equity_zero") == []


def test_an_agent_of_the_users_own_may_read_the_fund(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(CODE, encoding="utf-8")
    world = full(agents=[{"kind": "user", "name": "me", "file": str(path), "class_name": "Mine"}])
    (reason,) = fund_feeds_back(world, fidelity="full", event="first_adl")
    assert str(reason) == "agents[0]: me runs custom code, which may read the fund"


@pytest.mark.parametrize(
    ("waterfall", "event", "text"),
    [
        ([ADL], "first_adl", "there is no insurance_fund layer"),
        ([{"kind": "takeover"}, {"kind": "insurance_fund"}], "first_adl", "there is no adl layer"),
        ([ADL, {"kind": "insurance_fund"}], "first_adl", "winners pay before the fund does"),
        (WATERFALL, "first_adl", ""),
        ([{"kind": "takeover"}, {"kind": "insurance_fund"}], "equity_zero", ""),
    ],
)
def test_a_waterfall_in_which_no_fund_helps_is_said_to_be_so(waterfall, event, text):
    found = nothing_to_size(full(waterfall=waterfall), event=event)
    assert (text in found) if text else (found == "")
