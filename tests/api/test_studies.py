"""`Study`, `sweep`, `StudyResult`: studies of Python equal studies of files, and scripts need no guard."""

import os
import subprocess
import sys

import clearsim
import pytest
from clearsim.cli import app
from typer.testing import CliRunner


def test_a_study_in_python_a_file_and_the_command_line_give_the_same_rows(study, swept, tmp_path):
    path = tmp_path / "small.yaml"
    study.to_yaml(path)
    assert clearsim.Study.from_yaml(path).hash == study.hash
    arguments = ["sweep", str(path), "--serial", "--no-report", "--out", str(tmp_path / "cli")]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert clearsim.open_study(tmp_path / "cli").result_hash == swept.result_hash


@pytest.mark.parametrize("name", ["base", "two-markets", "btc", "2020-03-12-btcusdt"])
def test_the_base_of_a_study_is_the_config_that_was_given(name):
    config = clearsim.load(name)
    assert clearsim.Study(config).base.hash == config.hash


def test_the_frame_has_a_row_a_run_with_inputs_and_money_in_quote_units(swept):
    frame = swept.frame()
    assert frame["l.fund"].tolist() == [50_000, 500_000] * 2
    assert frame["u.shock"].tolist() == [-0.175, -0.175, -0.125, -0.125]  # quantiles 1/4 and 3/4 of [-0.2, -0.1]
    assert frame["fund_initial_quote"].tolist() == [50_000.0, 500_000.0] * 2
    assert swept.frame(units="quanta")["fund_initial_quanta"].tolist() == [50_000 * 10**6, 500_000 * 10**6] * 2
    assert len(swept.failures()) == 0
    assert (swept.planned, swept.missing) == (4, 0)
    assert "4 runs in" in repr(swept)


def test_a_finished_study_is_resumed_and_shown(study, swept, tmp_path):
    folder = swept.save(tmp_path / "copy")
    again = clearsim.sweep(study, out=folder, executor="serial")
    assert (again.swept.total, again.swept.fresh) == (4, 0)
    assert again.study.hash == study.hash
    assert clearsim.figure(again, again.figures[0]).data
    assert "<svg" in again._repr_html_()
    assert "<svg" in study._repr_html_()
    assert again.report().read_text().startswith("<!")


def test_a_bound_ends_a_sweep_and_a_rule_needs_one(study, tmp_path):
    part = clearsim.sweep(study, out=tmp_path / "part", executor="serial", max_runs=1)
    assert (part.swept.total, part.swept.stopped_by) == (1, "max_runs")
    assert (part.planned, part.missing) == (4, 3)
    assert "1 of 4 runs in" in repr(part)
    assert "1 of 4 runs done, 3 missing" in part._repr_html_()
    with pytest.raises(clearsim.ConfigError, match="until needs a bound"):
        clearsim.sweep(study, until="events>=5")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: clearsim.Uncertainty("a", path="seed", low=2, high=1), "Uncertainty('a'): distribution.low must be"),
        (lambda: clearsim.Uncertainty("a", path="seed", low=2), "Uncertainty('a'): expected low and high"),
        (lambda: clearsim.Uncertainty("a", low=1, high=2), "Uncertainty('a'): path is missing"),
        (lambda: clearsim.Lever("b", path="seed", values=[]), "Lever('b'): values"),
        (lambda: clearsim.Lever("b", path="seed", values=[1], labels=["x", "y"]), "Lever('b'): labels must be as many"),
        (lambda: clearsim.Study("bas"), "Study: base: bas: no such config file or shipped config (did you mean base?)"),
        (lambda: clearsim.Study("base", replication=3), "replication is not a known key (did you mean replications?)"),
        (
            lambda: clearsim.Study("base", levers=[clearsim.Lever("b", path="markets[0].fees.taker_pp", values=[1])]),
            "Study: levers[0].path: there is no markets[0].fees.taker_pp (did you mean markets[0].fees.taker_ppm?)",
        ),
        (
            lambda: clearsim.Study("base", levers=[clearsim.Lever("b", path="seed", values=[1, -1])]),
            "Study: levers[0].values[1]: seed must be at least 0, found -1",
        ),
        (lambda: clearsim.sweep("depth-leverage-small", shard=(3, 2)), "shard must be (i, n) with 1 <= i <= n"),
        (lambda: clearsim.designs.sobol(n=0), "designs.sobol: n must be"),
        (lambda: clearsim.sweep("depth-leverage-small", executor="fast"), "executor must be local, serial"),
        (lambda: clearsim.sweep("depth-leverage-small", executor="serial", workers=2), "workers is for"),
        (lambda: clearsim.sweep("depth-leverage-small", workers=-1), "workers must be a whole number from 1, found -1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_name_of_the_argument(make, message):
    with pytest.raises(clearsim.ConfigError) as refused:
        make()
    assert message in str(refused.value)


SCRIPT = """
import clearsim

study = clearsim.Study(
    clearsim.load("base").with_traders(300).with_({"duration_s": 20, "markets[0].price.shock_ms": 10_000}),
    levers=[clearsim.Lever("fund", path="funds[0].seed_quote", values=[50_000, 500_000])],
)
result = clearsim.sweep(study, workers=1)
print(result.frame()["fund_initial_quote"].tolist())
"""


def test_a_script_without_a_guard_sweeps_once(tmp_path):
    """Local workers are spawned: without care each would run the script again and fail before it has begun."""
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "[50000.0, 500000.0]\n"), done.stderr
    assert "Traceback" not in done.stderr


def test_the_folder_of_a_run_is_no_study_and_the_folder_of_a_study_no_run(result, swept, tmp_path):
    run = result.save(tmp_path / "run")
    with pytest.raises(clearsim.ResultError, match="is the folder of a run, not of a study"):
        clearsim.open_study(run)
    study = swept.save(tmp_path / "study")
    with pytest.raises(clearsim.ResultError, match="is the folder of a study; use open_study"):
        clearsim.open_run(study)
    with pytest.raises(clearsim.ResultError, match="is not a folder; give the folder of a run's results"):
        clearsim.audit(tmp_path / "nowhere")


def test_a_damaged_part_is_a_result_error_wherever_it_is_read(swept, tmp_path):
    folder = swept.save(tmp_path / "damaged")
    for part in (folder / "runs").glob("*.parquet"):
        part.write_bytes(part.read_bytes()[:-40])
    result = clearsim.open_study(folder)
    for read in (lambda: result.missing, lambda: result.planned, lambda: repr(result), result.failures, result.frame):
        with pytest.raises(clearsim.ResultError, match="corrupt or cut short"):
            read()
