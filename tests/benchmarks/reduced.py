"""Paths a second of the reduced engine on one core: 60 steps, a book of 2,000 traders, linear and square-root impact.

    python tests/benchmarks/reduced.py

Goals: 1.0 M paths/s linear, 0.4 M square root. A plain step without liquidations and the same workload in plain
Python (numba switched off, 1,000 times fewer paths) stand beside them, so that ratios can be compared across machines.
"""

import statistics
import time

from sim.config import RunConfig
from sim.reduced.lower import lower
from sim.reduced.run import simulate_batch
from tests.reduced.reduced_worlds import config, holders

PATHS, ROUNDS = 100_000, 5
JUMPS = {"kind": "kou", "jumps_per_year": 59, "down_share_ppm": 550_000, "down_eta": 35, "up_eta": 38}
LEVERAGE = {"kind": "pareto", "exponent": 1.69, "minimum": 2.3, "maximum": 100}


def world(impact: dict[str, object], **reduced: object) -> RunConfig:
    """Thirty days of BTC-like prices over a Pareto book, half long and half short by accounts."""
    price = {"kind": "gbm", "initial_price": 10000, "annual_volatility": 0.45}
    section = {"steps": 60, "impact": impact, "jumps": JUMPS, "buckets": 256, **reduced}
    cohort = holders("levered", long=1, short=1, leverage=LEVERAGE, traders=2_000)
    cohort["opening"][0]["ageing"] = {"mean_age_days": 2, "volatility_per_day_ppm": 25_000}
    return config(
        price, [cohort], reduced=section, days=30, liquidation_ppm=5_000, seed_quote=1_000_000_000,
        open_interest=1_000_000_000,
    )  # fmt: skip


def rate(setting: RunConfig) -> float:
    """Median paths a second."""
    lowered = lower(setting)
    simulate_batch(setting, paths=100, lowered=lowered)
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        simulate_batch(setting, paths=PATHS, lowered=lowered)
        seconds.append(time.perf_counter() - started)
    return PATHS / statistics.median(seconds)


def main() -> None:
    """Print the table."""
    depth = {"within_ppm": 10_000, "bid_quote": 20_000_000, "ask_quote": 20_000_000}
    rows = [
        ("no impact", world({"kind": "none"})),
        ("linear", world({"kind": "linear", **depth})),
        ("square root", world({"kind": "square_root", **depth})),
        ("linear, discrete marks", world({"kind": "linear", **depth}, marks="discrete")),
        ("linear, renewed", world({"kind": "linear", **depth}, renewal={"kind": "half_life", "half_life_days": 7})),
    ]
    for name, setting in rows:
        print(f"{name:24s} {rate(setting) / 1e6:6.3f} M paths/s")


if __name__ == "__main__":
    main()
