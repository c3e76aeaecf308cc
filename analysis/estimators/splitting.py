"""Adaptive multilevel splitting of runs that are rows of keys: many at once, storing only the keys.

A system in which every step draws all its randomness from its own key is replayed from its keys; a run that shares
the first keys with another branches from it. For rare events that are reached in many small steps; a single step
that leaps over levels is not split. Fixed effort: the same number of particles at every level. Levels are adaptive: the
best score of the share that is killed. Unbiased for any number of particles because survivors are strictly above the
level and all at or below it are killed, ties included (Cerou & Guyader 2007; Brehier, Gazeau, Goudenege, Lelievre &
Rousset, Ann. Appl. Probab. 26, 2016).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .estimate import Estimate, RefusedError
from .replicates import from_replicates

F64 = npt.NDArray[np.float64]
U64 = npt.NDArray[np.uint64]

#: Minimum number of independent replicates for an interval.
MIN_REPLICATES = 10


@dataclass(frozen=True)
class Split:
    """One replicate: P(largest score > target), runs started, rounds of killing, whether all particles died at once."""

    probability: float
    starts: int
    rounds: int
    extinct: bool


class Replayed(Protocol):
    """A process in `steps` steps, a function of one key per step."""

    @property
    def steps(self) -> int:
        """Steps of a run."""
        ...

    def branched(self, keys: U64) -> F64:
        """The largest score by the end of each step (n, steps), never falling along a row.  keys: (n, steps)."""
        ...


def split_once(
    system: Replayed,
    target: float,
    *,
    particles: int,
    generator: np.random.Generator,
    kill_share: float = 0.1,
    max_rounds: int = 100_000,
) -> Split:
    """One unbiased estimate of P(the largest score of a run is above `target`, strictly)."""
    if particles < 2 or not 0 < kill_share < 1:
        raise ValueError(f"splitting needs 2 particles and a share to kill in (0, 1): {particles}, {kill_share}")
    kill = max(1, int(kill_share * particles))
    keys = _fresh(generator, (particles, system.steps))
    scores = _scored(system, keys)
    probability, starts = 1.0, particles
    for rounds in range(max_rounds):
        best = scores[:, -1]
        level = float(np.partition(best, kill - 1)[kill - 1])
        if level > target:
            return Split(probability * float((best > target).mean()), starts, rounds, False)
        dead, alive = np.flatnonzero(best <= level), np.flatnonzero(best > level)
        if not len(alive):
            return Split(0.0, starts, rounds, True)
        probability *= len(alive) / particles
        starts += len(dead)
        parents = generator.choice(alive, len(dead))
        keys[dead] = _branched(keys[parents], scores[parents], level, generator)
        scores[dead] = _scored(system, keys[dead])
    raise RuntimeError(f"splitting did not reach {target} in {max_rounds} rounds")


def _branched(keys: U64, scores: F64, level: float, generator: np.random.Generator) -> U64:
    """The parents' keys up to the step in which each first exceeded the level, fresh keys after it."""
    first = np.argmax(scores > level, axis=1)
    after = np.arange(keys.shape[1]) > first[:, None]
    return np.where(after, _fresh(generator, keys.shape), keys)


def _fresh(generator: np.random.Generator, shape: tuple[int, ...]) -> U64:
    return generator.integers(np.iinfo(np.uint64).max, size=shape, dtype=np.uint64, endpoint=True)


def _scored(system: Replayed, keys: U64) -> F64:
    scores = np.asarray(system.branched(keys), np.float64)
    if scores.shape != keys.shape or np.isnan(scores).any() or (np.diff(scores, axis=1) < 0).any():
        raise ValueError("a system must return the largest score by each step: one number per key, never falling")
    return scores


def splitting_in_steps(
    system: Replayed,
    target: float,
    *,
    particles: int,
    replicates: int = 12,
    seed: int = 0,
    kill_share: float = 0.1,
    level: float = 0.95,
    seconds: float = math.nan,
) -> Estimate:
    """P(largest score > target) from independent replicates, t interval; n counts the runs started, branches included.

    RefusedError below 10 replicates, or if over half of them died out: then more particles are needed.
    """
    streams = np.random.SeedSequence(seed).spawn(replicates)
    splits = [
        split_once(system, target, particles=particles, generator=np.random.default_rng(stream), kill_share=kill_share)
        for stream in streams
    ]
    return _from_splits(splits, target, particles=particles, level=level, seconds=seconds)


def _from_splits(
    splits: Sequence[Split], target: float, *, particles: int, level: float, seconds: float = math.nan
) -> Estimate:
    """The estimate of independent replicates; RefusedError below 10, or if over half of them died out."""
    died, replicates = sum(split.extinct for split in splits), len(splits)
    if 2 * died > replicates:
        raise RefusedError(f"{died} of {replicates} replicates died out before {target:g}: use more particles")
    return from_replicates(
        [split.probability for split in splits],
        method="multilevel splitting",
        n=sum(split.starts for split in splits),
        min_replicates=MIN_REPLICATES,
        level=level,
        is_probability=True,
        seconds=seconds,
        note=f"{replicates} replicates of {particles:,} particles, {died} died out; n counts runs and branches",
    )
