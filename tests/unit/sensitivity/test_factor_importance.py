"""Importance by bins, the cells of a heat map: by hand where small, against closed forms where not."""

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.estimators.intervals import wilson
from clearsim.analysis.sensitivity.factor_importance import bins_of, importance, variance_share
from clearsim.analysis.sensitivity.interaction import heat_map
from scipy import stats

from tests.unit.sensitivity.studies import points_of, runs_of, saltelli
from tests.unit.sensitivity.test_sobol import ishigami, ishigami_indices


def test_variance_share_by_hand():
    """Means 1 and 3: SS all 10, within 2 + 0 = 2, so 1 - (2 / 2) / (10 / 3)."""
    share = variance_share(np.array([0, 0, 1, 1]), np.array([0.0, 2.0, 4.0, 4.0]) * np.array([1, 1, 1, 1]))
    total = ((np.array([0, 2, 4, 4]) - 2.5) ** 2).sum()
    assert total == 11
    assert share == pytest.approx(1 - (2 / 2) / (11 / 3))


def test_it_estimates_the_first_order_index():
    generator = np.random.default_rng(1)
    x = generator.uniform(-np.pi, np.pi, (4000, 4))
    points = points_of({f"x{j + 1}": x[:, j] for j in range(4)})
    found = importance(points, runs_of(points, ishigami(x)), "required_fund_quanta", resamples=200)
    shares = found[found["measure"] == "variance share"].set_index("input")
    first, _ = ishigami_indices()
    for name, truth in zip(("x1", "x2", "x3", "x4"), (*first, 0.0), strict=True):
        row = shares.loc[name]
        assert row["value"] == pytest.approx(truth, abs=0.04)
        assert row["low"] - 0.02 <= truth <= row["high"] + 0.02  # 20 bins blur a curve a little
    assert list(shares.index[:2]) == ["x2", "x1"]
    ranks = found[found["measure"] == "rank correlation"].set_index("input")
    assert ranks.loc["x1", "low"] > 0.3
    assert ranks.loc["x2", "low"] < 0 < ranks.loc["x2", "high"]


def test_labels_are_their_own_bins_and_have_no_rank():
    points = points_of({"rule": ["a", "b"] * 50, "depth": np.linspace(0, 1, 100)})
    found = importance(points, runs_of(points, [1.0, 3.0] * 50), "required_fund_quanta", resamples=50)
    rule = found[found["input"] == "rule"]
    assert rule["measure"].tolist() == ["variance share"]
    assert rule["value"].iloc[0] == 1
    assert rule["method"].iloc[0] == "variance share, 2 bins"


def test_bins_have_equal_counts():
    bins = bins_of(pd.Series(np.random.default_rng(0).lognormal(size=400)))
    assert np.bincount(bins).tolist() == [20] * 20
    assert bins_of(pd.Series([5, 1, 1, 5] * 10)).tolist() == [1, 0, 0, 1] * 10


def test_where_an_input_does_not_apply_is_a_bin_of_its_own():
    """40 points where it applies, outcome 4 times its value; 40 where it does not, outcome 10 higher than any."""
    size = np.r_[np.linspace(0, 1, 40), np.full(40, np.nan)]
    bins = bins_of(pd.Series(size))
    assert bins.tolist() == [0] * 10 + [1] * 10 + [2] * 10 + [3] * 10 + [4] * 40
    response = np.r_[4 * size[:40], np.full(40, 14.0)]
    points = points_of({"size": size, "rule": ["steps"] * 40 + ["full"] * 40})
    found = importance(points, runs_of(points, response), "required_fund_quanta", resamples=50).set_index("measure")
    own = found[found["input"] == "size"]
    assert own.loc["variance share", "value"] == pytest.approx(variance_share(bins, response))
    assert own.loc["rank correlation", "value"] == pytest.approx(1)  # of the points where it applies
    label = bins_of(pd.Series(["a", None, "a", "b"]))
    assert len(set(label)) == 3


def test_too_few_points_are_refused():
    points = points_of({"a": np.arange(19.0)})
    with pytest.raises(AnalysisError, match="needs 20 points"):
        importance(points, runs_of(points, np.arange(19.0)), "required_fund_quanta")


def test_cells_of_events_have_wilson_intervals():
    points = points_of({"a": [1, 1, 2, 2], "b": [1, 2, 1, 2]})
    happened = np.zeros((4, 10))
    happened[3, :4] = 1
    cells = heat_map(points, runs_of(points, np.where(happened, 9, -1), column="first_adl_ms"), "adl", "a", "b")
    cell = cells[(cells["x"] == 2) & (cells["y"] == 2)].iloc[0]
    assert cell[["value", "n", "events"]].tolist() == [0.4, 10, 4]
    assert (cell["low"], cell["high"]) == pytest.approx(tuple(float(end) for end in wilson(4, 10)))
    assert len(cells) == 4
    empty = cells[cells["x"] == 1].iloc[0]
    assert empty["low"] == 0 < empty["high"]


