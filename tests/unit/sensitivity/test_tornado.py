"""One-at-a-time swings, by hand, and what pairing on common random numbers buys."""

import numpy as np
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.sensitivity.tornado import swings, tornado_table

from tests.unit.sensitivity.studies import points_of, runs_of

# Base depth 1, leverage 10; depth at 0.5 and 2, leverage at 20 only (its low end is the base).
POINTS = points_of({"depth": [1, 0.5, 2, 1], "leverage": [10, 10, 10, 20]}, scenario=0)
NOISE = np.array([-2.0, 0.0, 2.0])


def test_swings_by_hand():
    outcomes = np.array([10 + NOISE, 14 + NOISE, 7 + NOISE, 11 + NOISE])
    found = swings(POINTS, runs_of(POINTS, outcomes), "required_fund_quanta", units={"depth": "x"})
    rows = found.set_index(["input", "end"])
    assert rows.loc[("", "base"), "value"] == 10
    assert rows.loc[("depth", "low"), ["setting", "value", "change"]].tolist() == [0.5, 14, 4]
    assert rows.loc[("depth", "high"), ["setting", "value", "change", "unit"]].tolist() == [2, 7, -3, "x"]
    assert rows.loc[("depth", "swing"), "value"] == -7
    # The noise is the same at both ends: the change is certain, the level is not (t of 2 degrees: 4.303 x 2 / sqrt 3).
    assert rows.loc[("depth", "low"), ["change_low", "change_high"]].tolist() == [4, 4]
    assert rows.loc[("depth", "low"), "high"] == pytest.approx(14 + 4.302653 * 2 / 3**0.5)
    assert ("leverage", "low") not in rows.index
    assert ("leverage", "swing") not in rows.index


def test_the_table_is_one_row_an_input_widest_first():
    outcomes = np.array([10 + NOISE, 14 + NOISE, 7 + NOISE, 30 + NOISE])
    table = tornado_table(swings(POINTS, runs_of(POINTS, outcomes), "required_fund_quanta"))
    assert list(table["input"]) == ["leverage", "depth"]
    assert table.loc[0, ["input_low", "input_high"]].tolist() == [10, 20]
    assert table.loc[0, "at_low"] == 10  # the base stands for an end that the design does not have
    assert table.loc[0, "at_high"] == 30
    assert table.loc[1, ["input_low", "input_high", "at_low", "at_high", "swing", "n"]].tolist() == [
        0.5,
        2,
        14,
        7,
        -7,
        3,
    ]


def test_events_have_intervals_of_proportions_and_paired_changes():
    fails = np.array([[0] * 20, [1] * 10 + [0] * 10, [0] * 20, [0] * 20])
    runs = runs_of(POINTS, np.where(fails, 5000, -1), column="first_adl_ms")
    rows = swings(POINTS, runs, "adl").set_index(["input", "end"])
    assert rows.loc[("depth", "low"), "value"] == 0.5
    assert rows.loc[("depth", "low"), "method"] == "crude, Wilson"
    assert 0 < rows.loc[("depth", "low"), "change_low"] < 0.5 < rows.loc[("depth", "low"), "change_high"] < 1
    assert rows.loc[("leverage", "high"), "change"] == 0
    assert rows.loc[("leverage", "high"), "change_high"] > 0  # agreement in 20 runs proves nothing beyond them


def test_labels_stand_in_the_order_of_the_design():
    points = points_of({"rule": ["a", "b", "c"], "depth": [1, 1, 1]}, scenario=0)
    outcomes = np.array([1 + NOISE, 2 + NOISE, 5 + NOISE])
    rows = swings(points, runs_of(points, outcomes), "required_fund_quanta").set_index(["input", "end"])
    assert rows.loc[("rule", "low"), "setting"] == "b"
    assert rows.loc[("rule", "high"), "setting"] == "c"


def test_other_designs_and_single_runs_are_refused():
    grid = points_of({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1]}, scenario=0)
    with pytest.raises(AnalysisError, match="one-at-a-time"):
        swings(grid, runs_of(grid, np.ones((4, 3))), "required_fund_quanta")
    with pytest.raises(AnalysisError, match="two replications at each point, found 1"):
        swings(POINTS, runs_of(POINTS, [1.0, 2, 3, 4]), "required_fund_quanta")
    apart = POINTS.assign(scenario=[0, 1, 2, 3])
    with pytest.raises(AnalysisError, match="share their scenario"):
        swings(apart, runs_of(apart, np.ones((4, 3))), "required_fund_quanta")


def test_a_replication_that_failed_at_one_end_is_left_out_of_the_pair():
    outcomes = np.array([10 + NOISE, 14 + NOISE, 7 + NOISE, 11 + NOISE])
    outcomes[1, 0] = np.nan
    rows = swings(POINTS, runs_of(POINTS, outcomes), "required_fund_quanta").set_index(["input", "end"])
    assert rows.loc[("depth", "low"), ["n", "change"]].tolist() == [2, 4]


def test_an_input_that_begins_to_apply_with_another_has_not_moved():
    """`step` applies where `rule` is steps: at the base and wherever it is moved, but not where `rule` is moved."""
    points = points_of(
        {"rule": ["steps", "full", "steps", "steps"], "step": ["a", None, "b", "a"], "depth": [1, 1, 1, 3]}, scenario=0
    )
    runs = runs_of(points, np.array([10 + NOISE, 15 + NOISE, 9 + NOISE, 7 + NOISE]))
    rows = swings(points, runs, "required_fund_quanta").set_index(["input", "end"])
    assert rows.loc[("rule", "high"), ["setting", "change"]].tolist() == ["full", 5]
    assert rows.loc[("step", "high"), ["setting", "change"]].tolist() == ["b", -1]
    assert ("step", "low") not in rows.index


def test_an_input_that_does_not_apply_at_the_base_has_no_ends():
    points = points_of(
        {"rule": ["full", "steps", "full"], "size": [np.nan, 5.0, np.nan], "depth": [1, 1, 3]}, scenario=0
    )
    runs = runs_of(points, np.array([10 + NOISE, 15 + NOISE, 7 + NOISE]))
    rows = swings(points, runs, "required_fund_quanta").set_index(["input", "end"])
    assert rows.loc[("rule", "high"), "change"] == 5
    assert "size" not in rows.index.get_level_values("input")
