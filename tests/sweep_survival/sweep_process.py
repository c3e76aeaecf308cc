"""A sweep of toy runs as a process: `python -m tests.sweep_survival.sweep_process FOLDER N KIND SECONDS [FILE]`.

Creates the folder or goes on with it, says `started`, then `done` or `interrupted`; the tests kill it meanwhile.
"""

import sys
from pathlib import Path

from clearsim.interrupt import INTERRUPTED, catch_signals
from clearsim.studies.execute.executors import ExecutorSettings, execute
from clearsim.studies.store import store as store_module
from clearsim.studies.store.store import StudyStore

from tests.sweep_survival.toy_sweep import run_toy, toy_jobs


def open_or_create(folder):
    if folder.exists():
        return StudyStore.open(folder, study_hash="toy")
    return StudyStore.create(folder, study_yaml="name: toy\n", manifest={"study_hash": "toy"})


def sweep(folder, *, n, kind="serial", seconds=0.0, workers=2, **settings):
    """Run what is missing; return how many runs that was."""
    with open_or_create(folder) as store:
        done = store.done_ids()
        jobs = [job for job in toy_jobs(n, what="paths", seconds=seconds) if job.run_id not in done]
        execute(
            jobs,
            settings=ExecutorSettings(kind, workers=workers, **settings),
            on_outcome=store.add,
            run=run_toy,
            stop=lambda: store.tick() is not None,
        )
        return len(jobs)


def main():
    catch_signals()
    store_module.FLUSH_RUNS = 4
    folder, n, kind, seconds = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    more = {"scheduler_file": Path(sys.argv[5])} if kind == "file" else {}
    print("started", flush=True)
    try:
        sweep(folder, n=n, kind=kind, seconds=seconds, **more)
    except (KeyboardInterrupt, SystemExit):
        print("interrupted", flush=True)
        raise
    print("done", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
