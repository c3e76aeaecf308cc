"""Passes over all rows: the dense mark of a million accounts in eight markets, and the choice of 500 for ADL.

Each is compared with one pass over the memory that it has to read, timed in the same round. `python -m
tests.benchmarks.dense` prints the figures: processor milliseconds, medians of several rounds.
"""

import statistics
import time
from collections.abc import Callable
from decimal import Decimal

import numpy as np
from clearsim.clearing.adl.queue import AdlQueue
from clearsim.clearing.adl.ranking import ProfitLeverageRanking
from clearsim.kernels.jit import kernel
from clearsim.kernels.margin.requirement import measure_rows
from clearsim.layout import AccountArrays, MarketArrays

from tests.worlds.margin import FIRST_TRADER, derived_tiers, make_markets, make_rows

ROUNDS = 9
TRADERS, MARKETS, CHOSEN = 1_000_000, 8, 500
MARK, LEVERAGE = 1_000, 10
TIERS = derived_tiers([(0, 5_000, 10_000), (10**8, 10_000, 20_000), (10**9, 25_000, 50_000)])


def crowd(n_traders: int, n_markets: int) -> tuple[AccountArrays, MarketArrays]:
    """Long and short rows in every market with entries within 5% of the mark, each with a tenth of its notional."""
    rng = np.random.default_rng(1)
    accounts = make_rows(n_traders, n_markets)
    markets = make_markets(marks=[MARK] * n_markets, tick_values=[1] * n_markets, tiers=[TIERS] * n_markets)
    lots = rng.integers(1, 1_000, (n_traders, n_markets)) * rng.choice([-1, 1], (n_traders, n_markets))
    cost = lots * rng.integers(MARK * 95 // 100, MARK * 105 // 100, lots.shape)
    accounts.lots[FIRST_TRADER:], accounts.cost[FIRST_TRADER:] = lots, cost
    accounts.quote[FIRST_TRADER:] = np.abs(lots).sum(axis=1) * MARK // LEVERAGE - cost.sum(axis=1)
    return accounts, markets


@kernel
def read_all(quote, lots):
    """One pass over memory: the sum of both arrays, flat."""
    total = 0
    for i in range(quote.shape[0]):
        total += quote[i]
    for i in range(lots.shape[0]):
        total += lots[i]
    return total


def alternating(*works: Callable[[], object]) -> list[float]:
    """Median processor milliseconds of each work, timed in alternation after a first call that is not counted."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS + 1):
        for times, work in zip(found, works, strict=True):
            start = time.process_time()
            work()
            times.append(1_000 * (time.process_time() - start))
    return [statistics.median(times[1:]) for times in found]


def dense_mark(n_traders: int = TRADERS, n_markets: int = MARKETS) -> dict[str, float]:
    """Equity and maintenance margin of every row, against one pass over quote and lots."""
    accounts, markets = crowd(n_traders, n_markets)
    rows = np.arange(len(accounts.quote))
    equity, required = np.zeros((2, len(rows)), np.int64)
    flat = accounts.lots.reshape(-1)
    mark, once = alternating(
        lambda: measure_rows(accounts, markets, rows, equity, required), lambda: read_all(accounts.quote, flat)
    )
    value = accounts.quote + accounts.lots.sum(axis=1) * MARK
    assert (equity == value).all(), "the mark that was timed is wrong"
    return {"ms": mark, "pass_ms": once, "passes": mark / once}


def adl_choice(n_traders: int = TRADERS, chosen: int = CHOSEN) -> dict[str, float]:
    """Ranking the longs in profit and taking the first `chosen`, against one pass over quote, lots and cost, and a full
    sort."""
    accounts, markets = crowd(n_traders, 1)
    ranking, quantum = ProfitLeverageRanking(), Decimal(1)
    terms = {"market": 0, "side": 1, "only_profit": True, "quantum": quantum}
    scores = ranking.score_side(accounts, markets, **terms)
    rows = np.flatnonzero(~np.isnan(scores))
    best = rows[np.lexsort((rows, -scores[rows]))][:chosen]
    need = int(accounts.lots[best, 0].sum())

    def queue() -> AdlQueue:
        return AdlQueue(accounts, markets, market=0, side=1, ranking=ranking, quantum=quantum, need=need)

    def sort_all() -> None:
        found = ranking.score_side(accounts, markets, **terms)
        np.lexsort((np.arange(len(found)), -found))

    parts = np.concatenate([accounts.lots.reshape(-1), accounts.cost.reshape(-1)])
    choice, once, full = alternating(queue, lambda: read_all(accounts.quote, parts), sort_all)
    assert queue().ids[:chosen].tolist() == best.tolist(), "the choice that was timed is wrong"
    return {"ms": choice, "pass_ms": once, "passes": choice / once, "sorts": full / choice}


if __name__ == "__main__":
    print("dense mark", dense_mark())
    print("choice for ADL", adl_choice())
