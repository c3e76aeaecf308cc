"""A fund alone: premiums in, claims out. Its simulated ruin against Cramer-Lundberg, and one set of runs for all funds.

The surplus is simulated here, claim by claim; ruin is checked at claim times, the only times it can happen. Sources:
Asmussen & Albrecher, Ruin Probabilities (2010). k = 4 standard errors, seeds as stated.
"""

import math

import numpy as np
import pytest
from clearsim.analysis.closed_forms.ruin import lomax_ladder_tail, ruin_brackets, ruin_by
from clearsim.analysis.estimators.paired import paired_probability
from clearsim.analysis.estimators.quantiles import exceedance_curve, exhausted, required_fund

K = 4.0


def draw_claims(rate, horizon, runs, seed, size="exponential"):
    """Times (runs, most) rising, inf beyond the horizon, and claim sizes of mean 1."""
    generator = np.random.default_rng(seed)
    most = int(rate * horizon + 12 * math.sqrt(rate * horizon) + 12)
    times = np.cumsum(generator.exponential(1 / rate, (runs, most)), axis=1)
    assert (times[:, -1] > horizon).all()
    if size == "lomax":
        sizes = 1.5 * (generator.random((runs, most)) ** (-1 / 2.5) - 1)
    else:
        sizes = generator.exponential(size=(runs, most))
    return np.where(times <= horizon, times, np.inf), sizes


def drawdowns(times, sizes, *, premium=1.0):
    """Largest claims less premiums of each run: what a fund that never runs dry would have had to hold."""
    lost = np.where(np.isfinite(times), np.cumsum(sizes, axis=1) - premium * np.where(np.isfinite(times), times, 0), 0)
    return np.maximum(lost, 0).max(axis=1)


def is_ruined(times, sizes, fund, *, premium=1.0):
    """The fund as an account, run by run and claim by claim, absorbed at its first negative balance."""
    ruined = np.zeros(len(times), bool)
    for run in range(len(times)):
        balance, before = fund, 0.0
        for time, size in zip(times[run], sizes[run], strict=True):
            if math.isinf(time):
                break
            balance += premium * (time - before) - size
            before = time
            if balance < -1e-9:
                ruined[run] = True
                break
    return ruined


ASMUSSEN = [  # horizon, fund, ruin by then; rate 0.8, unit claims, premium 1
    (10, 0, 0.7135774067152245),
    (10, 2, 0.37050675050378234),
    (10, 5, 0.12326539933750319),
    (10, 10, 0.015134086196441063),
    (10, 20, 0.00010995849069297264),
    (50, 0, 0.7858820831131674),
    (50, 2, 0.5057899464241439),
    (50, 5, 0.2550451106758644),
    (50, 10, 0.07596971867799986),
    (50, 20, 0.005074077942517418),
]


@pytest.mark.parametrize("runs", [20_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_ruin_within_a_horizon(runs):
    """Seed 1. The whole column of funds from one set of runs."""
    for horizon in (10, 50):
        required = np.concatenate(
            [drawdowns(*draw_claims(0.8, horizon, 10_000, seed)) for seed in range(1, 1 + runs // 10_000)]
        )
        for at, fund, exact in ASMUSSEN:
            if at == horizon:
                found = exhausted(required, fund).value
                assert abs(found - exact) < K * math.sqrt(exact * (1 - exact) / runs), (horizon, fund)
                assert exact == pytest.approx(ruin_by(fund, horizon, rate=0.8), rel=1e-9)


def test_the_required_fund_is_a_quantile_of_drawdowns():
    """rate 0.5, horizon 20, 100,000 runs, seeds 20-24: 7.603, 11.95, 16.18 by Asmussen's formula.

    Held against intervals of level 0.9999, four standard errors; at 0.95 these seeds miss at 1e-2, by 2.5.
    """
    required = np.concatenate([drawdowns(*draw_claims(0.5, 20, 20_000, seed)) for seed in range(20, 25)])
    for p, exact in ((1e-2, 7.603), (1e-3, 11.95), (1e-4, 16.18)):
        assert ruin_by(exact, 20, rate=0.5) == pytest.approx(p, rel=6e-3)
        assert required_fund(required, p, level=0.9999).holds(exact)
        assert required_fund(required, p).relative_half_width < {1e-2: 0.02, 1e-3: 0.05, 1e-4: 0.15}[p]


def test_the_curve_equals_absorbing_runs_path_by_path():
    """Funds 0, 2, 5, 10: each run is ruined exactly when its drawdown is larger. 5,000 runs, seed 3."""
    times, sizes = draw_claims(0.8, 20, 5_000, 3)
    required = drawdowns(times, sizes)
    curve = exceedance_curve(required, at=[0, 2, 5, 10])
    for i, fund in enumerate((0.0, 2.0, 5.0, 10.0)):
        ruined = is_ruined(times, sizes, fund)
        assert np.array_equal(ruined, required > fund)
        assert curve["events"].iloc[i] == ruined.sum() > 0


def test_more_fund_and_more_fee_never_hurt():
    """On the same claims, path by path: no run is ruined by a larger fund or a larger premium that was not before."""
    times, sizes = draw_claims(0.8, 20, 20_000, 4)
    by_premium = [drawdowns(times, sizes, premium=premium) for premium in (0.5, 1.0, 1.5)]
    assert (by_premium[0] >= by_premium[1]).all()
    assert (by_premium[1] >= by_premium[2]).all()
    gain = paired_probability(by_premium[0] > 5, by_premium[1] > 5)
    assert gain.high < 0
    assert gain.variance_reduction > 1.2
    curve = exceedance_curve(by_premium[1], at=np.linspace(0, 15, 40))
    assert curve["probability"].is_monotonic_decreasing


def test_heavy_claims_ruin_between_the_brackets():
    """Lomax 2.5, rho 0.5, horizon 400 for ever: at most 0.1% is still to come. 20,000 runs, seeds 5-9."""
    required = np.concatenate([drawdowns(*draw_claims(0.5, 400, 4_000, seed, size="lomax")) for seed in range(5, 10)])

    def ladder(x):
        return lomax_ladder_tail(x, alpha=2.5, scale=1.5)

    for fund in (5, 20):
        low, high = ruin_brackets(fund, rho=0.5, ladder_tail=ladder, step=fund / 2_000)
        estimate = exhausted(required, fund, level=0.9999)
        assert estimate.low - 0.001 < high
        assert low < estimate.high + 0.001
