"""One hour, 3,600 ticks, 200 orders a tick, full mechanism with series recorded: seconds of the run itself, kernels
warm.

Building the population is timed apart. The crash in the middle liquidates and draws on the fund, so that every step of
the cycle is paid for. Run it with `python -m tests.benchmarks.hour`.
"""

import gc
import json
import resource
import sys
import time

from clearsim.config import RunConfig, config_from_text
from clearsim.engine.build import build_world
from clearsim.engine.simulation import run_to_end

CONFIG = """
name: hour
seed: 1
start_utc: 2025-01-01T00:00:00Z
duration_s: 3600
clock: {kind: fixed, tick_ms: 1000}
asset: {name: USDT, quantum: 0.000001}
prices: {kind: independent}
markets:
  - name: BTCUSDT
    tick_size: 0.1
    lot_size: 0.001
    price: {kind: single_shock, initial_price: 50000, annual_volatility: 0.8, shock_ms: 1800000, shock_fraction: -0.06}
    impact: {kind: exogenous}
    mark: {kind: index_ema_basis, half_life_ms: 30000, clamp_ppm: 5000}
    funding: {kind: premium_clamp, interval_ms: 1800000, cap_ppm: 4000}
    margin: {kind: flat, maintenance_ppm: 5000, max_leverage: 100}
    fees: {taker_ppm: 500, maker_ppm: 200, liquidation_ppm: 5000}
funds:
  - {name: main, markets: [BTCUSDT], seed_quote: 2000000, fee_share_ppm: 1000000, inventory_cap_quote: 50000000}
liquidation: {kind: full}
waterfall:
  - {kind: takeover}
  - {kind: insurance_fund}
  - {kind: adl, ranking: {kind: profit_leverage}, trigger: distressed}
  - {kind: socialised_loss}
population:
  open_interest:
    - {market: BTCUSDT, quote: 1000000000}
  cohorts:
    - name: makers
      traders: 4
      max_leverage: 20
      capital: {quote: 40000000}
      behaviour:
        kind: market_maker
        market: BTCUSDT
        depth:
          - {within_ppm: 10000, bid_quote: 10000000, ask_quote: 10000000}
          - {within_ppm: 50000, bid_quote: 40000000, ask_quote: 40000000}
        levels_per_band: 3
        requote_move_ppm: 500
        half_spread_ppm: 20
        calm_volatility_ppm: 150
        inventory_limit_quote: 100000000
    - name: noise
      traders: 10000
      max_leverage: 10
      capital: {quote: 100000000}
      behaviour: {kind: noise, market: BTCUSDT, orders_per_s: NOISE, volume_quote_per_s: 200000}
    - name: levered
      traders: TRADERS
      behaviour: {kind: levered}
      opening:
        - market: BTCUSDT
          long_weight: 1
          short_weight: 1
          size: {kind: pareto, exponent: 1.2}
          largest_share_ppm: 10000
          leverage: {kind: pareto, weight: account, at: entry, exponent: 1.5, minimum: 2, maximum: 100}
          isolated_ppm: 0
          ageing: {mean_age_days: 2, volatility_per_day_ppm: 20000}
          stops: {accounts_ppm: 100000, distance: {low_ppm: 10000, high_ppm: 60000}}
record: {detail: series, sample_ms: 10000}
"""


def make_config(n_accounts: int, noise_per_s: int = 125) -> RunConfig:
    """The workload with `n_accounts` traders; makers' requotes bring the orders to about 200 a tick."""
    text = CONFIG.replace("TRADERS", str(n_accounts - 10_004)).replace("NOISE", str(noise_per_s))
    return config_from_text(text)


def measure(n_accounts: int, repeats: int = 5) -> dict[str, float]:
    """Median seconds of building and running, orders per tick, and peak memory (MB) of this process so far.

    Measure it in a process of its own.
    """
    config = make_config(n_accounts)
    built, ran, worked, orders, liquidated = [], [], [], 0, 0
    for _ in range(repeats + 1):
        start = time.perf_counter()
        world = build_world(config, detail="series", sink=None)
        middle, processor = time.perf_counter(), time.process_time()
        run_to_end(world)
        built.append(middle - start)
        ran.append(time.perf_counter() - middle)
        worked.append(time.process_time() - processor)
        orders = int(world.log.header["order_count"][0])
        liquidated = int(world.clearing.records.counters["liquidated_accounts"].sum())
        del world
        gc.collect()  # else two worlds are held at once, and the memory measured is twice that of a run
    return {
        "accounts": n_accounts,
        "build_s": sorted(built[1:])[repeats // 2],
        "run_s": sorted(ran[1:])[repeats // 2],
        "run_s_best": min(ran[1:]),
        "processor_s": sorted(worked[1:])[repeats // 2],
        "orders_per_tick": orders / 3600,
        "liquidated": liquidated,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    for size in [int(argument) for argument in sys.argv[1:]] or [100_000, 1_000_000]:
        print(json.dumps(measure(size)))
