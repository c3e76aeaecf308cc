"""PRIM finds planted boxes, finds none in noise, and is honest about what it found."""

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.sensitivity.peeling import Box, Search, _ends, quasi_p_values
from clearsim.analysis.sensitivity.prim import boxes_of_study, find_boxes

from tests.unit.sensitivity.studies import points_of, runs_of, saltelli


def planted(n=3000, seed=0):
    """Cases with 90% where a < 0.3 and b > 0.6 (12% of the runs), with 2% elsewhere."""
    generator = np.random.default_rng(seed)
    inputs = pd.DataFrame(generator.random((n, 5)), columns=list("abcde"))
    inside = (inputs["a"] < 0.3) & (inputs["b"] > 0.6)
    return inputs, generator.random(n) < np.where(inside, 0.9, 0.02)


def test_a_planted_box_is_recovered():
    inputs, case = planted()
    found = find_boxes(inputs, case, units={"a": "x"})
    limits = found.limits[found.limits["box"] == 1].set_index("input")
    assert sorted(limits.index) == ["a", "b"]
    assert limits.loc["a", "low"] == limits.loc["a", "range_low"]
    assert limits.loc["a", "high"] == pytest.approx(0.3, abs=0.02)
    assert limits.loc["b", "low"] == pytest.approx(0.6, abs=0.03)
    assert (limits["quasi_p"] < 1e-6).all()
    assert limits.loc["a", "unit"] == "x"
    first = found.measures.iloc[0]
    assert first["density_low"] <= 0.9 <= first["density_high"]
    coverage = 0.12 * 0.9 / (0.12 * 0.9 + 0.88 * 0.02)
    assert first["coverage_low"] <= coverage <= first["coverage_high"]
    assert first["mass"] == pytest.approx(0.12, abs=0.02)
    assert first["measured_on"] == 1500
    assert first["n"] == 3000
    assert len(found.measures) == 1  # what is left outside is noise


@pytest.mark.parametrize("seed", range(8))
def test_there_is_no_box_in_noise(seed):
    generator = np.random.default_rng(seed)
    inputs = pd.DataFrame(generator.random((1000, 4)), columns=list("abcd"))
    found = find_boxes(inputs, generator.random(1000) < 0.1, seed=seed)
    assert len(found.measures) == 0
    assert list(found.limits.columns)[:5] == ["box", "input", "unit", "low", "high"]


def test_inputs_that_apply_under_a_condition_are_searched_too():
    """Half of 2,000 points have a number and a label besides; cases are where the number is above 0.6 (20% of all)."""
    generator = np.random.default_rng(2)
    applies = np.arange(2000) % 2 == 0
    size = np.where(applies, generator.random(2000), np.nan)
    label = np.where(applies, np.where(generator.random(2000) < 0.5, "a", "b"), None)
    points = points_of({"rule": np.where(applies, "steps", "full"), "size": size, "label": label})
    case = np.where(size > 0.6, 1.0, 0.0)
    found = boxes_of_study(points, runs_of(points, case), "required_fund_quanta", at_least=1)
    assert found.limits["input"].tolist() == ["size"]
    assert found.limits["low"].iloc[0] == pytest.approx(0.6, abs=0.01)
    assert found.measures["density"].iloc[0] > 0.97
    by_label = np.where(label == None, 1.0, 0.0)  # noqa: E711  (of each)
    found = boxes_of_study(points, runs_of(points, by_label), "required_fund_quanta", at_least=1, inputs=["label"])
    assert found.kept["labels"].tolist() == ["(does not apply)"]
    assert found.measures[["density", "coverage"]].iloc[0].tolist() == [1, 1]


def test_a_slice_takes_the_rows_without_the_number():
    """Four rows with a number, two without, which are cases: limits of the number lose those two at once."""
    search = Search(
        pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, np.nan, np.nan]}), np.array([0, 0, 0, 1, 1, 1], bool), 0.25, 0
    )
    low, high = _ends(search, Box(), np.ones(6, bool), "x")
    assert (low.box.limits, low.rows, low.cases) == ({"x": (1.5, np.inf)}, 3, 2)
    assert (high.box.limits, high.rows, high.cases) == ({"x": (-np.inf, 3.5)}, 3, 3)


def test_a_second_box_is_searched_outside_the_first():
    generator = np.random.default_rng(1)
    inputs = pd.DataFrame(generator.random((3000, 3)), columns=list("abc"))
    case = ((inputs["a"] < 0.4) & (inputs["b"] < 0.5)) | ((inputs["b"] > 0.8) & (inputs["c"] > 0.5))
    found = find_boxes(inputs, case.to_numpy(), density=0.95)
    assert set(found.measures["box"]) >= {1, 2}
    assert (found.measures["density"] > 0.9).all()
    one, two = (box.inside(inputs) for box in found.boxes[:2])
    covered = found.measures["coverage"].iloc[:2].sum()
    assert case[one | two].sum() / case.sum() == pytest.approx(covered, abs=0.05)


