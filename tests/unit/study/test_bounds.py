"""Outcomes that some runs know only as a lower bound: how a study's tables, figures and exports show them."""

import clearsim
import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.bounds import bounds_of, bounds_text, lower_ends
from clearsim.analysis.charts.chart_context import StudyContext
from clearsim.analysis.charts.study.arm_outcomes import draw_arm_outcomes
from clearsim.analysis.charts.study.heat_map import draw_heat_map
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.reports.study_report import build_study_report
from clearsim.analysis.reports.study_trust import examine_study
from clearsim.analysis.sensitivity.factor_importance import importance
from clearsim.analysis.sensitivity.interaction import heat_map
from clearsim.analysis.sensitivity.prim import boxes_of_study
from clearsim.analysis.sensitivity.sobol import sobol_indices
from clearsim.analysis.sensitivity.tornado import swings
from clearsim.analysis.study.folder import open_study
from clearsim.analysis.study.samples import arm_samples
from clearsim.api.study_export import export_study

from tests.worlds.studies import FUND, QUANTA, arm_differences, arm_means, cut_off, write_study

CONTEXT = StudyContext(name="s", seed=1, n_runs=8, n_paths=0, asset="USDT", fidelity="full", study_hash="0" * 64,
                       open_interest=float("nan"))  # fmt: skip


def hand_made():
    """A 2 x 2 grid of x and y with two replications; of (1, 1) the first run knows only that it needs 50 or more."""
    points = pd.DataFrame(
        {"point": range(4), "scenario": 0, "arm": 0, "u.x": [0.0, 0.0, 1.0, 1.0], "u.y": [0.0, 1.0, 0.0, 1.0]}
    )
    runs = pd.DataFrame({"point": np.repeat(range(4), 2), "replication": [0, 1] * 4, "status": "done"})
    runs["required_fund_quanta"] = [10, 14, 10, 14, 20, 24, 50, 30]
    runs["required_fund_is_bound"] = [False] * 6 + [True, False]
    runs["required_fund_bound_by"] = ["none"] * 6 + ["fund", "none"]
    runs["first_adl_ms"] = [-1, 500, 100, 200, 100, 200, 100, 200]
    runs["duration_ms"] = 1_000
    return points, runs


def test_a_cell_with_a_bound_is_a_bound_without_an_interval_and_the_others_keep_theirs():
    """(50 + 30) / 2 = 40 or more; (10 + 14) / 2 = 12."""
    points, runs = hand_made()
    cells = heat_map(points, runs, "required_fund_quanta", "x", "y").set_index(["x", "y"])
    cut = cells.loc[(1.0, 1.0)]
    assert (cut["value"], cut["bounds"], cut["n"]) == (40, 1, 2)
    assert np.isnan([cut["low"], cut["high"]]).all()
    exact = cells.loc[(0.0, 0.0)]
    assert (exact["value"], exact["bounds"]) == (12, 0)
    assert exact["low"] < 12 < exact["high"]


def test_the_heat_map_marks_such_a_cell_and_names_no_extreme():
    cells = heat_map(*hand_made(), "required_fund_quanta", "x", "y")
    figure = draw_heat_map(cells, CONTEXT, question="?", x_title="x (m)", y_title="y (m)", value_title="fund")
    assert figure.data[0].text[1][1] == "≥ 40<br>in 1 of 2"
    assert figure.data[0].text[0][0].startswith("12<br>[")
    hatches = [shape for shape in figure.layout.shapes if shape.type == "line"]
    assert len(hatches) == 6
    assert all(0.5 <= x <= 1.5 and 0.5 <= y <= 1.5 for s in hatches for x, y in ((s.x0, s.y0), (s.x1, s.y1)))
    title = figure.layout.title.text
    assert "In 1 of 4 cells the mean is only a lower bound" in title
    assert "Highest" not in title


