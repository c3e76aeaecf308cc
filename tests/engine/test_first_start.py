"""The first start: what the second process compiles, what the user is told, and when the cache counts as warm."""

import subprocess
import sys

import pytest

from sim import firststart
from sim.engine.warm import LOTS, compile_deleveraging, compile_takeover
from sim.kernels import jit


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
    assert cold_cache == [[sys.executable, "-m", "sim.engine.warm"]]
    assert not jit.is_cache_cold()
    with firststart.first_start(said.append):
        pass
    assert len(said) == len(cold_cache) == 1


def test_a_failed_first_start_leaves_the_cache_cold(cold_cache):
    with pytest.raises(KeyboardInterrupt), firststart.first_start(lambda text: None):
        raise KeyboardInterrupt
    assert jit.is_cache_cold()
