"""Sweeps on a cluster that runs already: real scheduler and worker processes on the loopback interface."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from clearsim.errors import ClusterError
from clearsim.runs.environment import environment
from clearsim.studies.design.load_study import load_study
from clearsim.studies.design.plan_checks import plan_study
from clearsim.studies.execute.executors import ExecutorSettings, open_pool
from clearsim.studies.store.folder import open_store
from clearsim.studies.store.store import StudyStore
from clearsim.studies.sweep import SweepOptions, run_sweep

from tests.sweep_survival.sweep_process import sweep
from tests.sweep_survival.toy_sweep import run_toy, toy_jobs

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60


@contextmanager
def process(*arguments, cwd):
    """`dask ARGUMENTS` until the block ends; its own process group, so that workers of a nanny end too."""
    started = subprocess.Popen(
        [sys.executable, "-m", "dask", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield started
    finally:
        family = [started, *psutil.Process(started.pid).children(recursive=True)] if started.poll() is None else []
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        started.wait()


@contextmanager
def scheduler(folder):
    file = folder / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
    with process("scheduler", "--scheduler-file", file, *options, cwd=folder) as started:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not file.exists():
            assert time.monotonic() < deadline, "the scheduler did not start"
            time.sleep(0.05)
        yield started, file


@contextmanager
def worker(file, *more):
    options = ["--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1", *more]
    with process("worker", "--scheduler-file", file, *options, cwd=file.parent) as started:
        yield started


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Address and scheduler file of a scheduler with two workers, one of them without a nanny."""
    folder = tmp_path_factory.mktemp("cluster")
    with scheduler(folder) as (_, file), worker(file), worker(file, "--no-nanny"):
        yield json.loads(file.read_text())["address"], file


def settings_for(cluster, kind):
    address, file = cluster
    return {"address": address} if kind == "address" else {"scheduler_file": file}


@pytest.mark.parametrize("kind", ["address", "file"])
def test_a_cluster_gives_the_result_of_the_serial_executor(cluster, tmp_path, kind):
    sweep(tmp_path / "here", n=40)
    sweep(tmp_path / "there", n=40, kind=kind, **settings_for(cluster, kind))
    here, there = (StudyStore.open(tmp_path / name, read_only=True) for name in ("here", "there"))
    assert there.rows().num_rows == 40
    assert here.result_hash() == there.result_hash()


def test_workers_with_another_version_are_refused_by_both_versions(cluster, monkeypatch):
    theirs = environment()["numpy"]
    monkeypatch.setitem(environment(), "numpy", "1.0.0")
    with (
        pytest.raises(ClusterError, match=rf"numpy 1\.0\.0 here, {theirs} there"),
        open_pool(ExecutorSettings("address", address=cluster[0])),
    ):
        pass


def test_a_worker_that_comes_later_is_checked_too(cluster):
    with open_pool(ExecutorSettings("address", address=cluster[0])) as pool:
        pool._cluster.expected["python"] = "2.7"
        with pytest.raises(ClusterError, match=r"python 2\.7 here"):
            pool.execute(toy_jobs(3), on_outcome=lambda outcome: None, run=run_toy)


def test_a_scheduler_that_does_not_answer_is_named():
    started = time.monotonic()
    settings = ExecutorSettings("address", address="tcp://127.0.0.1:9", connect_seconds=1)
    with pytest.raises(ClusterError, match=r"tcp://127\.0\.0\.1:9 does not answer"), open_pool(settings):
        pass
    assert time.monotonic() - started < 10


def test_a_new_study_leaves_no_folder_where_no_scheduler_answers(tmp_path):
    (tmp_path / "tiny.yaml").write_text("name: tiny\ntitle: Never run\nbase: base\n", encoding="utf-8")
    plan, out = plan_study(load_study(tmp_path / "tiny.yaml")), tmp_path / "out"
    settings = ExecutorSettings("address", address="tcp://127.0.0.1:9", connect_seconds=1)
    with pytest.raises(ClusterError, match="does not answer"):
        run_sweep(plan, SweepOptions(out=out, executor=settings))
    assert not out.exists()
    open_store(plan, out).close()
    with pytest.raises(ClusterError, match="does not answer"):
        run_sweep(plan, SweepOptions(out=out, executor=settings))
    assert (out / "manifest.json").is_file(), "a folder that was there stays"


def test_a_scheduler_file_that_is_not_there_is_named(tmp_path):
    settings = ExecutorSettings("file", scheduler_file=tmp_path / "none.json")
    with pytest.raises(ClusterError, match=r"none\.json: no such scheduler file"), open_pool(settings):
        pass


def test_a_scheduler_file_without_a_scheduler_is_named(tmp_path):
    (tmp_path / "stale.json").write_text(json.dumps({"type": "Scheduler", "address": "tcp://127.0.0.1:9"}))
    settings = ExecutorSettings("file", scheduler_file=tmp_path / "stale.json", connect_seconds=1)
    with pytest.raises(ClusterError, match=r"stale\.json does not answer"), open_pool(settings):
        pass


def test_a_cluster_without_workers_is_told(tmp_path):
    with scheduler(tmp_path) as (_, file):
        settings = ExecutorSettings("file", scheduler_file=file, workerless_seconds=1)
        with pytest.raises(ClusterError, match="has no workers; start some"), open_pool(settings):
            pass


def end_of_sweep(folder, file, victim):
    """Kill `victim` once some runs have come back; return what the sweep then says."""
    got = []

    def keep(outcome):
        got.append(outcome)
        if len(got) == 10:
            victim.send_signal(signal.SIGKILL)

    settings = ExecutorSettings("file", scheduler_file=file, connect_seconds=1, workerless_seconds=5)
    with pytest.raises(ClusterError) as error, open_pool(settings) as pool:
        pool.execute(toy_jobs(10**9, seconds=0.01), on_outcome=keep, run=run_toy)
    assert len(got) >= 10, str(error.value)
    return str(error.value)


def test_the_sweep_ends_with_a_word_when_the_scheduler_dies(tmp_path):
    with scheduler(tmp_path) as (victim, file), worker(file, "--no-nanny"):
        assert "finished runs are stored" in end_of_sweep(tmp_path, file, victim)


def test_the_sweep_ends_with_a_word_when_the_last_worker_is_gone(tmp_path):
    with scheduler(tmp_path) as (_, file), worker(file, "--no-nanny") as victim:
        assert "has no workers left" in end_of_sweep(tmp_path, file, victim)
