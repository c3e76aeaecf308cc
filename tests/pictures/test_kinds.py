"""One picture of each kind of chart, and the edges of what a run can hold, drawn from made-up folders in Chromium."""

import ast
import re
from pathlib import Path

import pytest

from tests.pictures.claims import contradictions
from tests.pictures.facts import RunFacts
from tests.pictures.faults import faults_of
from tests.pictures.made_up import EDGE_RUNS, STUDY_PAGES

#: Every file of `analysis/charts` that draws a figure, and how the names of its figures begin.
KINDS = {
    "price": "price-", "who_paid": "who-paid", "loss_waterfall": "loss-waterfall", "fund": "fund-",
    "deleveraged": "deleveraged", "depth": "depth-", "open_interest": "open-interest",
    "open_interest_split": "open-interest-split-", "leverage": "leverage", "attribution": "attribution",
    "loss_flow": "loss-flow", "validation_bands": "bands", "study/sufficiency": "sufficiency",
    "study/exceedance": "tail", "study/threshold_stability": "stability", "study/fund_fan": "fund-over-time",
    "study/heat_map": "heat-map", "study/tornado": "tornado", "study/sobol": "sobol",
    "study/factor_importance": "importance", "study/prim": "boxes", "study/arms": "arms",
    "study/arm_outcomes": "outcomes", "study/estimators": "estimators", "study/reverse_stress": "reverse-stress",
    "study/engines": "engines-", "study/trade_off": "trade-off", "fund_history": "fund-history",
}  # fmt: skip
#: What the pages of every change need not show: variants of the others.
RARE = ("no events", "grid of full runs, bounds", "no loss", "every run failed", "weighted paths")


def all_of(pages):
    """The names of pages; the rare ones stand behind the marker."""
    return [pytest.param(name, marks=pytest.mark.pictures) if name in RARE else name for name in pages]


def draws(path):
    """Whether a file has a function that draws a figure."""
    functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    drawing = [node for node in functions if node.returns and ast.unparse(node.returns) == "go.Figure"]
    return any(node.name.startswith("draw_") or node.name == "figure" for node in drawing)


@pytest.fixture(scope="module")
def html_of(tmp_path_factory):
    """A page by its name, written once."""
    written: dict[str, Path] = {}

    def path(name: str) -> Path:
        if name not in written:
            written[name] = {**EDGE_RUNS, **STUDY_PAGES}[name](tmp_path_factory.mktemp("page"))
        return written[name]

    return path


@pytest.mark.parametrize("name", all_of(EDGE_RUNS))
def test_a_run_is_drawn_without_fault_and_says_what_happened(browser, html_of, name):
    path = html_of(name)
    run, page = RunFacts(path.parent), browser.open(path)
    assert page.figures
    assert faults_of(browser, page, span_ms=run.span_ms) == []
    assert contradictions(page, run, path.read_text()) == []


@pytest.mark.parametrize("name", all_of(STUDY_PAGES))
def test_a_study_is_drawn_without_fault(browser, html_of, name):
    page = browser.open(html_of(name))
    assert page.figures or name == "every run failed"
    assert faults_of(browser, page) == []


def test_every_kind_of_chart_is_among_these_pages(html_of):
    """A new chart file has to be listed, and drawn by one of the pages."""
    folder = Path("analysis/charts")
    files = [path for path in folder.rglob("*.py") if draws(path)]
    assert {path.relative_to(folder).with_suffix("").as_posix() for path in files} == set(KINDS)
    names = {
        figure
        for name in (*EDGE_RUNS, *STUDY_PAGES)
        if name not in RARE
        for figure in re.findall(r'class="plot" id="figure-([^"]*)"', html_of(name).read_text())
    }
    assert [kind for kind, begin in KINDS.items() if not any(name.startswith(begin) for name in names)] == []
