"""Roles follow what happened; kinds say what an owner is; the harm of ADL has both signs. Runs and hand-worked rows."""

import clearsim
import numpy as np
import pytest
from clearsim.analysis.fund_account import fund_facts
from clearsim.engine.summary import assign_roles, forgone_profit
from clearsim.layout import FLAG_BANKRUPT, FLAG_DELEVERAGED, FLAG_LIQUIDATED
from clearsim.ledger.accounts import make_accounts
from clearsim.results import KINDS, ROLES

RESERVED = ("OUTSIDE", "FEES", "ROUNDING", "FUND:main", "ENGINE:main")


def roles_of(*owners):
    """Roles of traders given as (kind, flags, result)."""
    accounts = make_accounts(n_rows=5 + len(owners), n_markets=1, scopes=["main"])
    accounts.flags[5:] = [flags for _, flags, _ in owners]
    kinds = np.array([KINDS.index("reserved")] * 5 + [KINDS.index(kind) for kind, _, _ in owners])
    result = np.array([0] * 5 + [result for _, _, result in owners], np.int64)
    found = assign_roles(accounts, reserved_names=RESERVED, kinds=kinds, result=result)
    assert [ROLES[role] for role in found[:5]] == ["outside", "fees", "rounding", "insurance fund", "engine"]
    return [ROLES[role] for role in found[5:]]


@pytest.mark.parametrize("kind", ["trader", "named agent", "maker", "hedged"])
def test_what_happened_comes_before_what_an_owner_is(kind):
    assert roles_of(
        (kind, FLAG_LIQUIDATED, 5), (kind, FLAG_BANKRUPT, 5), (kind, FLAG_DELEVERAGED, -5),
        (kind, FLAG_LIQUIDATED | FLAG_DELEVERAGED, 0),
    ) == ["liquidated traders", "liquidated traders", "deleveraged traders", "liquidated traders"]  # fmt: skip


def test_named_agents_are_winners_losers_or_unchanged():
    owners = [("named agent", 0, 1), ("named agent", 0, -1), ("named agent", 0, 0), ("trader", 0, 0)]
    assert roles_of(*owners) == ["winners", "other losers", "flat or unchanged", "flat or unchanged"]


def test_makers_and_hedged_traders_are_no_winners():
    assert roles_of(("maker", 0, 9), ("hedged", 0, 9)) == ["makers", "hedged traders"]


def test_the_residual_account_is_that_whatever_happens():
    assert roles_of(("residual", 0, 9), ("residual", FLAG_DELEVERAGED, 9)) == ["residual account"] * 2


def test_rows_of_an_owner_share_its_role():
    """The isolated row was liquidated; the wallet is its owner's, so both rows are."""
    accounts = make_accounts(n_rows=7, n_markets=1, scopes=["main"])
    accounts.wallet[6] = 5
    accounts.flags[6] = FLAG_LIQUIDATED
    kinds = np.array([KINDS.index("reserved")] * 5 + [KINDS.index("trader")] * 2)
    found = assign_roles(accounts, reserved_names=RESERVED, kinds=kinds, result=np.zeros(7, np.int64))
    assert [ROLES[role] for role in found[5:]] == ["liquidated traders"] * 2


def test_forgone_profit_is_by_close_and_has_both_signs():
    """Two shorts of 2 lots closed at 100 ticks (tick value 1): later the mark is 90. The one who paid 100 each would
    have bought for 90: 20 forgone. The one who paid 85 each is better off by 10."""
    found = forgone_profit(
        time_ms=np.array([0, 0]), signed_lots=np.array([-2, -2]), quote=np.array([-200, -170]),
        tick_values=np.array([1]), market=np.array([0, 0]), mark_times_ms=np.array([0, 60_000]),
        marks=np.array([[100], [90]]), horizon_ms=60_000,
    )  # fmt: skip
    assert found.tolist() == [20, -10]


@pytest.fixture(scope="module")
def stressed():
    """The reference market with a deep fall: liquidations, takeovers, ADL at prices on both sides of the mark."""
    settings = {"markets[0].price.shock_fraction": -0.2, "markets[0].price.shock_ms": 10_000, "duration_s": 60}
    return clearsim.run(clearsim.load("base").with_traders(500).with_(settings))


def test_harm_is_the_sum_of_its_two_signs(stressed):
    row, harm = stressed.summary(units="quanta"), stressed.adl_matches(units="quanta")["harm_quanta"]
    first = stressed.adl_harm(units="quanta").iloc[0]
    assert (first["lost_quanta"], first["gained_quanta"]) == (harm[harm > 0].sum(), -harm[harm < 0].sum())
    assert first["net_quanta"] == row["adl_harm_quanta"] == harm.sum()
    assert (stressed.adl_harm()["lost_quote"] >= 0).all()
    assert (stressed.adl_harm()["gained_quote"] >= 0).all()


