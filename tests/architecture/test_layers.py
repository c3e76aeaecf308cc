"""Imports point down the layers or stay inside a folder; siblings are blind to each other; there are no cycles."""

import ast
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Height of each part of `sim`; a part may import parts that are lower, and itself.
HEIGHT = {
    # nouns, numbers, schemas
    "units": 0,
    "errors": 0,
    "interrupt": 0,
    "events": 0,
    "results": 0,
    "arrow": 0,
    "rng": 0,
    "policy": 0,
    "instrument": 0,
    "orders": 0,
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
    # own books in and out
    "positions": 5,
    # the only code that mutates
    "engine": 6,
    # the second fidelity, beside the engine
    "reduced": 6,
    # from a config to a folder of results
    "run": 7,
    "sweep": 8,
    # events with what a run must show
    "scenarios": 8,
    # the roof
    "cli": 9,
}
SIBLINGS = {"market", "clearing", "agents"}
#: The only parts of `sim` that the analysis may know.
ANALYSIS_MAY_IMPORT = {"results"}


def modules():
    """Module name -> path of every Python file of the two packages."""
    out = {}
    for path in [*(ROOT / "sim").rglob("*.py"), *(ROOT / "analysis").rglob("*.py")]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        out[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return out


def imports_of(name, path, known):
    """Modules of the two packages that a file imports, at any depth of its code, but not for type checking only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in _run_time_nodes(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: use absolute imports"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in known else node.module)
    return {item for item in found if item.split(".")[0] in ("sim", "analysis")} - {name}


def _run_time_nodes(node):
    """All nodes below `node`, leaving out the bodies of `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for other in child.orelse:
                yield from _run_time_nodes(other)
            continue
        yield child
        yield from _run_time_nodes(child)


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
    """Height of a module of `sim`; None for a folder without a place.

    Single files that are not listed stand beside `run`: they write, read or describe result folders.
    """
    name = part(module)
    if name in HEIGHT or name == "":
        return HEIGHT.get(name, 0)
    return HEIGHT["run"] if (ROOT / "sim" / f"{name}.py").is_file() else None


def edges_of(graph, package):
    return [(a, b) for a, b in graph.edges if a.split(".")[0] == package]


def test_every_imported_module_exists(graph):
    """A name that is imported from here but does not lie here would be left out of the picture."""
    assert sorted(set(graph) - set(modules())) == []


def test_every_part_has_a_place_in_the_layers(graph):
    assert sorted({part(name) for name in graph if name.startswith("sim") and height(name) is None}) == []


def test_there_are_no_cycles(graph):
    """Neither between modules nor, in `sim`, between parts."""
    assert [sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1] == []
    parts = nx.DiGraph((part(a), part(b)) for a, b in edges_of(graph, "sim") if part(a) != part(b) and part(b))
    assert [sorted(group) for group in nx.strongly_connected_components(parts) if len(group) > 1] == []


def test_imports_of_sim_never_point_up(graph):
    wrong = []
    for a, b in edges_of(graph, "sim"):
        if b.split(".")[0] != "sim" or part(a) == part(b):
            continue
        within_row = height(a) == height(b) and height(a) in (0, HEIGHT["run"])
        if not (height(b) < height(a) or within_row):
            wrong.append(f"{a} imports {b}")
    assert sorted(wrong) == []


def test_market_clearing_and_agents_are_blind_to_each_other(graph):
    wrong = [
        f"{a} imports {b}"
        for a, b in graph.edges
        if part(a) in SIBLINGS and part(b) in SIBLINGS - {part(a)} and b[:3] == "sim"
    ]
    assert sorted(wrong) == []


def test_sim_imports_the_analysis_from_its_roof_only(graph):
    wrong = [
        f"{a} imports {b}" for a, b in edges_of(graph, "sim") if b.startswith("analysis") and height(a) < HEIGHT["cli"]
    ]
    assert sorted(wrong) == []


def test_the_analysis_knows_the_result_schema_and_nothing_else_of_sim(graph):
    wrong = [
        f"{a} imports {b}"
        for a, b in edges_of(graph, "analysis")
        if b.startswith("sim") and part(b) not in ANALYSIS_MAY_IMPORT and not a.startswith("analysis.explorer")
    ]
    assert sorted(wrong) == []


def test_statistics_of_the_analysis_know_neither_charts_nor_reports(graph):
    drawn = ("analysis.charts", "analysis.reports", "analysis.explorer")
    wrong = [
        f"{a} imports {b}"
        for a, b in edges_of(graph, "analysis")
        if (not a.startswith(drawn) and b.startswith(drawn)) or (a.startswith(drawn[0]) and b.startswith(drawn[1]))
    ]
    assert sorted(wrong) == []


def test_the_check_sees_an_import_inside_a_function_and_not_one_for_type_checking(tmp_path):
    """The parser itself: what it must and must not report."""
    source = "import numpy\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sim.run import x\n"
    path = tmp_path / "probe.py"
    path.write_text(source + "def f():\n    from sim.engine.cycle import clear\n")
    assert imports_of("sim.kernels.probe", path, {"sim.engine.cycle": path}) == {"sim.engine.cycle"}
