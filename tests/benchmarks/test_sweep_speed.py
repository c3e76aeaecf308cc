"""What a sweep costs beside its runs: milliseconds a run, and how much of two workers' time goes into runs."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from clearsim.studies.execute.executors import ExecutorSettings, open_pool
from clearsim.studies.store.store import StudyStore

from tests.sweep_survival.toy_sweep import burn, run_toy, toy_jobs


def seconds_of(pool, jobs, *, run, on_outcome=lambda outcome: None):
    started = time.perf_counter()
    pool.execute(jobs, on_outcome=on_outcome, run=run)
    return time.perf_counter() - started


@pytest.fixture(scope="module")
def two_workers():
    with open_pool(ExecutorSettings("local", workers=2)) as pool:
        seconds_of(pool, toy_jobs(8), run=run_toy)
        yield pool


@pytest.mark.benchmark
@pytest.mark.parametrize("n", [1_000, 10_000])
def test_a_run_costs_at_most_five_milliseconds_beside_itself(two_workers, tmp_path, n):
    with StudyStore.create(tmp_path / "s", study_yaml="", manifest={"study_hash": "toy"}) as store:
        seconds = seconds_of(two_workers, toy_jobs(n), run=run_toy, on_outcome=store.add)
    print(f"{n} runs of no length: {1e3 * seconds / n:.3f} ms a run, sending and storing")
    assert seconds / n <= 5e-3


def burn_all(jobs):
    for job in jobs:
        burn(job)


@pytest.mark.benchmark
def test_two_workers_do_the_work_of_two_plain_processes(two_workers):
    """Each does half of the same work; taking turns in one run, so that a busy machine slows both."""
    jobs = list(toy_jobs(60))
    pooled, plain = [], []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        list(processes.map(burn_all, [[], []]))
        for _ in range(3):
            pooled.append(seconds_of(two_workers, jobs, run=burn))
            started = time.perf_counter()
            list(processes.map(burn_all, [jobs[::2], jobs[1::2]]))
            plain.append(time.perf_counter() - started)
    efficiency = min(plain) / min(pooled)
    print(f"60 runs of {2e3 * min(plain) / 60:.0f} ms: {min(pooled):.2f} s, plain processes {min(plain):.2f} s")
    print(f"parallel efficiency {efficiency:.2f}")
    assert efficiency >= 0.85
