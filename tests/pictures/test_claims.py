"""The sentence checks find what they are for: each claim can be true and can be false, wrong sums are found."""

import re

import pytest

from tests.pictures.claims import CLAIMS, contradictions
from tests.pictures.facts import Facts, RunFacts
from tests.pictures.measures import Figure, Page, Text
from tests.worlds.results import write_quiet, write_rich

QUIET = Facts(
    detail="events", quantum=1e-6, liquidated=0, liquidated_accounts=0, deleveraged_accounts=0, deleveraged=0,
    taken_over=0, fund_initial=5, fund_draw=0, fund_gain=0, fund_lowest=5, required_fund=0, is_bound=False,
    bound_by="none",
    inventory=False, bankrupt_accounts=0, changed=False, gained=False, moved=False, moved_by_clearing=False, bad_debt=0,
    residual=0, backlog_peak=0, rounds_max_reached=0, transfers=0,
)  # fmt: skip
CRASH = Facts(
    detail="summary", quantum=1e-6, liquidated=9, liquidated_accounts=2, deleveraged_accounts=3, deleveraged=7,
    taken_over=4, fund_initial=5, fund_draw=6, fund_gain=1, fund_lowest=0, required_fund=5, is_bound=True,
    bound_by="fund", inventory=True, bankrupt_accounts=1, changed=True, gained=True, moved=True, moved_by_clearing=True,
    bad_debt=1, residual=1, backlog_peak=1, rounds_max_reached=1, transfers=9,
)  # fmt: skip
NO_FUND = QUIET._replace(fund_initial=0, fund_lowest=0)


def page_of(text, *figures):
    drawn = [Figure(name, (0, 0, 1, 1), (Text(said, "", 13, ()),), (), ()) for name, said in figures]
    return Page("t", text, tuple(drawn))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.pattern)
def test_a_claim_can_be_true_and_can_be_false(claim):
    assert {claim.holds(facts) for facts in (QUIET, CRASH, NO_FUND)} == {True, False}
    assert not re.search(claim.pattern, "")


@pytest.mark.parametrize(
    ("sentence", "facts", "holds"),
    [
        ("It was not drawn on. Start 50.0 USDT", QUIET, True),
        ("It was not drawn on. Start 50.0 USDT", CRASH, False),
        ("It was not drawn on. Start 0 USDT", NO_FUND, False),  # there was none
        ("no penalty, no takeover, no fund, no ADL, no socialised loss", CRASH, False),
        ("No account was deleveraged, so ADL did no harm.", CRASH, False),
        ("Nobody gained or lost anything: the result of every account is 0.", CRASH, False),
        ("Required fund: 50.0 thousand USDT.", CRASH, False),
        ("Required fund: at least 50.0 thousand USDT (the fund ran dry)", CRASH, True),
        ("50.0 thousand USDT required fund; initial fund 50.0", CRASH, False),
        ("≥ 50.0 thousand USDT required fund, only a lower bound: the fund ran dry; initial fund 50.0", CRASH, True),
        ("The fund had money throughout, and no cap was reached.", NO_FUND, False),
    ],
)
def test_a_sentence_is_tried_on_the_facts(sentence, facts, holds):
    made = [claim for claim in CLAIMS if re.search(claim.pattern, sentence)]
    assert made
    assert all(claim.holds(facts) for claim in made) is holds


def test_a_sentence_of_a_page_and_of_a_figure_is_found(tmp_path):
    crash = RunFacts(write_rich(tmp_path / "crash").resolve())
    quiet = RunFacts(write_quiet(tmp_path / "quiet"))
    page = page_of("So: No account was deleveraged.", ("fund-shared", "It was not drawn on. Start 120"))
    found = contradictions(page, crash, "")
    assert [place for text in found for place in ("the page", "figure fund-shared") if text.endswith(place)] == [
        "the page", "figure fund-shared",
    ]  # fmt: skip
    assert contradictions(page, quiet, "") == []


def test_a_sum_that_does_not_add_up_is_found(tmp_path):
    run = RunFacts(write_quiet(tmp_path))
    row = (
        "<tr><td>a</td><td class=n>1,000.<span>50</span></td><td>–</td></tr><tr><td>b</td><td>-0.25</td><td>3</td></tr>"
    )
    table = "<table><tbody>{}<tr class='sum'><td>sum</td><td>{}</td><td>3</td></tr></tbody></table>"
    assert contradictions(page_of(""), run, table.format(row, "1,000.25")) == []
    [fault] = contradictions(page_of(""), run, table.format(row, "1,000.75"))
    assert fault == "table 1: column 2 sums to 1000.25, printed is 1,000.75"


def test_a_total_of_the_fund_that_its_parts_do_not_give_is_found(tmp_path):
    run = RunFacts(write_quiet(tmp_path))
    lines = [("received", 5), ("paid", -3), ("= net", 2), ("fees", 1), ("= result", 4)]
    rows = "".join(f"<tr><td>{label}</td><td>{amount}</td></tr>" for label, amount in lines)
    [fault] = contradictions(page_of(""), run, f"<table>{rows}</table>")
    assert fault == "table 1: '= result' is 4, the parts above it sum to 3"
