"""A worker, the parent or the scheduler is killed at a random moment, start and end included: after a resume the result
is that of an undisturbed sweep.

Five moments always, fifty with `-m slow`. A failure prints the seed of its moment and victim.
"""

import random
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from clearsim.studies.store.store import StudyStore

from tests.sweep_survival.sweep_process import sweep
from tests.sweep_survival.test_cluster import scheduler, worker

ROOT = Path(__file__).resolve().parents[2]
N_RUNS, RUN_SECONDS, PATIENCE_SECONDS = 30, 0.05, 120
VICTIMS = ("worker", "parent", "scheduler")


def start(folder, kind, *more):
    command = [sys.executable, "-m", "tests.sweep_survival.sweep_process", folder, N_RUNS, kind, RUN_SECONDS, *more]
    return subprocess.Popen(
        list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Result hash and duration of a sweep that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed") / "s"
    started = time.monotonic()
    process = start(folder, "local")
    assert process.wait(PATIENCE_SECONDS) == 0
    return result_hash(folder), time.monotonic() - started


def result_hash(folder):
    return StudyStore.open(folder, read_only=True).result_hash()


def workers_of(parent):
    """Worker processes of a local sweep, those that are only starting included."""
    try:
        return [child for child in parent.children(recursive=True) if "spawn_main" in " ".join(child.cmdline())]
    except psutil.NoSuchProcess:
        return []


def kill_one(parent, rng):
    """Kill a worker, if there is one in time."""
    while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
        if found := workers_of(parent):
            rng.choice(found).kill()
            return
        time.sleep(0.02)


def survive(seed, tmp_path, undisturbed):
    expected, seconds = undisturbed
    rng = random.Random(seed)
    victim, moment = VICTIMS[seed % 3], rng.uniform(0, seconds)
    folder = tmp_path / f"s{seed}"
    with ExitStack() as stack:
        more = []
        if victim == "scheduler":
            (tmp_path / f"d{seed}").mkdir()
            killed, file = stack.enter_context(scheduler(tmp_path / f"d{seed}"))
            stack.enter_context(worker(file, "--no-nanny"))
            more = [file]
        process = start(folder, "file" if more else "local", *more)
        family = psutil.Process(process.pid)
        time.sleep(moment)
        if victim == "worker":
            kill_one(family, rng)
        else:
            (killed if victim == "scheduler" else process).kill()
        said = process.communicate(timeout=PATIENCE_SECONDS)
    shown = f"seed {seed}: {victim} killed after {moment:.2f} s; {said}"
    if victim == "worker":
        assert (process.returncode, said[1]) == (0, ""), shown
    else:
        sweep(folder, n=N_RUNS)
    assert result_hash(folder) == expected, shown
    assert not list(tmp_path.glob(".s*")), shown
    assert not list(folder.rglob("*.partial")), shown


@pytest.mark.parametrize("seed", range(5))
def test_a_sweep_survives_a_kill_at_a_random_moment(seed, tmp_path, undisturbed):
    survive(seed, tmp_path, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5, 50))
def test_a_sweep_survives_kills_at_many_random_moments(seed, tmp_path, undisturbed):
    survive(seed, tmp_path, undisturbed)


@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_workers_killed_while_they_start_are_replaced(delay, tmp_path, undisturbed):
    process = start(tmp_path / "s", "local")
    family, killed = psutil.Process(process.pid), set()
    while len(killed) < 3 and process.poll() is None:
        for child in workers_of(family):
            if time.time() - child.create_time() >= delay and child.pid not in killed and len(killed) < 3:
                child.kill()
                killed.add(child.pid)
        time.sleep(0.01)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out, err) == (0, "started\ndone\n", "")
    assert len(killed) == 3
    assert result_hash(tmp_path / "s") == undisturbed[0]
