"""Results do not depend on the instructions that numpy, the C library or the compiler of kernels choose.

The values in `same_bytes.json` are the same in every version of Python and on every processor; each test runs the
command in a process of its own with instructions switched off.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STORED = Path(__file__).with_name("same_bytes.json")
COMMAND = "python -m tests.golden.same_bytes > tests/golden/same_bytes.json"

#: Names of instruction sets differ between versions of numpy; unknown ones are passed over with a warning.
WITHOUT_AVX512 = "X86_V4 AVX512_ICL AVX512_SPR"
WITHOUT_AVX2 = f"{WITHOUT_AVX512} X86_V3"
PLAIN_C_LIBRARY = "glibc.cpu.hwcaps=-AVX2,-FMA"


def assert_same(**environment: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.golden.same_bytes"],
        cwd=Path(__file__).parents[2], env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2_000:]
    wanted, found = json.loads(STORED.read_text()), json.loads(run.stdout)
    moved = [name for name in wanted if found.get(name) != wanted[name]]
    assert set(found) == set(wanted)
    assert not moved, f"moved with {environment}: {moved}\nIf every environment moves and that is meant: {COMMAND}"


@pytest.mark.parametrize(
    "environment",
    [{"NPY_DISABLE_CPU_FEATURES": WITHOUT_AVX512}, {"GLIBC_TUNABLES": PLAIN_C_LIBRARY}],
    ids=["numpy without AVX-512", "C library without FMA"],
)
def test_results_do_not_depend_on_the_instructions_of_libraries(environment: dict[str, str]) -> None:
    assert_same(**environment)


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NPY_DISABLE_CPU_FEATURES": WITHOUT_AVX2, "GLIBC_TUNABLES": PLAIN_C_LIBRARY},
        {"NUMBA_CPU_NAME": "generic"},
    ],
    ids=["as it is", "numpy and C library without AVX2", "kernels for any processor"],
)
def test_results_do_not_depend_on_any_instructions(environment: dict[str, str]) -> None:
    assert_same(**environment)
