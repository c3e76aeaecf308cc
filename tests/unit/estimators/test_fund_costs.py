"""The cheapest fund, and the fund by bisection where its size feeds back."""

import math

import numpy as np
import pytest
from clearsim.analysis.estimators.bisection import fund_by_bisection
from clearsim.analysis.estimators.estimate import RefusedError
from clearsim.analysis.estimators.newsvendor import Costs, best_fund
from clearsim.analysis.estimators.quantiles import required_fund


def test_the_cheapest_fund_is_a_quantile_and_the_bottom_of_the_cost_curve():
    """Exp(1) drawdowns, capital 1%: F = ln 100 = 4.605. 100,000 runs, seed 1; the cost by its definition."""
    sample = np.random.default_rng(1).exponential(size=100_000)
    costs = Costs(capital=0.01)
    best = best_fund(sample, costs)
    assert best.holds(math.log(100))
    funds = np.linspace(3, 7, 81)
    cost = [0.01 * fund + np.maximum(sample - fund, 0).mean() for fund in funds]
    assert best.low - 0.05 <= funds[np.argmin(cost)] <= best.high + 0.05


def test_costs_without_a_best_fund_are_refused():
    with pytest.raises(ValueError, match="capital must cost"):
        Costs(1.5)


def test_harm_beyond_money_raises_the_fund():
    """Five times the cost of shortfall: ln 5 more. The 100 runs beyond give it a standard error of 0.1; 3 of them."""
    sample = np.random.default_rng(2).exponential(size=50_000)
    plain, dear = (best_fund(sample, Costs(0.01, shortfall)).value for shortfall in (1.0, 5.0))
    assert dear == pytest.approx(plain + math.log(5), abs=0.3)


def test_weighted_runs_give_the_same_fund():
    loss = np.random.default_rng(3).exponential(5.0, 20_000)
    log_weight = -loss + loss / 5 + math.log(5)
    costs = Costs(1e-4)
    assert best_fund(loss, costs, log_weight=log_weight).holds(math.log(1e4))


def test_bisection_finds_the_order_statistics():
    """Where the path does not depend on the fund both ways must agree to the tolerance. 2,000 runs, seed 4."""
    drawdown = np.random.default_rng(4).exponential(size=2_000)
    found = fund_by_bisection(
        lambda fund: drawdown > fund, 0.05, runs=2_000, smallest=0.0, largest=20.0, tolerance=1e-6
    )
    direct = required_fund(drawdown, 0.05)
    assert (found.value, found.low, found.high) == pytest.approx((direct.value, direct.low, direct.high), abs=2e-6)
    assert found.events == direct.events
    assert "0 of" in found.note


def test_a_fund_that_moves_its_own_losses():
    """Drawdown x (1 + 0.1 fund): exhausted iff x > fund / (1 + 0.1 fund), root at x_p / (1 - 0.1 x_p), by hand."""
    x = np.random.default_rng(5).exponential(size=4_000)
    found = fund_by_bisection(
        lambda fund: x * (1 + 0.1 * fund) > fund, 0.05, runs=4_000, smallest=0.0, largest=100.0, tolerance=1e-6
    )
    x_p = required_fund(x, 0.05).value
    assert found.value == pytest.approx(x_p / (1 - 0.1 * x_p), abs=1e-5)
    assert found.low < found.value < found.high


def test_each_size_is_simulated_once():
    drawdown, seen = np.random.default_rng(6).exponential(size=1_000), []

    def simulate(fund):
        seen.append(fund)
        return drawdown > fund

    fund_by_bisection(simulate, 0.05, runs=1_000, smallest=0.0, largest=20.0, tolerance=0.01)
    assert len(seen) == len(set(seen)) < 45


def test_bisection_refuses_what_it_cannot_answer():
    x = np.random.default_rng(7).exponential(size=1_000)
    options = {"runs": 1_000, "smallest": 0.0, "tolerance": 1e-3}
    with pytest.raises(RefusedError, match="3,688 are needed"):
        fund_by_bisection(lambda fund: x > fund, 1e-3, largest=20.0, **options)
    with pytest.raises(RefusedError, match="search above it"):
        fund_by_bisection(lambda fund: x > fund, 0.05, largest=1.0, **options)
    with pytest.raises(RefusedError, match="does not fall with the fund"):
        fund_by_bisection(lambda fund: np.roll(x, int(1e4 * fund) % 997) > fund, 0.05, largest=20.0, **options)
    with pytest.raises(ValueError, match="999 runs where"):
        fund_by_bisection(lambda fund: x[1:] > fund, 0.05, largest=20.0, **options)


def test_a_fund_of_nothing_may_do():
    found = fund_by_bisection(
        lambda fund: np.zeros(1_000, bool), 0.05, runs=1_000, smallest=0.0, largest=9.0, tolerance=0.1
    )
    assert (found.low, found.value, found.high) == (0, 0, 0)
