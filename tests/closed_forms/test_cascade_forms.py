"""Cascades: where they stop, and how many orders they take, against simulation written here."""

import math

import numpy as np
import pytest
from clearsim.analysis.closed_forms.cascade import (
    borel_mean,
    borel_pmf,
    borel_tail,
    borel_variance,
    linear_uniform_fall,
    pareto_notional,
    smallest_fixed_point,
    square_root_fall,
)

BOREL = [  # R0, mean, variance, P(N >= 20)
    (0.2, 1.25, 0.39062499999999994, 3.5356875205394545e-09),
    (0.5, 2.0, 4.0, 0.0008238680040846269),
    (0.8, 5.0, 100.0, 0.05167491727516793),
    (0.9, 10.0, 900.0, 0.10610040037387203),
    (0.95, 20.0, 7600.0, 0.14116719792678822),
]


@pytest.mark.parametrize(("branching", "mean", "variance", "tail"), BOREL)
def test_borel_table(branching, mean, variance, tail):
    assert borel_mean(branching) == pytest.approx(mean, rel=1e-12)
    assert borel_variance(branching) == pytest.approx(variance, rel=1e-12)
    assert borel_tail(20, branching) == pytest.approx(tail, abs=1e-14)
    n = np.arange(1, 40_000)
    law = borel_pmf(n, branching)
    assert law.sum() == pytest.approx(1, abs=1e-9)
    assert (law * n).sum() == pytest.approx(mean, rel=1e-6)


def cascade_sizes(branching, runs, generator):
    """Orders in a cascade: each order of a generation causes Poisson(R0) more; the sum of Poissons is Poisson."""
    size, generation = np.ones(runs, np.int64), np.ones(runs, np.int64)
    while generation.any():
        generation = generator.poisson(branching * generation)
        size += generation
    return size


@pytest.mark.parametrize(("branching", "mean", "variance", "tail"), BOREL[1:])
def test_cascades_have_borel_sizes(branching, mean, variance, tail):
    """100,000 cascades, seed 8, 4 standard errors; of the variance its fourth moment taken from the sample."""
    sizes = cascade_sizes(branching, 100_000, np.random.default_rng(8)).astype(float)
    n = len(sizes)
    assert abs(sizes.mean() - mean) < 4 * math.sqrt(variance / n)
    assert abs((sizes >= 20).mean() - tail) < 4 * math.sqrt(tail * (1 - tail) / n)
    square = (sizes - mean) ** 2
    assert abs(square.mean() - variance) < 4 * square.std() / math.sqrt(n)


def test_linear_impact_on_uniform_thresholds():
    """x = x0 + R0 x, so x0 / (1 - R0): 0.05 at R0 = 0.6 becomes 0.125."""
    found = smallest_fixed_point(lambda x: 0.6 * x, 0.05)
    assert found.fall == pytest.approx(0.125, abs=1e-9) == linear_uniform_fall(0.05, 0.6)
    assert found.slope == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("impact", "shock", "fall"),
    [(0.05, 0.01, 0.016404), (0.05, 0.05, 0.0625), (0.05, 0.10, 0.117111), (0.1, 0.01, 0.02618)],
)
def test_square_root_impact(impact, shock, fall):
    assert square_root_fall(shock, impact) == pytest.approx(fall, abs=6e-7)
    assert smallest_fixed_point(lambda x: impact * math.sqrt(x), shock).fall == pytest.approx(fall, abs=6e-7)
    assert square_root_fall(1e-12, impact) >= impact**2


def test_the_illustrative_book():
    """400 m long, Pareto 1.5, m = 0.5%, depth 20 m per 1%, a fall of 10%: 10.755% in all, local R0 0.10.

    That number takes 1/L <= x + m as hit; exactly it is x + m - x m, which is 10.749%.
    """
    rounded = smallest_fixed_point(lambda x: 400e6 * (x + 0.005) ** 1.5 / 2e9, 0.10)
    assert rounded.fall == pytest.approx(0.10755, abs=5e-6)
    assert rounded.slope == pytest.approx(0.10, abs=0.005)

    def response(x):
        return pareto_notional(x, open_interest=400e6, alpha=1.5, maintenance=0.005) / 2e9

    exact = smallest_fixed_point(response, 0.10).fall
    assert exact == pytest.approx(0.10749, abs=5e-6)
    assert exact == pytest.approx(0.10 + response(exact), abs=1e-9)


def test_of_several_fixed_points_the_smallest_is_taken():
    """A step of thresholds at 0.2: below it 0.1 is at rest, though 0.45 is at rest too."""

    def response(x):
        return 0.35 if x >= 0.2 else 0.0

    assert smallest_fixed_point(response, 0.10).fall == 0.10
    assert smallest_fixed_point(response, 0.20).fall == pytest.approx(0.55)


def test_a_larger_shock_stops_lower():
    response = lambda x: 0.5 * x**1.5  # noqa: E731
    falls = [smallest_fixed_point(response, shock).fall for shock in (0.01, 0.05, 0.1, 0.2)]
    assert falls == sorted(falls)


def test_a_supercritical_book_does_not_stop():
    found = smallest_fixed_point(lambda x: 1.5 * x, 0.01)
    assert found.fall == math.inf == linear_uniform_fall(0.01, 1.5)
