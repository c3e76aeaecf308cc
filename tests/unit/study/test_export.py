"""A study in the shapes of EMA Workbench and SALib, and as one flat frame."""

import io
import json
import tarfile

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.study.export import (
    ema_results,
    outcome_names,
    salib_export,
    study_frame,
    write_ema,
    write_salib,
)

from tests.unit.sensitivity.studies import points_of, runs_of, saltelli

POINTS = points_of(
    {"depth": [0.5, 1.0, 0.5, 1.0]}, scenario=[0, 1, 0, 1], levers={"rule": ["a", "a", "b", "b"]}
).assign(arm=[0, 0, 1, 1])


def runs(replications=2):
    table = runs_of(POINTS, np.arange(4 * replications).reshape(4, replications))
    return table.assign(first_adl_ms=np.where(table["point"] == 3, 1000, -1), name="study", error="")


def test_a_flat_frame_has_inputs_and_results_of_runs_that_are_done():
    table = runs()
    table.loc[0, "status"] = "failed"
    frame = study_frame(POINTS, table)
    assert len(frame) == 7
    assert list(frame.columns[:2]) == ["u.depth", "l.rule"]
    row = frame[(frame["point"] == 3) & (frame["replication"] == 1)].iloc[0]
    assert row[["u.depth", "l.rule", "required_fund_quanta"]].tolist() == [1.0, "b", 7]


def test_outcomes_are_numbers_and_events_not_identities():
    assert outcome_names(runs()) == ["adl", "required_fund_quanta", "first_adl_ms"]


def test_ema_has_a_row_a_point_and_outcomes_by_replication():
    experiments, outcomes = ema_results(POINTS, runs())
    assert list(experiments.columns) == ["depth", "rule", "scenario", "policy", "model"]
    assert experiments["scenario"].tolist() == [0, 1, 0, 1]
    assert experiments["policy"].tolist() == ["arm 0", "arm 0", "arm 1", "arm 1"]
    assert outcomes["required_fund_quanta"].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    single, outcomes = ema_results(POINTS, runs(1), ["adl"])
    assert outcomes["adl"].tolist() == [0, 0, 0, 1]
    assert str(single["rule"].dtype) == "category"


def test_ema_leaves_out_points_with_a_run_that_is_not_done():
    table = runs()
    table.loc[table["point"] == 1, "status"] = ["done", "crashed"]
    experiments, outcomes = ema_results(POINTS, table)
    assert experiments["depth"].tolist() == [0.5, 0.5, 1.0]
    assert len(outcomes["adl"]) == 3


def test_the_ema_archive_is_laid_out_as_its_loader_expects(tmp_path):
    """Layout of ema_workbench 2.5.3: experiments.csv, a file an outcome, metadata.json with kinds."""
    experiments, outcomes = ema_results(POINTS, runs(1))
    write_ema(tmp_path / "a.tar.gz", experiments, outcomes)
    write_ema(tmp_path / "b.tar.gz", experiments, outcomes)
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "a.tar.gz", "r:gz") as archive:
        content = {name: archive.extractfile(name).read() for name in archive.getnames()}
    metadata = json.loads(content["metadata.json"])
    assert ["ScalarOutcome", "adl", "adl.cls"] in metadata["outcomes"]
    assert metadata["experiments"]["rule"] == "category"
    assert metadata["experiments"]["depth"] == "float64"
    read = pd.read_csv(io.BytesIO(content["experiments.csv"]))
    assert read["depth"].tolist() == [0.5, 1.0, 0.5, 1.0]
    assert pd.read_csv(io.BytesIO(content["adl.cls"]), header=None)[0].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("layout", ["A AB B", "A B AB"])
def test_salib_gets_whole_blocks_in_its_own_order(layout, tmp_path):
    points, x = saltelli(4, 2, layout=layout)
    outcome = x[:, 0] + 10 * x[:, 1]
    outcome[5] = np.nan
    export = salib_export(points, runs_of(points, outcome), ["required_fund_quanta"], bounds={"x1": (0, 1)})
    assert export.is_saltelli
    assert export.x.shape == (12, 2)  # the second block has a run that failed
    a, ab1, ab2, b = export.x[:4]
    assert ab1.tolist() == [b[0], a[1]]
    assert ab2.tolist() == [a[0], b[1]]
    assert export.y[:, 0] == pytest.approx(export.x[:, 0] + 10 * export.x[:, 1])
    assert export.problem["bounds"][0] == [0, 1]
    problem, inputs, outputs = write_salib(tmp_path / "salib", export)
    assert json.loads(problem.read_text())["num_vars"] == 2
    assert np.loadtxt(inputs, delimiter=",", skiprows=1).shape == (12, 2)
    assert np.loadtxt(outputs, delimiter=",", skiprows=1).tolist() == pytest.approx(export.y[:, 0].tolist())


def test_salib_takes_other_designs_as_they_are_and_labels_by_code():
    points = points_of({"depth": [1.0, 2.0, 3.0], "rule": ["b", "a", "b"]})
    table = runs_of(points, [[1, 3], [5, 5], [0, 8]])
    export = salib_export(points, table, ["required_fund_quanta"])
    assert not export.is_saltelli
    assert export.x.tolist() == [[1, 1], [2, 0], [3, 1]]
    assert export.y.tolist() == [[2], [5], [4]]
    assert export.problem["labels"] == {"rule": ["a", "b"]}
    assert export.problem["bounds"] == [[1, 3], [0, 1]]
