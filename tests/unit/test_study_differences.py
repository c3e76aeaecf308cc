"""Paired differences of a study's arms: hand-computed from its rows."""

import numpy as np
import pytest
from scipy import stats

from analysis.reports.study_differences import arm_differences
from analysis.reports.study_folder import open_study
from tests.worlds_studies import write_study


def named(folder, *outcomes):
    study = open_study(folder)
    study.study = {**study.study, "outcomes": list(outcomes)}
    return study


@pytest.mark.parametrize(
    ("kind", "unit"), [("latin_hypercube", "scenario"), ("saltelli", "scenario"), ("list", "replication")]
)
def test_a_difference_is_paired_by_row_of_the_design_or_by_replication(tmp_path, kind, unit):
    """Arm k needs 1 + k times what the first needs on the same randomness: the difference has the spread of k arms."""
    study = named(
        write_study(tmp_path / "s", kind=kind, fidelity="full", arms=("a", "b", "c"), replications=12),
        "required_fund_quanta",
    )
    runs = study.runs[study.runs["arm"] == 0]
    each = runs.groupby(unit)["required_fund_quanta"].mean().to_numpy(np.float64) * 1e-6
    half = stats.t.isf(0.025, len(each) - 1) * each.std(ddof=1) / np.sqrt(len(each))
    first, found = arm_differences(study, level=0.95)
    assert first == "ADL rule a"
    assert list(found["arm"]) == ["ADL rule b", "ADL rule c"]
    for times, row in zip((1, 2), found.to_dict("records"), strict=True):
        assert row["n"] == len(each)
        assert row["value"] == pytest.approx(times * each.mean(), rel=1e-6)
        assert row["high"] - row["value"] == pytest.approx(times * half, rel=1e-6)
        assert row["unequal"] == int((each > 0).sum())


def test_runs_that_failed_leave_their_pair_out(tmp_path):
    folder = write_study(tmp_path / "s", fidelity="full", arms=("a", "b"), replications=6, failed=2)
    _, found = arm_differences(named(folder, "required_fund_quanta"), level=0.95)
    assert list(found["n"]) == [4]


def test_a_study_that_names_no_outcomes_has_no_differences(tmp_path):
    folder = write_study(tmp_path / "s", fidelity="full", arms=("a", "b"), replications=6)
    assert arm_differences(open_study(folder), level=0.95)[1].empty