def test_a_time_that_was_not_reached_is_bounded_by_the_end_of_the_run():
    """(1,000 or more + 500) / 2 = 750 or more."""
    points, runs = hand_made()
    assert bounds_of(runs, "first_adl_ms").tolist() == [True] + [False] * 7
    assert lower_ends(runs, "first_adl_ms")[0] == 1_000
    cells = heat_map(points, runs, "first_adl_ms", "x", "y").set_index(["x", "y"])
    assert tuple(cells.loc[(0.0, 0.0)][["value", "bounds"]]) == (750, 1)


@pytest.mark.parametrize("column", ["required_fund_quanta", "required_fund_quote"])
def test_a_bound_is_recognised_in_either_unit(column):
    _, runs = hand_made()
    runs["required_fund_quote"] = runs["required_fund_quanta"] / 10
    assert bounds_of(runs, column).sum() == 1
    assert bounds_text(runs, column) == "only a lower bound in 1 of 8 runs (the fund fell short in 1)"
    assert bounds_text(runs, "duration_ms") == ""


@pytest.mark.parametrize(
    ("kind", "estimator", "by"),
    [
        ("saltelli", sobol_indices, "Sobol indices"),
        ("one_at_a_time", swings, "swings of a tornado"),
        ("latin_hypercube", importance, "importance measures"),
    ],
)
def test_what_takes_exact_values_refuses_bounds_and_takes_exact_ones(tmp_path, kind, estimator, by):
    folder = write_study(tmp_path / "s", kind=kind, fidelity="full", replications=2)
    study = open_study(folder)
    estimator(study.points, study.runs, "required_fund_quanta")
    n = cut_off(folder)
    assert n > 0
    study = open_study(folder)
    with pytest.raises(AnalysisError, match=f"{by} take exact values, .* only a lower bound in {n} of"):
        estimator(study.points, study.runs, "required_fund_quanta")
    estimator(study.points, study.runs, "n_traders")


def test_boxes_take_bounds_that_are_cases_whatever_they_hide(tmp_path):
    folder = write_study(tmp_path / "s", kind="latin_hypercube", fidelity="full", replications=2)
    assert cut_off(folder) > 0
    study = open_study(folder)
    chosen = {"outcome": "required_fund_quanta"}
    boxes_of_study(study.points, study.runs, **chosen, at_least=FUND * QUANTA)
    with pytest.raises(AnalysisError, match="boxes take exact values"):
        boxes_of_study(study.points, study.runs, **chosen, at_least=FUND * QUANTA + 1)
    with pytest.raises(AnalysisError, match="boxes take exact values"):
        boxes_of_study(study.points, study.runs, **chosen, at_most=FUND * QUANTA)


def arms_cut_off(tmp_path):
    """Two arms of 12 full runs, the second with twice the need of the first, cut off at the fund."""
    folder = write_study(tmp_path / "s", arms=("a", "b"), fidelity="full", replications=12, answer=False, scale=3.0)
    with (folder / "study.yaml").open("a") as text:
        text.write("outcomes: [required_fund_quanta]\n")
    cut_off(folder)
    return folder


def test_a_mean_of_bounds_has_no_interval_and_a_difference_of_them_is_not_known(tmp_path):
    folder = arms_cut_off(tmp_path)
    study = open_study(folder)
    means = arm_means(study, level=0.95)
    runs = study.runs
    for arm, row in enumerate(means.to_dict("records")):
        own = runs[runs["arm"] == arm]
        assert row["bounds"] == own["required_fund_is_bound"].sum() > 0
        assert row["runs"] == 12
        assert row["value"] == pytest.approx(own["required_fund_quanta"].mean() / QUANTA)
        assert np.isnan([row["low"], row["high"]]).all()
    _, found = arm_differences(study, level=0.95)
    assert found["bounds"].item() == means["bounds"].sum()
    assert np.isnan(found["value"].item())


