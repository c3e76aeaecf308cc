"""What a report draws besides a study's runs: gap risk of each arm's own book, the fund over time, one command."""

import numpy as np
import pandas as pd
import pytest
from clearsim.cli import app
from clearsim.config import to_yaml
from clearsim.funds.balances import fund_balances
from clearsim.funds.baseline import mean_curve, write_baseline
from clearsim.reduced.gap_risk import gap_risk_curve
from clearsim.reduced.run import simulate_batch
from typer.testing import CliRunner

from tests.reduced.reduced_worlds import KOU, config, longs_of
from tests.worlds.studies import write_study

WORLD = {"seed_quote": 20_000, "liquidation_ppm": 2_000, "days": 10}
STUDY = """
name: two-shares
title: Two markets
base: base
fidelity: reduced
paths: 100
{design}
levers:
  - {{name: jumps, path: "markets[0].price.jumps_per_year", values: [50, 10]}}
"""


def world(**changes):
    return config({**KOU, **changes}, longs_of((10, 0.5), (25, 0.5)), **WORLD)


def write_folder(folder, *, design="", fidelity="reduced"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "base.yaml").write_text(to_yaml(world()))
    (folder / "study.yaml").write_text(STUDY.format(design=design).replace("reduced", fidelity, 1))
    return folder


def test_each_arm_has_the_gap_risk_of_its_own_config(tmp_path):
    frame = pd.read_parquet(write_baseline(write_folder(tmp_path / "s")))
    assert sorted(frame["arm"].unique()) == [0, 1]
    for arm, jumps in enumerate((50, 10)):
        own = frame[frame["arm"] == arm]
        fund, probability = gap_risk_curve(world(jumps_per_year=jumps))
        assert own["fund"].iloc[-1] == pytest.approx(fund[-1])
        assert own["probability"].to_numpy() == pytest.approx(probability)


def test_over_sampled_points_the_mean_is_taken_where_all_curves_are_known(tmp_path):
    funds, chance = mean_curve(
        [(np.array([0.0, 1.0]), np.array([0.4, 0.2])), (np.array([0.0, 2.0]), np.array([0.2, 0.0]))]
    )
    assert np.interp([0.0, 0.9, 1.5, 2.0], funds, chance) == pytest.approx([0.3, 0.165, 0.025, 0.0], abs=2e-3)


def test_full_studies_have_no_closed_form_here(tmp_path):
    assert write_baseline(write_folder(tmp_path / "s", fidelity="full")) is None
    assert len(fund_balances(tmp_path / "s")[0]) == 0


def test_the_fund_begins_at_its_seed_and_ends_as_the_paths_do(tmp_path):
    days, balances = fund_balances(write_folder(tmp_path / "s"), times=4, paths=500)
    assert days.tolist() == pytest.approx([0, 10 / 3, 20 / 3, 10])
    assert (balances[:, 0] == WORLD["seed_quote"]).all()

    final = simulate_batch(world(jumps_per_year=50), paths=500).flow("fund") * 1e-6
    assert np.quantile(balances[:, -1], [0.1, 0.5, 0.9]) == pytest.approx(
        np.quantile(final, [0.1, 0.5, 0.9]), rel=0.1, abs=500
    )


def test_designs_with_several_points_have_no_one_fund(tmp_path):
    design = """
design: {kind: random, n: 3}
uncertainties:
  - {name: down, path: "markets[0].price.down_eta", distribution: {kind: uniform, low: 20, high: 30}}
"""
    folder = write_folder(tmp_path / "s", design=design)
    assert len(fund_balances(folder)[0]) == 0
    assert len(pd.read_parquet(write_baseline(folder))) == 400


def test_one_command_writes_the_report_of_a_study_and_says_what_is_wrong(tmp_path):
    folder = write_study(tmp_path / "study")
    done = CliRunner().invoke(app, ["report", str(folder)])
    assert done.exit_code == 0, done.output
    assert (folder / "report.html").is_file()
    failed = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert "is not a result folder" in str(failed.exception)
    wrong = CliRunner().invoke(app, ["report", str(folder), "--format", "gif"])
    assert "must be among png, svg, pdf; found gif" in str(wrong.exception)
