"""Numbers worked out by hand, by the binomial formula and logarithms, before the code ran."""

import math

import pytest
from clearsim.analysis.backtest.binomial import Probability, judge, kupiec, power
from hypothesis import given
from hypothesis import strategies as st


def test_one_draw_in_sixty_windows_refuses_only_what_is_far_away():
    """P(X <= 1 | .18) = .82^60 (1 + 60 x .18/.82) = 6.74e-6 x 14.17 = 9.6e-5; P(X >= 1 | 1.7e-6) = 1.0e-4.

    P(X <= 1 | .089) = .911^60 x 6.862 = .0256; 1 - (1 - .00042)^60 = .025.
    """
    band = power(n=60, x=(1, 1))
    assert band.red_high == pytest.approx(0.18, rel=0.01)
    assert band.red_low == pytest.approx(1.7e-6, rel=0.03)
    assert band.green_high == pytest.approx(0.089, rel=0.01)
    assert band.green_low == pytest.approx(0.00042, rel=0.01)
    assert not band.can_test(1e-2)


def test_sixty_windows_without_a_draw_refuse_nothing_below_five_percent():
    """1 - .05^(1/60) = 1 - e^(-2.9957/60) = .0487."""
    assert power(n=60, x=(0, 0)).never == pytest.approx(0.0487, abs=1e-4)
    assert power(n=60, x=(0, 0)).red_low == 0


def test_a_third_per_window_against_one_draw_is_red():
    """P(X <= 1 | .33) = .67^60 (1 + 60 x .33/.67) = 3.68e-11 x 30.55 = 1.1e-9."""
    tails = judge(Probability.exact(0.33), n=60, x=(1, 1))
    assert tails.too_harsh == pytest.approx(1.1e-9, rel=0.05)
    assert (tails.colour, tails.side) == ("red", "too harsh")


def test_the_colours_change_where_the_power_says():
    band = power(n=60, x=(1, 1))
    for p, colour in (
        (band.red_low * 0.99, "red"), (band.red_low * 1.01, "yellow"), (band.green_low * 1.01, "green"),
        (band.green_high * 0.99, "green"), (band.green_high * 1.01, "yellow"), (band.red_high * 1.01, "red"),
    ):  # fmt: skip
        assert judge(Probability.exact(p), n=60, x=(1, 1)).colour == colour, p


def test_kupiec_of_no_draw_in_sixty_windows_refuses_above_three_percent():
    """LR = -120 ln(1 - p) > 3.841 from p = 1 - e^(-.03201) = .0315."""
    assert kupiec(0.0315, n=60, x=0) == pytest.approx(3.841, rel=2e-3)
    assert kupiec(1 / 60, n=60, x=1) == 0
    assert kupiec(0.0, n=60, x=1) == math.inf


def test_a_range_of_counts_takes_the_end_that_is_kinder_to_the_model():
    both = judge(Probability.exact(0.2), n=20, x=(2, 6))
    assert both.too_harsh == judge(Probability.exact(0.2), n=20, x=(6, 6)).too_harsh
    assert both.too_kind == judge(Probability.exact(0.2), n=20, x=(2, 2)).too_kind


def test_a_probability_of_zero_from_few_paths_is_not_refused_for_being_zero():
    """0 of 65,536 paths: up to 5.6e-5, so that one draw in 60 windows has P = 3.4e-3 and not 0."""
    tails = judge(Probability(0.0, 0.0, 5.63e-5), n=60, x=(1, 1))
    assert tails.too_kind == pytest.approx(3.4e-3, rel=0.02)
    assert tails.colour == "yellow"


def test_a_size_below_the_threshold_of_reports_is_silent_but_can_be_too_kind():
    """Three reported draws above it are at least three; how many more there were, nobody knows."""
    assert judge(Probability.exact(0.5), n=60, x=(3, 60), censored=True).colour == "silent"
    assert judge(Probability.exact(1e-4), n=60, x=(3, 60), censored=True).colour == "red"


@given(n=st.integers(1, 200), x=st.integers(0, 200), p=st.floats(1e-6, 1 - 1e-6))
def test_the_tails_are_sums_of_the_binomial(n, x, p):
    x = min(x, n)
    mass = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    tails = judge(Probability.exact(p), n=n, x=(x, x))
    assert tails.too_harsh == pytest.approx(sum(mass[: x + 1]), rel=1e-6, abs=1e-12)
    assert tails.too_kind == pytest.approx(sum(mass[x:]), rel=1e-6, abs=1e-12)


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match=r"range in 0\.\.n"):
        judge(Probability.exact(0.1), n=3, x=(1, 4))
