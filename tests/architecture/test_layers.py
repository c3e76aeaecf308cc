"""Imports point down the layers or stay inside a folder; siblings are blind to each other; there are no cycles.

Imports for type checking count too. Inside a package imports are relative, across packages by the public name.
"""

import ast
import importlib.util
import subprocess
import tomllib
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Folder of each package.
PACKAGES = {"clearsim": "sim", "clearsim.analysis": "analysis", "clearsim.configs": "configs"}

#: Height of each part of `sim`; a part may import parts that are lower, and itself.
HEIGHT = {
    # nouns, numbers, schemas
    "units": 0,
    "elementary": 0,
    "cells": 0,
    "variates": 0,
    "errors": 0,
    "interrupt": 0,
    "layout": 0,
    "results": 0,
    "manifest_fields": 0,
    "arrow": 0,
    "rng": 0,
    "policy": 0,
    "instrument": 0,
    "orders": 0,
    "own_fingerprint": 0,
    "own_code": 0,
    "own_watchdog": 0,
    "own_limit": 0,
    "own_parts": 0,
    # numba: arrays in, arrays out
    "kernels": 1,
    # one verb
    "ledger": 2,
    # siblings
    "market": 3,
    "clearing": 3,
    "agents": 3,
    # the sum of the unions
    "config": 4,
    # positions at the start: drawn, or read from a file
    "opening": 5,
    # recorded data: from downloaded files to days, and reported draws
    "history": 5,
    # the only code that mutates
    "engine": 6,
    # the second fidelity
    "reduced": 6,
    # from a config to a folder of results, and back
    "runs": 7,
    # many runs
    "studies": 8,
    # events with what a run must show
    "scenarios": 8,
    # what is asked of a fund
    "funds": 9,
    # the code behind the public names: composes the simulation and the analysis
    "api": 10,
    # parses, calls the API, prints
    "cli": 11,
    # the public names themselves: sim/__init__.py
    "": 12,
    # pages, and what generates the reference from all below
    "docs": 13,
}
SIBLINGS = {"market", "clearing", "agents"}
#: The only parts of `sim` that the analysis may know.
ANALYSIS_MAY_IMPORT = {"results", "manifest_fields"}


