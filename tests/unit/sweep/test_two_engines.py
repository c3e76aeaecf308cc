"""A lever may choose the engine of its arms: both run in one study, are told apart, and are compared in its report."""

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.reports.engine_panels import engine_panels
from clearsim.analysis.reports.study_panels import study_context, study_panels
from clearsim.analysis.study.engines import engine_frame, has_both_engines
from clearsim.analysis.study.folder import open_study
from clearsim.analysis.study.outcomes import runs_with_outcomes, shown_outcomes
from clearsim.analysis.study.question import event_of
from clearsim.analysis.study.samples import arm_samples
from clearsim.errors import ConfigError
from clearsim.studies.execute.executors import ExecutorSettings
from clearsim.studies.execute.pilot import time_pilots
from clearsim.studies.sweep import SweepOptions, run_sweep

from tests.unit.sweep.small_studies import plan_of

#: The shipped study with twenty seconds, few traders, two falls and two replications.
SMALL = """question: Do they agree?
set:
  duration_s: 20
  markets[0].price: {kind: single_shock, initial_price: 50000, annual_volatility: 0,
    shock_ms: 5000, shock_fraction: -0.1}
  markets[0].impact: {kind: exogenous}
  markets[0].mark: {kind: index}
  markets[0].funding: {kind: none}
  funds[0].seed_quote: 50000000
  funds[0].inventory_cap_quote: null
  liquidation: {kind: full, order: bankruptcy_limit, surplus: fund}
  population.cohorts[levered].behaviour: {kind: levered}
  population.cohorts[levered].opening[0].stops: null
  agents: []
  reduced: {steps: 2, impact: {kind: none}, leaves_out: [flow_traders]}
replications: 3
paths: 2
design: {kind: list, points: [{fall: -0.06}, {fall: -0.12}]}
uncertainties:
  - {name: fall, path: 'markets[0].price.shock_fraction', distribution: {kind: uniform, low: -0.2, high: -0.01}}
levers:
  - {name: engine, path: fidelity, values: [reduced, full]}
outcomes: [required_fund_quanta, liquidated_notional_quanta]
"""


def test_the_lever_sets_the_engine_and_nothing_in_the_config(tmp_path):
    plan = plan_of(tmp_path, SMALL)
    assert plan.notes == []
    assert plan.fidelities == ("full", "reduced")
    jobs = list(plan.jobs())
    assert [job.fidelity for job in jobs[:4]] == ["reduced", "full"] * 2
    assert [job.config for job in jobs[:2]] == [jobs[0].config] * 2
    hashes = plan.table()["config_hash"].to_pylist()
    assert len(set(hashes)) == 4


def test_pilots_time_every_arm_and_average_for_one_engine_says_nothing_of_the_other(tmp_path):
    pilot = time_pilots(plan_of(tmp_path, SMALL))
    assert (pilot.runs, pilot.failed) == (2, ())
    assert pilot.slowest / 2 < pilot.seconds_a_run < pilot.slowest


def test_an_engine_that_does_not_exist_and_a_config_that_one_cannot_play_are_refused_at_their_line(tmp_path):
    with pytest.raises(ConfigError, match="fidelity must be full or reduced, found fast"):
        plan_of(tmp_path, SMALL.replace("[reduced, full]", "[reduced, fast]"))
    with pytest.raises(ConfigError, match=r"levers\[0\]\.values\[0\].*it pays no funding"):
        plan_of(tmp_path, SMALL.replace("  markets[0].funding: {kind: none}\n", ""))


def test_an_uncertainty_may_not_choose_the_engine(tmp_path):
    with pytest.raises(ConfigError, match="fidelity"):
        plan_of(tmp_path, SMALL.replace("'markets[0].price.shock_fraction'", "fidelity"))


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engines")
    options = SweepOptions(out=folder / "results", executor=ExecutorSettings(kind="serial"))
    run_sweep(plan_of(folder, SMALL), options)
    return open_study(folder / "results")


def test_on_the_same_books_both_engines_liquidate_nearly_the_same(swept):
    """Zero impact, no diffusion, the mark is the price: what a fall reaches follows from the book alone.

    The full engine's own trades before the fall (flow, makers) touch no levered position, so accounts agree; its
    notional is at another price by the fall within a step at most: 2%.
    """
    assert has_both_engines(swept)
    runs = swept.done.assign(row=swept.done["point"] // 2)
    table = runs.pivot_table(index=["row", "replication"], columns="fidelity", values="liquidated_notional_quanta")
    assert len(table) == 6
    assert (table > 0).all().all()
    assert table["reduced"].to_numpy(float) == pytest.approx(table["full"].to_numpy(float), rel=0.02)


def test_the_report_holds_each_arm_against_the_full_engine(swept):
    samples = arm_samples(swept, event_of(swept))
    names = [panel.name for panel in study_panels(swept, samples, study_context(swept, samples))]
    assert names[:2] == ["engines-required-fund", "engines-liquidated-notional"]
    assert "differences" not in names
    every = runs_with_outcomes(swept)
    runs = every.assign(x=every["point"] // 2)
    outcome = shown_outcomes(swept, every)[1]
    than, frame = engine_frame(swept, runs, outcome, level=0.95)
    assert than.endswith("full")
    assert frame["n"].tolist() == [3] * 4
    values = runs.pivot_table(index="x", columns="arm", values=outcome.column)
    ratios = frame[frame["arm"] != than]["ratio"].to_numpy(float)
    np.testing.assert_allclose(ratios, (values[0] / values[1]).to_numpy(float))
    full = frame[frame["arm"] == than]
    assert (full["ratio"] == 1).all()
    np.testing.assert_allclose(full["ratio_low"] * full["value"], full["low"])


def test_studies_of_one_engine_have_no_such_figure(swept):
    class OneEngine:
        done = pd.DataFrame({"fidelity": ["full", "full"]})

    assert list(engine_panels(OneEngine(), study_context(swept, []))) == []
