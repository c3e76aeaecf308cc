"""What figures say about a run is true of every account in it: "nobody gained", "no ADL", "it was not drawn on".

Worlds of a few accounts, worked out by hand; then every example with named agents.
"""

from pathlib import Path

import clearsim
import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.charts.chart_context import RunContext
from clearsim.analysis.charts.fund import draw_fund
from clearsim.analysis.charts.loss_flow import draw_loss_flow
from clearsim.analysis.charts.loss_waterfall import draw_loss_waterfall
from clearsim.analysis.charts.who_paid import draw_who_paid
from clearsim.analysis.flows import loss_flows
from clearsim.analysis.fund_account import FundFacts
from clearsim.analysis.named_accounts import named_accounts
from clearsim.analysis.reports.run_panels import run_panels
from clearsim.analysis.run_folder import open_run
from clearsim.analysis.who_paid import who_paid

from tests.worlds.accounts import make_blank_accounts
from tests.worlds.results import write_quiet

NOBODY, NO_MONEY = "Nobody gained or lost anything", "No money changed hands"
MILLION = 1_000_000


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return RunContext.of(open_run(write_quiet(tmp_path_factory.mktemp("quiet"))))


def text_of(figure):
    notes = " ".join(str(note.text) for note in figure.layout.annotations)
    return f"{figure.layout.title.text} {notes}".replace("<br>", " ")


def make_world(results, *, role="makers", component="price"):
    """Traders of one role whose equity changed by these amounts (USDT) through one component; they sum to 0."""
    table = make_blank_accounts([("makers", len(results))])
    change = np.array([0] * 5 + [amount * MILLION for amount in results])
    table["equity_final_quanta"] = change.copy()
    table[f"{component}_quanta"] = change.copy()
    table["role"][5:] = [role] * len(results)
    return pd.DataFrame(table)


def who_paid_text(accounts, context):
    return text_of(draw_who_paid(who_paid(accounts), context, named=named_accounts(accounts)))


def flow_text(accounts, context):
    return text_of(draw_loss_flow(loss_flows(accounts), context, question="Who?", nothing=NO_MONEY))


def test_nobody_gained_or_lost_only_if_every_account_is_at_zero(context):
    """Two makers, +30 and -30: the role nets to 0, but 30 was gained and 30 lost."""
    assert NOBODY in who_paid_text(make_world([0, 0]), context)
    moved = make_world([30, -30])
    assert NOBODY not in who_paid_text(moved, context)
    assert "makers net 0." in who_paid_text(moved, context)
    bars = {bar.name: [float(x) for x in bar.x] for bar in draw_who_paid(who_paid(moved), context).data}
    assert bars == {"members who gained": [30.0], "members who lost": [-30.0], "result of the role": [0.0]}


def test_no_money_changed_hands_only_if_no_account_moved(context):
    assert NO_MONEY in flow_text(make_world([0, 0]), context)
    text = flow_text(make_world([30, -30]), context)
    assert NO_MONEY not in text
    assert "nothing moved; 30.0 USDT moved between accounts of the same role" in text


def test_the_instant_of_winners_and_losers_is_named(context):
    assert "at the final mark, 21:30:00 UTC" in who_paid_text(make_world([30, -30]), context)


def test_names_stand_below_their_role_as_text(context):
    accounts = make_world([30, -30])
    accounts["name"] = accounts["name"].where(accounts.index < 5, pd.Series(["", "", "", "", "", "ann", "<b>bob</b>"]))
    figure = draw_who_paid(who_paid(accounts), context, named=named_accounts(accounts))
    [label] = figure.data[0].y
    assert "2 traders: ann, &lt;b&gt;bob&lt;/b&gt;" in label


def test_roles_at_zero_are_listed_not_drawn(context):
    text = who_paid_text(make_world([30, -30]), context)
    assert "the result of every account in them is 0: insurance fund, engine, fees, rounding and outside." in text


@pytest.mark.parametrize(
    ("facts", "says", "not_says"),
    [
        (FundFacts(0, 0, 0, 0, 0, 0), "There was no fund: it began with 0 and paid nothing.", "ADL"),
        (FundFacts(0, 0, 0, 0, 0, 21), "There was no fund: it began with 0 and paid nothing. ADL closed 21.0", "drawn"),
        (FundFacts(50, 52, 0, 2, 50, 0), "It was not drawn on. Start 50.0 USDT, end 52.0 USDT; paid out 0 USDT", "ADL"),
        (FundFacts(50, 3, 50, 3, 0, 9), "No: it ran empty. ADL closed 9.00 USDT of positions.", "not drawn"),
        (FundFacts(50, 60, 30, 40, 20, 0), "It did not run empty: its lowest balance was 20.0 USDT (40%", "was empty"),
    ],
)  # fmt: skip
def test_the_verdict_on_the_fund(facts, says, not_says, tmp_path):
    run = open_run(write_quiet(tmp_path))
    scaled = FundFacts(*(amount * MILLION for amount in facts))
    figure = draw_fund(run.series, RunContext.of(run), name="", markets=["BTCUSDT"], facts=scaled)
    title = figure.layout.title.text.replace("<br>", " ")
    assert says in title
    assert not_says not in title