def test_labels_are_kept_or_dropped():
    generator = np.random.default_rng(2)
    n = 2000
    inputs = pd.DataFrame({"a": generator.random(n), "rule": generator.choice(["x", "y", "z"], n)})
    inside = ((inputs["a"] < 0.4) & (inputs["rule"] == "y")).to_numpy()
    found = find_boxes(inputs, generator.random(n) < np.where(inside, 0.9, 0.02))
    assert found.kept[["box", "input", "labels"]].to_numpy().tolist() == [[1, "rule", "y"]]
    assert found.limits["input"].tolist() == ["a"]


def test_quasi_p_by_hand():
    """Without the limit 4 rows with 2 cases, inside 2 rows with 2 cases: chance 1/2 x 1/2."""
    search = Search(pd.DataFrame({"a": [1.0, 2, 3, 4]}), np.array([True, True, False, False]), 0.05, 0.02)
    assert quasi_p_values(search, Box({"a": (0, 2)})) == {"a": pytest.approx(0.25)}


def test_runs_of_a_point_stay_together_and_widen_the_interval():
    inputs, case = planted(600, seed=5)
    points = points_of({name: inputs[name] for name in inputs})
    outcomes = np.repeat(np.where(case, 100.0, 0.0)[:, None], 8, axis=1)  # eight replications that all agree
    many = boxes_of_study(points, runs_of(points, outcomes), "required_fund_quanta", at_least=50)
    one = boxes_of_study(points, runs_of(points, outcomes[:, :1]), "required_fund_quanta", at_least=50)
    width = [float((m["density_high"] - m["density_low"]).iloc[0]) for m in (many.measures, one.measures)]
    assert width[0] == pytest.approx(width[1], rel=0.5)  # not smaller by sqrt 8
    assert many.measures["measured_on"].iloc[0] == 8 * one.measures["measured_on"].iloc[0]
    assert many.measures["method"].iloc[0].endswith("bootstrap of points")


def test_blocks_of_a_saltelli_design_search_or_measure_as_one():
    points, x = saltelli(256, 3)
    outcome = (x[:, 0] < 0.4) & (x[:, 1] > 0.5) | (np.random.default_rng(1).random(len(x)) < 0.02)
    found = boxes_of_study(points, runs_of(points, outcome.astype(float)), "required_fund_quanta", at_least=0.5)
    first = found.measures.iloc[0]
    assert first["measured_on"] == 128 * 5
    assert "bootstrap of points" in first["method"]


def test_too_few_cases_or_no_question_is_refused():
    inputs, _ = planted(100)
    with pytest.raises(AnalysisError, match="needs 10 cases"):
        find_boxes(inputs, np.arange(100) < 9)
    with pytest.raises(AnalysisError, match="found 100 cases in 100 runs"):
        find_boxes(inputs, np.ones(100, bool))
    points = points_of({"a": [1.0, 2.0]})
    with pytest.raises(AnalysisError, match="define the cases with"):
        boxes_of_study(points, runs_of(points, [1.0, 2.0]), "required_fund_quanta")


@pytest.mark.slow
def test_held_out_measures_cover_and_noise_seldom_makes_a_box():
    """100 planted studies, 200 of noise. Measured: density covered in 0.95, both inputs named in all, 0.025 false."""
    fresh = pd.DataFrame(np.random.default_rng(1).random((100_000, 5)), columns=list("abcde"))
    chance = np.where((fresh["a"] < 0.3) & (fresh["b"] > 0.6), 0.9, 0.02)
    covered = named = false = 0
    for seed in range(100):
        found = find_boxes(*planted(1000, seed=500 + seed), seed=seed)
        truth = chance[found.boxes[0].inside(fresh)].mean()
        first = found.measures.iloc[0]
        covered += first["density_low"] <= truth <= first["density_high"]
        named += sorted(found.boxes[0].limits) == ["a", "b"]
    for seed in range(200):
        generator = np.random.default_rng(seed)
        inputs = pd.DataFrame(generator.random((500, 4)), columns=list("abcd"))
        false += len(find_boxes(inputs, generator.random(500) < 0.15, seed=seed).measures) > 0
    print(covered, named, false)
    assert covered >= 90
    assert named >= 90
    assert false <= 0.06 * 200
