"""`clearsim validate` from end to end on a small run, and what it says of runs that fail."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from clearsim.errors import InvariantError
from clearsim.scenarios.model import load_scenario
from clearsim.scenarios.run import measure

SMALL = """schema_version: 1
name: small
title: A fall of 20% in a small market
kind: hypothetical
base: base
bands_written: 2026-11-23
set: {duration_s: 260, "markets[0].price.shock_fraction": -0.2}
traders: 500
targets:
  - {metric: index_fall, low: -0.25, high: -0.15, status: derived, source: the jump itself, date: 2026-11-23}
  - {metric: fund_change, low: 5, high: 6, status: expectation, source: cannot be met, date: 2026-11-23}
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = tmp_path_factory.mktemp("scenario") / "small.yaml"
    path.write_text(SMALL)
    return path


def validate(*arguments, cwd):
    """Run the command; return its code and output."""
    command = [sys.executable, "-m", "clearsim.cli", "validate", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=600, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_scenario_from_end_to_end(scenario, tmp_path):
    code, output, errors = validate(scenario, "--quick", "--out", tmp_path / "out", cwd=Path.cwd())
    assert code == 0, errors
    assert "1 of 2 targets met, 1 missed" in " ".join(output.split())
    rows = list(csv.DictReader((tmp_path / "out" / "targets.csv").open()))
    assert [row["verdict"] for row in rows] == ["pass", "miss"]
    values = [float(value) for value in rows[0]["values"].split()]
    assert len(values) == 3
    assert len(set(values)) == 3  # replications differ
    assert float(rows[0]["mean"]) == pytest.approx(sum(values) / 3)
    page = (tmp_path / "out" / "validation.html").read_text()
    assert "Missed: 1 of 2" in page
    code, _, errors = validate(scenario, "--out", tmp_path / "out", cwd=Path.cwd())
    assert code == 2
    assert "exists; name another with --out" in errors
    code, _, _ = validate(scenario, "--strict", "--out", tmp_path / "out", "--overwrite", cwd=Path.cwd())
    assert code == 1


def test_a_scenario_whose_run_fails_has_exit_code_3(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from clearsim import UserAgent\nclass Mine(UserAgent):\n    def decide(self, view):\n        return 1 / 0\n"
    )
    mine = "agents: [{kind: user, name: me, file: mine.py, class: Mine, deposit_quote: 1000}]"
    (tmp_path / "mine.yaml").write_text(f"extends: base\n{mine}\n")
    (tmp_path / "small.yaml").write_text(SMALL.replace("base: base", "base: mine.yaml"))
    code, _, errors = validate("small.yaml", "--quick", "--out", "out", cwd=tmp_path)
    assert code == 3
    assert errors.endswith("1 of 1 scenarios failed (small): out/targets.csv has why\n")
    assert "ZeroDivisionError" in (tmp_path / "out" / "targets.csv").read_text()


def test_an_unknown_scenario_names_the_nearest_and_makes_no_folder(tmp_path):
    code, _, errors = validate("gap-11", "--out", tmp_path / "out", cwd=Path.cwd())
    assert code == 2
    assert "did you mean gap-1" in errors
    assert not (tmp_path / "out").exists()


def test_scenarios_and_metrics_are_listed(tmp_path):
    code, output, _ = validate("--list", cwd=tmp_path)
    assert code == 0
    assert "jelly-2025" in output
    assert "shortfall_of_open_interest" in output


def test_a_run_that_fails_misses_every_target_and_says_why(scenario):
    from clearsim.api.validation import score_scenario

    def broken(config, **options):
        raise InvariantError("cycle 7: the fund is below zero")

    loaded = load_scenario(scenario)
    measured = measure(loaded, simulate=broken, say=lambda text: None)
    scores = score_scenario(loaded, measured)
    assert [score.passed for score in scores] == [False, False]
    assert "cycle 7" in scores[0].reason
