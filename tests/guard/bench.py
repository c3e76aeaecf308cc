"""Paired timings of both trees, taken in turn: base, here, base, here. The median of the ratios of pairs counts.

Hot paths run in a process that has the program loaded and its kernels compiled; starts and the cold compile are
processes of their own. Take them on a quiet machine: noise of a few per cent hides a difference of a few per cent.
Both sides do the same work: a side that would follow a run that emptied its fund by a second one, which tells what an
endless fund would have paid, is told not to.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from tests.guard.pool import Worker
from tests.guard.studies import SMALL_COHORTS, of_reduced_config
from tests.guard.trees import GuardError, Tree
from tests.guard.yamltext import to_text

MAX_RATIO = 1.03
ROUNDS, ROUNDS_QUICK = 7, 3
COLD_ROUNDS, COLD_ROUNDS_QUICK = 3, 1
ONE_PASS = "--no-second-pass"
#: What makes the reference market an hour of 100,000 accounts with about 200 orders a second.
HOUR: dict[str, Any] = {
    "extends": "base",
    "name": "hour",
    "duration_s": 3600,
    "clock": {"kind": "fixed", "tick_ms": 1000},
    "markets": [{"name": "BTCUSDT", "price": {"kind": "single_shock", "shock_ms": 1_800_000, "shock_fraction": -0.06}}],
    "population": {
        "open_interest": [{"market": "BTCUSDT", "quote": 1_000_000_000}],
        "cohorts": [
            {"name": "noise", "traders": 10_000, "behaviour": {"orders_per_s": 125, "volume_quote_per_s": 200_000}},
            {"name": "levered", "traders": 90_000},
        ],
    },
    "record": {"detail": "series", "sample_ms": 10_000},
}
#: Thirty days of the reduced engine in words that have not changed: shipped configs follow another law than they did.
PATHS_CONFIG: dict[str, Any] = {
    "extends": "simple-flat",
    "name": "frozen-paths",
    "title": "Thirty days",
    "seed": 1,
    "start_utc": "2025-10-01T00:00:00Z",
    "duration_s": 2_592_000,
    "clock": {"kind": "fixed", "tick_ms": 60_000},
    "prices": {"kind": "independent"},
    "markets": [{"name": "BTCUSDT", "price": {"kind": "gbm", "initial_price": 114_000, "annual_volatility": 0.55}}],
    "funds": [{"name": "main", "markets": ["BTCUSDT"], "seed_quote": 550_000_000}],
    "population": {
        "open_interest": [{"market": "BTCUSDT", "quote": 10_400_000_000}],
        "cohorts": [
            {
                "name": "levered",
                "traders": 4_000,
                "behaviour": {"kind": "levered"},
                "opening": [
                    {
                        "market": "BTCUSDT",
                        "long_weight": 1,
                        "short_weight": 1,
                        "size": {"kind": "pareto", "exponent": 0.8},
                        "largest_share_ppm": 20_000,
                        "leverage": {
                            "kind": "pareto",
                            "weight": "notional",
                            "at": "now",
                            "exponent": 1.69,
                            "minimum": 2.3,
                            "maximum": 100,
                        },
                        "ageing": {"mean_age_days": 0, "volatility_per_day_ppm": 0},
                    }
                ],
            }
        ],
    },
    "reduced": {
        "impact": {
            "kind": "linear",
            "within_ppm": 10_000,
            "bid_quote": 306_000_000,
            "ask_quote": 241_000_000,
            "half_life_s": 60,
        },
        "jumps": {"kind": "kou", "jumps_per_year": 40, "down_share_ppm": 500_000, "up_eta": 60, "down_eta": 50},
        "renewal": {"kind": "half_life", "half_life_days": 3},
    },
}

#: Takes a side (0 base, 1 here) and returns seconds.
Timed = Callable[[int], float]


@dataclass(frozen=True)
class Benchmark:
    """Something to be timed on either side, and how many pairs are taken; `warm_up`: one pair before, not counted."""

    name: str
    timed: Timed
    rounds: int
    warm_up: bool = True

    def ratios(self) -> tuple[list[float], list[float], list[float]]:
        """Seconds of base, seconds of here, and the ratio here / base of each pair."""
        for side in range(2 * self.warm_up):
            self.timed(side)
        pairs = [(self.timed(0), self.timed(1)) for _ in range(self.rounds)]
        return [base for base, _ in pairs], [here for _, here in pairs], [here / base for base, here in pairs]


def run_benchmarks(trees: Sequence[Tree], folder: Path, *, quick: bool) -> list[str]:
    """Print one line a benchmark; return the names of those that are slower here than allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    slower = []
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(tree, folder / f"worker-{tree.side}")) for tree in trees]
        for benchmark in list_benchmarks(trees, workers, folder, quick=quick):
            base, here, ratios = benchmark.ratios()
            ratio = median(ratios)
            word = "SLOWER" if ratio > MAX_RATIO else "ok"
            print(f"{word:7}{benchmark.name:40} {median(base):7.2f} s {median(here):7.2f} s  ratio {ratio:.3f}"
                  f" [{min(ratios):.3f}, {max(ratios):.3f}]", flush=True)  # fmt: skip
            slower += [benchmark.name] * (ratio > MAX_RATIO)
    return slower


