"""Paired differences of a study's arms: hand-computed from its rows."""

import numpy as np
import pytest
from clearsim.analysis.estimators.intervals import clopper_pearson, wilson
from clearsim.analysis.study.folder import open_study
from scipy import stats

from tests.worlds.studies import arm_differences, arm_means, write_study


def named(folder, *outcomes):
    study = open_study(folder)
    study.study = {**study.study, "outcomes": list(outcomes)}
    return study


@pytest.mark.parametrize(
    ("kind", "unit"),
    [("latin_hypercube", "scenario"), ("saltelli", "scenario"), ("list", "replication"), ("grid", "replication")],
)
def test_a_difference_is_paired_by_draw_of_the_design_or_by_replication(tmp_path, kind, unit):
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


def test_runs_that_failed_leave_their_pair_out(tmp_path):
    folder = write_study(tmp_path / "s", fidelity="full", arms=("a", "b"), replications=6, failed=2)
    _, found = arm_differences(named(folder, "required_fund_quanta"), level=0.95)
    assert list(found["n"]) == [4]


def test_a_replication_that_failed_at_one_place_of_a_grid_is_left_out(tmp_path):
    """Of 20 places with 6 replications the first 2 runs (place 0, replications 0 and 1 of the first arm) failed."""
    folder = write_study(tmp_path / "s", kind="grid", fidelity="full", arms=("a", "b"), replications=6, failed=2)
    study = named(folder, "required_fund_quanta")
    means, (_, found) = arm_means(study, level=0.95), arm_differences(study, level=0.95)
    assert means["n"].tolist() == [4, 6]
    assert found["n"].tolist() == [4]
    whole = study.runs[(study.runs["arm"] == 0) & (study.runs["replication"] >= 2)]
    assert found["value"][0] == pytest.approx(whole["required_fund_quanta"].mean() * 1e-6, rel=1e-6)
    assert means["value"][0] == pytest.approx(found["value"][0], rel=1e-6)


@pytest.mark.parametrize("kind", ["grid", "latin_hypercube", "saltelli"])
def test_arms_that_never_differ_in_an_event_are_not_known_to_be_alike(tmp_path, kind):
    """ADL in no run of either arm: Wilson's bound of 0 of as many runs as have randomness of their own, not [0, 0]."""
    folder = write_study(tmp_path / "s", kind=kind, fidelity="full", arms=("a", "b"), replications=3, scale=1e-9)
    study = named(folder, "adl")
    draws, own = {"grid": (3, 3), "latin_hypercube": (120, 360), "saltelli": (32, 96)}[kind]
    means, (_, found) = arm_means(study, level=0.95), arm_differences(study, level=0.95)
    assert means["n"].tolist() == [draws, draws]
    assert means["high"].tolist() == pytest.approx([float(wilson(0, own)[1])] * 2)
    half = float(stats.norm.isf(0.025)) / (own + 2)  # half a run in each of four cells: variance 1 over (n + 2)^2
    assert (found["low"][0], found["value"][0], found["high"][0]) == pytest.approx((-half, 0, half))


def test_paths_that_never_show_an_event_bound_it(tmp_path):
    folder = write_study(tmp_path / "s", kind="grid", arms=("a", "b"), replications=3, paths=50, scale=1e-9)
    study = named(folder, "adl")
    means, (_, found) = arm_means(study, level=0.95), arm_differences(study, level=0.95)
    assert means["high"].tolist() == pytest.approx([float(clopper_pearson(0, 150)[1])] * 2)
    assert found["high"][0] == pytest.approx(float(stats.norm.isf(0.025)) / 152)


def test_a_grid_without_replications_has_no_interval_and_so_no_means(tmp_path):
    folder = write_study(tmp_path / "s", kind="grid", fidelity="full", arms=("a", "b"), replications=1)
    study = named(folder, "required_fund_quanta")
    assert arm_means(study, level=0.95).empty
    assert arm_differences(study, level=0.95)[1].empty


def test_a_study_that_names_no_outcomes_has_no_differences(tmp_path):
    folder = write_study(tmp_path / "s", fidelity="full", arms=("a", "b"), replications=6)
    assert arm_differences(open_study(folder), level=0.95)[1].empty
