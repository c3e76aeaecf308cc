"""Draws runs from a world in blocks, counts and times them, and keeps them: methods share runs if that is valid.

Sampling laws never share blocks: crude runs, tilted runs and more widely tilted runs are independent of one another,
so that their agreement is evidence. The numbers of a block depend on the world and its number alone.
"""

import time
from dataclasses import dataclass, field

import numpy as np

from .draws import Bool, Draws, World

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
    """A world, and what has been drawn from it. runs, seconds: spent so far."""

    world: World
    runs: int = 0
    seconds: float = 0.0
    _kept: dict[tuple[Law, int], tuple[Draws, float]] = field(default_factory=dict)

    def draws(self, n: int, law: Law = CRUDE_LAW) -> Draws:
        """At least n runs (whole blocks) with the configured fund; kept, so that a repeated call costs nothing."""
        return self.timed(n, law)[0]

    def timed(self, n: int, law: Law = CRUDE_LAW) -> tuple[Draws, float]:
        """`draws`, and the seconds that they took when they were drawn."""
        parts = []
        for number in range(-(-n // self.world.facts.block)):
            if (law, number) not in self._kept:
                before = self.seconds
                self._kept[law, number] = self._block(law, number, None), self.seconds - before
            parts.append(self._kept[law, number])
        return Draws.joined([draws for draws, _ in parts]), sum(seconds for _, seconds in parts)

    def with_fund(self, fund: float, n: int, law: Law = CRUDE_LAW) -> Draws:
        """The same runs with a fund of another size; not kept."""
        blocks = range(-(-n // self.world.facts.block))
        return Draws.joined([self._block(law, number, fund) for number in blocks])

    def happened(self, fund: float, event: str, n: int, law: Law = CRUDE_LAW) -> Bool:
        """Whether the event happened in each of the same runs with a fund of this size."""
        return self.with_fund(fund, n, law).happened(event)

    def seconds_a_run(self) -> float:
        """Time a run has taken so far, NaN before the first."""
        return self.seconds / self.runs if self.runs else float("nan")

    def pace(self) -> float:
        """Seconds per run, from the second block: the first also compiles."""
        block = self.world.facts.block
        first, both = self.timed(block)[1], self.timed(2 * block)[1]
        return max(both - first, 1e-9) / block

    def _block(self, law: Law, number: int, fund: float | None) -> Draws:
        started = time.perf_counter()
        columns = self.world.block(law.first + number, fund=fund, aim=law.aim)
        self.seconds += time.perf_counter() - started
        draws = Draws.of(self.world.facts.at_hand if fund is None else fund, columns)
        self.runs += draws.n
        if not np.isfinite(draws.required).all():
            raise ValueError("required funds must be finite")
        return draws
