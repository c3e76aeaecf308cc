"""Every chart of every shipped config, example, event and study, small, and of a million accounts, in Chromium."""

import re
from pathlib import Path

import clearsim
import pytest
from clearsim.errors import ConfigError

from tests.pictures.claims import contradictions
from tests.pictures.facts import RunFacts
from tests.pictures.faults import faults_of
from tests.pictures.made_up import crowded_market

pytestmark = pytest.mark.pictures

CONFIGS = sorted(
    path.stem
    for pattern in ("*.yaml", "events/*.yaml", "examples/*.yaml")
    for path in Path("configs").glob(pattern)
    if path.stem != "base-reduced"
)
STUDIES = sorted(path.stem for path in Path("configs/studies").glob("*.yaml"))
#: Traders of a run, the smallest that a config can have; runs of a study.
TRADERS, MAX_RUNS = (500, 1_000, 2_000, 4_000, 8_000), 24


def test_all_that_ships_is_looked_at():
    """3 markets and 7 events that the full engine runs, 10 examples; 15 studies."""
    assert len(CONFIGS) == 20
    assert len(STUDIES) == 15


def run_small(name, out, **changes):
    """A run with the fewest of TRADERS that the config can have; an example as it is, for it is small."""
    config = clearsim.load(name).with_(changes)
    if Path("configs/examples", f"{name}.yaml").exists():
        return clearsim.run(config, out=out)
    for traders in TRADERS:
        try:
            return clearsim.run(config.with_traders(traders), out=out)
        except ConfigError as error:
            if "too few" not in str(error) and "cannot hold exactly" not in str(error):
                break
    return clearsim.run(config, out=out)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_shipped_run_is_drawn_without_fault_and_says_what_happened(browser, tmp_path, name):
    path = run_small(name, tmp_path / "run").report()
    run, page = RunFacts(path.parent), browser.open(path)
    assert len(page.figures) >= 11
    assert faults_of(browser, page, span_ms=run.span_ms) == []
    assert contradictions(page, run, path.read_text()) == []


@pytest.mark.parametrize("name", STUDIES)
def test_a_shipped_study_is_drawn_without_fault(browser, tmp_path, name):
    study = clearsim.sweep(name, out=tmp_path / "study", executor="serial", max_runs=MAX_RUNS)
    page = browser.open(study.report())
    assert faults_of(browser, page) == []
    done, planned = _runs_done(page.text)
    if done < planned:
        assert "Every planned run has ended" not in page.text


def _runs_done(text):
    """(Runs done, runs planned), as the head of a study's page prints them."""
    done, planned = re.search(r"([\d,]+) of ([\d,]+) runs done", text).groups()
    return int(done.replace(",", "")), int(planned.replace(",", ""))


@pytest.mark.parametrize("seconds", [300, 7_200], ids=["minutes", "hours"])
def test_the_fall_of_another_length_is_drawn_without_fault(browser, tmp_path, seconds):
    """The axis of time shows seconds, minutes or hours."""
    path = run_small("base", tmp_path / "run", duration_s=seconds).report()
    run, page = RunFacts(path.parent), browser.open(path)
    assert faults_of(browser, page, span_ms=run.span_ms) == []
    assert contradictions(page, run, path.read_text()) == []


def test_a_million_accounts_are_drawn_without_fault(browser, tmp_path):
    path = crowded_market(tmp_path, traders=1_000_000)
    run, page = RunFacts(path.parent), browser.open(path)
    assert faults_of(browser, page, span_ms=run.span_ms) == []
    assert contradictions(page, run, path.read_text()) == []
    assert path.stat().st_size < 8_000_000


def test_reverse_stress_and_size_fund_are_drawn_without_fault(browser, tmp_path):
    stress = clearsim.reverse_stress("base-reduced", depth=(0.0, 0.5), runs=3)
    [page] = [path for path in stress.save(tmp_path / "stress") if path.suffix == ".html"]
    assert faults_of(browser, browser.open(page)) == []
    answer = clearsim.size_fund("base-reduced", "P(fund exhausted within 30d) < 1e-1", budget=2_000, compare=True)
    assert faults_of(browser, browser.open(answer.report(tmp_path / "answer.html"))) == []
