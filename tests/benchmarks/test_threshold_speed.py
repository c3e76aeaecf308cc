"""Finding distressed rows: the threshold index against a dense pass over all rows, in one run, 1e5 and 1e6 rows."""

import time

import numpy as np
import pytest
from clearsim.kernels.exchange import make_exchange, reindex_all
from clearsim.kernels.margin.requirement import measure_rows
from clearsim.kernels.margin.thresholds import find_distressed, reindex

from tests.worlds.margin import FIRST_TRADER, derived_tiers, make_log, make_markets, make_rows

MARK = 1_100_000
TIERS = derived_tiers([(0, 4_000, 8_000), (5 * 10**10, 5_000, 10_000), (6 * 10**11, 6_500, 13_334)])


def leveraged_rows(n_traders, seed=1):
    """Heavy-tailed positions, half long, 2x to 50x, entries 3% around the mark, none distressed at it."""
    rng = np.random.default_rng(seed)
    accounts = make_rows(n_traders)
    lots = np.minimum(rng.pareto(1.2, n_traders) * 50 + 1, 2e6).astype(np.int64) * rng.choice([-1, 1], n_traders)
    entry = (MARK * np.exp(rng.normal(0, 0.03, n_traders))).astype(np.int64)
    cost = lots * entry * 100
    margin = np.abs(cost) // rng.choice([2, 3, 5, 10, 20, 50], n_traders)
    gain = lots * MARK * 100 - cost
    accounts.lots[FIRST_TRADER:, 0], accounts.cost[FIRST_TRADER:, 0] = lots, cost
    accounts.quote[FIRST_TRADER:] = np.maximum(margin, np.abs(cost) // 50 - gain) - cost
    return accounts


def best_of(call, times):
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
    return best


@pytest.mark.benchmark
@pytest.mark.parametrize(("n_traders", "least_ratio"), [(100_000, 10), (1_000_000, 20)])
def test_a_calm_mark_costs_a_fraction_of_a_dense_pass(n_traders, least_ratio):
    accounts = leveraged_rows(n_traders)
    markets = make_markets(marks=[MARK], tick_values=[100], tiers=[TIERS])
    n_rows = len(accounts.quote)
    exchange, out = make_exchange(accounts, markets, make_log()), np.zeros(n_rows, np.int64)
    reindex_all(exchange)
    marks = (MARK * (1 + 0.0005 * np.sin(np.arange(200) / 5))).astype(np.int64)

    def calm():
        for mark in marks:
            markets.mark[0] = mark
            find_distressed(exchange, out)

    rows, buffers = np.arange(n_rows), (np.zeros(n_rows, np.int64), np.zeros(n_rows, np.int64))
    calm()
    measure_rows(accounts, markets, rows, *buffers)
    index_s = best_of(calm, 5) / len(marks)
    dense_s = best_of(lambda: measure_rows(accounts, markets, rows, *buffers), 5)
    print(f"{n_traders} rows: index {index_s * 1e6:.1f} us, dense {dense_s * 1e6:.0f} us a mark")
    assert dense_s / index_s > least_ratio


@pytest.mark.benchmark
def test_recomputing_a_touched_row_costs_less_than_a_hundred_nanoseconds():
    accounts = leveraged_rows(100_000)
    markets = make_markets(marks=[MARK], tick_values=[100], tiers=[TIERS])
    exchange, touched = make_exchange(accounts, markets, make_log()), 2_000
    rows = np.arange(FIRST_TRADER, FIRST_TRADER + touched, dtype=np.int32)
    reindex(exchange, rows)
    seconds = best_of(lambda: reindex(exchange, rows), 200) / touched
    print(f"{seconds * 1e9:.0f} ns a touched row")
    assert seconds < 100e-9
