"""The bounded basis, gaps that are a part of a jump, and one event at a time, against closed forms and by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from clearsim.analysis.closed_forms.cascade import bounded_basis, bounded_uniform_fall, depth_over_time
from clearsim.analysis.sizing.one_event import answer_one_event, fund_at, probability_beyond, yearly_rate
from clearsim.config import load_config, with_settings
from clearsim.config.reduced import Concentration
from clearsim.errors import ConfigError
from clearsim.funds.worlds import ReducedWorld
from clearsim.reduced.jumps import gap_shares
from clearsim.reduced.lower import lower
from clearsim.reduced.one_event import one_event
from clearsim.reduced.run import simulate_batch

from tests.reduced.reduced_worlds import config, longs_of, shock

OI = 1_000_000
LEVELS, HELD_TO = 250, 0.5
LAW = {
    "kind": "threshold",
    "falls_per_year": 2,
    "down_threshold": 0.05,
    "down_xi": 0.2,
    "down_beta": 0.05,
    "rises_per_year": 1,
    "up_threshold": 0.05,
    "up_xi": 0.1,
    "up_beta": 0.03,
}
GBM = {"kind": "gbm", "initial_price": 10000, "annual_volatility": 0.0001}


def even_longs(maintenance=1e-4):
    """Longs whose thresholds lie evenly between falls of 0 and HELD_TO: leverage 1 / (1 - price (1 - m))."""
    prices = [1 - (i + 0.5) / LEVELS * HELD_TO for i in range(LEVELS)]
    return longs_of(*((round(1 / (1 - price * (1 - maintenance)), 8), 1 / LEVELS) for price in prices))


def bounded(cap_ppm, depth_share, in_gap_ppm=1_000_000):
    """An impact with `depth_share` of open interest per 100%."""
    quote = depth_share * OI / 100
    return {
        "kind": "bounded", "basis_cap_ppm": cap_ppm, "within_ppm": 10_000, "bid_quote": quote, "ask_quote": quote,
        "depth_in_gap_ppm": in_gap_ppm,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cap", "depth", "in_gap"), [(0.02, 2.94, 0.25), (0.05, 2.94, 1.0), (0.03, 4.0, 0.5), (0.2, 2.5, 1.0)]
)
@pytest.mark.parametrize("fall", [0.03, 0.1])
def test_a_cascade_of_even_thresholds_stops_where_lambert_says(fall, cap, depth, in_gap):
    """X = c + W(-a B k e^(-k c)) / k; the share liquidated is h X, to one level of 1 / LEVELS."""
    world = config(
        shock(-fall), even_longs(), max_leverage=1000, maintenance_ppm=100, seed_quote=OI,
        reduced={"impact": bounded(int(cap * 1e6), depth, int(in_gap * 1e6)), "buckets": 4 * LEVELS},
    )  # fmt: skip
    batch = simulate_batch(world, paths=1)
    end = bounded_uniform_fall(fall, 1 / HELD_TO, cap=cap, depth=in_gap * depth)
    assert end <= fall + (1 - fall) * cap
    assert int(batch.flow("reached")[0, 0]) == pytest.approx(min(end / HELD_TO, 1) * LEVELS, abs=1.01)


def test_the_closed_form_solves_its_equation_and_ends_at_the_linear_one():
    """X - X0 - (1 - X0) b(h X) = 0; with a cap of a thousand prices X0 / (1 - a h / D): .05 / (1 - .95 x 2 / 4)."""
    end = bounded_uniform_fall(0.05, 2.0, cap=0.03, depth=0.735)
    assert end == pytest.approx(0.05 + 0.95 * bounded_basis(2.0 * end, cap=0.03, depth=0.735), abs=1e-12)
    assert bounded_uniform_fall(0.05, 2.0, cap=1e3, depth=4.0) == pytest.approx(0.05 / (1 - 0.95 * 0.5), rel=1e-3)


def test_depth_over_time_is_a_flow_whose_impact_decays():
    """Impact of a flow q / t that decays at k: q / (D t) (1 - e^(-k t)) / k, summed numerically; at once it is D."""
    times = (np.arange(100_000) + 0.5) / 100_000 * 120
    numeric = 1 / np.mean(0.5 ** ((120 - times) / 60) / 2.0)
    assert depth_over_time(2.0, half_life=60, duration=120) == pytest.approx(numeric, rel=1e-8)
    assert depth_over_time(2.0, half_life=60, duration=1e-6) == pytest.approx(2.0, rel=1e-6)


def test_one_large_order_meets_the_mean_of_its_walk():
    """One long of 10x in a gap of 20% with B = .05, D = 2: it sells all of the open interest at a price of .8.

    Mean basis B - b(1) D B = .05 - .05 (1 - e^-10) / 10; fill .8 (1 - that), bankruptcy .9: draw .9 - fill.
    """
    mean = 0.05 - 0.05 * (1 - math.exp(-10)) / 10
    world = config(shock(-0.2), longs_of((10, 1)), reduced={"impact": bounded(50_000, 2.0)})
    required = int(simulate_batch(world, paths=1).outcomes["required"][0])
    assert required / 1e6 / OI == pytest.approx(0.9 - 0.8 * (1 - mean), abs=1e-7)


CURVE = [
    {"delay_s": 60, "low_ppm": 250_000, "middle_ppm": 400_000, "high_ppm": 700_000},
    {"delay_s": 300, "low_ppm": 350_000, "middle_ppm": 600_000, "high_ppm": 1_000_000},
]


@pytest.mark.parametrize(
    ("delay", "expected"),
    [(60, (0.25, 0.4, 0.7)), (60 * math.sqrt(5), (0.3, 0.5, 0.85)), (6, (0.025, 0.04, 0.07)), (900, (0.35, 0.6, 1.0))],
)
def test_shares_are_read_from_the_curve_at_the_venues_delay(delay, expected):
    """Half-way between 60 s and 300 s in the logarithm: the means; a tenth of the first delay: a tenth of it."""
    stated = Concentration.model_validate({"liquidation_delay_s": delay, "curve": CURVE})
    assert gap_shares(stated) == pytest.approx(expected, abs=1e-9)


def test_a_curve_that_falls_is_refused():
    with pytest.raises(ConfigError, match="low_ppm must not fall with the delay"):
        config(GBM, longs_of((5, 1)), reduced={
            "jumps": LAW, "concentration": {"liquidation_delay_s": 9, "curve": [CURVE[1] | {"delay_s": 1}, CURVE[0]]}
        })  # fmt: skip


def test_stressed_depth_on_linear_impact_is_refused():
    stress = {"volatility_multiplier": 1, "depth_multiplier": 0.5, "half_life_hours": 6}
    with pytest.raises(ConfigError, match=r"use impact \{kind: bounded\}"):
        config(GBM, longs_of((5, 1)), reduced={"impact": {"kind": "linear"}, "stress": stress})


def test_gap_shares_of_paths_have_the_stated_quantiles_and_do_not_depend_on_sizes():
    """Without impact the draw of one 2x long tells the gap: .5 - e^(share x size); median share .4, ends .25 and .7."""
    law = LAW | {"down_threshold": 2.5, "down_xi": 0, "down_beta": 1e-9, "rises_per_year": 0}
    reduced = {
        "jumps": law | {"falls_per_year": 5},
        "concentration": {"liquidation_delay_s": 60, "curve": CURVE, "slow_first_ppm": 0},
    }
    batch = simulate_batch(config(GBM, longs_of((2, 1)), reduced=reduced, days=30), paths=20_000)
    once = batch.outcomes["n_jumps"] == 1
    share = -np.log(0.5 - batch.outcomes["required"][once] / 1e6 / OI) / 2.5
    bankrupt = batch.outcomes["required"][once] > 0
    assert bankrupt.mean() == pytest.approx(1 - 0.5 * (math.log(2) / 2.5 - 0.25) / 0.15, abs=0.02)  # share > .277
    for at, expected in ((0.5, 0.4), (0.75, 0.55), (0.9, 0.64)):
        assert np.quantile(share, at) == pytest.approx(expected, abs=0.01)
    assert share.max() <= 0.7 + 1e-6


def test_what_comes_slowly_costs_the_fund_nothing():
    """A share of 0: every level is closed at its own price, above bankruptcy."""
    zero = [{"delay_s": 60, "low_ppm": 0, "middle_ppm": 0, "high_ppm": 0}]
    reduced = {"jumps": LAW | {"falls_per_year": 50}, "concentration": {"liquidation_delay_s": 60, "curve": zero}}
    batch = simulate_batch(
        config(GBM, even_longs(), max_leverage=1000, maintenance_ppm=100, seed_quote=OI, reduced=reduced, days=30),
        paths=500,
    )
    assert (batch.flow("notional") > 0).any()
    assert (batch.outcomes["required"] == 0).all()


@pytest.fixture(scope="module")
def btc():
    return lower(load_config("btc").config)


def test_the_draw_of_every_event_lies_between_the_two_closed_forms(btc):
    """S(g) <= draw <= S(1 - (1 - g)(1 - B)) on the book that the slow part has left, event by event.

    The gap at the cap is the same gap, 2% of the price deeper, without impact. A quantum a level for rounding.
    """
    quiet, found, full = (
        one_event(btc, has_impact=False),
        one_event(btc),
        one_event(btc, has_impact=False, further=0.02),
    )
    slack = 2 * btc.index.opening.shape[1]
    assert (quiet.required <= found.required + slack).all()
    assert (found.required <= full.required + slack).all()
    assert (found.required > quiet.required + slack).mean() > 0.1
    assert np.abs(np.expm1(found.basis)).max() <= 0.02 + 1e-12


def test_one_event_at_a_time_agrees_with_paths_where_events_are_all_there_is():
    """No diffusion, no renewal, .25 jumps within 30 days: P(M > u) of paths within 4 standard errors, but for pairs."""
    curve = [{"delay_s": 60, "low_ppm": 300_000, "middle_ppm": 500_000, "high_ppm": 900_000}]
    reduced = {
        "jumps": LAW, "impact": bounded(20_000, 2.94, 250_000), "buckets": 4 * LEVELS,
        "concentration": {"liquidation_delay_s": 60, "curve": curve},
    }  # fmt: skip
    world = config(GBM, even_longs(), max_leverage=1000, maintenance_ppm=100, seed_quote=OI, reduced=reduced, days=30)
    lowered = lower(world)
    batch = simulate_batch(world, paths=100_000, lowered=lowered)
    events = one_event(lowered)
    for share in (0.0001, 0.001, 0.005):
        fund = share * OI * 1e6
        p = float(probability_beyond(events.rate, events.required[None, :], np.array([fund]), 30)[0])
        found = float((batch.outcomes["required"] > fund).mean())
        assert found == pytest.approx(p, abs=4 * math.sqrt(p / 100_000) + p * 0.25 / 2)
        assert p > 1e-4


def test_the_fund_of_two_books_is_where_their_mean_rate_is_the_wanted_one():
    """Books that draw 1, 2, 3 and 2, 4, 6 with rates .1, .02, .01: beyond 3 are 4 and 6, (.02 + .01) / 2 = .015 a year;
    beyond 2 are 3, 4, 6: .02."""
    rate, draw = np.array([0.1, 0.02, 0.01]), np.array([[1.0, 2, 3], [2, 4, 6]])
    assert fund_at(rate, draw, 0.015) == 3
    assert fund_at(rate, draw, 0.0149) == 4
    assert fund_at(rate, draw, 1.0) == 0
    found = probability_beyond(rate, draw, np.array([2.0, 3.0, 6.0]), 365)
    assert found == pytest.approx([1 - math.exp(-0.02), 1 - math.exp(-0.015), 0])


def test_a_probability_says_which_fall_is_as_rare():
    """nu T S(G) = -ln(1 - p): G = u + beta / xi ((nu T / -ln(1 - p))^xi - 1); 1e-2 in thirty days: -19%."""
    world = ReducedWorld(load_config("btc").config, books=2)
    found = answer_one_event(world.one_event, 1e-2, 30)
    ratio = 87.6 / yearly_rate(1e-2, 30)
    size = 0.0275 + 0.0099 / 0.277 * (ratio**0.277 - 1)
    assert found.fall == pytest.approx(1 - math.exp(-size), rel=0.01)
    assert found.years == pytest.approx(1 / (-math.log(0.99) * 365 / 30))
    assert found.no_impact < found.fund < found.at_cap
    assert found.low <= found.fund <= found.high


def test_every_quantile_of_a_longer_delay_is_larger():
    config_ = load_config("btc").config
    funds = []
    for delay in (10, 60, 300):
        world = ReducedWorld(with_settings(config_, [("reduced.concentration.liquidation_delay_s", delay)]))
        funds.append(answer_one_event(world.one_event, 1e-2, 30).fund)
    assert funds == sorted(funds)
    assert funds[0] < funds[2] / 2


def test_a_fund_that_is_given_changes_nothing_but_the_seed(btc):
    poor = replace(btc, params=btc.params.copy())
    poor.params["seed"] = 0
    assert (one_event(poor).required == one_event(btc).required).all()
