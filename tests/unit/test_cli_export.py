"""`clearsim export`: every shape is written from a study folder, and what cannot be is refused in one line."""

import json

import pandas as pd
import pytest
from clearsim.analysis.csv_text import csv_text
from clearsim.cli import app
from clearsim.errors import ClearsimError, ConfigError
from typer.testing import CliRunner

from tests.worlds.studies import write_study


def export(*arguments):
    """Lines that the command prints; raises what it raises."""
    done = CliRunner().invoke(app, ["export", *map(str, arguments)], catch_exceptions=False, standalone_mode=False)
    return done.output.splitlines()


def test_a_saltelli_study_goes_to_salib_in_whole_blocks(tmp_path):
    folder = write_study(tmp_path / "study", kind="saltelli")
    lines = export(folder, "--to", "salib", "--outcome", "required_fund_quanta")
    problem = json.loads((folder / "salib" / "problem.json").read_text())
    outputs = pd.read_csv(folder / "salib" / "outputs.csv")
    assert problem["outputs"] == list(outputs.columns) == ["required_fund_quanta"]
    assert len(outputs) % (problem["num_vars"] + 2) == 0
    assert any("Saltelli blocks" in line for line in lines)


def test_a_study_goes_to_ema_and_to_tables(tmp_path):
    folder = write_study(tmp_path / "study", kind="latin_hypercube", arms=("a", "b"))
    assert "experiments" in export(folder, "--to", "ema", "--out", tmp_path / "x.tar.gz")[0]
    assert (tmp_path / "x.tar.gz").stat().st_size > 100
    lines = export(folder, "--to", "pandas")
    assert lines[1].startswith("read it with: import pandas as pd; pd.read_parquet(")
    table = pd.read_parquet(folder / "study.parquet")
    export(folder, "--to", "csv", "--out", tmp_path / "x.csv")
    assert len(pd.read_csv(tmp_path / "x.csv")) == len(table) > 0
    assert {"u.depth", "l.ADL rule", "run_id"} <= set(table.columns)


def test_every_export_reports_failed_runs_and_the_points_it_leaves_out(tmp_path):
    # 120 points with two runs each, of which the first five failed: both of points 0 and 1, one of point 2.
    folder = write_study(tmp_path / "study", kind="latin_hypercube", failed=5)
    failed = "5 of 240 runs failed and are left out (points 0-2)"
    for to in ("csv", "parquet", "pandas", "polars"):
        lines = export(folder, "--to", to)
        assert ": 235 runs, " in lines[0]
        assert lines[1:3] == [failed, "2 of 120 points are left out, of which no run is done (points 0-1)"], to
    lines = export(folder, "--to", "ema")
    assert ": 117 experiments" in lines[0]
    assert lines[1:3] == [failed, "3 of 120 points are left out, of which a run is not done (points 0-2)"]
    lines = export(folder, "--to", "salib")
    assert "5 of 240 runs failed and are nan in outputs.csv (points 0-2)" in lines
    outputs = pd.read_csv(folder / "salib" / "outputs.csv")
    assert outputs["required_fund_quanta"].isna().to_numpy().nonzero()[0].tolist() == [0, 1, 2]


def test_blocks_that_salib_cannot_take_are_reported(tmp_path):
    folder = write_study(tmp_path / "study", kind="saltelli", failed=1)
    lines = export(folder, "--to", "salib", "--outcome", "required_fund_quanta")
    assert lines[-4:-1] == [
        "1 of 320 runs failed and are left out (point 0)",
        "1 of 160 points are left out, of which a run is not done (point 0)",
        "whole blocks of 5 rows are left out with them",
    ]
    assert len(pd.read_csv(folder / "salib" / "inputs.csv")) == 155


def test_cells_that_a_spreadsheet_would_execute_are_text(tmp_path):
    folder = write_study(tmp_path / "study", kind="latin_hypercube", arms=("=1+1", "-10%"))
    export(folder, "--to", "csv")
    assert set(pd.read_csv(folder / "study.csv")["l.ADL rule"]) == {"'=1+1", "'-10%"}
    export(folder, "--to", "parquet")
    assert set(pd.read_parquet(folder / "study.parquet")["l.ADL rule"]) == {"=1+1", "-10%"}
    frame = pd.DataFrame({"=x": ["@a", "-5", "-1 +2e3", "-1 =2"], "n": [-1.0, 2.0, 3.0, 4.0]})
    assert csv_text(frame) == "'=x,n\n'@a,-1.0\n-5,2.0\n-1 +2e3,3.0\n'-1 =2,4.0\n"


def test_what_cannot_be_written_is_refused(tmp_path):
    folder = write_study(tmp_path / "study", kind="latin_hypercube", arms=("a", "b"))
    with pytest.raises(ConfigError, match="to must be one of ema, salib, csv, parquet, pandas, polars"):
        export(folder, "--to", "excel")
    with pytest.raises(ClearsimError, match="has 2 arms: name one"):
        export(folder, "--to", "salib")
    with pytest.raises(ClearsimError, match="outcome 'fund' is not known"):
        export(folder, "--to", "ema", "--outcome", "fund")
    with pytest.raises(ClearsimError, match="is not a folder"):
        export(tmp_path / "none", "--to", "csv")
