"""Paths a second of the reduced engine on one core, 60 steps: a day and a month.

    python -m tests.benchmarks.reduced

Goals: 1.0 M paths/s with linear impact, 0.4 M with square root. They were set by a sketch whose workload is `day`:
longs only, a day of steps of .4%, one jump in 29 paths, marks at steps. `month` is what a study runs: 30 days with five
jumps a path, a book on both sides of which 125 of 512 levels go, thresholds crossed between the steps. Seconds are
those of the processor, so that other work on the machine counts for less.
"""

import statistics
import time
from typing import Any

from sim.config import RunConfig
from sim.reduced.kernels import layout as at
from sim.reduced.lower import lower
from sim.reduced.run import simulate_batch
from tests.reduced.reduced_worlds import config, holders

PATHS, ROUNDS = 100_000, 5
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


def rate(setting: RunConfig, paths: int) -> tuple[float, float]:
    """Median paths a second of processor time, and levels that a path liquidates."""
    lowered = lower(setting)
    simulate_batch(setting, paths=100, lowered=lowered)
    seconds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        batch = simulate_batch(setting, paths=paths, lowered=lowered)
        seconds.append(time.process_time() - started)
    return paths / statistics.median(seconds), float(batch.flow(at.N_BUCKETS).mean())


def main() -> None:
    """Print the table."""
    depth = {"within_ppm": 10_000, "bid_quote": 20_000_000, "ask_quote": 20_000_000}
    linear, root = {"kind": "linear", **depth}, {"kind": "square_root", **depth}
    thick = {"within_ppm": 50_000, "bid_quote": 300_000_000, "ask_quote": 300_000_000}
    day_linear, day_root = {"kind": "linear", **thick}, {"kind": "square_root", **thick}
    renewal = {"kind": "half_life", "half_life_days": 7}
    rows = [
        ("day, linear", day(impact=day_linear), 1),
        ("day, linear, bridges", day(impact=day_linear, marks="bridge"), 1),
        ("day, square root", day(impact=day_root), 1),
        ("day, square root, bridges", day(impact=day_root, marks="bridge"), 1),
        ("month, no impact", month(impact={"kind": "none"}), 1),
        ("month, linear", month(impact=linear), 1),
        ("month, square root", month(impact=root), 1),
        ("month, linear, discrete marks", month(impact=linear, marks="discrete"), 1),
        ("month, linear, renewed", month(impact=linear, renewal=renewal), 50),
    ]
    for name, setting, fewer in rows:
        paths, levels = rate(setting, PATHS // fewer)
        print(f"{name:30s} {paths / 1e6:6.3f} M paths/s {levels:8.1f} levels liquidated a path", flush=True)


if __name__ == "__main__":
    main()