def test_others_paid_nothing_only_if_no_account_was_bankrupt(context):
    """A liquidated long loses 30 of its own margin to a short; if its deficit was paid and paid back: another text."""
    accounts = make_world([-30, 30])
    accounts.loc[5, "liquidated"] = True
    accounts["role"] = accounts["role"].where(~accounts["liquidated"], "liquidated traders")
    assert "No account lost more than its margin" in text_of(draw_loss_waterfall(accounts, context))
    accounts.loc[5, "bankrupt"] = True
    text = text_of(draw_loss_waterfall(accounts, context))
    assert "No account lost more than its margin" not in text
    assert "nets to 0 for each payer" in text


def test_adl_at_the_mark_moves_no_money_but_is_told(tmp_path):
    """Nothing moved by clearing, but positions were closed by ADL at the mark price."""
    folder = write_quiet(tmp_path)
    run = open_run(folder)
    run.table("runs").loc[0, "adl_notional_quanta"] = 5 * MILLION
    text = text_of(dict(run_panels(run))["loss-flow-clearing"])
    assert "positions were closed by ADL at the mark price" in text
    assert "no ADL" not in text


EXAMPLES = sorted(path.stem for path in Path("configs/examples").glob("*.yaml"))


def test_all_examples_are_looked_at():
    assert len(EXAMPLES) == 10


@pytest.fixture(scope="module", params=EXAMPLES)
def example(request):
    return clearsim.run(request.param)


@pytest.fixture(scope="module")
def figures(example):
    return {name: example.figure(name) for name in example.figures}


def test_a_named_agent_is_what_happened_to_it(example):
    """In every example with named agents: flags of its rows, its result and its role agree, and its name is kept."""
    accounts, named = example.accounts(units="quanta"), example.named_accounts(units="quanta")
    agents = [agent.name for agent in example.config.agents]
    assert [name for name in named["name"] if name in agents] == agents
    for row in named.to_dict("records"):
        own = accounts[accounts["name"] == row["name"]]
        assert set(own["role"]) == {row["role"]}
        if own["liquidated"].any() or own["bankrupt"].any():
            assert row["role"] == "liquidated traders"
        elif own["deleveraged"].any():
            assert row["role"] == "deleveraged traders"
        else:
            result = row["result_quanta"]
            expected = "winners" if result > 0 else "other losers" if result < 0 else "flat or unchanged"
            assert row["role"] == expected


def test_no_sentence_of_an_example_denies_what_happened(example, figures):
    texts = {name: text_of(figure) for name, figure in figures.items()}
    everything, row = " ".join(texts.values()), example.summary(units="quanta")
    assert NOBODY not in texts["who-paid"]
    assert NO_MONEY not in texts["loss-flow"]
    assert ("No account was deleveraged" in everything) == (row["adl_matches"] == 0)
    assert ("no ADL" in everything) <= (row["adl_matches"] == 0)
    assert ("It was not drawn on" in everything) == (row["fund_draw_quanta"] == 0 and row["fund_initial_quanta"] > 0)
    assert ("There was no fund" in everything) == (row["fund_initial_quanta"] == 0)
    assert ("No account was liquidated: there is no loss" in everything) <= (row["liquidated_accounts"] == 0)


def test_every_panel_of_time_spans_the_run(example, figures):
    for name, figure in figures.items():
        for key in figure.layout:
            axis = figure.layout[key]
            if not key.startswith("xaxis") or axis.type != "date":
                continue
            span = (axis.range[1] - axis.range[0]) / 1000
            assert span == pytest.approx(int(example.summary()["duration_ms"]) / 1000), (name, key)
            place = key.removeprefix("xaxis")
            assert any(trace.xaxis == f"x{place}" for trace in figure.data), (name, key)


def test_the_article_of_the_empty_fund():
    """fund-empty-adl: alice is liquidated, first and second are deleveraged. Their 0.5 BTC close at 45,000 with the
    mark at 43,000: harm 0.5 x 2,000 = 1,000, all of it lost. Open interest falls from 1 BTC to 0.5, by ADL alone."""
    result = clearsim.run("fund-empty-adl")
    named = result.named_accounts()
    assert dict(zip(named["name"], named["what_happened"], strict=True)) == {
        "alice": "liquidated", "holder": "loser", "first": "deleveraged", "second": "deleveraged", "third": "winner",
        "fourth": "winner",
    }  # fmt: skip
    harm = result.adl_harm().iloc[0]
    assert (harm["lost_quote"], harm["gained_quote"], harm["net_quote"]) == (1000.0, 0.0, 1000.0)
    removed = result.open_interest().set_index("cause")
    assert removed["long_lots"].to_dict()["closed by ADL"] == removed["short_lots"].to_dict()["closed by ADL"] == -500
    assert (removed["peak_lots"].iloc[0], removed["trough_lots"].iloc[0]) == (1000, 500)
