"""Splitting is unbiased, ties included; its interval comes from replicates; it says when particles died out."""

import math

import numpy as np
import pytest
from clearsim.analysis.closed_forms.ruin import ruin_by
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.splitting import split_once, splitting


class Coin:
    """Climbs by one with probability 1/2, else ends: P(top > k) = 2^-(k+1), ties everywhere."""

    def start(self, generator):
        return 0

    def advance(self, state, generator):
        return state + 1 if generator.random() < 0.5 else None

    def score(self, state):
        return float(state)


class Surplus:
    """Claims less premiums at claim times; state (time, lost), rate 0.5, unit claims and premium, horizon 20."""

    def start(self, generator):
        return (0.0, 0.0)

    def advance(self, state, generator):
        wait = generator.exponential(2.0)
        time = state[0] + wait
        return (time, state[1] + generator.exponential() - wait) if time <= 20 else None

    def score(self, state):
        return state[1]


@pytest.mark.parametrize("target", [2, 5])
def test_ties_leave_no_bias(target):
    """1,000 replicates of 20 particles, seed 1, 4 standard errors; exact 2^-(k+1)."""
    generator = np.random.default_rng(1)
    values = [
        split_once(Coin(), target, particles=20, generator=generator, kill_share=0.3).probability for _ in range(1_000)
    ]
    assert abs(np.mean(values) - 0.5 ** (target + 1)) < 4 * np.std(values) / 1_000**0.5
    assert np.std(values) > 0


def test_claims_above_a_fund():
    """Ruin by time 20, Asmussen's formula; u = 8: 0.8%, 12 replicates of 100 particles, seed 2."""
    estimate = splitting(Surplus(), 8.0, particles=100, seed=2)
    exact = ruin_by(8, 20, rate=0.5)
    assert exact == pytest.approx(0.008122, abs=1e-6)
    assert estimate.holds(exact)
    assert estimate.n > 12 * 100
    assert "12 replicates" in estimate.note


@pytest.mark.slow
def test_a_millionth_by_splitting():
    """u = 24.34, 12 replicates of 1,000 particles, seed 3: within 4 standard errors, relative s.d. a replicate 0.2-0.6.

    Ideal splitting would have sqrt(-ln p / n) = 0.118; claims that jump over levels make it worse.
    """
    estimate = splitting(Surplus(), 24.34, particles=1_000, seed=3)
    exact = ruin_by(24.34, 20, rate=0.5)
    assert exact == pytest.approx(1e-6, rel=0.01)
    error = estimate.half_width / 2.201  # t_11
    assert abs(estimate.value - exact) < 4 * error
    assert 0.1 < error / estimate.value * math.sqrt(12) < 0.6
    assert estimate.variance_reduction > 100


def test_a_replicate_is_a_function_of_its_seed():
    first, second = (splitting(Surplus(), 5.0, particles=30, seed=4) for _ in range(2))
    assert (first.value, first.high, first.n) == (second.value, second.high, second.n)
    assert splitting(Surplus(), 5.0, particles=30, seed=5).value != first.value


def test_states_are_left_as_they_are():
    """A world that kept its past in the state would show it: each state holds its own history, branched or not."""

    class Remembering(Coin):
        def start(self, generator):
            return (0,)

        def advance(self, state, generator):
            return (*state, len(state)) if generator.random() < 0.5 else None

        def score(self, state):
            assert state == tuple(range(len(state)))
            return float(len(state) - 1)

    assert split_once(Remembering(), 6, particles=50, generator=np.random.default_rng(6)).probability > 0


def test_extinction_is_refused():
    with pytest.raises(RefusedError, match="died out"):
        splitting(Coin(), 40, particles=3, kill_share=0.4)
    with pytest.raises(RefusedError, match="needs 10 replicates"):
        splitting(Coin(), 2, particles=20, replicates=5)
    with pytest.raises(ValueError, match="2 particles"):
        split_once(Coin(), 2, particles=1, generator=np.random.default_rng(1))
