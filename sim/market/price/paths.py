"""Builds all index paths of a run up front: one PathSet on the run's clock.

The base grid is the clock's ticks and the waypoints. Finer times (adaptive clock, `refine`) are bridged between base
points with draws that depend only on (stream, base step, place in the halving tree): every grid has the
same price at the same time, and a run at dt/4 has all points of the run at dt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...elementary import cos_turns, exp, log
from ...errors import ConfigError, InputDataError, at_key
from ...kernels.hashing import GOLDEN, splitmix64
from ...rng import Streams
from ...variates import standard_normal
from ..clock import AdaptiveClock, FixedClock, WorstStep, worst_step
from .skeleton import F64, I64, Bool, PathContext, PriceProcessBase, Skeleton
from .system import Correlated, Independent, combine


class PathSet(NamedTuple):
    """Index paths. Row k has the values at times_ms[k]; its step is the one that ENDS there (row 0: as row 1)."""

    times_ms: I64  # (T+1,) since the start of the run, increasing from 0
    price: F64  # (T+1, M) quote units per base unit
    sigma: F64  # (T+1, M) local volatility in the step, per sqrt(second), without jumps
    jump: Bool  # (T+1, M) the step contains an instantaneous gap, which no finer step removes
    coarse: Bool  # (T+1,) a point of the clock's own grid: True everywhere unless `refine` > 1

    def worst_step(self, maintenance_ppm: Sequence[int]) -> WorstStep:
        """The step with the smallest ratio r; see `clearsim.market.clock.worst_step`."""
        return worst_step(self.times_ms, self.sigma, self.jump, self.price, maintenance_ppm)


@dataclass
class _Tree:
    """A grid being refined: M noises at its points; each step is a node of the halving tree of its base step."""

    times_ms: I64  # (n+1,)
    noise: F64  # (n+1, M)
    base: I64  # (n,) base step
    node: I64  # (n,) 1 for a whole base step, then 2i and 2i + 1 for the halves of i
    left: I64  # (n,) remaining halvings


def build_paths(
    system: Independent | Correlated,
    processes: Sequence[PriceProcessBase],
    *,
    names: Sequence[str],
    duration_ms: int,
    clock: FixedClock | AdaptiveClock,
    streams: Streams,
    maintenance_ppm: Sequence[int] | None = None,
    start_ms: int | None = None,
    folder: Path | None = None,
    refine: int = 1,
) -> PathSet:
    """Return the paths of all markets for the whole run.

    names: one per market; they name the random streams. maintenance_ppm: smallest maintenance rate of each market,
    needed by the adaptive clock. start_ms: epoch of the run's start, for waypoints in UTC. folder: base of relative CSV
    paths. refine: 1, 2, 4, ...: every step of the clock's grid is halved log2(refine) times, its own points kept.
    Raises ConfigError or InputDataError; never returns a price that is not positive and finite.
    """
    contexts = _contexts(processes, names, duration_ms, clock, streams, start_ms, folder)
    factor = system.factor(len(processes))
    skeletons = _skeletons(system, processes, contexts, factor)
    base_ms = contexts[0].times_ms
    sigma = np.stack([skeleton.sigma for skeleton in skeletons], axis=1)
    noise_sigma = np.stack([skeleton.noise_sigma for skeleton in skeletons], axis=1)
    halvings = clock.halvings(base_ms, sigma, maintenance_ppm)
    tree = _Tree(
        times_ms=base_ms,
        noise=np.stack([skeleton.noise for skeleton in skeletons], axis=1),
        base=np.arange(len(base_ms) - 1),
        node=np.ones(len(base_ms) - 1, np.int64),
        left=halvings,
    )
    keys = [int(context.stream("bridge").integers(2**62)) for context in contexts]
    _halve(tree, noise_sigma, keys, factor)
    own_grid = tree.times_ms
    tree.left = np.full(len(own_grid) - 1, _levels(refine, own_grid), np.int64)
    _halve(tree, noise_sigma, keys, factor)
    return _assemble(tree, skeletons, sigma, names, own_grid)


def _contexts(
    processes: Sequence[PriceProcessBase],
    names: Sequence[str],
    duration_ms: int,
    clock: FixedClock | AdaptiveClock,
    streams: Streams,
    start_ms: int | None,
    folder: Path | None,
) -> list[PathContext]:
    """One context per market, all on the same base grid: the clock's ticks and every fixed time of a process."""
    ticks = clock.base_times(duration_ms)
    plain = [PathContext(name, ticks, streams, start_ms, folder) for name in names]
    pinned = []
    for number, (process, context) in enumerate(zip(processes, plain, strict=True)):
        with at_key("markets", number, "price"):
            pinned.append(process.pinned_ms(context))
    base = np.sort(np.concatenate([ticks, *pinned]))
    base = base[np.concatenate([[True], np.diff(base) > 0])]
    return [PathContext(name, base, streams, start_ms, folder) for name in names]


