"""The panel on made models whose answers are known, and on laws that history refutes."""

import math
from datetime import date

import numpy as np
import pytest
from clearsim.analysis.backtest.histories import ranks
from clearsim.analysis.backtest.model import Model
from clearsim.analysis.backtest.panel import fall_with_probability, hold
from clearsim.analysis.backtest.records import LargestFall, Record, RecordedFalls, RecordedLiquidations
from clearsim.analysis.backtest.windows import Windows


def windows(draws, *, threshold=0.0, unit=""):
    values = np.array(draws, float)
    return Windows(values, values, 30.0, (date(2025, 1, 1),) * len(values), threshold, unit, "made")


def model(required, **more):
    base = {
        "liquidated": np.array([50.0]),
        "open_interest": 100.0,
        "unit": "USDT",
        "days": 30.0,
        "p": 0.01,
        "fund": 5.0,
    }
    return Model(np.asarray(required, float), **{**base, **more})


def paths(p, size, n=100_000):
    """A model that draws `size` with probability p and else nothing."""
    return np.where(np.arange(n) < round(p * n), size, 0.0)


def test_a_model_with_a_third_of_the_windows_is_refuted_by_one_in_sixty():
    """100,000 paths give .33 +- .0029; at the kinder end .3271: .6729^60 (1 + 60 x .3271/.6729) = 4.75e-11 x 30.2."""
    panel = hold(model(paths(0.33, 0.8)), Record(windows([0.0] * 59 + [0.008]), {}))
    refuted = panel.refuted
    assert refuted is not None
    assert refuted.size == 0.001
    assert refuted.tails.p == pytest.approx(1.43e-9, rel=0.02)
    assert refuted.expected == pytest.approx(19.8)


def test_a_model_that_agrees_is_not_refuted():
    panel = hold(model(paths(0.02, 0.8)), Record(windows([0.0] * 59 + [0.008]), {}))
    assert panel.refuted is None
    assert [line.tails.colour for line in panel.draws] == ["green"] * 4
    assert [line.x for line in panel.draws] == [(1, 1), (1, 1), (0, 0), (0, 0)]
    assert [line.is_fund for line in panel.draws] == [False, False, False, True]


def test_a_history_without_open_interest_is_compared_in_amounts():
    """0.1% of 100 is 0.1; draws of 0.8 are above it and above .5, not above 1 and the fund of 5."""
    panel = hold(model(paths(0.02, 0.8)), Record(windows([0.0] * 59 + [0.8], unit="USDT"), {}))
    assert [line.size for line in panel.draws] == [0.1, 0.5, 1.0, 5.0]
    assert [line.x for line in panel.draws] == [(1, 1), (1, 1), (0, 0), (0, 0)]


def test_without_a_fund_there_is_no_line_for_it():
    panel = hold(model(paths(0.02, 0.8), fund=math.nan), Record(windows([0.0] * 60), {}))
    assert len(panel.draws) == 3
    assert panel.guards == ()


def test_the_rank_of_the_largest_draw_is_the_distribution_of_the_maximum():
    """P(no draw in 60 windows at p .02) = .98^60 = .2976: a history without draws has ranks 0 to .298."""
    largest, total = ranks(paths(0.02, 0.8), windows([0.0] * 60))
    assert largest.rank_low == 0
    assert largest.rank_high == pytest.approx(0.2976, abs=0.014)  # 3 standard errors of 10,000 histories
    assert total.rank_high == largest.rank_high
    assert (largest.colour, total.colour) == ("green", "green")


def test_a_draw_beyond_all_simulated_ones_is_yellow():
    largest, _ = ranks(paths(0.02, 0.004), windows([0.0] * 59 + [0.05]))
    assert (largest.rank_low, largest.colour) == (1.0, "yellow")


def test_draws_below_the_threshold_of_reports_are_left_out_of_both_sides():
    """Every window of the model draws .4%, nobody reports below .5%: a record without draws is what it expects."""
    largest, _ = ranks(paths(1.0, 0.004), windows([0.0] * 60, threshold=0.005))
    assert (largest.rank_low, largest.rank_high) == (0, 1)


def test_hours_of_falls_are_expected_in_the_years_of_the_record():
    """5.4 a year beyond 5% are 27 in five years, below the interval of the record."""
    falls = RecordedFalls(0.05, 71, 40.9, 108.7, 5.0, "made")
    panel = hold(model(paths(0.1, 1), falls_per_year=lambda g: 5.4), Record(windows([0.0] * 60), {}, (falls,)))
    assert panel.prices[0].expected == pytest.approx(27)
    assert panel.prices[0].colour == "yellow"


def test_the_fall_of_a_probability_solves_the_poisson_law():
    """nu(g) = 100 e^(-50 g): nu T = -ln(1 - p) at T = 30/365, p = .01 gives g = ln(100 / .12228) / 50 = .13413."""
    law = model(paths(0.1, 1), falls_per_year=lambda g: 100 * math.exp(-50 * g))
    assert fall_with_probability(law, 0.01) == pytest.approx(0.13413, abs=1e-4)
    rare = model(paths(0.1, 1), falls_per_year=lambda g: 0.1)
    assert fall_with_probability(rare, 0.01) == 0


def test_guards_warn_beyond_the_record():
    law = model(paths(0.1, 1), falls_per_year=lambda g: 100 * math.exp(-20 * g))
    guards = hold(law, Record(windows([0.0] * 59 + [0.06]), {}, largest_fall=LargestFall(0.24, "made"))).guards
    assert guards[0].value == pytest.approx(0.3353, abs=1e-3)  # ln(817.8) / 20
    assert guards[0].warns
    assert (guards[1].value, guards[1].on_record, guards[1].warns) == (0.05, 0.06, False)


def test_liquidations_are_scaled_to_thirty_days_and_judged_only_by_the_users_own():
    """50 of 100 in 60 days is .25 in thirty: a sixth of 1.5, within a factor 3 of .5."""
    record = (
        RecordedLiquidations(0.9, 1.5, 2.4, 15, "venue"),
        RecordedLiquidations(0.1, 0.5, 1, 9, "own", is_rule=True),
    )
    panel = hold(model(paths(0.1, 1), days=60.0), Record(windows([0.0] * 60), {}, liquidations=record))
    assert [line.colour for line in panel.liquidations] == ["information", "green"]
    assert panel.liquidations[0].factor == pytest.approx(1 / 6)
    far = (RecordedLiquidations(0.1, 1.5, 1, 9, "own", is_rule=True),)
    assert (
        hold(model(paths(0.1, 1), days=60.0), Record(windows([0.0] * 60), {}, liquidations=far)).liquidations[0].colour
        == "yellow"
    )


def test_rivals_and_variants_are_the_same_lines_of_other_models_and_records():
    """A rival's curve: P(fund > 0.1) = .33, linear to 0 at 1: at .5 .1833."""
    rivals = {"no impact": (np.array([0.1, 1.0]), np.array([0.33, 0.0]))}
    record = Record(windows([0.0] * 60), {"without 2020": windows([0.0] * 12)})
    panel = hold(model(paths(0.02, 0.8), rivals=rivals), record)
    assert [line.p.value for line in panel.rivals["no impact"]] == pytest.approx([0.33, 0.18333, 0, 0], abs=1e-4)
    assert panel.rivals["no impact"][0].tails.colour == "red"
    assert panel.refuted is None
    assert panel.variants["without 2020"][0].n == 12
