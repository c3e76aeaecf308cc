"""Real runs of both engines give the same study folder here, on local workers, and after a worker was killed."""

import os
import signal
from contextlib import suppress

import psutil
import pyarrow.parquet as pq
import pytest
from clearsim.config import to_yaml
from clearsim.studies.design.load_study import load_study
from clearsim.studies.design.plan_checks import plan_study
from clearsim.studies.execute.executors import ExecutorSettings
from clearsim.studies.store.store import StudyStore
from clearsim.studies.sweep import SweepOptions, run_sweep

from tests.reduced.reduced_worlds import KOU, config, longs_of

FULL = """
name: tiny-full
title: A minute of the reference market
base: base
set: {duration_s: 60, "markets[0].price.shock_ms": 20000}
replications: 2
design: {kind: grid, n: 2}
uncertainties:
  - name: shock
    path: markets[0].price.shock_fraction
    distribution: {kind: uniform, low: -0.14, high: -0.02}
"""
REDUCED = """
name: tiny-reduced
title: A few paths of the reduced form
base: base.yaml
fidelity: reduced
replications: 6
paths: 200
"""


def plan_of(tmp_path, text):
    base = config(KOU, longs_of((20, 0.6), (50, 0.4)), days=30)
    (tmp_path / "base.yaml").write_text(to_yaml(base))
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return plan_study(load_study(path))


def result_of(plan, folder, *, progress=None, **executor):
    options = SweepOptions(out=folder, executor=ExecutorSettings(**executor), progress=progress)
    result = run_sweep(plan, options)
    rows = StudyStore.open(folder, read_only=True).rows(["status", "error"]).to_pylist()
    if plan.study.fidelity == "reduced":
        store = StudyStore.open(folder, read_only=True)
        assert sum(pq.read_metadata(part).num_rows for part in store.path_parts()) == plan.n_runs * 200
    assert rows == [{"status": "done", "error": ""}] * plan.n_runs
    return result.result_hash


def a_worker_of(parent):
    """Process id of a worker that lives."""
    for child in parent.children(recursive=True):
        with suppress(psutil.Error):  # one that ends just now
            if "spawn_main" in " ".join(child.cmdline()):
                return child.pid
    raise AssertionError("there is no worker")


@pytest.mark.parametrize("text", [FULL, REDUCED], ids=["full", "reduced"])
def test_local_workers_give_the_study_folder_of_the_serial_executor(tmp_path, text):
    plan = plan_of(tmp_path, text)
    serial = result_of(plan, tmp_path / "serial", kind="serial")
    killed = []

    def kill_a_worker(**counts):
        if not killed:
            killed.append(a_worker_of(psutil.Process()))
            os.kill(killed[0], signal.SIGKILL)

    assert result_of(plan, tmp_path / "local", kind="local", workers=2, progress=kill_a_worker) == serial
    assert killed
