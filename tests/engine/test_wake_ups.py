"""When cohorts wake: at the multiples of their interval, whatever the clock's steps, so that a finer clock changes what
happens between wake-ups and not which of them a jump meets."""

import pytest
import simpy
from clearsim.config import load_config
from clearsim.engine.build import build_world
from clearsim.engine.processes import wake_up


@pytest.mark.parametrize(
    ("first_ms", "expected"),
    [(1_000, [1_000, 2_000, 3_000]), (250, [250, 1_000, 2_000, 3_000]), (1_500, [1_500, 2_000, 3_000])],
)
def test_a_cohort_wakes_at_the_first_step_and_then_at_multiples_of_its_interval(first_ms, expected):
    env, woken, times = simpy.Environment(), [], []
    env.process(wake_up(env, woken, member=7, interval_ms=1_000, first_ms=first_ms))
    while env.peek() <= 3_000:
        before = len(woken)
        env.step()
        times += [env.now] * (len(woken) - before)
    assert times == expected
    assert set(woken) == {7}


@pytest.mark.parametrize(("look_ms", "wakes_ms"), [(200, 200), (1_000, 1_000), (3_000, 1_000)])
def test_makers_wake_as_often_as_they_look(look_ms, wakes_ms):
    setting = f"population.cohorts[makers].behaviour.look_interval_ms={look_ms}"
    world = build_world(load_config("base", [setting]).config, detail="summary", sink=None)
    assert [member.interval_ms for member in world.population.cohorts if member.name == "makers"] == [wakes_ms]
