"""Paths a second of the reduced engine on one core, 60 steps: a day and a month.

    python -m tests.benchmarks.reduced

Goals: 1.0 M paths/s with linear impact, 0.4 M with bounded. They were set by a sketch whose workload is `day`:
longs only, a day of steps of .4%, one jump in 29 paths, marks at steps. `month` is what a study runs: 30 days with five
jumps a path, a book on both sides of which 125 of 512 levels go, thresholds crossed between the steps.

Paths come in small batches, and the 5th fastest of 60 counts: the clock of a shared machine halves for seconds at a
time. Beside each row stand the paths in the time of a Python loop of ten million additions measured in turn with it,
and below the table what drawing alone takes: no path is faster than its sixty normals. The last line is a whole answer:
the curve of the base study at 1e-4, its second method included (goal: half-width 10% within two minutes on two cores).
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from clearsim.config import RunConfig
from clearsim.reduced.kernels.draw import DIFFUSION, fill_uniforms, to_normals
from clearsim.reduced.lower import lower
from clearsim.reduced.run import simulate_batch

from tests.reduced.reduced_worlds import config, holders

PATHS, ROUNDS, PLACE = 4_096, 60, 4
DAY_LINEAR, DAY_BOUNDED = "day, linear", "day, bounded"
Section = dict[str, Any]


def month(**reduced: object) -> RunConfig:
    """Thirty days of BTC-like prices over a Pareto book, half long and half short by accounts."""
    price = {"kind": "gbm", "initial_price": 10000, "annual_volatility": 0.45}
    jumps = {"kind": "kou", "jumps_per_year": 59, "down_share_ppm": 550_000, "down_eta": 35, "up_eta": 38}
    section = {"steps": 60, "jumps": jumps, "buckets": 256, **reduced}
    leverage = {"kind": "pareto", "exponent": 1.69, "minimum": 2.3, "maximum": 100}
    cohort = holders("levered", long=1, short=1, leverage=leverage, traders=2_000)
    cohort["opening"][0]["ageing"] = {"mean_age_days": 2, "volatility_per_day_ppm": 25_000}
    return config(
        price, [cohort], reduced=section, days=30, liquidation_ppm=5_000, seed_quote=1_000_000_000,
        open_interest=1_000_000_000,
    )  # fmt: skip


def day(**reduced: object) -> RunConfig:
    """A day of steps of .4% and jumps of -5% +- 2% over longs alone, dense below the price."""
    price = {"kind": "gbm", "initial_price": 10000, "annual_volatility": 0.592}
    jumps = {"kind": "merton", "jumps_per_year": 12.5, "log_mean": -0.05, "log_sd": 0.02}
    section = {"steps": 60, "jumps": jumps, "marks": "discrete", **reduced}
    leverage = {"kind": "pareto", "exponent": 1, "minimum": 2, "maximum": 125}
    longs = holders("longs", long=1, short=0, leverage=leverage, traders=4_000)
    longs["opening"][0]["ageing"] = {"mean_age_days": 1, "volatility_per_day_ppm": 25_000}
    return config(
        price, [longs, holders("short", long=0, short=1, leverage=1)], reduced=section, days=1, liquidation_ppm=0,
        seed_quote=1_000_000_000, open_interest=1_000_000_000,
    )  # fmt: skip


def quick(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of `work` and of a Python loop of ten million additions, each the 5th fastest of 60 taken in turn."""
    seconds, loops = [], []
    for _ in range(ROUNDS):
        loops.append(50 * _timed(_python_loop))
        seconds.append(_timed(work))
    return sorted(seconds)[PLACE], sorted(loops)[PLACE]


def _timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _python_loop() -> int:
    total = 0
    for number in range(200_000):
        total += number
    return total


