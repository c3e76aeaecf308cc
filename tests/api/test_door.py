"""`import clearsim`: what it costs, that its names are lazy, typed, documented, and none is a submodule."""

import ast
import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
import types
import typing
from pathlib import Path

import clearsim
import pytest

HEAVY = ("numpy", "pandas", "pydantic", "numba", "pyarrow", "plotly", "scipy", "simpy", "yaml")
SOURCE = Path(clearsim.__file__)
#: Public names that are types or functions; `designs` is a module of functions.
OBJECTS = [name for name in clearsim.__all__ if name != "designs"]


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def import_every_module() -> None:
    for module in pkgutil.walk_packages(clearsim.__path__, "clearsim."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def test_the_import_is_quick():
    """At most 0.15 s of processor time beyond what Python itself takes; the best of five, for machines are busy."""
    code = "import time; t = time.process_time(); import clearsim; print(time.process_time() - t)"
    assert min(float(python(code)) for _ in range(5)) <= 0.15


def test_the_import_brings_nothing_heavy():
    code = f"import sys, clearsim; dir(clearsim); print([name for name in {HEAVY} if name in sys.modules])"
    assert python(code) == "[]"


def test_no_public_name_is_a_submodule():
    submodules = {module.name for module in pkgutil.iter_modules(clearsim.__path__)}
    assert sorted(submodules & set(clearsim.__all__)) == []


def test_public_names_stay_what_they_are_after_every_module_is_imported():
    """Importing a submodule sets an attribute of its package: none may hide a public name."""
    import_every_module()
    for name in OBJECTS:
        assert not isinstance(getattr(clearsim, name), types.ModuleType), name
    assert clearsim.designs.__name__ == "clearsim.api.designs"


def test_names_for_type_checkers_are_the_public_names():
    tree = ast.parse(SOURCE.read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed == set(clearsim.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'sweeep'"):
        clearsim.sweeep  # noqa: B018


def test_every_name_of_the_analysis_that_the_api_uses_exists():
    from clearsim.api import _analysis

    for name in _analysis.PLACES:
        assert getattr(_analysis, name) is not None


@pytest.mark.parametrize("name", OBJECTS)
def test_public_names_are_documented(name):
    text = inspect.getdoc(getattr(clearsim, name))
    assert text, name
    assert text.splitlines()[0].rstrip().endswith((".", "?")) or name.endswith("Error")


@pytest.mark.parametrize("name", [name for name in OBJECTS if inspect.isfunction(getattr(clearsim, name))])
def test_public_functions_state_arguments_returns_errors_and_an_example(name):
    function = getattr(clearsim, name)
    text = inspect.getdoc(function)
    arguments = set(inspect.signature(function).parameters)
    for overload in typing.get_overloads(function):
        arguments |= set(inspect.signature(overload).parameters)
    for argument in arguments:
        assert argument in text, f"{name}: {argument}"
    assert "Returns" in text
    assert "Raises" in text
    assert example_of(function), name


def example_of(thing) -> str:
    """The indented last paragraph of a docstring; empty if there is none."""
    last = (inspect.getdoc(thing) or "").split("\n\n")[-1]
    return inspect.cleandoc(last) if last.startswith("    ") else ""
