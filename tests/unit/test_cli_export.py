"""`clearsim export`: every shape is written from a study folder, and what cannot be is refused in one line."""

import json

import pandas as pd
import pytest
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
