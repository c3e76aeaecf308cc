"""A run with own parts of every kind: its folder replays without the files, a study sweeps over them, the fund is sized
on them."""

import textwrap

import pytest
from clearsim.agents import UserAgentConfig
from clearsim.agents.user import Order, UserAgent
from clearsim.config import config_hash, load_config
from clearsim.funds.feedback import fund_feeds_back
from clearsim.market.price import OwnPath, PricePath
from clearsim.runs.inputs import check_inputs
from clearsim.runs.replay import load_run, replay_run
from clearsim.runs.run import RunOptions, run_config
from clearsim.studies.design.load_study import load_study, study_hash, study_text
from clearsim.studies.design.plan import Plan
from clearsim.studies.design.plan_checks import plan_study
from clearsim.studies.execute.pool import ExecutorSettings
from clearsim.studies.store.merge import merge
from clearsim.studies.store.verify import plan_of_folder
from clearsim.studies.sweep import SweepOptions, run_sweep

from tests.engine.runs import config_of

AGENT = """
from decimal import Decimal
from clearsim.agents.user import Order, UserAgent

class Buyer(UserAgent):
    def __init__(self, size):
        self.size = Decimal(size)

    def decide(self, view):
        if view.account.positions["BTCUSDT"] < self.size:
            return [Order("BTCUSDT", "buy", self.size)]
        return None
"""
COHORT = """
import numpy as np
from clearsim.agents.user_cohort import Actions, UserCohort

class Flippers(UserCohort):
    arrivals_per_s, uniforms = 5.0, 1

    def decide(self, view):
        who, place, uniforms = view.arrived
        return Actions(who, lots=np.where(uniforms[:, 0] < 0.5, 4, -4), arrival=place)
"""
PATH = """
import numpy as np
from clearsim.market.price import PricePath

class Slide(PricePath):
    def __init__(self, fall):
        self.fall = fall

    def points(self, duration_s, rng):
        times = np.arange(0.0, duration_s + 1.0)
        return times, 50000.0 * (1.0 - self.fall * times / duration_s)
"""


@pytest.fixture
def config(tmp_path):
    """The base market with a user's cohort in place of its momentum traders, a user's agent and a user's path."""
    (tmp_path / "parts").mkdir()
    for name, text in (("buyer", AGENT), ("flippers", COHORT), ("slide", PATH)):
        (tmp_path / "parts" / f"{name}.py").write_text(text)
    base = config_of("base", "duration_s=120", traders=300)
    lines = [
        "extends: base",
        "name: own",
        "duration_s: 120",
        "agents:",
        "  - {kind: user, name: buyer, file: parts/buyer.py, class: Buyer, params: {size: '0.05'},",
        "     deposit_quote: 20000}",
    ]
    (tmp_path / "own.yaml").write_text("\n".join(lines))
    cohort = "{kind: own, file: " + str(tmp_path / "parts/flippers.py") + ", class: Flippers}"
    path = "{kind: path, file: " + str(tmp_path / "parts/slide.py") + ", class: Slide, params: {fall: 0.06}}"
    counts = [f"population.cohorts[{k}].traders={c.traders}" for k, c in enumerate(base.population.cohorts)]
    settings = [f"population.cohorts[momentum].behaviour={cohort}", f"markets[0].price={path}", *counts]
    return load_config(tmp_path / "own.yaml", settings).config


def test_the_result_folder_replays_without_the_files(config, tmp_path):
    check_inputs(config)
    output = run_config(config, RunOptions(out=tmp_path / "run", detail="events"))
    for file in (tmp_path / "parts").iterdir():
        file.unlink()
    assert replay_run(load_run(tmp_path / "run")).equal
    assert len(list((tmp_path / "run" / "inputs").iterdir())) == 3
    assert int(output.result.runs["n_orders"]) > 0


class Seller(UserAgent):
    """Passed as an object."""

    def __init__(self, size):
        self.size = size

    def decide(self, view):
        return [Order("BTCUSDT", "sell", self.size)] if view.time_ms < 3_000 else None


def test_objects_passed_from_python_run_and_replay(config, tmp_path):
    agent = UserAgentConfig.of(Seller(size="0.02"), name="seller", deposit_quote=10_000)
    price = OwnPath.of(PricePath([50_000.0 - k for k in range(121)]))
    market = config.markets[0].model_copy(update={"price": price})
    passed = config.model_copy(update={"agents": (*config.agents, agent), "markets": (market,)})
    run_config(passed, RunOptions(out=tmp_path / "run", detail="summary"))
    recorded = load_run(tmp_path / "run")
    assert config_hash(recorded.config) == config_hash(passed)
    assert replay_run(recorded).equal
    kept = sorted(path.name.partition("-")[2] for path in (tmp_path / "run" / "inputs").iterdir())
    assert kept == ["Seller.py", "buyer.py", "flippers.py", "prices.csv"]


def test_parts_that_see_the_exchange_may_read_the_fund(config):
    places = [reason.path for reason in fund_feeds_back(config, fidelity="full", event="equity_zero")]
    assert places == ["population.cohorts[3].behaviour", "agents[1]"]


STUDY = """
name: paths
title: Two paths
base: base
replications: 1
levers:
  - name: path
    path: markets[0].price
    labels: [slow, fast]
    values:
      - {kind: path, file: slide.py, class: Slide, params: {fall: 0.02}}
      - {kind: path, file: slide.py, class: Slide, params: {fall: 0.08}}
"""


def test_a_study_carries_the_code_of_its_levers(tmp_path):
    (tmp_path / "study.yaml").write_text(textwrap.dedent(STUDY))
    (tmp_path / "slide.py").write_text(PATH)
    loaded = load_study(tmp_path / "study.yaml")
    plan = Plan(loaded, loaded.study)
    (tmp_path / "slide.py").unlink()
    falls = [job.config.markets[0].price.params["fall"] for job in plan.jobs()]
    assert falls == [0.02, 0.08]
    assert all(job.config.markets[0].price.source == PATH for job in plan.jobs())
    (tmp_path / "slide.py").write_text(PATH.replace("50000", "50001"))
    changed = load_study(tmp_path / "study.yaml")
    assert study_hash(changed.study, "base") != study_hash(loaded.study, "base")
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "study.yaml").write_text(study_text(loaded, loaded.study))
    assert load_study(kept / "study.yaml").study == loaded.study  # without slide.py beside it


def test_a_study_folder_keeps_the_code_of_its_base(tmp_path):
    for name, text in (("buyer", AGENT), ("slide", PATH)):
        (tmp_path / f"{name}.py").write_text(text)
    agent = "{kind: user, name: buyer, file: buyer.py, class: Buyer, params: {size: '0.05'}, deposit_quote: 20000}"
    (tmp_path / "own.yaml").write_text(f"extends: base\nduration_s: 2\nagents:\n  - {agent}\n")
    (tmp_path / "study.yaml").write_text(STUDY.replace("base: base", "base: own.yaml"))
    plan = plan_study(load_study(tmp_path / "study.yaml"))
    folder = tmp_path / "swept"
    done = run_sweep(plan, SweepOptions(out=folder, executor=ExecutorSettings(kind="serial")))
    assert (done.fresh, done.failed) == (2, 0)
    merged = merge(tmp_path / "merged", [folder])
    for name in ("buyer.py", "slide.py", "own.yaml", "study.yaml"):
        (tmp_path / name).unlink()
    for kept in (folder, merged):
        assert plan_of_folder(kept).hash == plan.hash
        assert plan_of_folder(kept).base.agents[-1].source == AGENT
