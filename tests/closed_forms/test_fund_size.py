"""The fund for a target against closed forms: one big jump over a Pareto book, and a fund of premiums and claims."""

import numpy as np
import pytest
from clearsim.analysis.closed_forms.book import ParetoLeverage, sizing_rule
from clearsim.analysis.closed_forms.ruin import ruin_by
from clearsim.analysis.sizing.curve import fund_for, sufficiency_curve
from clearsim.analysis.sizing.definition import Sufficient
from clearsim.analysis.sizing.draws import COLUMNS, Draws
from clearsim.analysis.sizing.solve import size_fund
from clearsim.analysis.sizing.target import parse_target
from clearsim.analysis.sizing.world_runs import Runner
from clearsim.api.worlds import WorldOf
from clearsim.funds.questions import Question

from tests.reduced.reduced_worlds import config, longs_of

OPEN_INTEREST = 1_000_000
CLASSES = 160


def pareto_book(alpha, *, largest=100.0):
    """Longs of a Pareto law of leverage from 1, cut off at `largest`, in classes of even width of 1 / L."""
    edges = np.linspace(1 / largest, 1.0, CLASSES + 1)
    beyond = largest**-alpha  # P(L > l) = (l^-alpha - beyond) / (1 - beyond)
    share = np.diff(edges**alpha) / (1 - beyond)
    middle = (edges[1:] + edges[:-1]) / 2
    return longs_of(*[(round(1 / x, 9), round(float(weight), 9)) for x, weight in zip(middle, share, strict=True)])


def one_sided_jumps(eta, *, expected, days=30):
    return {
        "kind": "kou",
        "initial_price": 10000,
        "annual_volatility": 0.0001,
        "jumps_per_year": round(expected * 365 / days, 9),
        "down_share_ppm": 1_000_000,
        "down_eta": eta,
        "up_eta": 30,
        "compensate": False,
    }


def world(eta, alpha, expected):
    setting = config(
        one_sided_jumps(eta, expected=expected),
        pareto_book(alpha),
        maintenance_ppm=1,
        open_interest=OPEN_INTEREST,
        days=30,
    )
    return WorldOf(Question("pareto", setting, "reduced", {}, {}), "equity_zero")


#: eta, alpha, expected down-jumps in the horizon, target. THEORY: fund / long open interest = SF(1 - (p / n)^(1/eta)).
ROWS = [(35, 1.0, 0.1, 1e-4), (12, 2.0, 0.1, 1e-3), (25, 1.5, 1.0, 1e-4)]


@pytest.mark.parametrize(("eta", "alpha", "expected", "p"), ROWS)
def test_the_fund_of_the_reduced_engine_is_that_of_the_sizing_rule(eta, alpha, expected, p):
    """The rule counts one jump: it is low by what two jumps do together, some percent where one is expected."""
    rule = sizing_rule(p, expected_jumps=expected, eta=eta, leverage=ParetoLeverage(alpha, largest=100.0))
    target = parse_target(f"P(exhausted within 30d) < {p}")
    definition = Sufficient("equity_zero", 30, "within_horizon", "aged_once", "none")
    answer = size_fund(Runner(world(eta, alpha, expected)), target, definition, budget=1_000_000)
    error = (answer.fund.high - answer.fund.low) / 2 / 1.96 / OPEN_INTEREST
    assert error < 0.03 * rule
    found = answer.fund.value / OPEN_INTEREST
    slack = 0.03 if expected < 1 else 0.12
    assert rule - 4 * error <= found <= (1 + slack) * rule + 4 * error
    assert answer.confirmed


def test_gap_risk_alone_is_the_sizing_rule_the_other_way_round():
    """P(the largest jump costs more than the rule's fund) = 1 - exp(-p), on the book itself."""
    rule = sizing_rule(1e-3, expected_jumps=1, eta=25, leverage=ParetoLeverage(1.5, largest=100.0))
    funds, probability = world(25, 1.5, 1.0).reduced.gap_risk()
    assert np.interp(rule * OPEN_INTEREST, funds, np.log(probability + 1e-300)) == pytest.approx(np.log(1e-3), abs=0.03)


def claims_fund(paths, *, rate, horizon, seed):
    """Largest fall of a fund with premium 1 and exponential claims of mean 1 at `rate`, to the horizon: (paths,)."""
    generator = np.random.default_rng(seed)
    counts = generator.poisson(rate * horizon, paths)
    most = counts.max()
    late = np.arange(most) >= counts[:, None]
    times = np.sort(np.where(late, np.inf, horizon * generator.random((paths, most))), axis=1)
    claims = np.cumsum(np.where(late, 0.0, generator.standard_exponential((paths, most))), axis=1)
    fall = np.where(np.isfinite(times), claims - np.where(np.isfinite(times), times, 0.0), 0.0)
    return np.maximum(fall.max(axis=1), 0.0)


@pytest.fixture(scope="module")
def cramer_lundberg():
    required = claims_fund(200_000, rate=0.8, horizon=10, seed=3)
    zeros = {name: np.zeros(len(required)) for name in COLUMNS}
    return Draws.of(0.0, zeros | {"required": required})


#: fund, P(ruin by T = 10) at rate .8. Source: Asmussen & Albrecher, Ruin Probabilities 2010, Prop. V.1.3.
RUIN = [(2, 0.370507), (5, 0.123265), (10, 0.0151341), (20, 1.09958e-4)]


@pytest.mark.parametrize(("fund", "probability"), RUIN)
def test_the_curve_of_a_fund_of_claims_is_asmussens(cramer_lundberg, fund, probability):
    assert ruin_by(fund, 10, rate=0.8) == pytest.approx(probability, rel=1e-4)
    curve = sufficiency_curve(cramer_lundberg, level=0.9999)
    below = curve[curve["fund"] <= fund].iloc[-1]
    above = curve[curve["fund"] >= fund].iloc[0]
    assert above["low"] <= probability <= below["high"]


@pytest.mark.parametrize(("fund", "probability"), RUIN[:3])
def test_the_fund_for_a_ruin_probability_is_asmussens(cramer_lundberg, fund, probability):
    estimate = fund_for(cramer_lundberg, probability, level=0.9999)
    assert estimate.holds(fund)
    assert estimate.relative_half_width < 0.1