def test_the_account_of_the_fund_agrees_with_every_move_of_it(stressed):
    moves = stressed.fund_moves(units="quanta").groupby("reason")["amount_quanta"].sum()
    lines = stressed.fund_account(units="quanta").set_index("line")["amount_quanta"]
    assert lines["gross_payments"] == moves["FUND_DRAW"] < 0
    assert lines["from_engine"] == moves.get("FUND_GAIN", 0)
    assert lines["fees"] == moves.get("LIQUIDATION_FEE", 0)
    assert lines["surplus"] == moves.get("SURPLUS", 0)
    assert "other" not in lines
    assert lines["net_result"] == moves.drop("DEPOSIT").sum()
    draws = stressed.transfers(units="quanta").query("reason == 'FUND_DRAW'")
    engine = stressed.accounts().query("role == 'engine'")["account"]
    assert lines["to_engine"] == -draws[draws["payee"].isin(engine)]["quote_quanta"].sum()
    assert lines["required_fund"] == -stressed.summary(units="quanta")["required_fund_quanta"]
    assert lines["since_lowest"] <= 0


def test_parts_of_the_account_add_up_to_the_required_fund(stressed):
    frame = stressed.fund_account(units="quanta")
    parts = frame[~frame["is_total"]]["amount_quanta"].sum()
    assert parts == -stressed.summary(units="quanta")["required_fund_quanta"] != 0


def test_the_causes_of_the_decline_sum_to_it_on_both_sides(stressed):
    found = stressed.open_interest()
    decline = (found["trough_lots"] - found["peak_lots"]).iloc[0]
    assert found["long_lots"].sum() == found["short_lots"].sum() == decline < 0
    opening = found["opening_lots"].iloc[0]
    transfers = stressed.transfers(units="quanta")
    assert opening == transfers[transfers["reason"] == "OPENING"]["lots"].clip(lower=0).sum()


def test_arbitrageurs_are_hedged_and_shown_with_their_outside_leg(stressed):
    accounts = stressed.accounts(units="quanta")
    hedged = accounts[accounts["kind"] == "hedged"]
    assert set(hedged["cohort"]) == {"arbitrageurs"}
    row = stressed.hedged(units="quanta").iloc[0]
    result = hedged["equity_final_quanta"] - hedged["equity_initial_quanta"] - hedged["deposit_quanta"]
    assert row["result_quanta"] == result.sum()
    assert row["both_quanta"] == result.sum() - hedged["price_quanta"].sum()


def test_without_events_the_split_says_how_to_get_it(stressed):
    result = clearsim.run(stressed.config, detail="series", second_pass=False)
    with pytest.raises(clearsim.ResultError, match="detail='events'"):
        result.open_interest()
    notes = result.figure("open-interest-split").layout.annotations
    assert "run with --detail events" in notes[0].text.replace("<br>", " ")


def test_each_of_several_funds_has_its_own_facts_and_one_account_holds_them_all():
    """Fund a of BTCUSDT, small; fund b of ETHUSDT. Their facts add up to the row of `runs` and to the account."""
    config = clearsim.load("two-markets").with_traders(600).with_({"duration_s": 720})
    fund = config.funds[0].model_dump(mode="json")
    funds = [
        {**fund, "name": "a", "markets": ["BTCUSDT"], "seed_quote": "100"},
        {**fund, "name": "b", "markets": ["ETHUSDT"], "seed_quote": "200000"},
    ]
    result = clearsim.run(config.with_({"funds": funds}))
    facts = [fund_facts(result._run, name, [market]) for name, market in (("a", "BTCUSDT"), ("b", "ETHUSDT"))]
    row = result.summary(units="quanta")
    assert sum(fact.gross for fact in facts) == row["fund_draw_quanta"] > 0
    assert sum(fact.received for fact in facts) == row["fund_gain_quanta"] > 0
    assert [fact.initial for fact in facts] == [100_000_000, 200_000_000_000]
    assert all(fact.final == fact.initial + fact.received - fact.gross for fact in facts)
    moves = result.fund_moves(units="quanta")
    assert [fact.lowest for fact in facts] == moves.groupby("fund")["balance_quanta"].min().tolist()
    lines = result.fund_account(units="quanta").set_index("line")["amount_quanta"]
    assert lines["net_result"] == sum(fact.final - fact.initial for fact in facts)


def test_a_residual_account_has_a_line_of_its_own(tmp_path):
    """Ann is long 1 BTC, nobody is short: house takes the other side with money for the full value."""
    (tmp_path / "book.csv").write_text(
        "account,market,side,quantity,entry,margin,mode,collateral\nann,BTCUSDT,long,1,50000,25000,isolated,500\n"
    )
    positions = {"file": str(tmp_path / "book.csv"), "residual_account": "house"}
    result = clearsim.run(
        clearsim.load("own-book").with_({"positions": positions, "duration_s": 5, "markets[0].price.shock_ms": 2000})
    )
    named = result.named_accounts().set_index("name")
    assert named.loc["house", "what_happened"] == "residual account"
    paid = result.who_paid().set_index("role")
    assert paid.loc["residual account", "n_traders"] == 1
    assert paid.loc["residual account", "result_quote"] == named.loc["house", "result_quote"]
    assert named.loc["ann", "kind"] == "trader"
    assert result.open_interest()["opening_lots"].iloc[0] == 1000  # 1 BTC, the book's own