def rate(setting: RunConfig, paths: int) -> tuple[float, float, float]:
    """Paths a second, paths in the time of the Python loop, and levels that a path liquidates."""
    lowered = lower(setting)
    simulate_batch(setting, paths=100, lowered=lowered)
    batch = simulate_batch(setting, paths=paths, lowered=lowered)
    seconds, loop = quick(lambda: simulate_batch(setting, paths=paths, lowered=lowered))
    return paths / seconds, paths / seconds * loop, float(batch.flow("levels").mean())


def normals(paths: int) -> tuple[float, float]:
    """Paths a second of drawing sixty normals each, and in the time of the Python loop."""
    uniforms, out, places = np.zeros(60 * paths), np.zeros(60 * paths), np.zeros(60 * paths + 1, np.int64)

    def draw() -> None:
        fill_uniforms(np.uint64(1), DIFFUSION, 0, uniforms, 60 * paths)
        to_normals(uniforms, out, places, 60 * paths)

    draw()
    seconds, loop = quick(draw)
    return paths / seconds, paths / seconds * loop


def curve(budget: int = 300_000) -> tuple[float, float, float]:
    """P(ADL) of `base-reduced` with the fund found for 1e-4, its half-width as a share, and seconds of the command."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "answer"
        command = ["size-fund", "base-reduced", "--target", "P(ADL within 30d) < 1e-4", "--budget", str(budget)]
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "clearsim.cli", *command, "--spread", "0", "--out", str(out)],
            check=True, capture_output=True,
        )  # fmt: skip
        seconds = time.perf_counter() - started
        found = json.loads((out / "answer.json").read_text())["consequences"]["probability"]
    return found["value"], (found["high"] - found["low"]) / 2 / found["value"], seconds


def workloads() -> dict[str, tuple[RunConfig, int]]:
    """Each workload by name: what runs, and how many times fewer paths it takes."""
    depth = {"within_ppm": 10_000, "bid_quote": 20_000_000, "ask_quote": 20_000_000}
    linear, bounded = {"kind": "linear", **depth}, {"kind": "bounded", "basis_cap_ppm": 20_000, **depth}
    thick = {"within_ppm": 50_000, "bid_quote": 300_000_000, "ask_quote": 300_000_000}
    day_linear, day_bounded = {"kind": "linear", **thick}, {"kind": "bounded", "basis_cap_ppm": 20_000, **thick}
    renewal = {"kind": "half_life", "half_life_days": 7}
    return {
        DAY_LINEAR: (day(impact=day_linear), 1),
        "day, linear, bridges": (day(impact=day_linear, marks="bridge"), 1),
        DAY_BOUNDED: (day(impact=day_bounded), 1),
        "day, bounded, bridges": (day(impact=day_bounded, marks="bridge"), 1),
        "month, no impact": (month(impact={"kind": "none"}), 1),
        "month, linear": (month(impact=linear), 1),
        "month, bounded": (month(impact=bounded), 1),
        "month, linear, discrete marks": (month(impact=linear, marks="discrete"), 1),
        "month, linear, renewed": (month(impact=linear, renewal=renewal), 50),
    }


def goals() -> dict[str, float]:
    """M paths/s of the two workloads that have a goal, by name."""
    loads = workloads()
    return {name: rate(loads[name][0], PATHS)[0] / 1e6 for name in (DAY_LINEAR, DAY_BOUNDED)}


def main() -> None:
    """Print the table."""
    for name, (setting, fewer) in workloads().items():
        paths, ratio, levels = rate(setting, PATHS // fewer)
        print(
            f"{name:30s} {paths / 1e6:6.3f} M paths/s {ratio / 1e6:6.3f} M a loop {levels:8.1f} levels a path",
            flush=True,
        )
    paths, ratio = normals(PATHS)
    print(f"{'60 normals and no path':30s} {paths / 1e6:6.3f} M paths/s {ratio / 1e6:6.3f} M a loop", flush=True)
    value, half, seconds = curve()
    print(f"curve of the base study at {value:.3g}: half-width {100 * half:.1f}%, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