def list_benchmarks(trees: Sequence[Tree], workers: Sequence[Worker], folder: Path, *, quick: bool) -> list[Benchmark]:
    """Hot paths, a start, and the first start of all."""
    rounds, numbers = ROUNDS_QUICK if quick else ROUNDS, count()
    once = [[ONE_PASS] if _knows(tree, ONE_PASS) else [] for tree in trees]

    def hot(*command: str) -> Timed:
        def timed(side: int) -> float:
            flags = once[side] if command[0] == "run" else []
            return _in_worker(workers[side], [*command, *flags, "--no-report"], folder / f"out-{next(numbers)}")

        return timed

    def start(side: int) -> float:
        return _in_process(trees[side], ["run", "base", *once[side]], folder / f"out-{next(numbers)}")

    def cold(side: int) -> float:
        with tempfile.TemporaryDirectory(dir=folder) as cache:
            where = folder / f"out-{next(numbers)}"
            return _in_process(trees[side], ["run", "base", *once[side], "--no-report"], where, Path(cache))

    hour, sweep, paths = _write_inputs(folder)
    return [
        Benchmark("hour, 100,000 accounts", hot("run", hour), rounds),
        Benchmark("base, 20,000 traders", hot("run", "base", "--traders", "20000"), rounds),
        Benchmark("two-markets", hot("run", "two-markets"), rounds),
        Benchmark("sweep of 24 small runs, one process", hot("sweep", sweep, "--serial"), rounds),
        Benchmark("reduced engine, 60,000 paths", hot("sweep", paths, "--serial"), rounds),
        Benchmark("start: base with its report", start, rounds),
        Benchmark("first start of all: cold compile", cold, COLD_ROUNDS_QUICK if quick else COLD_ROUNDS, warm_up=False),
    ]


def _write_inputs(folder: Path) -> list[str]:
    """Files of the hour, of a sweep and of a study of paths."""
    sizes = {f"population.cohorts[{cohort}].traders": number for cohort, number in SMALL_COHORTS["base"].items()}
    sweep = {"name": "sweep", "title": "Sweep", "base": "base", "replications": 24, "set": {**sizes, "duration_s": 300}}
    paths = {**of_reduced_config("frozen-paths.yaml", "crude"), "name": "paths", "paths": 30_000, "keep_paths": False}
    (folder / "frozen-paths.yaml").write_text(to_text(PATHS_CONFIG), encoding="utf-8")
    written = []
    for name, content in (("hour", HOUR), ("sweep", sweep), ("paths", paths)):
        path = folder / f"{name}.yaml"
        path.write_text(to_text(content), encoding="utf-8")
        written.append(str(path))
    return written


def _knows(tree: Tree, flag: str) -> bool:
    """Whether the `run` command of a side has a flag."""
    command = [sys.executable, "-m", tree.entry, "run", "--help"]
    environment = {**tree.environment(None), "COLUMNS": "200"}
    return flag in subprocess.run(command, cwd=tree.root, env=environment, capture_output=True, text=True).stdout


def _in_worker(worker: Worker, command: list[str], out: Path) -> float:
    outcome = worker.run([*command, "--out", str(out)])
    if outcome.code:
        raise GuardError(f"benchmark {' '.join(command)} ended with {outcome.code}: {outcome.error}")
    return outcome.seconds


def _in_process(tree: Tree, command: list[str], out: Path, cache: Path | None = None) -> float:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", tree.entry, *command, "--out", str(out)],
        cwd=tree.root, env=tree.environment(cache), capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise GuardError(f"benchmark {' '.join(command)} ended with {done.returncode}: {done.stderr[-500:]}")
    return time.perf_counter() - started
