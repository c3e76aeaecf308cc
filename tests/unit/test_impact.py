"""Impact of flow on the index: shifts by hand, and no free money along the impact."""

import math

import numpy as np
import pytest
from clearsim.market.impact import ExogenousIndex, LinearImpact

MINUTE_MS = 60_000


def rule(**fields):
    return LinearImpact(**({"impact_ppm_per_million_quote": 50, "half_life_ms": MINUTE_MS} | fields))


def test_shift_by_hand():
    """50 ppm a million, 40% of it permanent: 10 million lift the log index by 500 ppm, 300 of it halve in a minute."""
    impact = rule(permanent_share_ppm=400_000)
    state = impact.initial_state()
    assert impact.step(state, net_taker_quote=10e6, dt_ms=1_000) == pytest.approx(500e-6)
    assert impact.step(state, net_taker_quote=0.0, dt_ms=MINUTE_MS) == pytest.approx(350e-6)
    assert impact.step(state, net_taker_quote=-10e6, dt_ms=MINUTE_MS) == pytest.approx(275e-6 - 500e-6)


def test_decay_does_not_depend_on_the_step():
    impact = rule()
    one, many = impact.initial_state(), impact.initial_state()
    for state in (one, many):
        impact.step(state, net_taker_quote=1e6, dt_ms=1)
    for _ in range(100):
        impact.step(many, net_taker_quote=0.0, dt_ms=700)
    assert impact.step(one, net_taker_quote=0.0, dt_ms=70_000) == pytest.approx(many.transient, rel=1e-12)


def test_exogenous_index_never_moves():
    impact = ExogenousIndex()
    state = impact.initial_state()
    assert impact.step(state, net_taker_quote=1e12, dt_ms=1) == 0
    assert impact.execution_shift(state, net_taker_quote=1e12) == 0


def test_execution_pays_the_integral_of_its_own_impact():
    """Buying in 100,000 slices at the shift of the moment buys as many base units as `execution_shift` says."""
    impact, total, slices = rule(impact_ppm_per_million_quote=10_000), 20e6, 100_000
    state, base = impact.initial_state(), 0.0
    average = impact.execution_shift(state, net_taker_quote=total)
    for _ in range(slices):
        base += total / slices * math.exp(-state.transient)
        impact.step(state, net_taker_quote=total / slices, dt_ms=0)
    assert average == pytest.approx(0.2 / 2 - 0.2**2 / 24, abs=1e-5)  # -log((1 - e^-x) / x), x = 0.2
    assert base == pytest.approx(total * math.exp(-average), rel=1e-5)


def sell_out(impact, state, base):
    """Quote received for selling `base` units along the impact (price 1 without shift), and the flow that is."""
    start, a = state.transient + state.permanent, impact.shift_per_quote
    # base = e^-s (e^{a x} - 1) / a for a sale of x quote units
    return math.log1p(a * base * math.exp(start)) / a


def round_trip_cost(impact, flows, gaps_ms):
    """Net quote spent on buying and selling `flows` and then closing what is left, everything along the impact."""
    state, base, spent = impact.initial_state(), 0.0, 0.0
    for flow, gap in zip(flows, gaps_ms, strict=True):
        base += flow * math.exp(-impact.execution_shift(state, net_taker_quote=flow))
        spent += flow
        impact.step(state, net_taker_quote=flow, dt_ms=0)
        impact.step(state, net_taker_quote=0.0, dt_ms=gap)
    return spent - sell_out(impact, state, base)


def test_buying_and_selling_the_same_size_costs_what_decays():
    flows, wait = [5e6], [MINUTE_MS]
    assert round_trip_cost(rule(impact_ppm_per_million_quote=0.001), flows, [0]) == pytest.approx(0, abs=1e-6)
    assert round_trip_cost(rule(permanent_share_ppm=1_000_000), flows, wait) == pytest.approx(0, abs=1e-6)
    transient = round_trip_cost(rule(), flows, wait)
    # bought at +125 ppm on average, sold from +125 down to -125: 0 on average; 125 ppm of 5 million
    assert transient == pytest.approx(625, rel=0.01)


@pytest.mark.parametrize("permanent_share_ppm", [0, 100_000, 500_000, 900_000, 1_000_000])
def test_no_round_trip_makes_free_money(permanent_share_ppm):
    """20,000 random strategies of up to 6 trades (seed 9), shifts up to about 30%: cost >= 0 but for float noise."""
    impact = rule(impact_ppm_per_million_quote=10_000, permanent_share_ppm=permanent_share_ppm)
    generator = np.random.default_rng(9)
    worst = 0.0
    for _ in range(20_000):
        n = int(generator.integers(1, 7))
        flows = generator.normal(0, 10e6, n)
        gaps = generator.exponential(MINUTE_MS, n) * generator.integers(0, 2, n)
        worst = min(worst, round_trip_cost(impact, flows.tolist(), gaps.tolist()))
    assert worst > -1e-3


def test_a_book_deeper_than_the_impact_leaves_room_for_a_gain():
    """50 ppm a million = 1% a 200 million. Pushing through a book of D a 1%: cost ~ x^2 (1 / (100 D) - impact)."""
    impact = rule()
    assert impact.is_free_of_gain(depth_quote_per_percent=200e6)
    assert not impact.is_free_of_gain(depth_quote_per_percent=201e6)
    for depth, gains in ((150e6, False), (300e6, True)):
        x, slope = 1e6, 1 / (100 * depth)
        base = x / (1 + slope * x / 2)
        shifted = math.exp(impact.shift_per_quote * x)
        received = base * shifted * (1 - slope * x / 2)
        assert (received > x) is gains
