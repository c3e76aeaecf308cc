"""Prints by how many MB a process grows in a sweep of N tiny runs: `python -m tests.sweep_survival.memory_process N`.

Counted from the tenth run on, when everything is imported and workers are up; rows go to a study folder.
"""

import sys
import tempfile
from pathlib import Path

import psutil
from clearsim.studies.execute.executors import ExecutorSettings, execute
from clearsim.studies.store.store import StudyStore

from tests.sweep_survival.toy_sweep import run_toy, toy_jobs


def growth_mb(n, folder):
    seen = []
    process = psutil.Process()
    with StudyStore.create(folder, study_yaml="", manifest={"study_hash": "toy"}) as store:

        def keep(outcome):
            store.add(outcome)
            seen.append(None)
            if len(seen) in (10, n):
                rss.append(process.memory_info().rss)

        rss = []
        jobs = toy_jobs(n, what="paths")
        execute(jobs, settings=ExecutorSettings("local", workers=2), on_outcome=keep, run=run_toy)
    return (rss[1] - rss[0]) / 1e6


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(growth_mb(int(sys.argv[1]), Path(scratch) / "s"))
