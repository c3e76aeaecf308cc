"""The fast way through gaps against the plain one: the same whole quanta, level by level and path by path."""

import math
from typing import Any

import numpy as np
import pytest
from clearsim.config import RunConfig
from clearsim.reduced.kernels import layout as at
from clearsim.reduced.kernels.cascade import cascade
from clearsim.reduced.kernels.draw import draw_crude, path_keys
from clearsim.reduced.kernels.gap import gap_cascade
from clearsim.reduced.kernels.path import NO_SHIFT, start_path
from clearsim.reduced.kernels.pieces import STEP_END, lay_out
from clearsim.reduced.lower import Lowered, lower, path_arrays
from clearsim.reduced.run import batch_key, simulate_batch
from clearsim.reduced.samplers import make_sampling

from tests.reduced.reduced_worlds import KOU, config, holders

DEPTH = {"within_ppm": 10_000, "bid_quote": 20_000_000, "ask_quote": 15_000_000}
FLOOR = 1e-9


def world(kind: str, **changes: Any) -> RunConfig:
    """A week of jumps over a Pareto book on both sides; steps of hours, so that marks leave shortfalls."""
    impact = {"kind": kind} if kind == "none" else {"kind": kind, **DEPTH}
    leverage = {"kind": "pareto", "exponent": 1.3, "minimum": 2, "maximum": 100}
    cohort = holders("levered", long=1, short=1, leverage=leverage, traders=400)
    cohort["opening"][0]["ageing"] = {"mean_age_days": 2, "volatility_per_day_ppm": 25_000}
    section = {"steps": 60, "marks": "discrete", "impact": impact}
    return config(
        KOU, [cohort], reduced=section, liquidation_ppm=3_000, seed_quote=10_000_000_000, open_interest=800_000_000,
        **changes,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["none", "linear", "square_root"])
@pytest.mark.parametrize("surplus", ["fund", "trader"])
def test_a_gap_books_the_same_quanta_either_way(kind: str, surplus: str) -> None:
    lowered = lower(world(kind, liquidation={"kind": "full", "surplus": surplus}))
    fast, plain = path_arrays(lowered, 1), path_arrays(lowered, 1)
    generator = np.random.default_rng(5)
    drawn = []
    for _ in range(300):
        size, gap = generator.exponential(0.06), generator.exponential(0.01)
        side = at.LONG if generator.random() < 0.5 else at.SHORT
        sign = 1 if side == at.LONG else -1
        before, price = math.exp(-sign * size), math.exp(-sign * (size + gap))
        for path in (fast, plain):
            start_path(path, 1)
            path.n[at.N_LONG + side] = path.n[at.N_BOOKED + side] = np.count_nonzero(
                sign * (path.book[side, at.B_LOG] + sign * size) > 0
            )
        last, lasting = cascade(plain, side, before, price, price, 0)
        assert gap_cascade(fast, side, before, price) == last
        assert lasting == 0.0
        assert fast.n.tolist() == plain.n.tolist()
        drawn.append(fast.n[at.L_DRAW])
    assert 50 < np.count_nonzero(drawn) < 290  # both kinds of level have been met


@pytest.mark.parametrize("kind", ["linear", "square_root"])
def test_a_batch_is_the_paths_that_a_plain_loop_walks(kind: str) -> None:
    setting = world(kind)
    lowered = lower(setting)
    batch = simulate_batch(setting, paths=200, lowered=lowered)
    plain = [plain_path(setting, lowered, number) for number in range(200)]
    assert batch.ledger.tolist() == [ledger for ledger, _ in plain]
    assert batch.ints[:, at.O_COUNT].tolist() == [count for _, count in plain]
    assert batch.flow(at.N_BUCKETS).mean() > 20
    assert 0 < (batch.ints[:, at.O_COUNT] == 0).mean() < 1


def plain_path(setting: RunConfig, lowered: Lowered, number: int) -> tuple[list[int], int]:
    """(ledger, number of jumps) of one path, mark after mark, with the cascade that walks all books."""
    sampling = make_sampling(lowered.jumps, lowered.horizon, "crude")
    p = path_arrays(lowered, sampling.tables.shape[1] + 1)
    keys = np.zeros(1, np.uint64)
    path_keys(np.uint64(batch_key(setting, scenario=0, replication=0)), number, keys)
    key = keys[0]
    count = draw_crude(key, lowered.jumps.law, sampling.tables[0], lowered.horizon, p.times, p.sizes)
    start_path(p, 1)
    steps = int(lowered.ints[at.I_STEPS])
    pieces = lay_out(p, key, np.zeros(0), 1 << 40, 0, count, 0, steps)
    step = lowered.floats[at.F_STEP]
    assert pieces == steps + count
    ends = sorted([*p.times[:count], *(step * (n + 1) for n in range(steps))])
    assert p.ends[:pieces].tolist() == ends
    assert [int(n) for n in p.events[:pieces] if n != STEP_END] == list(range(count))
    for j in range(pieces):
        before = p.s[at.S_LOG] + p.s[at.S_SHIFT]
        p.s[at.S_LOG] += p.moves[j]
        p.s[at.S_SHIFT] = kept(p.s[at.S_SHIFT], p.s[at.S_SHIFT] * math.expm1(-p.f[at.F_DECAY] * p.lengths[j]))
        mark(p, before)
        if p.events[j] != STEP_END:
            before = p.s[at.S_LOG] + p.s[at.S_SHIFT]
            p.s[at.S_LOG] += p.sizes[p.events[j]]
            mark(p, before)
    return p.n.tolist(), count


def kept(shift: float, change: float) -> float:
    """A shift after a change; a very small one is none."""
    return shift + change if abs(shift + change) >= NO_SHIFT else 0.0


def mark(p: Any, before: float) -> None:
    """Liquidate whoever a mark reaches, on one side."""
    after = p.s[at.S_LOG] + p.s[at.S_SHIFT]
    below, above = p.book[at.LONG, at.B_LOG], p.book[at.SHORT, at.B_LOG]
    long, short = p.n[at.N_LONG], p.n[at.N_SHORT]
    if long < len(below) and after <= below[long]:
        side = at.LONG
    elif short < len(above) and after >= above[short]:
        side = at.SHORT
    else:
        return
    price = math.exp(after)
    last, _ = cascade(p, side, math.exp(before), price, price, 0)
    if last != 0.0:
        p.s[at.S_SHIFT] = kept(p.s[at.S_SHIFT], math.log(max(price + last, FLOOR) / price))
