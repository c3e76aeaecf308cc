"""Adaptive multilevel splitting: runs that got far are branched, so that each level is only somewhat rare.

For worlds whose state can be kept and resumed with fresh randomness, where the rare event is reached in many small
steps. It cannot help inside one jump: what a single claim overleaps is not split. Unbiased for any number of particles
because survivors are strictly above the level and all at or below it are counted as killed, ties included
(Cerou & Guyader 2007; Brehier, Gazeau, Goudenege, Lelievre & Rousset, Ann. Appl. Probab. 26, 2016).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from .estimate import Estimate, RefusedError
from .replicates import from_replicates

State = TypeVar("State")


class Branching(Protocol[State]):
    """A process that can be resumed from any state it has been in."""

    def start(self, generator: np.random.Generator) -> State:
        """A first state."""
        ...

    def advance(self, state: State, generator: np.random.Generator) -> State | None:
        """The next state, None at the end of the run. It must leave `state` as it is: others may branch from it."""
        ...

    def score(self, state: State) -> float:
        """How far the state is towards the event, for example the fund's drawdown."""
        ...


@dataclass(frozen=True)
class Split:
    """One replicate: P(largest score > target), runs started, rounds of killing, whether all particles died at once."""

    probability: float
    starts: int
    rounds: int
    extinct: bool


def _run(
    system: Branching[State], records: list[tuple[float, State]], generator: np.random.Generator
) -> list[tuple[float, State]]:
    """Carry a run on from its last record to its end; records are the states at which its largest score rose."""
    state: State | None = records[-1][1]
    best = records[-1][0]
    while state is not None and (state := system.advance(state, generator)) is not None:
        score = system.score(state)
        if score > best:
            best = score
            records.append((score, state))
    return records


def split_once(
    system: Branching[State],
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
    runs = []
    for _ in range(particles):
        first = system.start(generator)
        runs.append(_run(system, [(system.score(first), first)], generator))
    probability, starts = 1.0, particles
    for rounds in range(max_rounds):
        best = np.array([records[-1][0] for records in runs])
        level = np.partition(best, kill - 1)[kill - 1]
        if level > target:
            return Split(probability * float((best > target).mean()), starts, rounds, False)
        dead, alive = np.flatnonzero(best <= level), np.flatnonzero(best > level)
        if not len(alive):
            return Split(0.0, starts, rounds, True)
        probability *= len(alive) / particles
        starts += len(dead)
        for i, parent in zip(dead, generator.choice(alive, len(dead)), strict=True):
            runs[i] = _run(system, _first_above(runs[parent], level), generator)
    raise RuntimeError(f"splitting did not reach {target} in {max_rounds} rounds")


def _first_above(records: Sequence[tuple[float, State]], level: float) -> list[tuple[float, State]]:
    """The records of a run up to the first above the level."""
    scores = [score for score, _ in records]
    return list(records[: int(np.searchsorted(scores, level, side="right")) + 1])


def splitting(
    system: Branching[State],
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

    RefusedError below 10 replicates, or where over half of them died out: more particles are needed then.
    """
    streams = np.random.SeedSequence(seed).spawn(replicates)
    splits = [
        split_once(system, target, particles=particles, generator=np.random.default_rng(stream), kill_share=kill_share)
        for stream in streams
    ]
    return from_splits(splits, target, particles=particles, level=level, seconds=seconds)


def from_splits(
    splits: Sequence[Split], target: float, *, particles: int, level: float, seconds: float = math.nan
) -> Estimate:
    """The estimate of independent replicates; RefusedError below 10, or where over half of them died out."""
    died, replicates = sum(split.extinct for split in splits), len(splits)
    if 2 * died > replicates:
        raise RefusedError(f"{died} of {replicates} replicates died out before {target:g}: take more particles")
    return from_replicates(
        [split.probability for split in splits],
        method="multilevel splitting",
        n=sum(split.starts for split in splits),
        fewest=10,
        level=level,
        is_probability=True,
        seconds=seconds,
        note=f"{replicates} replicates of {particles:,} particles, {died} died out; n counts runs and branches",
    )
