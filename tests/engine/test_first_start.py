"""The first start: what the second process compiles, what the user is told, and when the cache counts as warm."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from clearsim.engine.warm import LOTS, compile_deleveraging, compile_takeover
from clearsim.kernels import jit
from clearsim.runs import first_start as firststart


def test_the_toy_exchange_deleverages_the_whole_position():
    # 10 lots bought at 120 with 0 money besides stand 200 below zero at 100; no fund and no takeover: all of it is ADL
    assert compile_deleveraging() == LOTS


def test_the_second_round_of_the_toy_exchange_ends():
    compile_takeover()


@pytest.fixture
def cold_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEARSIM_CACHE_DIR", str(tmp_path))
    started = []

    def start(command, **options):
        started.append(command)
        return popen([sys.executable, "-c", "import time; time.sleep(60)"], **options)

    popen = subprocess.Popen
    monkeypatch.setattr(firststart.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(firststart.subprocess, "Popen", start)
    return started


def test_the_first_start_tells_compiles_ahead_and_marks_the_cache(cold_cache):
    said = []
    with firststart.first_start(said.append):
        assert jit.is_cache_cold()
    assert said == [firststart.MESSAGE]
    assert cold_cache == [[sys.executable, "-m", "clearsim.engine.warm"]]
    assert not jit.is_cache_cold()
    with firststart.first_start(said.append):
        pass
    assert len(said) == len(cold_cache) == 1


def test_a_failed_first_start_leaves_the_cache_cold(cold_cache):
    with pytest.raises(KeyboardInterrupt), firststart.first_start(lambda text: None):
        raise KeyboardInterrupt
    assert jit.is_cache_cold()


def test_a_cache_that_cannot_be_written_is_told_and_lives_as_long_as_the_process(tmp_path):
    (tmp_path / "file").write_text("")
    program = (
        "import os; from clearsim import firststart; from clearsim.kernels import jit; said = [];"
        "firststart._compile_ahead = lambda: None;"
        "context = firststart.first_start(said.append); context.__enter__();"
        "print(said[0]); print(os.environ['CLEARSIM_CACHE_DIR']); print(jit.numba.config.CACHE_DIR)"
    )
    environment = {**os.environ, "CLEARSIM_CACHE_DIR": str(tmp_path / "file" / "below")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    said, folder, numbas = done.stdout.splitlines()
    assert "at every start" in said
    assert f"{tmp_path / 'file'}" in said
    assert numbas.startswith(folder)
    assert not Path(folder).exists()
