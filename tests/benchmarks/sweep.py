"""Sweeps: what a run costs beside itself, how two workers share the 100,000-trader hour, and whether memory stays flat.

Run it with `python -m tests.benchmarks.sweep`. Two workers' time that was spent inside runs, as a share of all of it,
says what sweeping costs, on a busy machine too; how much slower runs get beside each other is the machine's, and shows
in runs/s. Processor seconds of a run show how far a machine is from the goal by itself.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from clearsim.studies.design.job import EMPTY_ROW, Job, Outcome, own_columns, run_job
from clearsim.studies.design.load_study import load_study
from clearsim.studies.design.plan import Plan
from clearsim.studies.design.plan_checks import plan_study
from clearsim.studies.execute.executors import ExecutorSettings, open_pool
from clearsim.studies.store.folder import open_store

from tests.benchmarks import hour
from tests.sweep_survival.memory_process import growth_mb

TINY = """name: tiny
title: Runs of no length
base: base
design: {{kind: random, n: {points}}}
uncertainties:
  - {{name: shock, path: 'markets[0].price.shock_fraction', distribution: {{kind: uniform, low: -0.12, high: -0.04}}}}
levers:
  - {{name: taker, path: 'markets[0].fees.taker_ppm', values: [400, 500]}}
"""
HOUR = "name: hour\ntitle: The hour\nbase: hour.yaml\nreplications: {runs}\n"
RUNS_S_GOAL, EFFICIENCY_GOAL, OVERHEAD_MS_GOAL, GROWTH_MB_GOAL = 3.5, 0.85, 5.0, 50.0


def make_only_the_config(job: Job) -> Outcome:
    """A run of no length: its config is made and checked, and a row comes back."""
    job.config  # noqa: B018
    return Outcome(job.run_id, {**EMPTY_ROW, **own_columns(job), "status": "done"}, None)


def swept(plan: Plan, run: Callable[[Job], Outcome], folder: Path, *, workers: int = 2) -> tuple[float, float]:
    """Wall seconds of all runs of a plan, stored, with warm workers; and the seconds inside runs, all workers'."""
    inside: list[float] = []

    with open_pool(ExecutorSettings("local", workers=workers)) as pool:
        pool.execute(list(plan.jobs())[: 2 * workers], on_outcome=lambda outcome: None, run=run)
        with open_store(plan, folder) as store:

            def keep(outcome: Outcome) -> None:
                store.add(outcome)
                inside.append(outcome.row["seconds"])

            started = time.perf_counter()
            pool.execute(plan.jobs(), on_outcome=keep, run=run)
            store.flush()
            return time.perf_counter() - started, sum(inside)


def overhead_ms(folder: Path, points: int = 5_000) -> float:
    """Milliseconds a run of no length on two workers: planning, sending, the config, the row, storing."""
    (folder / "tiny.yaml").write_text(TINY.format(points=points))
    plan = plan_study(load_study(folder / "tiny.yaml"))
    return 1e3 * swept(plan, make_only_the_config, folder / "tiny")[0] / plan.n_runs


def hours(folder: Path, runs: int = 24) -> tuple[float, float, float]:
    """The 100,000-trader hour on two workers: runs/s, share of their time inside runs, processor seconds of one run."""
    text = hour.CONFIG.replace("TRADERS", str(100_000 - 10_004)).replace("NOISE", "125")
    (folder / "hour.yaml").write_text(text)
    (folder / "study.yaml").write_text(HOUR.format(runs=runs))
    plan = plan_study(load_study(folder / "study.yaml"))
    wall, inside = swept(plan, run_job, folder / "hours")
    run_job(plan.job(plan.point(0), 0))
    started = time.process_time()
    run_job(plan.job(plan.point(0), 1))
    return plan.n_runs / wall, inside / (2 * wall), time.process_time() - started


def measure() -> dict[str, float]:
    """All figures of the page by name."""
    with tempfile.TemporaryDirectory() as scratch:
        at = Path(scratch)
        overhead = overhead_ms(at)
        runs_s, share, seconds = hours(at)
        grown = growth_mb(10_000, at / "growth")
    return {
        "overhead_ms": overhead,
        "hour_runs_s": runs_s,
        "hour_processor_s": seconds,
        "share_inside_runs": share,
        "growth_mb": grown,
    }


if __name__ == "__main__":
    found = measure()
    print(f"a run of no length: {found['overhead_ms']:.2f} ms (goal <= {OVERHEAD_MS_GOAL:g})")
    print(f"the hour on 2 workers: {found['hour_runs_s']:.2f} runs/s (goal >= {RUNS_S_GOAL:g});", end=" ")
    print(f"{found['hour_processor_s']:.2f} s of processor a run")
    print(f"share of the workers' time inside runs: {found['share_inside_runs']:.2f} (goal >= {EFFICIENCY_GOAL:g})")
    print(f"the parent grew by {found['growth_mb']:.1f} MB in 10,000 runs (goal <= {GROWTH_MB_GOAL:g})")
