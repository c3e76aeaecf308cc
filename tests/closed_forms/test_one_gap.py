"""A whole book against one gap: the printed tables, exact, and the same through the clearing house's own prices."""

import math
from fractions import Fraction

import numpy as np
import pytest
from clearsim.analysis.closed_forms.book import (
    ParetoLeverage,
    discrete_shortfall,
    lognormal_shortfall,
    sizing_gap,
    sizing_rule,
    with_slippage,
)

from tests.exact_margin import bankruptcy_price

BOOK = {2: 0.3, 5: 0.3, 10: 0.2, 20: 0.1, 50: 0.07, 100: 0.03}
PARETO = {
    0.02: 2.2627416997969522e-05,
    0.05: 0.00022360679774997898,
    0.1: 0.001264911064067352,
    0.2: 0.007155417527999327,
    0.3: 0.01971801207018598,
    0.5: 0.07071067811865475,
}
DISCRETE = {0.02: 0.0003, 0.05: 0.0033, 0.1: 0.0133, 0.15: 0.0333, 0.2: 0.0533, 0.3: 0.1233, 0.5: 0.2633}
# printed to their digits: Pareto 1.5 cut off at 100x, lognormal of median 5 and log sd 0.8
PRINTED = {
    0.02: (8.636e-6, 7.648e-6),
    0.05: (1.7979e-4, 5.1999e-4),
    0.10: (1.17208e-3, 6.14355e-3),
    0.20: (6.96839e-3, 0.0416496),
    0.30: (0.0194435, 0.102204),
}


@pytest.mark.parametrize("gap", PARETO)
def test_pareto_leverage(gap):
    assert ParetoLeverage(1.5).shortfall(gap) == pytest.approx(PARETO[gap], abs=1e-12)
    assert PARETO[gap] == pytest.approx(gap**2.5 / 2.5, abs=1e-15)


@pytest.mark.parametrize("gap", DISCRETE)
def test_discrete_leverage(gap):
    assert discrete_shortfall(gap, BOOK) == pytest.approx(DISCRETE[gap], abs=1e-12)


@pytest.mark.parametrize("gap", DISCRETE)
def test_the_clearing_house_gives_the_same_shortfall(gap):
    """Each position at the house's own bankruptcy price, in rationals: nothing is lost to rounding."""
    exit_price = 1 - Fraction(gap).limit_denominator(1_000)
    total = sum(
        Fraction(share).limit_denominator(1_000)
        * max(bankruptcy_price(size=1, entry=1, margin=Fraction(1, leverage)) - exit_price, Fraction(0))
        for leverage, share in BOOK.items()
    )
    assert float(total) == pytest.approx(DISCRETE[gap], abs=1e-12)


@pytest.mark.parametrize("gap", PRINTED)
def test_cut_off_and_lognormal_leverage(gap):
    cut, lognormal = PRINTED[gap]
    assert ParetoLeverage(1.5, largest=100).shortfall(gap) == pytest.approx(cut, rel=5e-5)
    assert lognormal_shortfall(gap, median=5, log_sd=0.8) == pytest.approx(lognormal, rel=7e-5)


def test_a_scale_of_leverage_multiplies_the_shortfall():
    """Smallest leverage 2.3: C = 2.3^1.69 times the law from 1, until every position is hit; then g - E[1/L]."""
    law = ParetoLeverage(1.69, smallest=2.3)
    assert law.shortfall(0.2) == pytest.approx(2.3**1.69 * ParetoLeverage(1.69).shortfall(0.2), rel=1e-12)
    assert law.shortfall(0.6) == pytest.approx(0.6 - 1.69 / 2.69 / 2.3, rel=1e-12)
    assert ParetoLeverage(1.5, largest=100).shortfall(0.01) == 0.0


def test_the_integral_by_sampling_agrees():
    """Seed 3, 400,000 leverages from the cut-off law, 4 standard errors."""
    u = np.random.default_rng(3).random(400_000)
    leverage = (1 - u * (1 - 100**-1.5)) ** (-1 / 1.5)
    losses = np.maximum(0.2 - 1 / leverage, 0)
    assert abs(losses.mean() - ParetoLeverage(1.5, largest=100).shortfall(0.2)) < 4 * losses.std() / len(u) ** 0.5


def test_slippage_widens_the_gap():
    assert with_slippage(0.1, 0.02) == pytest.approx(0.118)


