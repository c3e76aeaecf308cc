"""Estimates of one number agree, or none of them is quoted."""

import math

import numpy as np
import pytest
from clearsim.analysis.estimators.agreement import agreed, gap_in_errors
from clearsim.analysis.estimators.estimate import Estimate, RefusedError
from clearsim.analysis.estimators.importance_sampling import WeightLimits, weighted_probability
from clearsim.analysis.estimators.one_big_jump import JumpLaw, OneBigJump


def estimate(value, low, high, method="a"):
    return Estimate(value, low, high, 0.95, method, 100, 10)


def test_the_gap_counts_the_facing_halves():
    """Errors 1.96/1.96 = 1 up from 10 and 2 down from 15: 5 / sqrt(1 + 4)."""
    first, second = estimate(10, 0, 11.96), estimate(15, 15 - 2 * 1.959964, 99)
    assert gap_in_errors(first, second) == pytest.approx(5 / math.sqrt(5), rel=1e-3)
    assert gap_in_errors(second, first) == gap_in_errors(first, second)
    assert gap_in_errors(first, first) == 0
    assert gap_in_errors(estimate(1, 1, 1), estimate(2, 2, 2)) == math.inf


def test_the_most_precise_is_taken_where_all_agree():
    wide, narrow = estimate(10, 5, 15), estimate(10.5, 10, 11, "b")
    assert agreed([wide, narrow]) is narrow


def test_disagreement_is_refused_by_name():
    with pytest.raises(RefusedError, match=r"a \(10\) and b \(20\) are"):
        agreed([estimate(10, 9, 11), estimate(20, 19, 21, "b")])
    with pytest.raises(ValueError, match="at least one estimate"):
        agreed([])


def test_a_tilt_whose_weights_look_well_is_found_out_by_another():
    """Exact value 3.353e-7. All jumps tilted, with a nominal tenth that bounds the weights: seed 1 passes each check on
    weights at 10,000 runs and is low by many standard errors; the one-big-jump mixture disagrees."""
    nominal = JumpLaw(0.2, -0.03, 0.07)
    good = OneBigJump(nominal, JumpLaw(1, -0.38, 0.08), JumpLaw(2, -0.2, 0.1))
    bad = OneBigJump(nominal, nominal, JumpLaw(2, -0.35, 0.07), 0.0, 0.9, 0.1)
    found = []
    for mixture, seeds in ((good, [1]), (bad, range(20))):
        for seed in seeds:
            runs = mixture.draw(np.random.default_rng(seed), 10_000)
            loss = runs.total(np.maximum(-np.expm1(runs.sizes), 0) ** 2.5 / 2.5)
            try:
                found.append(weighted_probability(loss > 0.02, runs.log_weight, limits=WeightLimits()))
            except RefusedError:
                continue
    assert len(found) > 2
    for wrong in found[1:]:
        assert wrong.high < 3.35e-7
        with pytest.raises(RefusedError, match="apart"):
            agreed([found[0], wrong])
