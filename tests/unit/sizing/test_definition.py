"""What "sufficient" means is said or refused, so are targets; horizons are converted only where that holds."""

import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.sizing.definition import (
    Sufficient,
    rescaled,
    span,
)
from clearsim.analysis.sizing.target import parse_target

ANSWER = {
    "event": "first_adl",
    "horizon_days": 30,
    "basis": "within_horizon",
    "open_interest": "renewed",
    "replenishment": "injected",
}


def test_a_definition_names_all_five_things():
    text = " ".join(Sufficient.of(ANSWER).sentences)
    for word in ("ADL begins", "30 days", "from today", "is renewed", "at once"):
        assert word in text


@pytest.mark.parametrize("key", ANSWER)
def test_a_missing_key_is_refused_by_name_with_what_it_may_be(key):
    with pytest.raises(AnalysisError, match=f"not defined: answer.{key} is missing"):
        Sufficient.of({name: value for name, value in ANSWER.items() if name != key})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"event": "first_ald"}, "did you mean first_adl"),
        ({"basis": "per_week"}, "one of within_horizon, per_event, per_year, given_stress"),
        ({"horizon_days": 0}, "positive number of days"),
        ({"basis": "per_year"}, "needs horizon_days 365, found 30"),
        ({"colour": "red"}, "answer.colour is not a key"),
    ],
)
def test_a_wrong_definition_is_refused(change, text):
    with pytest.raises(AnalysisError, match=text):
        Sufficient.of(ANSWER | change)


def test_a_month_is_a_twelfth_of_a_year_only_where_every_month_starts_alike():
    """1 - (1 - .01)^(365 / 30) = .11511 for a renewed book and a fund brought back at once."""
    assert rescaled(0.01, Sufficient.of(ANSWER), 365) == pytest.approx(1 - 0.99 ** (365 / 30))
    for change, reason in (
        ({"open_interest": "aged_once"}, "ages once"),
        ({"replenishment": "none"}, "starts the next month smaller"),
        ({"replenishment": "lagged"}, "lagged"),
        ({"basis": "given_stress"}, "conditional on one stress"),
    ):
        with pytest.raises(RefusedError, match=f"{reason}.*simulate 365 days"):
            rescaled(0.01, Sufficient.of(ANSWER | change), 365)


def test_the_same_horizon_needs_no_conversion_and_is_never_refused():
    assert rescaled(0.01, Sufficient.of(ANSWER | {"open_interest": "aged_once"}), 30) == 0.01


@pytest.mark.parametrize(("days", "text"), [(30, "30 days"), (1, "1 day"), (1 / 24, "1 hour"), (0.25, "6 hours")])
def test_spans_read_as_people_say_them(days, text):
    assert span(days) == text


@pytest.mark.parametrize(
    ("text", "event", "days", "basis", "p"),
    [
        ("P(ADL within 30d) < 1e-3", "first_adl", 30, "within_horizon", 1e-3),
        ("P( the fund exhausted within 1 year ) <= 0.1%", "equity_zero", 365, "within_horizon", 1e-3),
        ("p(cash = 0 within 12 hours) < 0.05", "cash_zero", 0.5, "within_horizon", 0.05),
        ("P(bad debt within a week) < 1e-6", "bad_debt", 7, "within_horizon", 1e-6),
        ("P(ADL per year) < 1e-2", "first_adl", 365, "per_year", 1e-2),
        ("P(ADL per event) < 1e-2", "first_adl", None, "per_event", 1e-2),
        ("P(ADL within 1d given stress) < 0.1", "first_adl", 1, "given_stress", 0.1),
        ("P(equity 0) < 1e-3", "equity_zero", None, None, 1e-3),
    ],
)
def test_targets_are_read(text, event, days, basis, p):
    target = parse_target(text)
    assert (target.event, target.basis) == (event, basis)
    assert target.p == pytest.approx(p)
    assert target.days == (None if days is None else pytest.approx(days))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ADL < 1e-3", "must look like 'P"),
        ("P(ADL within 30d) > 1e-3", "bounds a probability from above: use < in place of >"),
        ("P(ADL within 30d) < soon", "needs a number after <, found 'soon'"),
        ("P(ADL within 30d) < 2", "between 0 and 1, found 2"),
        ("P(ADL within 30 parsecs) < 1e-3", "needs a unit .* found 'parsecs'"),
        ("P(ADL within 0d) < 1e-3", "must be a positive number"),
        ("P(ADK within 30d) < 1e-3", "found 'adk' .* did you mean 'adl'"),
        ("P(within 30d) < 1e-3", "names no event"),
        ("P(ADL within 30d per year) < 1e-3", "two horizons"),
    ],
)
def test_a_target_that_cannot_be_read_says_why(text, reason):
    with pytest.raises(AnalysisError, match=reason):
        parse_target(text)
