"""Draws runs from a world in blocks, counts and times them, and keeps them: methods share runs if that is valid.

Sampling laws never share blocks: crude runs, tilted runs and more widely tilted runs are independent of one another,
so that their agreement is evidence. The numbers of a block depend on the world and its number alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .draws import Block, Bool, Compute, Draws, Request, World, one_by_one

#: First block of each law.
CRUDE, TILTED, WIDER = 0, 1 << 20, 2 << 20


@dataclass(frozen=True)
class Law:
    """A sampling law: its first block, and the probability that it aims at (None: crude)."""

    first: int = CRUDE
    aim: float | None = None


CRUDE_LAW = Law()


def tilted(p: float) -> Law:
    """Aimed at the target itself."""
    return Law(TILTED, p)


def wider(p: float) -> Law:
    """Aimed at events ten times as likely: another law, on other runs."""
    return Law(WIDER, min(10 * p, 0.1))


@dataclass
class Runner:
    """A world, and what has been drawn from it.

    compute: makes its blocks.  runs, seconds: spent so far; seconds of computation, on however many processors.
    """

    world: World
    compute: Compute = one_by_one
    runs: int = 0
    seconds: float = 0.0
    _kept: dict[tuple[Law, int], tuple[Draws, float]] = field(default_factory=dict)

    def draws(self, n: int, law: Law = CRUDE_LAW) -> Draws:
        """At least n runs (whole blocks) with the configured fund; kept, so that a repeated call costs nothing."""
        return self.timed(n, law)[0]

    def timed(self, n: int, law: Law = CRUDE_LAW) -> tuple[Draws, float]:
        """`draws`, and the seconds that they took when they were drawn."""
        numbers = range(self._blocks(n))
        missing = [number for number in numbers if (law, number) not in self._kept]
        for number, drawn in zip(missing, self._drawn(law, missing, None), strict=True):
            self._kept[law, number] = drawn
        parts = [self._kept[law, number] for number in numbers]
        return Draws.joined([draws for draws, _ in parts]), sum(seconds for _, seconds in parts)

    def with_fund(self, fund: float, n: int, law: Law = CRUDE_LAW) -> Draws:
        """The same runs with a fund of another size; not kept."""
        return Draws.joined([draws for draws, _ in self._drawn(law, range(self._blocks(n)), fund)])

    def happened(self, fund: float, event: str, n: int, law: Law = CRUDE_LAW) -> Bool:
        """Whether the event happened in each of the same runs with a fund of this size."""
        return self.with_fund(fund, n, law).happened(event)

    def pace(self) -> float:
        """Seconds per run, from the second block: the first also compiles."""
        block = self.world.facts.block
        first, both = self.timed(block)[1], self.timed(2 * block)[1]
        return max(both - first, 1e-9) / block

    def _blocks(self, n: int) -> int:
        """Number of blocks with at least n runs."""
        return -(-n // self.world.facts.block)

    def _drawn(self, law: Law, numbers: Iterable[int], fund: float | None) -> list[tuple[Draws, float]]:
        """These blocks of a law, and the seconds of each."""
        found = self.compute([Request(self.world, law.first + number, fund, law.aim) for number in numbers])
        drawn = [(draws_of(self.world, block, fund), block.seconds) for block in found]
        self.runs += sum(draws.n for draws, _ in drawn)
        self.seconds += sum(seconds for _, seconds in drawn)
        return drawn


def draws_of(world: World, block: Block, fund: float | None = None) -> Draws:
    """The runs of a block with this fund; ValueError for required funds that are not finite."""
    draws = Draws.of(world.facts.at_hand if fund is None else fund, block.columns)
    if not np.isfinite(draws.required).all():
        raise ValueError("required funds must be finite")
    return draws


def draws_of_worlds(worlds: Sequence[World], n: int, laws: Sequence[Law], compute: Compute) -> list[Draws]:
    """At least n runs of each world under its law, all in one request: many worlds of few blocks keep all processors
    busy."""
    counts = [-(-n // world.facts.block) for world in worlds]
    requests = [
        Request(world, law.first + number, None, law.aim)
        for world, law, count in zip(worlds, laws, counts, strict=True)
        for number in range(count)
    ]
    made = iter(compute(requests))
    return [
        Draws.joined([draws_of(world, next(made)) for _ in range(count)])
        for world, count in zip(worlds, counts, strict=True)
    ]
