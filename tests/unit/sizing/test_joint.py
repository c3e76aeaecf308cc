"""Joint draws of what is not known: mixtures and quantiles by hand, weights, and that workers change no number."""

import math
from datetime import date

import numpy as np
import pytest
from clearsim.analysis.backtest.windows import Windows
from clearsim.analysis.sizing.joint import JOINT_SIZES, explained, fund_of, joint_answer, mean_beyond

DAYS = 30


def rates_of(probability, size):
    """Yearly rates of a draw of `size` that comes within thirty days with this probability, and of nothing above."""
    yearly = -math.log1p(-probability) * 365 / DAYS
    return np.where(size > JOINT_SIZES, yearly, 0.0)


def test_a_curve_is_crossed_between_two_sizes():
    """P = .02 up to 1% of open interest, 0 beyond: .01 is crossed at the step; a curve below .01 needs no fund."""
    curve = -np.expm1(-rates_of(0.02, 0.01) * DAYS / 365)
    assert fund_of(curve, 0.01) == pytest.approx(0.01, rel=0.06)  # a step of the grid
    assert fund_of(curve / 4, 0.01) == 0


def test_the_predictive_fund_mixes_draws_and_the_interval_ranks_them():
    """Half of the draws have P(1%) = .005, half P(3%) = .03. The mixture is .015 beyond 1%, so 1e-2 needs 3%."""
    rates = np.stack([rates_of(0.005, 0.01), rates_of(0.03, 0.03)] * 50)
    found = joint_answer(rates, {"delay": np.tile([1.0, 2.0], 50)}, 0.01, DAYS)
    assert found.before.value == pytest.approx(0.03, rel=0.06)
    assert found.before.low == 0
    assert found.before.high == pytest.approx(0.03, rel=0.06)
    assert found.shares["delay"] == pytest.approx(1, abs=1e-9)
    assert found.after is None


def test_a_history_moves_the_weights_by_its_likelihood():
    """60 windows of 30 days without a draw: .995^60 against .97^60, .740 and .161, so .822 and .178."""
    rates = np.stack([rates_of(0.005, 0.01), rates_of(0.03, 0.03)] * 1_000)
    none = Windows(np.zeros(60), np.zeros(60), DAYS, (date(2025, 1, 1),) * 60, 0.0, "", "made")
    delay = np.tile([1.0, 2.0], 1_000)
    found = joint_answer(rates, {"delay": delay}, 0.01, DAYS, windows=none)
    share = 0.995**60 / (0.995**60 + 0.97**60)
    assert found.overlap["delay"] == pytest.approx(0.5 + 1 - share, abs=1e-3)
    assert found.effective == pytest.approx(2_000 / (2 * (share**2 + (1 - share) ** 2)), rel=1e-3)
    assert found.after.value == 0  # P = .822 x .005 + .178 x .03 = .0095
    assert found.before.value == pytest.approx(0.03, rel=0.06)


def test_the_mean_beyond_a_fund_of_a_pareto_is_in_closed_form():
    """P(M > u) = (u / .001)^-2 above .1%: E[M | M > f] = 2 f, cut at the end of the sizes: 2 f - f^2."""
    curve = np.minimum(1.0, (np.maximum(JOINT_SIZES, 1e-9) / 0.001) ** -2.0)
    assert mean_beyond(curve, 0.01) == pytest.approx(2 * 0.01 - 0.01**2, rel=2e-3)


def test_a_parameter_explains_what_it_moves_and_nothing_else():
    """y = x + z with independent even x, z: half each; a third that is not in y: 0."""
    generator = np.random.default_rng(4)
    x, z, other = generator.random((3, 20_000))
    equal = np.full(20_000, 1 / 20_000)
    assert explained(x, x + z, equal) == pytest.approx(0.5, abs=0.02)
    assert explained(other, x + z, equal) == pytest.approx(0, abs=0.005)
