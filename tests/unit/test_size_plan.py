"""The printed plan of a sizing: steps, joint draws, and the time of all of it."""

from clearsim.analysis.sizing.choose_method import Choice
from clearsim.analysis.sizing.plan import Plan, Step
from clearsim.api.size_plan import SizePlan

PLAN = Plan(Choice("crude", ("it is common enough",), None), (Step("method crude", 2, 1_000),), True)


def test_joint_draws_have_their_line_and_their_time():
    """1,000 paths of 10 ms and 200 draws of 50 ms take 20 s on one processor."""
    plan = SizePlan("btc", "paths", PLAN, 0.01, joint_draws=200, seconds_a_draw=0.05)
    assert plan.seconds == 20.0
    assert plan.lines()[2].split() == [
        "200",
        "draws",
        "10",
        "s",
        "over",
        "what",
        "is",
        "not",
        "known,",
        "at",
        "the",
        "most",
    ]


def test_a_question_without_joint_draws_has_no_such_line():
    plan = SizePlan("btc", "paths", PLAN, 0.01)
    assert plan.seconds == 10.0
    assert len(plan.lines()) == 3