def test_the_figures_of_arms_and_the_page_say_at_least(tmp_path):
    folder = arms_cut_off(tmp_path)
    study = open_study(folder)
    figure = draw_arm_outcomes(arm_means(study, level=0.95), CONTEXT)
    bounds = [trace for trace in figure.data if trace.marker.symbol == "triangle-right-open"]
    assert len(bounds) == 1
    assert all(text.startswith("≥ ") for text in bounds[0].text)
    assert bounds[0].error_x.array is None
    assert "no highest and lowest arm is named" in figure.layout.title.text
    than, found = arm_differences(study, level=0.95)
    figure = draw_arm_outcomes(found, CONTEXT, than=than)
    assert [tuple(trace.text) for trace in figure.data if trace.text] == [("not known",)]
    page = build_study_report(study)
    assert "Full runs whose required fund is only a lower bound" in page


def test_an_export_says_how_many_are_bounds_and_keeps_the_flag(tmp_path):
    folder = arms_cut_off(tmp_path)
    study = open_study(folder)
    lines = export_study(study, "csv", None, outcomes=None, arm=None)
    n = int(study.runs["required_fund_is_bound"].sum())
    expected = f"required_fund_quanta is only a lower bound in {n} of 24 runs (the fund fell short in {n}): there"
    assert any(line == f"{expected} required_fund_is_bound" for line in lines)
    assert pd.read_csv(folder / "study.csv")["required_fund_is_bound"].sum() == n


def test_a_study_says_why_adl_came_by_its_notional(tmp_path):
    """Runs of 300 (fund) and 100 (cap, of which 40 had waited): 75%, 25%, 10%."""
    folder = write_study(tmp_path / "s", fidelity="full", replications=4)
    runs = pd.read_parquet(folder / "runs" / "part-a.parquet")
    for name, amounts in {
        "adl_notional_quanta": [300, 100, 0, 0], "adl_fund_dry_quanta": [300, 0, 0, 0],
        "adl_cap_quanta": [0, 100, 0, 0], "adl_waited_quanta": [0, 40, 0, 0],
    }.items():  # fmt: skip
        runs[name] = amounts
    runs.to_parquet(folder / "runs" / "part-a.parquet")
    study = open_study(folder)
    found = next(
        row for row in examine_study(study, arm_samples(study, "equity_zero")) if row.subject.startswith("Why")
    )
    assert found.subject == "Why ADL came, in 2 of 4 runs"
    assert [text.partition(":")[0] for text in found.result.split("; ")] == ["75%", "25%", "10%"]


def test_the_answer_of_a_study_of_times_says_at_least(tmp_path):
    """Without an event in a run the time is the end of the run, 30 days, or later."""
    folder = write_study(tmp_path / "s", arms=("a", "b"), fidelity="full", replications=12, answer=False, scale=3.0)
    with (folder / "study.yaml").open("a") as text:
        text.write("outcomes: [first_adl_ms]\n")
    study = open_study(folder)
    own = study.runs[study.runs["arm"] == 0]
    never = int((own["first_adl_ms"] < 0).sum())
    assert 0 < never < 12
    mean = own["first_adl_ms"].where(own["first_adl_ms"] >= 0, 30 * 86_400_000).mean()
    row = arm_means(study, level=0.95).iloc[0]
    assert (row["value"], row["bounds"]) == (pytest.approx(mean), never)
    assert f"(a lower bound in {never} of 12 runs)" in build_study_report(study)


def test_the_picture_of_a_study_in_a_notebook_draws_no_bounds(tmp_path):
    folder = write_study(tmp_path / "s", kind="grid", fidelity="full", simulated_share="1", result_hash="9" * 64)
    assert "required fund (up)" in clearsim.open_study(folder)._repr_html_()
    assert cut_off(folder) > 0
    shown = clearsim.open_study(folder)._repr_html_()
    assert "deleveraged accounts (up)" in shown
    assert "required fund (up)" not in shown
