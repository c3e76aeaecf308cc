"""The CRASH workload: N accounts alternating long and short, entry 100, quantity U(0.1, 5), leverage U{2..50},
maintenance
0.5%, fund 1,000; 2,000 calm marks within 0.4%, then five gaps of -8% through an empty book.

The accounts come in as an own book of positions and the prices as a CSV, so the whole production path is timed:
microseconds a calm cycle, seconds for the five gaps. Prints who was liquidated and deleveraged, what is left of the
fund, and that lots and money sum to exactly zero. Run it with `python -m tests.benchmarks.crash`.
"""

import csv
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from clearsim.config import load_config
from clearsim.engine.build import build_world
from clearsim.engine.cycle import run_cycle

CONFIG = """
name: crash
seed: 1
start_utc: 2025-01-01T00:00:00Z
duration_s: 2005
clock: {kind: fixed, tick_ms: 1000}
asset: {name: USDT, quantum: 0.000001}
prices: {kind: independent}
markets:
  - name: X
    tick_size: 0.001
    lot_size: 0.001
    price: {kind: replay, file: prices.csv, between: last}
    impact: {kind: exogenous}
    mark: {kind: index}
    funding: {kind: none}
    margin: {kind: flat, maintenance_ppm: 5000, max_leverage: 100}
    fees: {taker_ppm: 0, maker_ppm: 0, liquidation_ppm: 0}
funds:
  - {name: main, markets: [X], seed_quote: 1000, fee_share_ppm: 1000000}
liquidation: {kind: full}
waterfall:
  - {kind: takeover}
  - {kind: insurance_fund}
  - {kind: adl, ranking: {kind: profit_leverage}, trigger: bankrupt}
  - {kind: socialised_loss}
population: {}
positions: {file: book.csv, residual_account: residual}
record: {detail: summary, sample_ms: 1000000}
"""
CALM, GAPS = 2000, 5


def write_inputs(folder: Path, n_accounts: int) -> Path:
    """Write config, prices and positions; return the config's path."""
    rng = np.random.default_rng(7)
    prices = 100.0 * (1.0 + rng.uniform(-0.004, 0.004, CALM + 1))
    gaps = prices[-1] * 0.92 ** np.arange(1, GAPS + 1)
    with (folder / "prices.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["ts_ms", "price"])
        writer.writerows([i * 1000, f"{price:.3f}"] for i, price in enumerate([100.0, *prices[1:], *gaps]))
    quantity = rng.integers(100, 5001, n_accounts)
    leverage = rng.integers(2, 51, n_accounts)
    with (folder / "book.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["account", "market", "side", "quantity", "entry", "margin", "mode", "collateral"])
        for i in range(n_accounts):
            margin = round(quantity[i] / 1000 * 100 / leverage[i], 6)
            side = "long" if i % 2 == 0 else "short"
            writer.writerow([f"a{i}", "X", side, quantity[i] / 1000, 100, margin, "cross", margin])
    (folder / "crash.yaml").write_text(CONFIG)
    return folder / "crash.yaml"


def measure(n_accounts: int = 10_000) -> dict[str, float]:
    """Run the workload once warm (a first run compiles) and return its figures."""
    with tempfile.TemporaryDirectory() as name:
        config = load_config(str(write_inputs(Path(name), n_accounts))).config
        for _ in range(2):
            world = build_world(config, detail="summary", sink=None)
            start = time.perf_counter()
            for step in range(1, CALM + 1):
                run_cycle(world, step)
            calm = time.perf_counter()
            for step in range(CALM + 1, CALM + GAPS + 1):
                run_cycle(world, step)
            end = time.perf_counter()
    world.ledger.check_full()
    total = world.clearing.records.counters.sum(axis=0)
    return {
        "accounts": n_accounts,
        "us_per_calm_cycle": (calm - start) / CALM * 1e6,
        "crash_s": end - calm,
        "liquidated": int(total["liquidated_accounts"]),
        "deleveraged": int(total["adl_accounts"]),
        "fund_left_quanta": int(world.accounts.quote[world.rows.fund(0)]),
        "lots_sum": int(world.accounts.lots.sum()),
        "quote_sum": int(world.accounts.quote.sum()),
    }


if __name__ == "__main__":
    for size in [int(argument) for argument in sys.argv[1:]] or [10_000, 100_000]:
        print(measure(size))