def modules():
    """Module name -> path of every Python file of the three packages."""
    out = {}
    for package, folder in PACKAGES.items():
        for path in (ROOT / folder).rglob("*.py"):
            parts = (package, *path.relative_to(ROOT / folder).with_suffix("").parts)
            out[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return out


def package_of(module):
    """The package that a module belongs to."""
    return max((name for name in PACKAGES if f"{module}.".startswith(f"{name}.")), key=len)


def imports_of(name, path, known):
    """Modules of clearsim that a file imports, at any depth of its code, for type checking too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    folder = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), folder)
            for alias in node.names:
                full = f"{module}.{alias.name}"
                found.add(full if full in known else module)
    return {item for item in found if item.split(".")[0] == "clearsim"} - {name}


def way_of_imports(name, path):
    """Imports of a file that are absolute inside its package, or relative across packages."""
    wrong = []
    folder = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), folder)
            if module.split(".")[0] == "clearsim" and (package_of(module) == package_of(name)) != (node.level > 0):
                wrong.append(f"{path}:{node.lineno}")
    return wrong


@pytest.fixture(scope="module")
def graph():
    known = modules()
    digraph = nx.DiGraph()
    digraph.add_nodes_from(known)
    for name, path in known.items():
        digraph.add_edges_from((name, other) for other in imports_of(name, path, known))
    return digraph


def part(module):
    """The part of `sim` a module belongs to: its folder, or its own name."""
    names = module.split(".")
    return names[1] if len(names) > 1 else ""


def height(module):
    """Height of a module of `sim`; None for a folder or file without a place."""
    return HEIGHT.get(part(module))


def edges_of(graph, package):
    """Imports within clearsim by modules of one package."""
    return [(a, b) for a, b in graph.edges if package_of(a) == package]


def inside_sim(graph):
    """Imports of `sim` by itself."""
    return [(a, b) for a, b in edges_of(graph, "clearsim") if package_of(b) == "clearsim"]


def test_every_imported_module_exists(graph):
    """A name that is imported from here but does not lie here would be left out of the picture."""
    assert sorted(set(graph) - set(modules())) == []


def test_every_part_has_a_place_in_the_layers(graph):
    assert sorted({part(name) for name in graph if package_of(name) == "clearsim" and height(name) is None}) == []


def test_imports_are_relative_inside_a_package_and_by_the_public_name_across():
    assert [place for name, path in modules().items() for place in way_of_imports(name, path)] == []


def test_there_are_no_cycles(graph):
    """Neither between modules nor, in `sim`, between parts."""
    groups = [sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1]
    assert groups == []
    parts = nx.DiGraph((part(a), part(b)) for a, b in inside_sim(graph) if part(a) != part(b) and part(b))
    assert [sorted(group) for group in nx.strongly_connected_components(parts) if len(group) > 1] == []


def test_imports_of_sim_never_point_up(graph):
    wrong = []
    for a, b in inside_sim(graph):
        within_row = height(a) == height(b) == 0
        if part(a) != part(b) and not (height(b) < height(a) or within_row):
            wrong.append(f"{a} imports {b}")
    assert sorted(wrong) == []


def test_market_clearing_and_agents_are_blind_to_each_other(graph):
    wrong = [
        f"{a} imports {b}" for a, b in inside_sim(graph) if part(a) in SIBLINGS and part(b) in SIBLINGS - {part(a)}
    ]
    assert sorted(wrong) == []


def test_sim_imports_the_analysis_from_its_roofs_only(graph):
    wrong = [
        f"{a} imports {b}"
        for a, b in edges_of(graph, "clearsim")
        if package_of(b) == "clearsim.analysis" and height(a) < HEIGHT["api"]
    ]
    assert sorted(wrong) == []


def test_the_command_line_uses_the_api_and_nothing_below_it(graph):
    allowed = {"api", "cli", "errors", "interrupt"}
    wrong = [
        f"{a} imports {b}"
        for a, b in edges_of(graph, "clearsim")
        if part(a) == "cli" and (package_of(b) != "clearsim" or part(b) not in allowed)
    ]
    assert sorted(wrong) == []


def test_the_analysis_knows_the_result_schema_and_nothing_else_of_sim(graph):
    wrong = [
        f"{a} imports {b}"
        for a, b in edges_of(graph, "clearsim.analysis")
        if package_of(b) == "clearsim"
        and part(b) not in ANALYSIS_MAY_IMPORT
        and not a.startswith("clearsim.analysis.explorer")
    ]
    assert sorted(wrong) == []


def test_statistics_of_the_analysis_know_neither_charts_nor_reports(graph):
    drawn = ("clearsim.analysis.charts", "clearsim.analysis.reports", "clearsim.analysis.explorer")
    wrong = [
        f"{a} imports {b}"
        for a, b in edges_of(graph, "clearsim.analysis")
        if (not a.startswith(drawn) and b.startswith(drawn)) or (a.startswith(drawn[0]) and b.startswith(drawn[1]))
    ]
    assert sorted(wrong) == []


def test_the_check_sees_imports_inside_functions_and_for_type_checking(tmp_path):
    """The parser itself: what it must report, and what is not of clearsim."""
    source = "import numpy\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..runs.run import x\n"
    path = tmp_path / "probe.py"
    path.write_text(source + "def f():\n    from ..engine.cycle import clear\n")
    known = {"clearsim.engine.cycle": path, "clearsim.runs.run": path}
    assert imports_of("clearsim.kernels.probe", path, known) == {"clearsim.engine.cycle", "clearsim.runs.run"}


def test_the_packages_of_the_wheel_are_all_folders_that_git_knows():
    """A folder that is not listed in pyproject.toml would be missing from every installation."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    folders = set()
    for package, folder in PACKAGES.items():
        done = subprocess.run(
            ["git", "ls-files", "--others", "--cached", "--exclude-standard", folder],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        for name in done.stdout.splitlines():
            inside = Path(name).relative_to(folder).parent.parts
            if (ROOT / name).is_file() and Path(name).suffix != ".png":
                folders.add(".".join((package, *inside)))
    if not folders:
        pytest.skip("not a git checkout")
    assert sorted(listed) == sorted(folders)
