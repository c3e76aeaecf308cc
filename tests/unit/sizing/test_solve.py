"""Funds found by every method agree with the closed form of a world whose draws are exponential; refusals say why."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.estimators.estimate import Estimate, RefusedError
from clearsim.analysis.sizing.answer_text import answer_json, answer_lines, answer_markdown, value_texts
from clearsim.analysis.sizing.choose_method import choose_method
from clearsim.analysis.sizing.definition import Sufficient
from clearsim.analysis.sizing.solve import size_fund
from clearsim.analysis.sizing.spread import Spread, spread_over
from clearsim.analysis.sizing.target import parse_target
from clearsim.analysis.sizing.world_runs import Runner

from tests.unit.sizing.toy_worlds import FACTS, MEAN, ToyWorld

DEFINITION = Sufficient("first_adl", 30, "within_horizon", "aged_once", "none")


def solved(world, p, **options):
    return size_fund(
        Runner(world), parse_target(f"P(ADL within 30d) < {p}"), DEFINITION, **{"budget": 400_000} | options
    )


def exact(p):
    return -MEAN * math.log(p)


def test_the_whole_curve_comes_from_one_set_of_runs_and_falls():
    curve = solved(ToyWorld(), 1e-2).curve
    assert (np.diff(curve["probability"]) <= 0).all()
    inside = curve[(curve["fund"] > 0) & (curve["events"] > 20)]
    truth = np.exp(-inside["fund"] / MEAN)
    assert ((inside["low"] <= truth) & (truth <= inside["high"])).mean() > 0.9


@pytest.mark.parametrize(
    ("p", "method", "second"),
    [
        (1e-2, "crude", ""),
        (1e-3, "crude", "importance"),
        (1e-4, "importance", "crude"),
        (1e-6, "importance", "importance, wider law"),
    ],
)
def test_the_fund_is_that_of_the_closed_form_within_four_standard_errors(p, method, second):
    answer = solved(ToyWorld(), p)
    assert (answer.choice.method, answer.choice.second) == (method, second)
    half = max(answer.fund.high - answer.fund.value, answer.fund.value - answer.fund.low)
    assert answer.fund.value == pytest.approx(exact(p), abs=4 / 1.96 * half)
    assert half < 0.05 * exact(p)
    assert answer.confirmed


@pytest.mark.parametrize("p", [1e-2, 1e-5])
def test_a_trigger_at_half_the_fund_doubles_it_and_is_found_by_bisection(p):
    answer = solved(ToyWorld(used=0.5, feeds_back=("fund.trigger: ADL begins at half",)), p)
    assert answer.choice.method == ("bisection" if p > 1e-3 else "weighted-bisection")
    assert "fund.trigger: ADL begins at half" in answer.choice.why
    half = max(answer.fund.high - answer.fund.value, answer.fund.value - answer.fund.low)
    assert answer.fund.value == pytest.approx(2 * exact(p), abs=4 / 1.96 * half)
    assert answer.curve.empty


def test_where_even_the_largest_fund_fails_no_more_runs_are_spent():
    answer = solved(ToyWorld(used=0.0, feeds_back=("funds[0].cap: it caps",)), 1e-2)
    assert answer.fund is None
    assert "even a fund of 100,000 shows the event in 10,000 of 10,000 runs" in answer.verdict
    assert "the size of the fund does not decide (funds[0].cap: it caps)" in answer.verdict
    assert answer.runs <= 60_000


def test_a_spread_wider_than_the_interval_is_told_as_the_range_to_quote():
    answer = solved(ToyWorld(), 1e-3)
    worlds = [ToyWorld(seed=seed) for seed in (11, 12, 13)]
    spread = spread_over("other books", worlds, 1e-3)
    assert spread.refused == 0
    assert spread.averaged is None  # three draws bear no interval
    more = spread_over("other books", [ToyWorld(seed=seed) for seed in range(20, 28)], 1e-3).averaged
    assert more.holds(exact(1e-3))
    assert more.relative_half_width < 0.05
    assert spread.middle == pytest.approx(exact(1e-3), rel=0.1)
    wide = Spread("other books", (5_000.0, 7_000.0, 9_000.0), 1)
    lines = answer_lines(replace(answer, spreads=(wide,)))
    assert (
        "over 3 other books: 5.00 thousand USDT to 9.00 thousand USDT, median 7.00 thousand USDT; 1 more refused"
        in lines
    )
    assert any(line.startswith("warning: other books move the fund by more than its interval") for line in lines)
    narrow = Spread("other books", (answer.fund.low, answer.fund.value, answer.fund.value), 0)
    assert not any("warning" in line for line in answer_lines(replace(answer, spreads=(narrow,))))


def test_beyond_the_runs_and_without_jumps_to_tilt_the_tail_is_extrapolated_and_not_confirmed():
    answer = solved(ToyWorld(can_tilt=False), 1e-6)
    assert answer.choice.method == "pot"
    assert answer.fund.holds(exact(1e-6))
    assert not answer.confirmed
    text = "\n".join(answer_lines(answer))
    assert "NOT CONFIRMED: below 0.0001 a fund is quoted only if two methods agree" in text
    assert "generalised Pareto law: an extrapolation" in text


def test_short_times_are_told_in_units_that_people_read():
    estimate = Estimate(0.001, 0.0005, 0.002, 0.95, "x", 10, -1)
    assert value_texts(estimate, "days") == ("1.44 minutes", "0.72", "2.88")
    assert value_texts(replace(estimate, value=0.002), "days")[0] == "2.88 minutes"
    assert value_texts(replace(estimate, value=400, high=4000), "days") == ("400 days", "0.0005", "4,000")


def test_what_one_set_of_runs_hides_is_caught_by_running_with_the_fund_itself():
    """The world has a trigger but does not say so: the fund found is half of what it takes, and the answer warns."""
    answer = solved(ToyWorld(used=0.5), 1e-2)
    assert any("something before the first exhaustion depends" in " ".join(note.split()) for note in answer.notes)


def test_consequences_follow_from_runs_with_the_fund():
    """Exponential: mean excess is MEAN whatever the fund; income 10 a day; ADL closes 500 where it happens."""
    answer = solved(ToyWorld(), 1e-2)
    found = answer.consequences
    assert found.probability.holds(1e-2)
    assert found.shortfall_given_exhausted.value == pytest.approx(MEAN, rel=0.2)
    assert found.expected_shortfall.value == pytest.approx(1e-2 * MEAN, rel=0.25)
    assert found.adl_notional_given_adl.value == pytest.approx(500)
    assert found.expected_adl_notional.value == pytest.approx(5, rel=0.2)
    assert found.days_to_exhaustion.holds(15)
    assert found.income_per_day.value == pytest.approx(10)
    assert found.days_to_rebuild.value == pytest.approx(answer.fund.value / 10)


def test_the_fund_of_least_cost_balances_capital_and_shortfall():
    """12% a year over 30.4 of 365 days is 1%: the quantile at 1%, MEAN ln 100."""
    definition = Sufficient("first_adl", 365 / 12, "within_horizon", "aged_once", "none")
    target = parse_target("P(ADL) < 1e-2")
    answer = size_fund(Runner(ToyWorld()), target, definition, budget=400_000, capital_cost=0.12)
    assert answer.least_cost.value == pytest.approx(exact(1e-2), rel=0.05)
    refused = size_fund(Runner(ToyWorld()), target, definition, budget=400_000, capital_cost=120)
    assert refused.least_cost is None
    assert any("no fund of least cost" in note for note in refused.notes)


def test_a_target_out_of_reach_says_what_was_reached_and_what_is_needed():
    """Weights so uneven that no number within the budget does: that is known after the runs only."""

    class Uneven(ToyWorld):
        def block(self, number, *, fund=None, aim=None):
            columns = dict(super().block(number, fund=fund, aim=aim))
            columns["log_weight"][int(np.argmax(columns["required"]))] = 3.0
            return columns

    answer = solved(Uneven(), 1e-4, budget=20_000, method="importance")
    assert answer.fund is None
    assert not answer.confirmed
    assert "Reached: " in answer.verdict
    assert "Needed: about 80,000 runs (--dry-run estimates the time)" in answer.verdict
    assert "no answer: no fund size can be given" in " ".join(answer_lines(answer))


def test_where_weights_are_bad_the_second_method_answers_and_the_refusal_is_told():
    class Heavy(ToyWorld):
        def block(self, number, *, fund=None, aim=None):
            columns = dict(super().block(number, fund=fund, aim=aim))
            if aim is not None:  # one run carries the estimate
                columns["log_weight"][int(np.argmax(columns["required"]))] = 3.0
            return columns

    answer = solved(Heavy(), 1e-4)
    assert answer.choice.method == "crude"
    assert "importance was refused" in answer.choice.why[-1]
    assert answer.fund.holds(exact(1e-4))


def test_the_same_seed_and_budget_give_the_same_bytes():
    texts = [answer_json(solved(ToyWorld(), 1e-4)) for _ in range(2)]
    assert texts[0] == texts[1]
    data = json.loads(texts[0])
    assert "seconds" not in texts[0]
    assert data["fund_share_of_open_interest"]["value"] == pytest.approx(data["fund"]["value"] / 100_000)
    assert data["sufficient"]["basis"] == "within_horizon"
    assert answer_json(solved(ToyWorld(seed=8), 1e-4)) != texts[0]
    pages = [answer_markdown(solved(ToyWorld(), 1e-2)) for _ in range(2)]
    assert pages[0] == pages[1]
    assert " s of simulation" not in pages[0]


def test_laws_draw_different_blocks_so_that_their_agreement_means_something():
    world = ToyWorld()
    solved(world, 1e-6)
    blocks = {aim: {number for number, _, law in world.asked if law == aim} for aim in {law for *_, law in world.asked}}
    sets = list(blocks.values())
    assert len(sets) >= 2
    assert not set.intersection(*sets)


@pytest.mark.parametrize(
    ("facts", "p", "asked", "found"),
    [
        ({}, 1e-2, "auto", "crude"),
        ({}, 1e-4, "auto", "importance"),
        ({"can_tilt": False}, 1e-4, "auto", "crude"),
        ({"can_tilt": False}, 1e-9, "auto", "pot"),
        ({"feeds_back": ("x: y",)}, 1e-2, "auto", "bisection"),
        ({"feeds_back": ("x: y",)}, 1e-4, "auto", "weighted-bisection"),
        ({"feeds_back": ("x: y",), "can_tilt": False}, 1e-4, "auto", "bisection"),
        ({}, 1e-2, "bisection", "bisection"),
    ],
)
def test_the_method_follows_from_target_and_world(facts, p, asked, found):
    assert choose_method(p, ToyWorld(**facts).facts, asked=asked, budget=1_000_000).method == found


def test_a_budget_too_small_for_crude_runs_goes_to_the_jumps_where_there_are_some():
    few = choose_method(1e-2, ToyWorld().facts, budget=100)
    assert few.method == "importance"
    assert "100 crude runs show 0.01 too rarely" in few.why[1]
    assert choose_method(1e-2, ToyWorld(can_tilt=False).facts, budget=100).method == "pot"


def test_methods_that_would_be_wrong_are_refused():
    feeding = ToyWorld(feeds_back=("funds[0].cap: it caps",)).facts
    with pytest.raises(RefusedError, match=r"funds\[0\].cap: it caps: use bisection"):
        choose_method(1e-2, feeding, asked="crude", budget=1_000_000)
    with pytest.raises(RefusedError, match="has none"):
        choose_method(1e-2, ToyWorld(can_tilt=False).facts, asked="importance", budget=1_000_000)
    with pytest.raises(RefusedError, match="no fund size answers the question: there is no fund"):
        choose_method(1e-2, ToyWorld(nothing_to_size="there is no fund").facts, budget=1_000_000)
    with pytest.raises(AnalysisError, match="must be auto or one of crude, importance"):
        choose_method(1e-2, FACTS, asked="magic", budget=1_000_000)
