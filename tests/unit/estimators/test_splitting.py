"""Splitting of runs that are rows of keys, where the answer is known: a walk's highest point, ties everywhere."""

import math

import numpy as np
import pytest
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.splitting import split_once, splitting_in_steps


class Walk:
    """A walk of +-1 steps, the sign of each the highest bit of its key; its score is the highest point so far."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def branched(self, keys):
        moves = np.where(keys >> np.uint64(63), 1.0, -1.0)
        return np.maximum.accumulate(np.cumsum(moves, axis=1), axis=1)


def highest_above(steps: int, target: int) -> float:
    """P(highest > target) by the reflection principle: P(end > target) + P(end > target + 1 or so), counted exactly."""
    top = target + 1  # it reaches `top`

    def ends(end: int) -> int:
        return math.comb(steps, (steps + end) // 2) if (steps + end) % 2 == 0 and abs(end) <= steps else 0

    reach = sum(ends(end) for end in range(top, steps + 1)) + sum(ends(end) for end in range(top + 1, steps + 1))
    return reach / 2**steps


def test_the_reflection_principle_by_counting():
    """Three steps: 111, 11-1, 1-11 reach 1 and so do 1-1-1 and -111; 111 and 11-1 reach 2."""
    assert highest_above(3, 0) == 5 / 8
    assert highest_above(3, 1) == 2 / 8
    assert highest_above(3, 2) == 1 / 8


@pytest.mark.parametrize("target", [2, 5])
def test_ties_leave_no_bias(target):
    """1,000 replicates of 20 particles, seed 1, 12 steps, 4 standard errors."""
    generator = np.random.default_rng(1)
    values = [
        split_once(Walk(12), target, particles=20, generator=generator, kill_share=0.3).probability
        for _ in range(1_000)
    ]
    assert abs(np.mean(values) - highest_above(12, target)) < 4 * np.std(values) / 1_000**0.5
    assert np.std(values) > 0


def test_an_event_of_a_millionth_in_many_small_steps():
    """A walk of 100 steps above 48: 5.6e-7; 12 replicates of 2,000 particles, seed 3, 4 standard errors."""
    exact = highest_above(100, 48)
    assert 2e-7 < exact < 2e-6
    estimate = splitting_in_steps(Walk(100), 48.0, particles=2_000, seed=3)
    error = estimate.half_width / 2.201  # t_11
    assert abs(estimate.value - exact) < 4 * error
    assert error < 0.2 * exact
    assert estimate.variance_reduction > 100
    assert estimate.n > 12 * 2_000


def test_a_replicate_is_a_function_of_its_seed():
    first, second = (splitting_in_steps(Walk(30), 10.0, particles=50, seed=4) for _ in range(2))
    assert (first.value, first.high, first.n) == (second.value, second.high, second.n)
    assert splitting_in_steps(Walk(30), 10.0, particles=50, seed=5).value != first.value


def test_a_branch_keeps_its_parents_past():
    """Scores of children are above the level by the step in which their parent was."""

    class Watched(Walk):
        def branched(self, keys):
            scores = super().branched(keys)
            if len(keys) == 200:
                self.seen = []
            else:
                self.seen.append(scores[:, -1].min())
            return scores

    walk = Watched(20)
    split_once(walk, 8.0, particles=200, generator=np.random.default_rng(6))
    assert len(walk.seen) > 3
    assert all(later > earlier for earlier, later in zip(walk.seen, walk.seen[1:], strict=False))


def test_what_cannot_be_estimated_is_refused():
    with pytest.raises(RefusedError, match="died out"):
        splitting_in_steps(Walk(4), 9.0, particles=10)
    with pytest.raises(RefusedError, match="needs 10 replicates"):
        splitting_in_steps(Walk(12), 2.0, particles=20, replicates=5)
    with pytest.raises(ValueError, match="2 particles"):
        split_once(Walk(4), 2.0, particles=1, generator=np.random.default_rng(1))

    class Falling(Walk):
        def branched(self, keys):
            return -super().branched(keys)

    with pytest.raises(ValueError, match="never falling"):
        split_once(Falling(4), 2.0, particles=10, generator=np.random.default_rng(1))
