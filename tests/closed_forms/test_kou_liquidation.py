"""A leveraged long under Kou's jump diffusion for a week: liquidated, through bankruptcy, unpaid; against Kou & Wang.

Price path: the production process on a grid that holds every one of its jump times, so each jump is its own gap and
between jumps the log price is a Brownian motion whose crossing of the barrier is drawn exactly. Liquidation and
bankruptcy prices: the production margin functions. 400,000 weeks, seed below, K standard errors, no other allowance.
"""

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from clearsim.market.price import Kou
from clearsim.market.price.skeleton import PathContext
from clearsim.rng import Streams

from tests.exact_margin import Requirement, bankruptcy_price, liquidation_price

K, SEED = 4.0, 17
WEEK_MS, YEAR_MS = 7 * 86_400_000, 365 * 86_400_000
KOU = Kou(
    initial_price=1_000, annual_volatility="0.5", jumps_per_year=50, down_share_ppm=600_000, down_eta=25, up_eta=30,
    compensate=False,
)  # fmt: skip
# L, m in ppm, P(liquidated), P(through bankruptcy), E[shortfall] per unit: Kou & Wang 2003, Thm 3.1
TABLE = [
    (3, 20_000, 0.0007840350402721932, 0.00020327424692447518, 5.2121601775506465e-06),
    (5, 20_000, 0.03205017486758023, 0.007150886991803819, 0.00022002729205550215),
    (10, 20_000, 0.3188993367842489, 0.045298831075553096, 0.0015680364603076072),
    (20, 10_000, 0.6204696030858431, 0.07412685394016211, 0.002708481201659769),
    (50, 5_000, 0.8520763341438998, 0.05437053851274102, 0.0020493510670187),
    (100, 5_000, 0.9500306981364471, 0.02245651295695602, 0.0008550749164379408),
]


class Segments(NamedTuple):
    """Pieces of paths between jumps and week ends; log prices relative to the start of their week."""

    week: np.ndarray
    start: np.ndarray
    end: np.ndarray  # before the jump that ends it, if one does
    after: np.ndarray  # after it
    variance: np.ndarray  # of the diffusion over the piece


def segments(weeks, replication):
    streams = Streams(seed=SEED, replication=replication)
    ends = np.arange(weeks + 1) * WEEK_MS
    jumps = KOU.skeleton(PathContext("X", ends, streams), np.zeros(weeks)).jump_ms
    grid = np.unique(np.concatenate([ends, jumps]))
    context = PathContext("X", grid, streams)
    path = KOU.skeleton(context, context.stream("diffusion").standard_normal(len(grid) - 1))
    assert np.array_equal(path.jump_ms, jumps)  # the stream of jumps does not depend on the grid
    logs = path.log_price(grid, path.noise)
    jumped = np.bincount(np.searchsorted(grid, path.jump_ms), weights=path.jump_log, minlength=len(grid))
    week = (grid[1:] - 1) // WEEK_MS
    base = logs[np.searchsorted(grid, ends)][week]
    variance = 0.25 * np.diff(grid) / YEAR_MS
    return Segments(week, logs[:-1] - base, (logs - jumped)[1:] - base, logs[1:] - base, variance)


def outcomes(pieces, uniforms, *, weeks, leverage, maintenance_ppm):
    """(liquidated, shortfall) of each week's long, filled at the barrier or right after the jump that crosses it."""
    margin = Fraction(1, leverage)
    p_b = float(bankruptcy_price(size=1, entry=1, margin=margin))
    requirement = Requirement.flat(Fraction(maintenance_ppm, 1_000_000))
    barrier = math.log(liquidation_price(requirement, size=1, entry=1, margin=margin))
    room = np.maximum(pieces.start - barrier, 0) * np.maximum(pieces.end - barrier, 0)
    by_diffusion = uniforms < np.exp(-2 * room / pieces.variance)
    hit = np.flatnonzero(by_diffusion | (pieces.after <= barrier))
    week, first = np.unique(pieces.week[hit], return_index=True)
    first = hit[first]
    loss = np.where(by_diffusion[first], 0.0, np.maximum(p_b - np.exp(pieces.after[first]), 0.0))
    liquidated, shortfall = np.zeros(weeks, bool), np.zeros(weeks)
    liquidated[week], shortfall[week] = True, loss
    return liquidated, shortfall


def test_production_margin_functions_give_the_prices_of_the_table():
    for leverage, ppm, printed in ((3, 20_000, 0.680272), (20, 10_000, 0.959596), (100, 5_000, 0.994975)):
        price = liquidation_price(
            Requirement.flat(Fraction(ppm, 1_000_000)), size=1, entry=1, margin=Fraction(1, leverage)
        )
        assert float(price) == pytest.approx(printed, abs=6e-7)


@pytest.mark.parametrize("count", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_liquidation_bankruptcy_and_shortfall(count):
    """40,000 weeks in the quick form, 400,000 in the slow one, in parts of 10,000."""
    weeks, generator = 10_000, np.random.default_rng(SEED)
    hits, losses = ([[] for _ in TABLE] for _ in range(2))
    for replication in range(count):
        pieces = segments(weeks, replication)
        uniforms = generator.random(len(pieces.week))
        for i, (leverage, ppm, *_) in enumerate(TABLE):
            hit, loss = outcomes(pieces, uniforms, weeks=weeks, leverage=leverage, maintenance_ppm=ppm)
            hits[i].append(hit)
            losses[i].append(loss)
    for i, (leverage, _, p_hit, p_through, mean_loss) in enumerate(TABLE):
        hit, loss = np.concatenate(hits[i]), np.concatenate(losses[i])
        n = len(hit)
        assert abs(hit.mean() - p_hit) < K * math.sqrt(p_hit * (1 - p_hit) / n), leverage
        assert abs((loss > 0).mean() - p_through) < K * math.sqrt(p_through / n), leverage
        assert abs(loss.mean() - mean_loss) < K * loss.std() / math.sqrt(n), leverage
