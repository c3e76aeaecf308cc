"""Cascades of single orders through the engine have Borel's law: each liquidation triggers Poisson(R0) more.

Longs of one size whose liquidation prices are uniform and independent, linear impact: an order moves the price by a
drop in which lie R0 = density x drop thresholds on average. So the number of orders in one walk of the book is
Borel(R0) (Borel 1942; the busy period of a queue with constant service): mean 1 / (1 - R0), P(N >= 20) in
analysis/closed_forms/cascade.py. Walks follow each other, each begins at the first threshold that the one before did
not reach, and the levels beyond are as if nothing had been seen of them.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from clearsim.analysis.closed_forms.cascade import borel_mean, borel_tail, borel_variance
from clearsim.reduced import layout as at
from clearsim.reduced.book import Positions, levels_of
from clearsim.reduced.lower import lower, with_chain
from clearsim.reduced.run import simulate_batch

from tests.reduced.reduced_worlds import config, longs_of

TRADERS, LOWEST, HIGHEST = 12_000, 0.98, 0.995
#: Size of a long at the opening price, quanta; its owner loses everything 0.5% below its liquidation price.
SIZE, MAINTENANCE = 10**11, 0.005
#: Longs beyond these are at the end of the book, where a walk has nothing more to reach.
LEFT_OUT = 1_500
K = 4.0


def uniform_book(branching, *, seed=1, volatility=0.0):
    """(config, its numbers with the uniform book in place of its own); R0 is `branching` at a price of 1.

    An order falls by 1% x its size / depth, and a drop of 1 / density x `branching` is wanted.
    """
    drop = branching * (HIGHEST - LOWEST) / TRADERS
    depth = round(0.01 * (SIZE / 1e6) / drop)
    impact = {"kind": "linear", "within_ppm": 10_000, "bid_quote": depth, "ask_quote": depth, "half_life_s": 1}
    setting = config(
        {"kind": "gbm", "initial_price": 10000, "annual_volatility": volatility}, longs_of((20, 1)),
        reduced={"steps": 4, "impact": impact, "buckets": TRADERS}, days=1, seed_quote=10**10,
    )  # fmt: skip
    own = lower(setting)
    price = np.random.default_rng(seed).uniform(LOWEST, HIGHEST, TRADERS)
    owed = np.round(SIZE * price * (1 - MAINTENANCE)).astype(np.int64)
    ones = np.ones(TRADERS, np.int64)
    positions = Positions(
        lots=ones,
        notional=np.full(TRADERS, float(SIZE)),
        owed=owed,
        liquidation=price,
        tier=0 * ones,
        margin=0 * ones,
        equity=SIZE - owed,
    )
    index = replace(own.index, opening=levels_of(positions, TRADERS))
    return setting, with_chain(replace(own, index=index))


def walks_of(lowered):
    """(orders, log price where it begins) of each walk, one after the other, from the top of the book of longs."""
    nexts, levels = lowered.nexts[at.LONG], lowered.index.opening["log"][at.LONG]
    sizes, starts, k = [], [], 0
    while k < TRADERS - LEFT_OUT:
        sizes.append(int(nexts[k]) - k)
        starts.append(levels[k])
        k = int(nexts[k])
    return np.array(sizes), np.array(starts)


@pytest.mark.parametrize("branching", [0.5, 0.8, 0.9])
def test_orders_of_a_cascade_have_the_mean_and_tail_of_borels_law(branching):
    """Five books, seeds 1 to 5, 4 standard errors. A lower price makes the drop smaller: R0 is branching x price."""
    found = [walks_of(uniform_book(branching, seed=seed)[1]) for seed in range(1, 6)]
    sizes, starts = (np.concatenate(parts) for parts in zip(*found, strict=True))
    rates = branching * np.exp(starts)
    means, variances = borel_mean(rates), borel_variance(rates)
    assert len(sizes) > 5_000
    assert sizes.sum() == pytest.approx(means.sum(), abs=K * math.sqrt(variances.sum()))
    tails = np.array([borel_tail(20, rate) for rate in rates[:: max(1, len(rates) // 200)]])
    p = tails.mean()
    assert (sizes >= 20).mean() == pytest.approx(p, abs=K * math.sqrt(p * (1 - p) / len(sizes)))
    alone = np.exp(-rates)
    spread = K * math.sqrt((alone * (1 - alone)).sum())
    assert (sizes == 1).sum() == pytest.approx(alone.sum(), abs=spread)


def test_paths_liquidate_whole_cascades():
    """Where a path has come to is always the end of a walk; paths between them end at many. 2,000 paths of a day."""
    setting, lowered = uniform_book(0.8, volatility=0.2)
    sizes, _ = walks_of(lowered)
    ends = set(np.cumsum(sizes).tolist()) | {0}
    reached = simulate_batch(setting, paths=2_000, lowered=lowered).flow("reached")[:, 0]
    inside = reached[reached < max(ends)]
    assert len(inside) > 1_000
    assert len(np.unique(inside)) > 200
    assert set(inside.tolist()) <= ends
