"""In the checked build an out-of-range access raises and the workload passes; the plain build has another cache.

numba's cache ignores NUMBA_BOUNDSCHECK, so on a warm cache a checked run would check nothing: the cache directory is
keyed by the flag (`sim/kernels/cache.py`), and these tests use one of their own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKLOAD = Path(__file__).with_name("checked_workload.py")


def run(*arguments: str, cache: Path, checked: bool) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CLEARSIM_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    environment.pop("NUMBA_BOUNDSCHECK", None)
    if checked:
        environment["NUMBA_BOUNDSCHECK"] = "1"
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=600
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("kernels")


def test_an_access_beyond_the_last_row_raises_in_the_checked_build(cache):
    result = run(str(WORKLOAD), "--break", cache=cache, checked=True)
    assert result.returncode != 0
    assert "IndexError" in result.stderr, result.stderr
    assert "found" in result.stdout  # the workload before it passed every check
    assert "equity" not in result.stdout


def test_the_kernels_give_the_same_in_the_checked_and_in_the_plain_build(cache):
    checked = run(str(WORKLOAD), cache=cache, checked=True)
    assert checked.returncode == 0, checked.stderr
    plain = run(str(WORKLOAD), cache=cache, checked=False)
    assert plain.returncode == 0, plain.stderr
    assert checked.stdout == plain.stdout
    assert "touched 701" in plain.stdout


def test_the_two_builds_never_share_a_cache_directory(cache):
    code = "from clearsim.kernels.cache import cache_directory; print(cache_directory())"
    checked, plain = (run("-c", code, cache=cache, checked=flag).stdout.strip() for flag in (True, False))
    assert checked.startswith(str(cache))
    assert plain.startswith(str(cache))
    assert checked != plain
