"""The fast way through gaps against the plain one: the same whole quanta, level by level and path by path."""

import math
from typing import Any

import numpy as np
import pytest
from clearsim.config import RunConfig
from clearsim.reduced import layout as at
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
    if kind == "bounded":
        impact |= {"basis_cap_ppm": 30_000, "depth_in_gap_ppm": 400_000}
    leverage = {"kind": "pareto", "exponent": 1.3, "minimum": 2, "maximum": 100}
    cohort = holders("levered", long=1, short=1, leverage=leverage, traders=400)
    cohort["opening"][0]["ageing"] = {"mean_age_days": 2, "volatility_per_day_ppm": 25_000}
    section = {"steps": 60, "marks": "discrete", "impact": impact}
    return config(
        KOU, [cohort], reduced=section, liquidation_ppm=3_000, seed_quote=10_000_000_000, open_interest=800_000_000,
        **changes,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["none", "linear", "bounded"])
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
            path.ledger["reached"][0, side] = path.ledger["booked"][0, side] = np.count_nonzero(
                sign * (path.logs[side] + sign * size) > 0
            )
        measured = price if kind == "bounded" else before
        last = cascade(plain, side, measured, price, price, True, 0)
        assert gap_cascade(fast, side, measured, price) == last
        assert fast.ledger.tobytes() == plain.ledger.tobytes()
        drawn.append(fast.ledger["draw"][0])
    assert 50 < np.count_nonzero(drawn) < 290  # both kinds of level have been met


@pytest.mark.parametrize("kind", ["linear", "bounded"])
def test_a_batch_is_the_paths_that_a_plain_loop_walks(kind: str) -> None:
    setting = world(kind)
    lowered = lower(setting)
    batch = simulate_batch(setting, paths=200, lowered=lowered)
    plain = [plain_path(setting, lowered, number) for number in range(200)]
    assert batch.ledger.tobytes() == b"".join(ledger for ledger, _ in plain)
    assert batch.outcomes["n_jumps"].tolist() == [count for _, count in plain]
    assert batch.flow("levels").mean() > 20
    assert 0 < (batch.outcomes["n_jumps"] == 0).mean() < 1


def plain_path(setting: RunConfig, lowered: Lowered, number: int) -> tuple[bytes, int]:
    """(ledger, number of jumps) of one path, mark after mark, with the cascade that walks all books."""
    sampling = make_sampling(lowered.jumps, lowered.horizon, "crude")
    p = path_arrays(lowered, len(sampling.counts) + 1)
    keys = np.zeros(1, np.uint64)
    path_keys(np.uint64(batch_key(setting, scenario=0, replication=0)), number, keys)
    key = keys[0]
    count = draw_crude(key, lowered.jumps.law[0], sampling.counts, lowered.horizon, p.times, p.sizes)
    start_path(p, 1)
    steps = int(lowered.params["steps"][0])
    pieces = lay_out(p, key, np.zeros(0), 1 << 40, 0, count, 0, steps)
    step = lowered.params["step"][0]
    assert pieces == steps + count
    ends = sorted([*p.times[:count], *(step * (n + 1) for n in range(steps))])
    assert p.ends[:pieces].tolist() == ends
    assert [int(n) for n in p.events[:pieces] if n != STEP_END] == list(range(count))
    for j in range(pieces):
        before = p.state[0].log + p.state[0].shift
        p.state[0].log += p.moves[j]
        p.state[0].shift = kept(p.state[0].shift, p.state[0].shift * math.expm1(-p.params[0].decay * p.lengths[j]))
        mark(p, before)
        if p.events[j] != STEP_END:
            before = p.state[0].log + p.state[0].shift
            p.state[0].log += p.sizes[p.events[j]]
            mark(p, before)
    return p.ledger.tobytes(), count


def kept(shift: float, change: float) -> float:
    """A shift after a change; a very small one is none."""
    return shift + change if abs(shift + change) >= NO_SHIFT else 0.0


def mark(p: Any, before: float) -> None:
    """Liquidate whoever a mark reaches, on one side."""
    after = p.state[0].log + p.state[0].shift
    below, above = p.logs[at.LONG], p.logs[at.SHORT]
    long, short = p.ledger["reached"][0]
    if long < len(below) and after <= below[long]:
        side = at.LONG
    elif short < len(above) and after >= above[short]:
        side = at.SHORT
    else:
        return
    price = math.exp(after)
    measured = price if p.params[0].impact == at.IMPACT_BOUNDED else math.exp(before)
    last = cascade(p, side, measured, price, price, True, 0)
    if last != 0.0:
        p.state[0].shift = kept(p.state[0].shift, math.log(max(price + last, FLOOR) / price))
