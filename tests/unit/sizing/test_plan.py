"""Before the first run: a budget that cannot answer is refused by arithmetic, and the plan is what will be drawn."""

import math

import pytest
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.quantiles import order_ranks
from clearsim.analysis.sizing.choose_method import choose_method
from clearsim.analysis.sizing.definition import Sufficient
from clearsim.analysis.sizing.plan import least_runs, plan_sizing, require_enough, supported
from clearsim.analysis.sizing.solve import size_fund
from clearsim.analysis.sizing.target import parse_target
from clearsim.analysis.sizing.world_runs import Runner

from tests.unit.sizing.toy_worlds import ToyWorld

DEFINITION = Sufficient("first_adl", 30, "within_horizon", "aged_once", "none")


def solved(world, p, **options):
    return size_fund(Runner(world), parse_target(f"P(ADL within 30d) < {p}"), DEFINITION, **options)


@pytest.mark.parametrize(
    ("p", "level", "least"),
    [
        (0.01, 0.95, 368),  # ln 40 / -ln 0.99 = 367.04
        (0.2, 0.95, 17),  # ln 40 / -ln 0.8 = 16.53
        (0.01, 0.99, 528),  # ln 200 / -ln 0.99 = 527.2
    ],
)
def test_the_least_number_of_runs_is_the_first_whose_largest_bounds_the_fund(p, level, least):
    for method in ("crude", "bisection"):
        assert least_runs(method, p, level=level) == least
    for runs, is_bounded in ((least, True), (least - 1, False)):
        assert (order_ranks(runs, p, level=level)[2] <= runs) is is_bounded
    assert supported(least, level=level) <= p < supported(least - 1, level=level)


@pytest.mark.parametrize("method", ["crude", "bisection"])
def test_a_budget_that_cannot_answer_is_refused_before_the_first_run(method):
    world = ToyWorld(can_tilt=False, block=1, fidelity="full", rough_seconds=0.5)
    with pytest.raises(RefusedError, match="368 runs are needed and 200 are allowed") as refusal:
        solved(world, 0.01, budget=200, method=method)
    assert world.asked == []
    assert refusal.value.runs_needed == 368
    text = str(refusal.value)
    assert "give a budget of at least 368" in text
    assert "or a target of at least 0.018, which 200 runs can bound" in text
    # 368 runs of half a second: 184 s; a search runs them for each of 23 sizes: 4,232 s
    assert ("roughly 3 minutes" if method == "crude" else "about 23 fund sizes (roughly 71 minutes") in text


def test_whole_batches_count_and_another_method_may_answer():
    """368 are needed and 200 allowed, but a batch has 10,000; below, tilted runs answer where crude ones cannot."""
    assert solved(ToyWorld(can_tilt=False), 0.01, budget=200, method="crude").fund is not None
    facts = ToyWorld(block=200).facts
    choice = choose_method(0.001, facts, budget=4_000)
    assert (choice.method, choice.second) == ("crude", "importance")
    require_enough(choice, 0.001, facts, budget=4_000, level=0.99, is_auto=True)  # crude takes 5,296
    with pytest.raises(RefusedError, match="5,296 paths are needed"):
        require_enough(choice, 0.001, facts, budget=4_000, level=0.99, is_auto=False)


@pytest.mark.parametrize("p", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
def test_the_plan_of_methods_with_one_set_of_runs_is_what_is_drawn(p):
    world = ToyWorld()
    answer = solved(world, p, budget=400_000)
    plan = plan_sizing(answer.choice, p, world.facts, budget=400_000, draws={})
    assert plan.is_exact
    assert plan.runs == answer.runs
    assert plan.batches == len(world.asked)


@pytest.mark.parametrize(("p", "method"), [(1e-2, "bisection"), (0.1, "bisection"), (1e-5, "weighted-bisection")])
def test_the_plan_of_a_search_is_near_what_is_drawn_and_called_an_estimate(p, method):
    world = ToyWorld(used=0.5, feeds_back=("fund.trigger: ADL begins at half",))
    answer = solved(world, p, budget=400_000)
    assert answer.choice.method == method
    plan = plan_sizing(answer.choice, p, world.facts, budget=400_000, draws={})
    assert not plan.is_exact
    assert math.isclose(plan.runs, answer.runs, rel_tol=0.15)


def test_the_spread_is_a_step_of_the_plan():
    """131,072 runs of each of 8 books in batches of 10,000: 14 batches each."""
    facts = ToyWorld().facts
    plan = plan_sizing(choose_method(0.01, facts, budget=400_000), 0.01, facts, budget=400_000, draws={"books": 8})
    assert plan.steps[-1].what == "8 books"
    assert (plan.steps[-1].batches, plan.steps[-1].runs) == (112, 1_120_000)


def test_an_answer_held_against_history_takes_crude_runs_if_no_method_does():
    """Importance sampling and its wider law draw tilted runs only; crude order statistics have drawn crude ones."""
    facts = ToyWorld().facts
    for p, extra in ((1e-6, 1), (0.01, 0)):
        choice = choose_method(p, facts, budget=400_000)
        plain, held = (
            plan_sizing(choice, p, facts, budget=400_000, draws={}, is_held=is_held) for is_held in (False, True)
        )
        assert held.batches - plain.batches == extra
