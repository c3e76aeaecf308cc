"""All benchmarks in one run: `python -m tests.benchmarks` prints the table of tests/benchmarks/RESULTS.md.

Ratios are measured in this one run. `--write` puts the table into RESULTS.md.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.benchmarks import book_batch, crash, dense, own_agents, reduced, sweep, zi_accounts

RESULTS = Path(__file__).with_name("RESULTS.md")

#: M actions/s of the C++ book (10k resting) and of plain Python (ZI) where the goals were set, 2026-11.
CPP_THERE, PYTHON_THERE = 65.0, 1.2

CALM = "{kind: gbm, initial_price: 50000, annual_volatility: 0.6}"

Row = tuple[str, str, str]


class Seconds(NamedTuple):
    """What a process took."""

    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s, {self.processor:.2f} of processor"


def seconds_of(*command: str, **environment: str) -> Seconds:
    """Seconds of a clearsim command in a process of its own."""
    environment = {**os.environ, **environment}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start, before = time.perf_counter(), _processor_of_children()
    subprocess.run([sys.executable, "-m", "clearsim.cli", *command], check=True, capture_output=True, env=environment)
    return Seconds(time.perf_counter() - start, _processor_of_children() - before)


def _processor_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def middle_of(*command: str, **environment: str) -> Seconds:
    """Medians of three `seconds_of`."""
    found = [seconds_of(*command, **environment) for _ in range(3)]
    return Seconds(*(median(times) for times in zip(*found, strict=True)))


def hour_of(n_accounts: int) -> dict[str, float]:
    """`hour.measure` in a process of its own, so that the memory is that of the hour alone."""
    command = [sys.executable, "-m", "tests.benchmarks.hour", str(n_accounts)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def compile_modules() -> None:
    """Compile the modules to bytecode, as an installer does; else every start of a source tree does it."""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-m", "compileall", "-q", root / "sim", root / "analysis"], check=True)


def book_rows(books: dict[str, dict[str, float]]) -> list[Row]:
    """The book alone."""
    rows = []
    for name, found in books.items():
        speed = f"{found['actions_per_s_millions']} M actions/s"
        if "share_of_cpp" in found:
            speed += f", {100 * found['share_of_cpp']:.0f}% of C++ ({found['cpp_actions_per_s_millions']} M/s)"
        rows.append((f"book batch, {name}", speed, ">= 70% of C++" if name == "10k resting" else ""))
    return rows


def exchange_rows() -> list[Row]:
    """Accounts, crash, hour."""
    zi, gaps = zi_accounts.measure(), crash.measure()
    rows = [
        (
            "ZI with accounts, margin check, mark; logs and agents left out",
            f"{zi['actions_per_s_millions']} M actions/s",
            ">= 2 M/s",
        ),
        (
            f"CRASH, {gaps['accounts']:,} accounts",
            f"{gaps['us_per_calm_cycle']:.0f} us a calm cycle, crash {1000 * gaps['crash_s']:.0f} ms,"
            f" {gaps['liquidated']} liquidated, {gaps['deleveraged']} deleveraged,"
            f" fund left {gaps['fund_left_quanta']}, lots sum {gaps['lots_sum']}, money sum {gaps['quote_sum']}",
            "sums 0",
        ),
    ]
    for size, goal in ((100_000, "<= 0.5 s"), (1_000_000, "<= 2 s, < 2 GB")):
        found = hour_of(size)
        text = (
            f"{found['run_s']:.2f} s (best {found['run_s_best']:.2f}), {found['processor_s']:.2f} of processor,"
            f" {found['peak_mb']:.0f} MB"
        )
        what = f"hour, {size:,} accounts, {found['orders_per_tick']:.0f} orders a tick; build, tables, report left out"
        rows.append((what, text, goal))
    return rows


def pass_rows() -> list[Row]:
    """Passes over all rows, each against one pass over the memory that it reads."""
    mark, choice = dense.dense_mark(), dense.adl_choice()
    return [
        (
            f"dense mark, {dense.TRADERS:,} accounts x {dense.MARKETS} markets, equity and margin",
            f"{mark['ms']:.0f} ms, {mark['passes']:.1f} passes over memory",
            "<= 2.2 passes",
        ),
        (
            f"ADL, {dense.CHOSEN} of {dense.TRADERS:,} accounts ranked",
            f"{choice['ms']:.1f} ms, {choice['passes']:.1f} passes over memory, a full sort {choice['sorts']:.1f} x",
            "a full sort >= 50 x",
        ),
    ]


def own_rows() -> list[Row]:
    """Users' agents one by one, and cohorts on arrays."""
    rates = own_agents.measure()
    goal = f">= {own_agents.AGENT_GOAL / 1e3:.0f} k/s"
    times = f"{rates['looks'] / rates['eager']:.1f} x a picture counted out at every wake"
    rows = [
        ("a user's agents, a decision that looks", f"{rates['looks'] / 1e3:.0f} k/s, {times}", goal),
        ("a user's agents, a decision that sends an order", f"{rates['orders'] / 1e3:.0f} k/s", goal),
    ]
    for name, what in (("numpy", "10,000 at once"), ("small", "1,000 at once"), ("arrivals", "200 arrivals of 10,000")):
        speed = f"{rates[name] / 1e6:.1f} M actions/s, {rates[name] / rates['noise']:.2f} x noise traders"
        rows.append((f"a user's cohort, {what}", speed, f">= {own_agents.COHORT_GOAL / 1e6:.0f} M/s"))
    return rows


