"""Stopping rules: how they are read, what they count, and when they are met."""

import numpy as np
import pytest
from clearsim.analysis.estimators.intervals import clopper_pearson
from clearsim.errors import ConfigError
from clearsim.studies.stopping import parse_rule


def half_width(events, n):
    low, high = clopper_pearson(events, n)
    return (high - low) / 2 / (events / n)


def rule_of(text, arms=1):
    return parse_rule(text, arms=arms, half_width=half_width)


def run(arm=0, *, adl_ms=-1, empty_ms=-1, status="done"):
    return {"status": status, "arm": arm, "first_adl_ms": adl_ms, "first_fund_empty_ms": empty_ms}


def test_a_number_of_events_is_met_when_the_last_arm_has_it():
    rule = rule_of("events>=2", arms=2)
    for row in (run(0, adl_ms=0), run(0, adl_ms=500), run(0, adl_ms=7), run(1, adl_ms=-1), run(1, adl_ms=5)):
        rule.add(row, None)
        assert not rule.is_met()
    assert rule.words().startswith("arm 1: 1 events (adl) in 2, ")
    assert rule.words().endswith("required: 2 events")
    rule.add(run(1, adl_ms=3), None)
    assert rule.is_met()


def test_an_arm_that_has_not_run_is_not_met():
    rule = rule_of("events>=1", arms=2)
    rule.add(run(0, adl_ms=1), None)
    assert not rule.is_met()


def test_runs_that_failed_do_not_count():
    rule = rule_of("events>=1")
    rule.add(run(adl_ms=5, status="failed"), None)
    assert not rule.is_met()
    assert rule.words() == "no run is done"


def test_paths_are_counted_where_there_are_any():
    rule = rule_of("fund_empty: events >= 3")
    paths = {"first_fund_empty_ms": np.array([-1, 0, 10, -1, 20]), "first_adl_ms": np.full(5, -1)}
    rule.add(run(), paths)
    assert (rule.events, rule.n) == ({0: 3}, {0: 5})
    assert rule.is_met()


def test_a_half_width_is_met_when_the_interval_is_that_narrow():
    """Clopper-Pearson of 10 of 20 is [0.272, 0.728] (Clopper and Pearson 1934, chart): 0.456 of 0.5."""
    rows = [run(adl_ms=1)] * 10 + [run()] * 10
    for text, met in (("rel_half_width<0.45", False), ("rel_half_width<0.46", True)):
        rule = rule_of(text)
        for row in rows:
            rule.add(row, None)
        assert rule.is_met() == met


def test_no_event_has_no_half_width():
    rule = rule_of("rel_half_width<5")
    rule.add(run(), None)
    assert not rule.is_met()
    assert "half-width inf" in rule.words()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("soon", "until must be like events>=385, rel_half_width<0.1 or fund_empty:events>=100, found 'soon'"),
        ("fund_emty:events>=3", "until: event must be one of adl, fund_empty, found 'fund_emty'"
                                " (did you mean fund_empty?)"),
        ("events>=many", "until: 'many' is not a number"),
        ("events<3", "until: give events>=N, or rel_half_width<W with W above 0"),
        ("rel_half_width>=0.1", "until: give events>=N, or rel_half_width<W with W above 0"),
        ("rel_half_width<0", "until: give events>=N, or rel_half_width<W with W above 0"),
        ("events>=0.4", "until: give events>=N with a whole N, found 0.4"),
        ("events>=nan", "until: 'nan' is not a number"),
        ("rel_half_width<inf", "until: 'inf' is not a number"),
    ],
)  # fmt: skip
def test_a_rule_that_means_nothing_is_refused(text, message):
    with pytest.raises(ConfigError) as caught:
        rule_of(text)
    assert str(caught.value) == message
