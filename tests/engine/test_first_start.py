"""The first start: what the second process compiles, what is printed, and when code counts as kept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from clearsim.engine.warm import LOTS, compile_deleveraging, compile_takeover
from clearsim.kernels import cache, jit, rounding
from clearsim.kernels import step as tick
from clearsim.kernels.jit import kernel
from clearsim.runs import first_start as firststart
from clearsim.studies.design.job import Job, run_job
from clearsim.studies.execute.first_run import first_run

pytestmark = pytest.mark.skipif(jit.PLAIN, reason="nothing is compiled")


def test_the_toy_exchange_deleverages_the_whole_position():
    # 10 lots bought at 120 with 0 money besides stand 200 below zero at 100; no fund and no takeover: all of it is ADL
    assert compile_deleveraging() == LOTS


def test_the_second_round_of_the_toy_exchange_ends():
    compile_takeover()


@pytest.fixture
def cold_cache(tmp_path, monkeypatch):
    """A folder without compiled kernels; the second processes that were started, which sleep instead."""
    monkeypatch.setenv("CLEARSIM_CACHE_DIR", str(tmp_path))
    cache._settled_root.cache_clear()
    started = []

    def start(command, **options):
        assert command == [sys.executable, "-m", "clearsim.engine.warm"]
        started.append(popen([sys.executable, "-c", "import time; time.sleep(60)"], **options))
        return started[-1]

    popen = subprocess.Popen
    monkeypatch.setattr(firststart.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(firststart.subprocess, "Popen", start)
    yield started
    cache._settled_root.cache_clear()


def compile_something():
    """Call a kernel that this process has not called before."""

    @kernel
    def one_more(amount):
        return amount + 1

    assert one_more(1) == 2


def test_a_run_that_compiles_says_so_once_and_compiles_ahead(cold_cache):
    said = []
    with firststart.first_start(said.append):
        assert said == []
        compile_something()
        assert said == [firststart.MESSAGE]
        assert jit.Kernel(rounding.rate_floor.py_func)(7, 1, 2) == 3
    assert said == [firststart.MESSAGE]
    assert len(cold_cache) == 1


def test_a_run_whose_kernels_are_kept_says_nothing(cold_cache):
    said = []
    compile_something()
    with firststart.first_start(said.append):
        compile_something()
    assert said == cold_cache == []


def test_kernels_of_runs_with_a_book_count_as_kept_once_their_files_are_there(cold_cache):
    assert firststart.is_cache_cold()
    folder = cache.cache_directory()
    folder.mkdir(parents=True)
    for name in ("trade", "settle_tick"):
        assert hasattr(tick, name)
        assert firststart.is_cache_cold()
        (folder / f"step.{name}-0.nbc").touch()
    assert not firststart.is_cache_cold()


def test_the_second_process_ends_with_a_run_that_fails(cold_cache):
    with pytest.raises(KeyboardInterrupt), firststart.announced_start(lambda text: None):
        raise KeyboardInterrupt
    assert [process.returncode is None for process in cold_cache] == [False]


def job_of(fidelity):
    """A job of a sweep of which only the engine is known."""
    job = object.__new__(Job)
    object.__setattr__(job, "fidelity", fidelity)
    return job


def test_the_first_job_of_a_sweep_is_announced_before_its_worker_compiles(cold_cache):
    said = []
    with first_run(job_of("full"), run_job, said.append) as compiles:
        assert compiles
        assert said == [firststart.MESSAGE]
    assert len(cold_cache) == 1


def test_a_sweep_of_the_reduced_engine_does_not_wait_for_kernels_of_the_book(cold_cache):
    said = []
    with first_run(job_of("reduced"), run_job, said.append) as compiles:
        assert not compiles
        assert said == []


def test_a_folder_that_cannot_be_written_is_reported_and_replaced_for_the_process(tmp_path):
    (tmp_path / "file").write_text("")
    program = (
        "import os; from clearsim.runs import first_start as firststart; from clearsim.kernels import cache; said = [];"
        "firststart._compile_ahead = lambda: None;"
        "context = firststart.announced_start(said.append); context.__enter__();"
        "print(said[0]); print(os.environ['CLEARSIM_CACHE_DIR']); print(cache.cache_directory())"
    )
    environment = {**os.environ, "CLEARSIM_CACHE_DIR": str(tmp_path / "file" / "below")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    said, folder, kernels = done.stdout.splitlines()
    assert "at every start" in said
    assert f"{tmp_path / 'file'}" in said
    assert kernels.startswith(folder)
    assert not Path(folder).exists()