def study_rows() -> list[Row]:
    """Sweeps on two workers, and the reduced engine on one core."""
    swept, paths = sweep.measure(), reduced.goals()
    value, half, seconds = reduced.curve()
    return [
        ("sweep: a run of no length", f"{swept['overhead_ms']:.2f} ms", f"<= {sweep.OVERHEAD_MS_GOAL:g} ms"),
        (
            "sweep of the hour, 100,000 accounts, 2 workers",
            f"{swept['hour_runs_s']:.1f} runs/s, {swept['hour_processor_s']:.2f} s of processor a run",
            f">= {sweep.RUNS_S_GOAL:g} runs/s",
        ),
        (
            "sweep: share of the workers' time inside runs",
            f"{swept['share_inside_runs']:.2f}",
            f">= {sweep.EFFICIENCY_GOAL:g}",
        ),
        (
            "sweep: growth of the parent in 10,000 runs",
            f"{swept['growth_mb']:.1f} MB",
            f"<= {sweep.GROWTH_MB_GOAL:g} MB",
        ),
        (
            "reduced engine, 60 steps, linear, one core",
            f"{paths[reduced.DAY_LINEAR]:.2f} M paths/s",
            ">= 1.0 M paths/s",
        ),
        (
            "reduced engine, 60 steps, bounded, one core",
            f"{paths[reduced.DAY_BOUNDED]:.2f} M paths/s",
            ">= 0.4 M paths/s",
        ),
        (
            f"curve of the base study at P(ADL) = {value:.2g}",
            f"{seconds:.0f} s, half-width {100 * half:.1f}%",
            "<= 120 s on 2 cores, 10%",
        ),
    ]


def start_rows() -> list[Row]:
    """Starts of the command line."""
    compile_modules()
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out")
        first = seconds_of("run", "base", "--no-report", "--out", out, CLEARSIM_CACHE_DIR=folder)
        again = ["run", "base", "--overwrite", "--out", out]
        seconds_of(*again, CLEARSIM_CACHE_DIR=folder)
        warm = middle_of(*again, CLEARSIM_CACHE_DIR=folder)
        bare = middle_of(*again, "--no-report", CLEARSIM_CACHE_DIR=folder)
        once = ["--set", "duration_s=1", "--set", f"markets[0].price={CALM}"]
        tick = middle_of(*again, "--no-report", *once, CLEARSIM_CACHE_DIR=folder)
        crowd = seconds_of(*again, "--traders", "1000000", CLEARSIM_CACHE_DIR=folder)
    return [
        ("first start ever of base, all compiled", f"{first}", "<= 30 s"),
        ("base with report, warm", f"{warm}", "< 3 s"),
        ("base without report, warm", f"{bare}", ""),
        (
            "what a user pays: base with 1,000,000 traders, events, second pass, report, the whole process",
            f"{crowd}",
            "",
        ),
        ("warm start, first tick, folder written", f"{tick}", "<= 1 s to the first tick"),
        ("clearsim --help", f"{middle_of('--help')}", "<= 0.5 s"),
        ("clearsim configs", f"{middle_of('configs')}", "<= 0.3 s of processor"),
        ("clearsim check base", f"{middle_of('check', 'base')}", "<= 0.3 s of processor"),
    ]


def speed_of_machine(books: dict[str, dict[str, float]]) -> str:
    """How this machine compares with the one on which the goals in seconds were set, by two programs run on both."""
    found = books["10k resting"]
    if "cpp_actions_per_s_millions" not in found:
        return ""
    cpp, zi = found["cpp_actions_per_s_millions"], books["zi"]
    twin = zi["actions_per_s_millions"] / zi["times_plain_twin"]
    return (
        f"The goals in seconds were set on a machine where the C++ book does {CPP_THERE:g} M actions/s with 10k resting"
        f" and plain Python {PYTHON_THERE:g} M of ZI; here they do {cpp:.1f} and {twin:.2f} M:"
        f" {CPP_THERE / cpp:.1f} and {PYTHON_THERE / twin:.1f} times slower. It drifts by half within minutes."
    )


def table() -> str:
    """The page: what was measured where, and the table."""
    starts, books = start_rows(), book_batch.measure()
    lines = [
        "# Results of the benchmarks",
        "",
        f"`python -m tests.benchmarks --write` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores,"
        f" {platform.machine()}, Python {platform.python_version()}, numba {version('numba')},"
        f" numpy {version('numpy')}. Load average at the start {os.getloadavg()[0]:.1f}. Take ratios, not seconds.",
        "",
        speed_of_machine(books),
        "",
        "| what | measured | goal |",
        "|---|---|---|",
    ]
    for what, measured, goal in [
        *starts,
        *book_rows(books),
        *exchange_rows(),
        *pass_rows(),
        *own_rows(),
        *study_rows(),
    ]:
        lines.append(f"| {what} | {measured} | {goal} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Run all benchmarks; two minutes.")
    parser.add_argument("--write", action="store_true", help=f"also write the table to {RESULTS.name}")
    arguments = parser.parse_args()
    page = table()
    print(page)
    if arguments.write:
        RESULTS.write_text(page)
