"""Compiled kernels are kept by content: another clone compiles nothing, an edit compiles, numba's settings stay."""

import ast
import shutil
from pathlib import Path

import pytest

from tests.architecture.kernel_processes import ROOT, run_python

COUNTING = """
from numba.core import event
compiled = event.RecordingListener()
event.register("numba:compile", compiled)
"""
MUL_DIV = """
from clearsim.kernels.rounding import mul_div_floor
print(mul_div_floor(7, 10**18, 2), len(compiled.buffer))
"""
#: 7 x 10^18 / 2: the product does not fit 64 bits by much, the quotient does.
ANSWER = str(7 * 10**18 // 2)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A folder of kernels in which one call has been compiled."""
    folder = tmp_path_factory.mktemp("kernels")
    answer, compilations = run_python(COUNTING + MUL_DIV, cache=folder)[0].split()
    assert answer == ANSWER
    assert int(compilations) > 0
    return folder


def copy_package(folder):
    shutil.copytree(ROOT / "sim", folder / "clearsim", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_a_second_clone_compiles_nothing(cache, tmp_path):
    clone = copy_package(tmp_path)
    output = run_python(COUNTING + MUL_DIV + "import clearsim; print(clearsim.__file__)", cache=cache, root=clone)
    assert output == [f"{ANSWER} 0", str(clone / "clearsim" / "__init__.py")]


def test_an_edit_of_a_kernel_file_is_compiled(cache, tmp_path):
    clone = copy_package(tmp_path)
    edited = clone / "clearsim" / "kernels" / "rounding.py"
    edited.write_text(edited.read_text() + "\nUNUSED = 1\n")
    answer, compilations = run_python(COUNTING + MUL_DIV, cache=cache, root=clone)[0].split()
    assert answer == ANSWER
    assert int(compilations) > 0


def test_the_package_is_imported_after_numba_and_leaves_its_settings(cache):
    program = (
        "import os, numba; before = dict(vars(numba.config)), dict(os.environ)\n"
        + COUNTING
        + MUL_DIV
        + "after = dict(vars(numba.config)), dict(os.environ)\n"
        "print([name for a, b in zip(before, after) for name in b if name[:2] != '__' and a.get(name) != b[name]])"
    )
    assert run_python(program, cache=cache) == [f"{ANSWER} 0", "[]"]


def test_settings_are_left_after_a_compilation_too(tmp_path):
    program = (
        "import numba; before = numba.config.OPT\n"
        + COUNTING
        + MUL_DIV
        + "print(before == numba.config.OPT == 3, numba.config.CACHE_DIR == '')"
    )
    assert run_python(program, cache=tmp_path)[-1] == "True True"


def test_a_damaged_file_is_compiled_again(cache, tmp_path):
    shutil.copytree(cache, tmp_path / "cache")
    for path in (tmp_path / "cache").rglob("*.nbc"):
        path.write_bytes(path.read_bytes()[:100])
    assert run_python(COUNTING + MUL_DIV, cache=tmp_path / "cache")[0].startswith(ANSWER)


def test_listeners_hear_of_a_kernel_before_it_is_compiled_and_of_none_that_is_kept(cache, tmp_path):
    program = (
        "from clearsim.kernels.cache import on_compiling, is_kept\n"
        "from clearsim.kernels.rounding import mul_div_floor as kernel\n"
        "heard = []; kept = is_kept(kernel)\n"
        "with on_compiling(lambda function: heard.append(function.__name__)): kernel(1, 2, 3)\n"
        "print(kept, heard[:1], is_kept(kernel))"
    )
    assert run_python(program, cache=tmp_path) == ["False ['mul_div_floor'] True"]
    assert run_python(program, cache=cache) == ["True [] True"]


OUTSIDE = """
from clearsim.kernels.jit import kernel
from clearsim.kernels.rounding import rate_floor
{lines}
@kernel
def fee(amount):
    return rate_floor(amount, RATE, SCALE)
print(fee(1_000_000), len([item for item in compiled.buffer if item[1].data["dispatcher"].__name__ == "fee"]) // 2)
"""


def test_a_kernel_of_a_users_file_is_kept_and_never_stale(cache):
    first = COUNTING + OUTSIDE.format(lines="RATE, SCALE = 3, 1000")
    other = COUNTING + OUTSIDE.format(lines="RATE, SCALE = 7, 1000")
    assert run_python(first, cache=cache) == ["3000 1"]
    assert run_python(first, cache=cache) == ["3000 0"]
    assert run_python(other, cache=cache) == ["7000 1"]  # the same code, another constant


def test_a_kernel_that_uses_what_cannot_be_described_is_compiled_by_every_process(cache, tmp_path):
    (tmp_path / "mine.py").write_text("RATE, SCALE = 3, 1000\n")
    text = OUTSIDE.replace("RATE, SCALE)", "mine.RATE, mine.SCALE)")
    program = COUNTING + text.format(lines=f"import sys; sys.path.append({str(tmp_path)!r}); import mine")
    assert run_python(program, cache=cache) == ["3000 1"]
    (tmp_path / "mine.py").write_text("RATE, SCALE = 70, 10000\n")
    assert run_python(program, cache=cache) == ["7000 1"]


def test_the_names_of_kept_files_hold_no_path(cache):
    names = [path.name for path in cache.rglob("*.nbc")]
    assert names
    assert all(name.count("-") == 1 and str(ROOT.name) not in name.split("-")[0].split(".") for name in names)


#: Imported by the policies of clearing, which stand beside their kernels, and by what compiles; nothing of these is
#: compiled in.
POLICIES_ONLY = {"errors", "instrument", "interrupt", "ledger.closes", "own_parts", "policy"}


def test_all_that_kernels_import_is_part_of_the_key():
    from clearsim.kernels.cache import PACKAGE, source_files

    files = {path.relative_to(PACKAGE).with_suffix(""): path for path in source_files()}
    imported = {name for inside, path in files.items() for name in imports_of(".".join(inside.parts), path)}
    ours = {
        name: Path(*name.split("."))
        for name in imported
        if name and (PACKAGE / Path(*name.split("."))).with_suffix(".py").is_file()
    }
    assert "layout" in ours
    assert sorted(name for name, inside in ours.items() if inside not in files and name not in POLICIES_ONLY) == []


def imports_of(module, path):
    """Names below the package that may be modules: `from .a import b` may mean a or a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join([*module.split(".")[: -node.level], *([node.module] if node.module else [])])
            yield from (base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names))