def _skeletons(
    system: Independent | Correlated,
    processes: Sequence[PriceProcessBase],
    contexts: Sequence[PathContext],
    factor: F64,
) -> list[Skeleton]:
    """Every market's path on the base grid, with correlated normals and common jumps."""
    n_steps = len(contexts[0].times_ms) - 1
    own = np.stack([standard_normal(context.stream("diffusion"), n_steps) for context in contexts])
    normals = combine(factor, own)
    skeletons = []
    for number, (process, context, z) in enumerate(zip(processes, contexts, normals, strict=True)):
        with at_key("markets", number, "price"):
            skeletons.append(process.skeleton(context, z))
    common = system.shared(len(processes))
    if common is None:
        return skeletons
    times, sizes = common.draw(contexts[0])
    for market, process in enumerate(processes):
        if process.pinned() and common.betas[market] != 0:
            raise ConfigError(
                f"market {contexts[market].name}: its path is given, so common jumps cannot apply to it:"
                f" set prices.common_jumps.betas[{market}] to 0"
            ).at("prices", "common_jumps", "betas", market)
        skeletons[market] = common.add_to(skeletons[market], market=market, times=times, sizes=sizes)
    return skeletons


def _levels(refine: int, times_ms: I64) -> int:
    """log2(refine); ConfigError if it is not a power of two or the shortest step has too few milliseconds."""
    if refine < 1 or refine & (refine - 1):
        raise ConfigError(f"refine must be 1, 2, 4, 8, ..., found {refine}")
    shortest = int(np.diff(times_ms).min())
    if refine > shortest:
        raise ConfigError(f"refine {refine} is too fine: the shortest step is {shortest} ms; use a larger tick")
    return refine.bit_length() - 1


def _halve(tree: _Tree, noise_sigma: F64, keys: Sequence[int], factor: F64) -> None:
    """Halve the steps of `tree` `tree.left` times, in place: an exact Brownian bridge, level by level."""
    while np.any(tree.left > 0):
        at = np.flatnonzero(tree.left > 0)
        before, after = tree.times_ms[at], tree.times_ms[at + 1]
        middle = (before + after) // 2
        weight = ((middle - before) / (after - before))[:, None]
        variance = weight * (1 - weight) * ((after - before) / 1e3)[:, None]
        draws = combine(
            factor, np.stack([_counter_normals(key, (tree.base[at] << 24) + tree.node[at]) for key in keys])
        ).T
        bridged = (1 - weight) * tree.noise[at] + weight * tree.noise[at + 1]
        bridged += noise_sigma[tree.base[at]] * np.sqrt(variance) * draws
        tree.times_ms = np.insert(tree.times_ms, at + 1, middle)
        tree.noise = np.insert(tree.noise, at + 1, bridged, axis=0)
        node, left = tree.node.copy(), tree.left.copy()
        node[at] = 2 * node[at]
        left[at] -= 1
        tree.node = np.insert(node, at + 1, node[at] + 1)
        tree.left = np.insert(left, at + 1, left[at])
        tree.base = np.insert(tree.base, at + 1, tree.base[at])


def _counter_normals(key: int, counter: I64) -> F64:
    """Standard normals that depend on (key, counter) only: two hashed uniforms and Box-Muller."""
    first = np.uint64(key) + (counter.astype(np.uint64) * np.uint64(2)) * GOLDEN
    hashed = (splitmix64(first), splitmix64(first + GOLDEN))
    uniforms = [((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53 for bits in hashed]
    normals: F64 = np.sqrt(-2.0 * log(uniforms[0])) * cos_turns(uniforms[1])
    return normals


def _assemble(tree: _Tree, skeletons: Sequence[Skeleton], sigma: F64, names: Sequence[str], own_grid: I64) -> PathSet:
    """Prices on the refined grid."""
    times = tree.times_ms
    logs = np.stack([s.log_price(times, tree.noise[:, m]) for m, s in enumerate(skeletons)], axis=1)
    with np.errstate(over="ignore"):
        price = exp(logs)
    good = np.isfinite(price) & (price > 0)
    if not good.all():
        k, m = np.argwhere(~good)[0]
        raise InputDataError(
            f"market {names[m]}: the price process gives {price[k, m]} at {times[k]} ms;"
            " prices must be positive and finite"
        ).at("markets", int(m), "price")
    steps = sigma[tree.base]
    return PathSet(
        times_ms=times,
        price=price,
        sigma=np.concatenate([steps[:1], steps]),
        jump=np.stack([s.jumped(times) for s in skeletons], axis=1),
        coarse=own_grid[np.searchsorted(own_grid, times)] == times,  # both end at the end of the run
    )
