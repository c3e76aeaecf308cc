"""The reduced engine against closed forms: through-liquidation under Kou jumps, first passage, one gap, fixed points.

Tolerances are 4 standard errors unless said; seeds are the configs' own.
"""

import math

import pytest
from clearsim.reduced.run import simulate_batch

from tests.reduced.reduced_worlds import KOU, config, longs_of, shock

QUANTA = 1e6
K = 4.0

#: Leverage, maintenance, P(liquidated), P(through bankruptcy), E[shortfall per notional]; T = 7 days, sigma .5,
#: 50 jumps a year, 60% down with eta 25, up 30. Source: Kou & Wang 2003 (Adv. Appl. Prob. 35, Thm 3.1, Cor. 3.3) by
#: Gaver-Stehfest inversion; the overshoot is exponential and independent of the time of crossing.
KOU_TABLE = [
    (5, 0.02, 0.0320502, 0.0071509, 2.2003e-4),
    (10, 0.02, 0.318899, 0.0452988, 1.56804e-3),
    (20, 0.01, 0.620470, 0.0741269, 2.70848e-3),
    (50, 0.005, 0.852076, 0.0543705, 2.04935e-3),
    (100, 0.005, 0.950031, 0.0224565, 8.5508e-4),
]


@pytest.mark.parametrize(("leverage", "maintenance", "liquidated", "through", "shortfall"), KOU_TABLE)
def test_kou_through_liquidation_agrees_with_its_closed_form(leverage, maintenance, liquidated, through, shortfall):
    world = config(KOU, longs_of((leverage, 1)), maintenance_ppm=int(maintenance * 1e6), max_leverage=leverage)
    batch = simulate_batch(world, paths=200_000)
    n = len(batch.outcomes)
    required = batch.outcomes["required"] / 1e12  # of the long notional
    assert (batch.flow("reached")[:, 0] > 0).mean() == pytest.approx(liquidated, abs=K * math.sqrt(liquidated / n))
    assert (required > 0).mean() == pytest.approx(through, abs=K * math.sqrt(through / n))
    assert required.mean() == pytest.approx(shortfall, abs=K * required.std() / math.sqrt(n))


#: Leverage, maintenance, P(liquidated within a day) at sigma .8 without jumps (reflection principle).
PASSAGE = [(20, 0.01, 0.33138), (50, 0.005, 0.72221), (100, 0.005, 0.90650)]


@pytest.mark.parametrize(("leverage", "maintenance", "probability"), PASSAGE)
@pytest.mark.parametrize("steps", [1, 7])
def test_without_jumps_nobody_falls_short_and_passage_is_exact_whatever_the_step(
    leverage, maintenance, probability, steps
):
    price = {"kind": "gbm", "initial_price": 10000, "annual_volatility": 0.8}
    world = config(
        price, longs_of((leverage, 1)), maintenance_ppm=int(maintenance * 1e6), max_leverage=leverage, days=1,
        reduced={"steps": steps},
    )  # fmt: skip
    batch = simulate_batch(world, paths=100_000)
    assert (batch.outcomes["required"] == 0).all()
    liquidated = (batch.flow("reached")[:, 0] > 0).mean()
    assert liquidated == pytest.approx(probability, abs=K * math.sqrt(probability * (1 - probability) / 100_000))


def test_marks_seen_at_steps_only_shift_the_barrier_and_manufacture_shortfall():
    """Broadie, Glasserman & Kou 1997: hourly marks, 20x, m = 1%, sigma .8, a day: .27593 (simulated .27748)."""
    price = {"kind": "gbm", "initial_price": 10000, "annual_volatility": 0.8}
    reduced = {"steps": 24, "marks": "discrete"}
    world = config(price, longs_of((20, 1)), maintenance_ppm=10_000, max_leverage=20, days=1, reduced=reduced)
    batch = simulate_batch(world, paths=200_000)
    liquidated = (batch.flow("reached")[:, 0] > 0).mean()
    assert liquidated == pytest.approx(0.2775, abs=0.004)
    through = (batch.outcomes["required"] > 0).mean() / liquidated
    assert through == pytest.approx(0.1256, abs=0.01)
    assert batch.lowered.step_ratio == pytest.approx(-math.log1p(-0.01) / (0.8 * math.sqrt(1 / 24 / 365)))


#: Shortfall over long notional after a gap g of a book {leverage: share}, zero impact: sum of share x (g - 1/L)+.
DISCRETE = [(2, 0.30), (5, 0.30), (10, 0.20), (20, 0.10), (50, 0.07), (100, 0.03)]
GAPS = [(0.02, 3e-4), (0.05, 3.3e-3), (0.10, 0.0133), (0.20, 0.0533), (0.30, 0.1233), (0.50, 0.2633)]


@pytest.mark.parametrize(("gap", "expected"), GAPS)
def test_one_gap_takes_exactly_what_the_book_says(gap, expected):
    batch = simulate_batch(config(shock(-gap), longs_of(*DISCRETE)), paths=2)
    n_long = sum(lev > 0.9 / gap for lev, _ in DISCRETE)
    assert batch.outcomes["required"][0] / 1e12 == pytest.approx(expected, abs=1e-12 * (1 + n_long))
    assert batch.outcomes[0] == batch.outcomes[1]
