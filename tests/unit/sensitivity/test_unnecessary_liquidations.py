"""`clearsim unnecessary-liquidations` on a small study of the full engine: its table, and that its report shows it."""

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.sensitivity.unneeded import estimates_by_arm
from clearsim.analysis.study.folder import open_study
from clearsim.api.unnecessary import choose_runs
from clearsim.cli import app
from clearsim.errors import ClearsimError
from typer.testing import CliRunner

from tests.unit.sensitivity.studies import points_of, runs_of

STUDY = """
name: small
title: Two funds under one shock
base: base
set: {duration_s: 90, "markets[0].price.shock_ms": 30000}
replications: 2
levers:
  - {name: fund, path: "funds[0].seed_quote", values: [10000, 100000]}
"""


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False, standalone_mode=False).output


def test_arms_are_judged_on_the_same_runs(tmp_path):
    (tmp_path / "study.yaml").write_text(STUDY)
    folder = tmp_path / "out"
    run("sweep", tmp_path / "study.yaml", "--serial", "--no-report", "--out", folder)
    printed = run("unnecessary-liquidations", folder, "--runs", "2")
    table = pd.read_parquet(folder / "unneeded.parquet")
    assert table["arm"].tolist() == [0, 1]
    assert table["n"].tolist() == [2, 2]
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()
    assert table["value"].between(0, 0.5).all()  # a shock of 8% that stays: most liquidations were needed
    assert "arm 1: " in printed
    found = estimates_by_arm(open_study(folder).extra("unneeded", ("arm", "value")))
    assert found[1].method == "share of liquidated notional, ratio over draws"


def test_runs_are_chosen_alike_in_all_arms():
    points = points_of({"a": [1.0, 1, 2, 2, 3, 3]}, arm=[0, 1] * 3)
    runs = runs_of(points, [[1.0, 1], [1, 1], [1, 1], [1, float("nan")], [1, 1], [1, 1]]).assign(fidelity="full")
    chosen = choose_runs(points, runs, 10)
    keys = chosen.groupby("arm")[["place", "replication"]].apply(lambda own: sorted(map(tuple, own.to_numpy())))
    assert keys[0] == keys[1] == [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1)]
    assert len(choose_runs(points, runs, 2)) == 4


@pytest.mark.parametrize(("count", "places"), [(2, [0, 7]), (4, [0, 2, 5, 7]), (8, list(range(8)))])
def test_few_runs_are_of_as_many_places_as_can_be(count, places):
    """Eight places with four replications: a step through their 32 runs would come back to the same places."""
    points = points_of({"a": np.arange(8.0)})
    chosen = choose_runs(points, runs_of(points, np.ones((8, 4))).assign(fidelity="full"), count)
    assert sorted(chosen["place"]) == places
    more = choose_runs(points, runs_of(points, np.ones((8, 4))).assign(fidelity="full"), 12)
    assert more["place"].value_counts().sort_index().tolist() == [2, 2, 2, 2, 1, 1, 1, 1]


def test_reduced_studies_are_refused():
    points = points_of({"a": [1.0]})
    with pytest.raises(ClearsimError, match="reduced runs keep no liquidations"):
        choose_runs(points, runs_of(points, [1.0]).assign(fidelity="reduced"), 1)
