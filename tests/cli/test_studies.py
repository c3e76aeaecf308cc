"""Studies on the command line, in real processes: resume, shards, verify, replay, rules, failures, exit codes."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.cli.test_cli import CLEARSIM, ROOT, clearsim, refused

TINY = """name: tiny
title: A tiny study
question: Does the taker fee matter?
base: base
set: {duration_s: 20, 'markets[0].price.shock_ms': 10000}
uncertainties:
  - {name: shock, path: 'markets[0].price.shock_fraction', distribution: {kind: uniform, low: -0.12, high: -0.04}}
design: {kind: grid, n: 2}
levers:
  - {name: taker, path: 'markets[0].fees.taker_ppm', values: [400, 500]}
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Path:
    """A folder with tiny.yaml and its finished sweep in results/tiny; tests that write copy it first."""
    folder = tmp_path_factory.mktemp("studies")
    (folder / "tiny.yaml").write_text(TINY)
    done = clearsim("sweep", "tiny.yaml", "--serial", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert re.match(r"4 runs stored, 4 new in \d+ s \([\d.]+ runs/s\); 0 failed, 0 crashed\n", done.stdout)
    return folder


@pytest.fixture
def copied(swept, tmp_path) -> Path:
    shutil.copytree(swept, tmp_path / "copy")
    return tmp_path / "copy"


def sweep(cwd, *arguments, code=0):
    done = clearsim("sweep", "tiny.yaml", "--serial", "--no-report", *arguments, cwd=cwd)
    assert done.returncode == code, done.stderr
    return done


def hash_said(done) -> str:
    return re.search(r"^result ([0-9a-f]{16})$", done.stdout, re.MULTILINE)[1]


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def test_a_sweep_leaves_a_study_folder_with_a_report(swept):
    folder = swept / "results" / "tiny"
    assert {path.name for path in folder.iterdir()} >= {
        "study.yaml", "base.yaml", "manifest.json", "points.parquet", "runs", "report.html",
    }  # fmt: skip
    points = pq.read_table(folder / "points.parquet")
    assert points["u.shock"].to_pylist() == [-0.1, -0.1, -0.06, -0.06]
    assert points["l.taker"].to_pylist() == [400, 500, 400, 500]
    assert (folder / "study.yaml").read_text() == TINY


def test_a_second_sweep_runs_nothing_and_more_replications_go_on(copied):
    again = sweep(copied)
    assert again.stdout.startswith("4 runs stored, 0 new in ")
    more = sweep(copied, "--set", "replications=2")
    assert more.stdout.startswith("8 runs stored, 4 new in ")
    assert hash_said(more) != hash_said(again)
    folder = copied / "results" / "tiny"
    assert [manifest(folder)[name] for name in ("replications", "n_runs", "n_stored")] == [2, 8, 8]
    assert clearsim("status", str(folder), cwd=copied).stdout.startswith(
        "tiny: 4 points, 8 runs wanted; stored: 8 done\nmissing 0; "
    )
    at_once = sweep(copied, "--set", "replications=2", "--out", "at-once")
    assert hash_said(at_once) == hash_said(more)


def test_a_sweep_that_was_stopped_counts_against_the_whole_study(swept, tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    part = sweep(tmp_path, "--max-runs", "1", "--out", "part")
    assert part.stdout.startswith("1 of 4 runs stored, 1 new in ")
    assert "stopped by max_runs; 3 runs are missing; repeat the command to resume\n" in part.stdout
    assert [manifest(tmp_path / "part")[name] for name in ("n_runs", "n_stored")] == [4, 1]
    report = clearsim("report", "part", "--no-baseline", cwd=tmp_path)
    assert report.stderr == "incomplete: 3 of 4 runs are missing\n"
    text = (tmp_path / "part" / "report.html").read_text()
    assert "1 of 4 runs done, 3 missing" in text
    assert "1 of 4 cells have a completed run, so nothing follows" in text
    assert "Every cell shows" not in text
    assert clearsim("report", "results/tiny", "--no-baseline", cwd=swept).stderr == ""


def test_a_changed_study_is_refused(copied):
    (copied / "tiny.yaml").write_text(TINY.replace("-0.12", "-0.13"))
    line = refused("sweep", "tiny.yaml", "--serial", cwd=copied, code=1)
    assert line.startswith("results/tiny: holds another study: the study file or its base config changed since")
    (copied / "tiny.yaml").write_text(TINY.replace("A tiny study", "The same in other words"))
    assert sweep(copied).stdout.startswith("4 runs stored, 0 new")
    assert manifest(copied / "results" / "tiny")["title"] == "The same in other words"


def test_shards_merge_into_what_one_sweep_gives(swept, tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    for index in (1, 2):
        done = sweep(tmp_path, "--shard", f"{index}/2", "--out", f"shard-{index}")
        assert done.stdout.startswith("2 of 4 runs stored, 2 new in ")
        assert "this shard is complete; 2 runs of the study are not in this folder\n" in done.stdout
    merged = clearsim("merge", "merged", "shard-1", "shard-2", cwd=tmp_path)
    assert merged.stdout.startswith("merged: 4 of 4 runs\n")
    assert hash_said(merged) == manifest(swept / "results" / "tiny")["result_hash"][:16]
    assert [manifest(tmp_path / "shard-1")[name] for name in ("n_runs", "n_stored")] == [4, 2]
    assert [manifest(tmp_path / "merged")[name] for name in ("n_runs", "n_stored")] == [4, 4]
    assert clearsim("verify", "merged", "--runs", "1", cwd=tmp_path).returncode == 0


def test_verify_finds_a_row_that_was_changed(copied):
    folder = copied / "results" / "tiny"
    assert clearsim("verify", str(folder), cwd=copied).stdout == "4 of 4 runs are equal, byte for byte\n"
    (part,) = (folder / "runs").glob("*.parquet")
    table = pq.read_table(part)
    changed = pc.if_else(pa.array([True, False, False, False]), pc.add(table["n_fills"], 1), table["n_fills"])
    position = table.column_names.index("n_fills")
    table = table.set_column(position, table.schema.field("n_fills"), changed.cast(pa.int64()))
    pq.write_table(table, part, write_page_checksum=True)
    found = clearsim("verify", str(folder), "--runs", "4", cwd=copied)
    assert found.returncode == 1
    cause = "versions, source and processor are those on record: the folder was changed, or clearsim has a defect"
    assert found.stdout == f"{table['run_id'][0]}: n_fills differ; {cause}\n3 of 4 runs are equal, byte for byte\n"


def test_verify_says_when_the_base_config_was_changed(copied):
    base = copied / "results" / "tiny" / "base.yaml"
    base.write_text(base.read_text().replace("seed: 1\n", "seed: 2\n"))
    assert "its study or base config was changed after the sweep" in refused(
        "verify", "results/tiny", cwd=copied, code=1
    )


def test_replay_of_a_run_equals_its_row_and_writes_a_report(copied):
    folder = copied / "results" / "tiny"
    run = pq.read_table(folder / "runs")["run_id"][2].as_py()
    done = clearsim("replay", "results/tiny", run[:10], cwd=copied)
    assert (done.returncode, done.stdout) == (0, f"results/tiny/replays/{run}\nequal to the stored row\n"), done.stderr
    assert (folder / "replays" / run / "report.html").stat().st_size > 10_000
    assert pq.read_table(folder / "replays" / run / "events").num_rows > 0
    line = refused("replay", "results/tiny", "0" * 16, cwd=copied, code=1)
    assert line.startswith("results/tiny: holds no run 0000000000000000")


@pytest.mark.parametrize(("rule", "least"), [("events>=5", 5), ("rel_half_width<0.3", 1)])
def test_a_rule_adds_replications_until_it_is_met(copied, rule, least):
    """Every run of the deeper shock deleverages, so each arm has at least one event in two runs."""
    done = sweep(copied, "--until", rule, "--max-runs", "60")
    said = re.search(r"^stopping rule reached: arm \d: (\d+) events \(adl\) in (\d+), ", done.stdout, re.MULTILINE)
    assert int(said[1]) >= least
    assert 4 < int(done.stdout.split()[0]) <= 64


def test_a_bound_ends_a_rule_that_is_not_met(copied):
    done = sweep(copied, "--until", "events>=1000", "--max-runs", "3")
    assert done.stdout.startswith("7 runs stored, 3 new")
    assert "stopping rule NOT reached (stopped by max_runs): arm " in done.stdout
    done = sweep(copied, "--until", "events>=1000", "--max-time", "1s")
    assert "stopping rule NOT reached (stopped by max_seconds): arm " in done.stdout


REFUSED = [
    (("--until", "events>=5"), "--until needs a bound: give --max-runs or --max-time too"),
    (("--until", "event>=5", "--max-runs", "1"), "until must be like events>=385, rel_half_width<0.1 or"
                                                 " fund_empty:events>=100, found 'event>=5'"),
    (("--max-time", "soon"), "--max-time must be like 90s, 30m or 2h, found 'soon'"),
    (("--serial", "--workers", "2"), "--serial and --workers exclude each other"),
    (("--set", "replication=2"), "--set replication=2: there is no replication (did you mean replications?)"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=lambda part: part[0] if isinstance(part, tuple) else "")
def test_bad_options_are_refused_in_one_line(swept, arguments, message):
    assert refused("sweep", "tiny.yaml", "--out", "never", *arguments, cwd=swept) == message
    assert not (swept / "never").exists()


def test_a_bad_shard_is_refused(swept):
    line = refused("sweep", "tiny.yaml", "--out", "never", "--shard", "3/2", cwd=swept)
    assert line.startswith("--shard must be I/N with 1 <= I <= N, like 3/16, found '3/2'")


def test_a_dry_run_tells_points_and_cost_and_writes_nothing(tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    done = clearsim("sweep", "tiny.yaml", "--dry-run", "--workers", "2", cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "tiny: A tiny study",
        "4 points (2 of the design x 2 arms) x 1 replication = 4 full runs",
        "  point 0 (scenario 0, arm 0)  u.shock -0.1  l.taker 400",
    ]
    assert re.fullmatch(
        r"pilots: 3 runs, median [\d.]+ s, slowest [\d.]+ s; all runs on 2 workers: about \d+ s, [\d.]+ kB on disk",
        lines[-1],
    )
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.yaml"]


SHOCK_LINE = next(line for line in TINY.splitlines() if "name: shock" in line)
MAINTENANCE_LINE = (
    "  - {name: m, path: 'markets[0].margin.tiers[0].maintenance_ppm',"
    " distribution: {kind: integers, low: 3000, high: 9000}}"
)
FAILING = TINY.replace(SHOCK_LINE, MAINTENANCE_LINE).replace(
    "{kind: grid, n: 2}", "{kind: list, points: [{m: 3900}, {m: 9000}]}"
)


def test_points_that_cannot_be_run_are_rows_and_the_sweep_goes_on(tmp_path):
    """At 125x the initial rate is 8000 ppm, so a maintenance rate of 9000 ppm is refused."""
    (tmp_path / "tiny.yaml").write_text(FAILING)
    done = sweep(tmp_path, code=3)
    assert "4 runs stored, 4 new" in done.stdout
    assert "; 2 failed, 0 crashed" in done.stdout
    assert done.stderr.endswith("2 of 4 runs failed: results/tiny/failed.csv names them\n")
    head, *listed = csv.reader((tmp_path / "results" / "tiny" / "failed.csv").open())
    assert head == ["run_id", "point", "arm", "replication", "status", "error"]
    assert sorted(row[1:5] for row in listed) == [["2", "0", "0", "failed"], ["3", "1", "0", "failed"]]
    assert all("(9000 >= 8000)" in row[5] for row in listed)
    assert "must be below the initial rate of 125x (9000 >= 8000)" in done.stderr
    status = clearsim("status", "results/tiny", cwd=tmp_path).stdout
    assert "stored: 2 done, 2 failed" in status
    assert re.search(r"^2 x ConfigError: .*tiers\[0\]\.maintenance_ppm = 9000", status, re.MULTILINE)
    assert sweep(tmp_path, code=3).stdout.startswith("4 runs stored, 0 new")
    assert sweep(tmp_path, "--retry-failed", code=3).stdout.startswith("4 runs stored, 2 new")
    assert clearsim("verify", "results/tiny", cwd=tmp_path).stdout.startswith("2 of 2 runs are equal")


def test_the_table_of_failures_goes_with_the_last_failure(tmp_path):
    """The agent raises once; its run is the only failure, until it is run again."""
    agent = """from pathlib import Path
from clearsim import UserAgent
class Mine(UserAgent):
    def decide(self, view):
        if not Path({marker!r}).exists():
            raise RuntimeError("=1+1")
        return []
"""
    marker = tmp_path / "marker"
    (tmp_path / "mine.py").write_text(agent.format(marker=str(marker)))
    mine = "agents: [{kind: user, name: me, file: mine.py, class: Mine, deposit_quote: 1000}]"
    study = TINY.replace("values: [400, 500]", "values: [400]").replace("{kind: grid, n: 2}", "{kind: grid, n: 1}")
    (tmp_path / "base.yaml").write_text(f"extends: base\n{mine}\n")
    (tmp_path / "tiny.yaml").write_text(study.replace("base: base", "base: base.yaml"))
    failed = tmp_path / "results" / "tiny" / "failed.csv"
    assert "1 of 1 runs failed" in sweep(tmp_path, code=3).stderr
    assert "RuntimeError" in failed.read_text()
    marker.touch()
    sweep(tmp_path, "--retry-failed")
    assert not failed.exists()


def test_a_dry_run_whose_pilots_fail_has_exit_code_3(tmp_path):
    (tmp_path / "tiny.yaml").write_text(FAILING)
    done = clearsim("sweep", "tiny.yaml", "--serial", "--dry-run", cwd=tmp_path)
    assert done.returncode == 3
    assert "a pilot run failed: ConfigError: " in done.stderr


def test_a_sweep_of_which_nothing_succeeds_has_exit_code_3(tmp_path):
    only = FAILING.replace("[{m: 3900}, {m: 9000}]", "[{m: 3900}, {m: 9000}]").replace(
        "values: [400, 500]", "values: [400]"
    )
    (tmp_path / "tiny.yaml").write_text(only)
    done = clearsim("sweep", "tiny.yaml", "--serial", "--no-report", "--shard", "2/2", cwd=tmp_path)
    assert done.returncode == 3
    assert "1 of 2 runs stored, 1 new" in done.stdout
    assert "note: lever taker has one value: it changes nothing" in done.stderr


def test_a_lever_that_the_engine_does_not_read_is_told(tmp_path):
    text = TINY.replace(
        "path: 'markets[0].fees.taker_ppm', values: [400, 500]", "path: record.sample_ms, values: [1000, 2000]"
    )
    (tmp_path / "tiny.yaml").write_text(text)
    done = sweep(tmp_path)
    assert "note: lever taker changed no column of any run: does the engine read what it sets?" in done.stderr


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    command = [*CLEARSIM, "sweep", "tiny.yaml", "--serial", "--no-report", "--set", "replications=2000"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 120
    while not list((tmp_path / "results").glob("tiny/runs/part-*")) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.strip().splitlines()[-1] == (
        "interrupted; finished runs are stored in results/tiny; repeat the command to resume"
    )
    status = clearsim("status", "results/tiny", cwd=tmp_path).stdout
    assert 0 < int(re.search(r"stored: ([\d,]+) done", status)[1].replace(",", "")) < 8_000


def test_an_sbatch_script_runs_the_same_study_in_shards(swept):
    script = clearsim("sweep", "tiny.yaml", "--set", "replications=9", "--print-sbatch", cwd=swept).stdout
    assert 'clearsim sweep tiny.yaml --set replications=9 --shard "$SLURM_ARRAY_TASK_ID/' in script
    checked = subprocess.run(["bash", "-n"], input=script, text=True, check=False)
    assert checked.returncode == 0


def test_shipped_studies_are_listed_with_engine_and_title(tmp_path):
    lines = clearsim("studies", cwd=tmp_path).stdout.splitlines()
    assert any(line.startswith("depth-leverage-small") and " full " in line for line in lines)


def test_the_schema_of_study_files_is_json_schema(tmp_path):
    schema = json.loads(clearsim("schema", "--study", cwd=tmp_path).stdout)
    assert {"Saltelli", "LogUniform", "Lever"} <= set(schema["$defs"])


def test_a_folder_that_is_no_study_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    for command in ("status", "verify"):
        assert refused(command, "empty", cwd=tmp_path, code=1).startswith("empty: is not a result folder")