def test_cells_of_numbers_take_points_as_the_sample():
    """Two points a cell: their means 1 and 3 (of replications that differ by 10): 2 +- 12.706 x sqrt 2 / sqrt 2."""
    points = points_of({"a": [1, 1, 2, 2], "b": [1, 1, 1, 1], "c": [1, 2, 1, 2]})
    outcomes = np.array([[-4, 6], [-2, 8], [0, 0], [5, 5]])
    cells = heat_map(points, runs_of(points, outcomes), "required_fund_quanta", "a", "b")
    assert cells.loc[0, ["value", "n"]].tolist() == [2, 2]
    assert cells.loc[0, "high"] == pytest.approx(2 + 12.706204736)


def test_many_values_are_cut_into_bins_of_equal_counts():
    generator = np.random.default_rng(0)
    x = generator.random((600, 2))
    points = points_of({"a": x[:, 0], "b": x[:, 1]})
    cells = heat_map(points, runs_of(points, x[:, 0] + x[:, 1]), "required_fund_quanta", "a", "b", bins=5)
    assert len(cells) == 25
    assert cells["n"].sum() == 600
    assert np.abs(cells["value"] - cells["x"] - cells["y"]).max() < 0.15


def test_cells_of_a_saltelli_design_are_over_blocks():
    """The outcome is the block's own luck: points of a block that fall into a cell say it once."""
    points, x = saltelli(64, 3)
    luck = np.random.default_rng(4).normal(size=64).repeat(5)
    cells = heat_map(points, runs_of(points, luck), "required_fund_quanta", "x1", "x2", bins=2)
    for _, cell in cells.iterrows():
        bins = [(x[:, j] > np.median(x[:, j])) for j in range(2)]
        here = (bins[0] == (cell["x"] > np.median(x[:, 0]))) & (bins[1] == (cell["y"] > np.median(x[:, 1])))
        blocks, counts = np.unique(points["scenario"][here], return_counts=True)
        deviations = counts * (luck[blocks * 5] - luck[here].mean())
        error = np.sqrt(len(blocks) / (len(blocks) - 1) * (deviations**2).sum()) / counts.sum()
        assert cell["n"] == len(blocks) < here.sum()
        assert cell["value"] == pytest.approx(luck[here].mean())
        half = (cell["high"] - cell["low"]) / 2
        assert half / error == pytest.approx(stats.t.ppf(0.975, len(blocks) - 1))


def test_blocks_are_no_sample_for_importance():
    points, x = saltelli(64, 3)
    with pytest.raises(AnalysisError, match="Sobol indices"):
        importance(points, runs_of(points, x[:, 0]), "required_fund_quanta")


def test_cells_of_a_grid_know_only_as_much_as_its_replications():
    """Two places in each cell share the luck of a replication, -2, 0 and 2: t of 2 degrees, 4.303 x 2 / sqrt 3."""
    luck = np.array([-2.0, 0.0, 2.0])
    points = points_of({"x": [0, 0, 1, 1], "y": [5, 5, 5, 5], "z": [1, 2, 1, 2]}, scenario=0)
    runs = runs_of(points, np.array([10 + luck, 14 + luck, 20 + luck, 20 + luck]))
    cells = heat_map(points, runs, "required_fund_quanta", "x", "y").set_index("x")
    assert cells.loc[0, ["value", "n"]].tolist() == [12, 3]
    assert cells.loc[0, "high"] == pytest.approx(12 + 4.302653 * 2 / 3**0.5)
    lone = heat_map(points, runs_of(points, np.array([[10.0], [14], [20], [20]])), "required_fund_quanta", "x", "y")
    assert lone["low"].isna().all()
    happens = np.where(np.array([[1, 0, 0], [1, 0, 0], [0, 0, 0], [1, 1, 1]]), 5000, -1)
    cells = heat_map(points, runs_of(points, happens, column="first_adl_ms"), "adl", "x", "y").set_index("x")
    assert cells.loc[0, ["value", "n", "events"]].tolist() == pytest.approx([1 / 3, 6, 2])
    assert cells.loc[0, ["low", "high"]].tolist() == pytest.approx([float(end) for end in wilson(1, 3)])
    assert cells.loc[1, ["low", "high"]].tolist() == pytest.approx([float(end) for end in wilson(1.5, 3)])
