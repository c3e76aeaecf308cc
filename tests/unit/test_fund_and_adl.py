"""The sentences about the required fund and the causes of ADL."""

import pytest
from clearsim.analysis.fund_and_adl import adl_cause_texts, endless_text, required_text
from clearsim.results import ADL_CAUSES


def money(quanta):
    return f"{quanta:,}"


def row(bound_by, *, initial=50_000, empty_ms=-1):
    return {
        "required_fund_quanta": 50_000, "required_fund_is_bound": bound_by != "none", "fund_initial_quanta": initial,
        "required_fund_bound_by": bound_by, "first_fund_empty_ms": empty_ms,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (row("none"), "50,000"),
        (row("fund", empty_ms=0), "at least 50,000 (the fund ran dry)"),
        (row("fund"), "at least 50,000 (the fund fell short)"),
        (row("fund", initial=0), "at least 50,000 (there was no fund)"),
        (row("cap"), "at least 50,000 (the inventory cap was reached)"),
        (row("fund and cap", empty_ms=9), "at least 50,000 (the fund ran dry and the inventory cap was reached)"),
    ],
)
def test_a_bound_is_said_with_its_cause(facts, text):
    assert required_text(facts, money) == text


def test_the_second_pass_is_said_if_there_is_one():
    found = {"required_fund_quanta": 110_067, "without_cap_quanta": None, "seconds": 1.0}
    assert endless_text({"endless_fund": found}, money) == "with an endless fund: 110,067"
    found["without_cap_quanta"] = 135_166
    assert endless_text({"endless_fund": found}, money) == "with an endless fund: 110,067 (no cap: 135,166)"
    assert endless_text({}, money) == ""


def causes(*amounts, waited=0):
    columns = {cause.column: amount for cause, amount in zip(ADL_CAUSES, amounts, strict=True)}
    return adl_cause_texts({**columns, "adl_waited_quanta": waited}, money)


def test_causes_are_said_with_their_amounts_if_there_are_several_the_largest_first():
    order, trigger = (ADL_CAUSES[place].sentence for place in (2, 3))
    assert causes(0, 0, 0, 0) == []
    assert causes(0, 0, 700, 0) == [order]
    assert causes(0, 0, 700, 900) == [f"{trigger} (900)", f"{order} (700)"]


def test_what_a_limit_held_back_is_said_last():
    texts = causes(700, 0, 0, 0, waited=300)
    assert texts[0] == ADL_CAUSES[0].sentence
    assert texts[1].startswith(
        "for 300 of it, a limit (latency, cooldown, liquidations per second, rounds, ADL matches"
    )