@pytest.mark.parametrize(("eta", "mean"), [(10, 0.0028201062633691517), (25, 0.00035946679836763916)])
def test_mean_shortfall_per_exponential_jump(eta, mean):
    """And by sampling: seed 4, 2,000,000 jumps, 4 standard errors."""
    law = ParetoLeverage(1.5)
    assert law.mean_shortfall(eta) == pytest.approx(mean, rel=1e-12)
    gaps = -np.expm1(-np.random.default_rng(4).exponential(1 / eta, 2_000_000))
    losses = gaps**2.5 / 2.5
    assert abs(losses.mean() - mean) < 4 * losses.std() / len(gaps) ** 0.5
    with pytest.raises(ValueError, match="untruncated"):
        ParetoLeverage(1.5, smallest=2).mean_shortfall(eta)


SIZING = [  # eta, jumps in the horizon, alpha, fund per long open interest at 1e-3, at 1e-4
    (35, 1, 1.0, 0.016039942437721666, 0.02676728553962335),
    (35, 1, 1.5, 0.005430639731515788, 0.010300371786819789),
    (35, 1, 2.0, 0.0019152609186947134, 0.004128860753271383),
    (35, 5, 1.0, 0.023328358716615837, 0.03535657834327212),
    (35, 5, 1.5, 0.008673666444769305, 0.014585968537879954),
    (35, 5, 2.0, 0.0033593094830868847, 0.006268001368634376),
    (35, 30, 1.5, 0.01315076203233224, 0.020140298062018683),
    (25, 1, 1.0, 0.029142393639394696, 0.04748407524238267),
    (25, 1, 1.5, 0.011455235211819913, 0.021087857903789968),
    (25, 1, 2.0, 0.004690418227917838, 0.009755414242838155),
    (25, 5, 1.5, 0.01791630522961816, 0.02925956204100174),
    (25, 30, 1.0, 0.05709255184991451, 0.07847507909016399),
    (25, 30, 1.5, 0.026550445008639977, 0.03951501839942968),
    (25, 30, 2.0, 0.012861538474878703, 0.02072628100021373),
    (12, 1, 1.0, 0.09577255781806988, 0.14356285114031625),
    (12, 1, 1.5, 0.05068726334483048, 0.08407174841128437),
    (12, 1, 2.0, 0.027943793825191427, 0.05128458564191046),
    (12, 30, 2.0, 0.0638497998993473, 0.09171015610599714),
]


@pytest.mark.parametrize(("eta", "jumps", "alpha", "at_3", "at_4"), SIZING)
def test_sizing_rule(eta, jumps, alpha, at_3, at_4):
    law = ParetoLeverage(alpha)
    assert sizing_rule(1e-3, expected_jumps=jumps, eta=eta, leverage=law) == pytest.approx(at_3, rel=1e-12)
    assert sizing_rule(1e-4, expected_jumps=jumps, eta=eta, leverage=law) == pytest.approx(at_4, rel=1e-12)


def test_sizing_rule_with_the_scale_of_leverage():
    """Leverage 1.69 from 2.3x, eta 35, one jump, 1e-3: 1.48% of long open interest, not 0.54%."""
    found = sizing_rule(1e-3, expected_jumps=1, eta=35, leverage=ParetoLeverage(1.69, smallest=2.3))
    assert found == pytest.approx(0.0148, abs=1.5e-4)


def test_sizing_gap_is_exceeded_as_often_as_said():
    """Some jump among Poisson(n) exceeds g*: 1 - exp(-p) = p to first order."""
    g = sizing_gap(1e-3, expected_jumps=5, eta=25)
    assert 1 - math.exp(-5 * (1 - g) ** 25) == pytest.approx(1e-3, rel=1e-3)
    assert sizing_gap(2, expected_jumps=1, eta=25) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize(("p", "printed"), [(1e-3, 0.01192), (1e-4, 0.02119)])
def test_the_rule_is_a_little_low_against_all_jumps_together(p, printed):
    """4,000,000 horizons with Poisson(1) jumps (eta 25, alpha 1.5), seed 6: 4% low at 1e-3, 0.5% at 1e-4.

    k = 4 standard errors of an empirical quantile: sqrt(p / n) / density, with the rule's own density.
    """
    generator, n = np.random.default_rng(6), 4_000_000
    counts = generator.poisson(1.0, n)
    losses = (-np.expm1(-generator.exponential(1 / 25, counts.sum()))) ** 2.5 / 2.5
    totals = np.bincount(np.repeat(np.arange(n), counts), weights=losses, minlength=n)
    found = np.quantile(totals, 1 - p)
    law = ParetoLeverage(1.5)
    slope = sizing_rule(p * 1.05, expected_jumps=1, eta=25, leverage=law) - sizing_rule(
        p, expected_jumps=1, eta=25, leverage=law
    )
    error = math.sqrt(p / n) * abs(slope) / (0.05 * p)
    assert abs(found - printed) < 4 * error + 5e-6
    assert found > sizing_rule(p, expected_jumps=1, eta=25, leverage=law) - 4 * error
