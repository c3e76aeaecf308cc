"""Closed forms of a single gap and of Kou's jump diffusion give their published tables.

Values computed by another implementation of the same theorems (Merton 1976; Kou 2002; Kou & Wang 2003) and checked
there against Monte Carlo; printed here to all their digits, met to 1e-9. Kou's table was inverted there with 14 terms
of Gaver-Stehfest, whose own error is 1e-6 to 1.3e-3: it is met to that, and to 1e-9 when inverted with 14 terms here.
"""

import math

import pytest
from clearsim.analysis.closed_forms import kou
from clearsim.analysis.closed_forms.gap import bankruptcy_price, exponential_gap, liquidation_price, lognormal_gap
from clearsim.analysis.closed_forms.kou import KouLaw, liquidation_by

LOGNORMAL = [  # leverage, P, E[shortfall]; log size N(-0.05, 0.10)
    (2, 6.318711300628872e-11, 4.631793332589881e-13),
    (3, 0.00018924049731933737, 3.060371094656646e-06),
    (5, 0.04168705860652293, 0.001306731356757622),
    (10, 0.2899245481137869, 0.015543685948251756),
    (20, 0.4948406457048948, 0.03507974210602338),
    (50, 0.6171380865910708, 0.05178244700423307),
    (100, 0.6552363510368806, 0.05814576520483261),
]
EXPONENTIAL = [  # down with probability 0.6, eta 12
    (2, 0.0001464843750000001, 5.634014423076927e-06),
    (3, 0.004624407977555367, 0.0002371491270541214),
    (5, 0.041231686041600026, 0.0025373345256369246),
    (10, 0.16945772188860003, 0.01173168843844154),
    (20, 0.32421605259758196, 0.023692711535977143),
    (50, 0.4708300342408799, 0.035493341042774025),
    (100, 0.5318309230296775, 0.04050097029226006),
]
KOU = [  # leverage, m, P(liquidated), P(by a jump), P(through), E[shortfall]
    (3, 0.02, 0.0007840350402721932, 0.00033684528174323096, 0.00020327424692447518, 5.2121601775506465e-06),
    (5, 0.02, 0.03205017486758023, 0.011849718200471851, 0.007150886991803819, 0.00022002729205550215),
    (10, 0.02, 0.3188993367842489, 0.07506458760589062, 0.045298831075553096, 0.0015680364603076072),
    (20, 0.01, 0.6204696030858431, 0.09530061503765312, 0.07412685394016211, 0.002708481201659769),
    (50, 0.005, 0.8520763341438998, 0.06162921214662761, 0.05437053851274102, 0.0020493510670187),
    (100, 0.005, 0.9500306981364471, 0.02545454282696533, 0.02245651295695602, 0.0008550749164379408),
]
LAW = KouLaw(mu=0, sigma=0.5, jump_rate=50, down_share=0.6, down_eta=25, up_eta=30)


@pytest.mark.parametrize(("leverage", "probability", "shortfall"), LOGNORMAL)
def test_lognormal_gap(leverage, probability, shortfall):
    found = lognormal_gap(bankruptcy_price(leverage), log_mean=-0.05, log_sd=0.10)
    assert found == pytest.approx((probability, shortfall), rel=1e-9)


@pytest.mark.parametrize(("leverage", "probability", "shortfall"), EXPONENTIAL)
def test_exponential_gap(leverage, probability, shortfall):
    found = exponential_gap(bankruptcy_price(leverage), down_share=0.6, down_eta=12)
    assert found == pytest.approx((probability, shortfall), rel=1e-9)
    # Memoryless: the mean shortfall given a shortfall is p_b / (eta + 1), whatever else.
    assert found.expected_shortfall / found.probability == pytest.approx((1 - 1 / leverage) / 13, rel=1e-12)


def test_a_position_under_water_has_no_gap_formula():
    with pytest.raises(ValueError, match="above bankruptcy"):
        exponential_gap(0.9, down_share=0.6, down_eta=12, price=0.85)


@pytest.mark.parametrize(("leverage", "m", "hit", "by_jump", "through", "shortfall"), KOU)
def test_kou_table(leverage, m, hit, by_jump, through, shortfall):
    found = liquidation_by(LAW, leverage=leverage, maintenance=m, horizon=7 / 365)
    assert found == pytest.approx((hit, by_jump, through, shortfall), rel=1.5e-3 if leverage <= 5 else 3e-5)


def test_kou_table_inverted_as_its_source_did(monkeypatch):
    monkeypatch.setattr(kou, "TERMS", 14)
    for leverage, m, *expected in KOU:
        found = liquidation_by(LAW, leverage=leverage, maintenance=m, horizon=7 / 365)
        assert found == pytest.approx(tuple(expected), rel=1e-9)


def test_shortfall_over_a_horizon_is_not_monotone_in_leverage():
    """High leverage dies by diffusion first, which leaves nothing unpaid; per jump it is monotone."""
    week = [liquidation_by(LAW, leverage=x, maintenance=0.005, horizon=7 / 365) for x in (20, 100)]
    assert week[1].expected_shortfall < week[0].expected_shortfall
    assert week[1].probability > week[0].probability
    gaps = [exponential_gap(bankruptcy_price(x), down_share=0.6, down_eta=12).expected_shortfall for x in (5, 20, 100)]
    assert gaps == sorted(gaps)


def test_few_jumps_leave_the_first_passage_of_the_diffusion():
    """Another route to the same number: at one jump in 1e9 years Kou & Wang reduce to the reflection principle."""
    rare = KouLaw(mu=0, sigma=0.5, jump_rate=1e-9, down_share=0.6, down_eta=25, up_eta=30)
    found = liquidation_by(rare, leverage=10, maintenance=0.02, horizon=7 / 365)
    b, nu, spread = math.log(liquidation_price(10, 0.02)), -0.125, 0.5 * math.sqrt(7 / 365)

    def cdf(x):
        return 0.5 * math.erfc(-x / math.sqrt(2))

    expected = cdf((b - nu * 7 / 365) / spread) + math.exp(2 * nu * b / 0.25) * cdf((b + nu * 7 / 365) / spread)
    assert found.probability == pytest.approx(expected, rel=1e-6)
    assert found.expected_shortfall < 1e-9
