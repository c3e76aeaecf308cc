"""Arms compared by hand-made runs: differences, ties, equal arms, and when a lowest and a highest arm are named."""

import numpy as np
import pytest
from clearsim.analysis.charts.study.comparison_text import (
    contrast_sentences,
    differences_summary,
    extremes_sentence,
)
from clearsim.analysis.reports.study_panels import study_context
from clearsim.analysis.study.contrasts import BOUNDED, DIFFERS, EQUAL, TIE, UNPAIRED
from clearsim.analysis.study.differences import compare_arms
from clearsim.analysis.study.folder import open_study
from clearsim.analysis.study.labels import arm_labels
from clearsim.analysis.study.outcomes import named_outcomes, runs_with_outcomes
from scipy import stats

from tests.worlds.studies import QUANTA, add_to_study, set_runs, write_study


def compared(folder, values, *, column="required_fund_quanta", keep=None, **more):
    """The comparison of arms a, b, ... with these values (quote units; one list per arm, one entry per replication)."""
    names = "abcdefgh"[: len(values)]
    write_study(folder, fidelity="full", arms=names, replications=len(values[0]), answer=False)
    quanta = (np.array(values) * QUANTA).astype(np.int64).ravel()
    set_runs(folder, {column: quanta, **more}, keep=keep)
    study = open_study(add_to_study(folder, outcomes=["adl" if column == "first_adl_ms" else column]))
    runs = runs_with_outcomes(study)
    (found,) = compare_arms(study, runs, named_outcomes(study, runs), level=0.95)
    return found, arm_labels(study), study_context(study, [])


def test_a_constant_difference_and_an_equal_arm(tmp_path):
    """b needs 1 more than a in each of four runs, c the same."""
    found, labels, context = compared(tmp_path / "s", [[10, 12, 14, 16], [11, 13, 15, 17], [10, 12, 14, 16]])
    assert [one.verdict for one in found.contrasts] == [DIFFERS, EQUAL]
    assert contrast_sentences(found, labels, context) == [
        "Higher: ADL rule b 1 USDT [1, 1].",
        "Equal in every pair: ADL rule c (all 4).",
    ]
    assert extremes_sentence(found, labels, context) == (
        "Lowest: ADL rule a (equal in every run: ADL rule c); highest: ADL rule b; paired difference 1 USDT [1, 1]"
        " (95% interval)."
    )
    assert differences_summary(found) == (
        "Mean required fund, 2 other arms. Different from the first: 1; equal in every pair: 1."
    )


def test_a_tie_is_a_tie_and_has_no_lowest_arm(tmp_path):
    """Differences +2, -2, +2, -2: mean 0, standard deviation 2.309, half-width 3.182 x 2.309 / 2 = 3.67."""
    found, labels, context = compared(tmp_path / "s", [[10, 12, 10, 12], [12, 10, 12, 10], [10, 12, 10, 12]])
    assert [one.verdict for one in found.contrasts] == [TIE, EQUAL]
    assert contrast_sentences(found, labels, context)[0] == "No difference found: ADL rule b 0 USDT [-3.67, 3.67]."
    sentence = extremes_sentence(found, labels, context)
    assert sentence.startswith("No arm is named lowest or highest: between ADL rule a and ADL rule b,")
    assert "equal" not in sentence  # their means are the same, their runs are not


def test_arms_with_one_mean_are_not_called_equal_if_their_runs_differ(tmp_path):
    """a and b are equal, c has the same mean of 11 in other runs."""
    found, labels, context = compared(tmp_path / "s", [[10, 12], [10, 12], [12, 10]])
    assert "All 3 arms are equal" not in extremes_sentence(found, labels, context)


def test_all_arms_equal(tmp_path):
    found, labels, context = compared(tmp_path / "s", [[10, 12], [10, 12], [10, 12]])
    assert extremes_sentence(found, labels, context) == "All 3 arms are equal in each of 2 pairs of runs."


@pytest.mark.parametrize(("step", "named"), [(1, True), (2, False)])
def test_extremes_are_judged_for_all_pairs_of_arms_together(tmp_path, step, named):
    """Three arms, three pairs, so each at 1 - 0.05 / 3: t(3 degrees of freedom) = 4.857 instead of 3.182.

    Differences 1, 1 + step, 1, 1 + step: standard deviation 0.577 step, half-width 1.402 step. The mean 1 + step / 2
    is 1.5 or 2, so beyond 1.402 and not beyond 2.804; at 95% alone (1.837) both would be.
    """
    high = [1, 1 + step, 1, 1 + step]
    found, labels, context = compared(tmp_path / "s", [[0, 0, 0, 0], high, [0.5, 0.5, 0.5, 0.5]])
    assert found.contrasts[0].verdict == DIFFERS
    assert found.extremes.n_pairs == 3
    half = float(stats.t.isf(0.025 / 3, 3)) * float(np.std(high, ddof=1)) / 2
    assert found.extremes.contrast.difference.high == pytest.approx(np.mean(high) + half)
    sentence = extremes_sentence(found, labels, context)
    assert sentence.startswith("Lowest: ADL rule a; highest: ADL rule b;") == named
    assert ("No arm is named" in sentence) != named
    assert "for all 3 pairs of arms together" in sentence


def test_the_extremes_are_over_the_runs_that_all_arms_have(tmp_path):
    """Arm b lacks its last run, of 100 in a: over the other three a is the lowest, by 5 in each."""
    found, labels, context = compared(tmp_path / "s", [[1, 2, 3, 100], [6, 7, 8, 100]], keep=range(7))
    assert found.extremes.contrast.pairs == 3
    assert extremes_sentence(found, labels, context).startswith("Lowest: ADL rule a; highest: ADL rule b;")


def test_one_shared_run_compares_nothing(tmp_path):
    found, labels, context = compared(tmp_path / "s", [[1, 2], [5, 6]], keep=[0, 1, 2])
    assert found.contrasts[0].verdict == UNPAIRED
    assert contrast_sentences(found, labels, context) == [
        "Not compared, because fewer than two draws have both arms: ADL rule b."
    ]
    assert "fewer than two draws have all arms" in extremes_sentence(found, labels, context)


def test_lower_bounds_are_not_compared(tmp_path):
    flags = [False, False, True, False]
    found, labels, context = compared(tmp_path / "s", [[1, 2], [5, 6]], required_fund_is_bound=flags)
    assert found.contrasts[0].verdict == BOUNDED
    assert contrast_sentences(found, labels, context) == [
        "Not known, because some runs know only a lower bound: ADL rule b (1 of 4 runs)."
    ]
    assert "some runs know only a lower bound" in extremes_sentence(found, labels, context)


def test_an_event_that_never_differs_is_equal_with_an_interval(tmp_path):
    """Two paired runs, half a run in each of four cells: 1.96 x sqrt(1) / (2 + 2) = 0.49."""
    found, labels, context = compared(tmp_path / "s", [[1, 2], [1, 2]], column="first_adl_ms")
    assert contrast_sentences(found, labels, context) == ["Equal in every pair: ADL rule b 0 [-0.49, 0.49] (all 2)."]
    assert (
        extremes_sentence(found, labels, context) == "Both arms are equal in each of 2 pairs of runs: 0 [-0.49, 0.49]."
    )
