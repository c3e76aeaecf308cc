"""Subset simulation: a rare event of a black box fed with Gaussian noise, as a product of tenths (Au & Beck 2001).

`simulate` maps standard normal noise (n, d) to losses (n,). Noise of the runs above each level is moved by chains that
keep the normal law (preconditioned Crank-Nicolson) and stay above the level; the step is tuned to an acceptance of 0.44
(Papaioannou, Betz, Zwirglmaier & Straub 2015). No state is cloned and no likelihood is needed, so it works for whole
worlds. Its bias is of order 1/n, hence replicates; it misses parts of the event that the chains do not reach.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .estimate import Estimate, RefusedError
from .replicates import from_replicates

F64 = npt.NDArray[np.float64]
Simulate = Callable[[F64], npt.ArrayLike]

_ACCEPTANCE = 0.44
_MAX_LEVELS = 30


@dataclass(frozen=True)
class SubsetRun:
    """One replicate: P(loss > target), calls of the black box in runs, levels used, worst acceptance of a level."""

    probability: float
    runs: int
    levels: tuple[float, ...]
    worst_acceptance: float


def subset_once(
    simulate: Simulate,
    target: float,
    *,
    dimension: int,
    per_level: int,
    generator: np.random.Generator,
    share: float = 0.1,
) -> SubsetRun:
    """One estimate of P(loss > target), strictly; 0 if no run of a level is above the previous level."""
    if per_level * share < 10 or not 0 < share < 1:
        raise ValueError(f"a level needs 10 survivors, replicate_results {per_level} runs with a share of {share}")
    noise = generator.standard_normal((per_level, dimension))
    loss = _losses(simulate, noise)
    levels: list[float] = []
    probability, runs, worst, spread = 1.0, per_level, 1.0, 0.6
    for _ in range(_MAX_LEVELS):
        # With ties fewer than the share may be strictly above: the factor is their actual share.
        level = float(np.sort(loss)[per_level - int(per_level * share) - 1])
        if level >= target:
            return SubsetRun(probability * float((loss > target).mean()), runs, tuple(levels), worst)
        above = np.flatnonzero(loss > level)
        if not len(above):
            return SubsetRun(0.0, runs, tuple(levels), 0.0)
        probability *= len(above) / per_level
        levels.append(level)
        chains = _Chains(noise[above], loss[above], level, spread)
        noise, loss = chains.refill(simulate, per_level, generator)
        spread, worst = chains.spread, min(worst, chains.acceptance)
        runs += chains.runs
    raise RefusedError(f"subset simulation did not reach {target:g} in {_MAX_LEVELS} levels, the last at {level:g}")


class _Chains:
    """Parallel chains above a level. `spread` is sqrt(1 - rho^2) of the move x' = rho x + spread z."""

    def __init__(self, noise: F64, loss: F64, level: float, spread: float) -> None:
        self.noise, self.loss, self.level, self.spread = noise, loss, level, spread
        self.runs = 0
        self._accepted = 0

    @property
    def acceptance(self) -> float:
        """Share of moves that were accepted."""
        return self._accepted / self.runs if self.runs else 1.0

    def refill(self, simulate: Simulate, wanted: int, generator: np.random.Generator) -> tuple[F64, F64]:
        """`wanted` states above the level: the seeds and the states that the chains visit from them."""
        noises, losses, count = [self.noise], [self.loss], len(self.noise)
        while count < wanted:
            self._step(simulate, generator)
            noises.append(self.noise)
            losses.append(self.loss)
            count += len(self.noise)
        keep = generator.permutation(count)[:wanted]  # so that all chains are shortened alike
        return np.concatenate(noises)[keep], np.concatenate(losses)[keep]

    def _step(self, simulate: Simulate, generator: np.random.Generator) -> None:
        moved = math.sqrt(1 - self.spread**2) * self.noise
        moved += self.spread * generator.standard_normal(moved.shape)
        loss = _losses(simulate, moved)
        accept = loss > self.level
        self.noise = np.where(accept[:, None], moved, self.noise)
        self.loss = np.where(accept, loss, self.loss)
        self.runs += len(accept)
        self._accepted += int(accept.sum())
        self.spread = min(0.98, max(0.05, self.spread * math.exp(float(accept.mean()) - _ACCEPTANCE)))


def _losses(simulate: Simulate, noise: F64) -> F64:
    loss = np.asarray(simulate(noise), np.float64).ravel()
    if len(loss) != len(noise) or np.isnan(loss).any():
        raise ValueError(f"the black box must return one loss per run: {len(loss)} for {len(noise)}, or NaN")
    return loss


def subset_simulation(
    simulate: Simulate,
    target: float,
    *,
    dimension: int,
    per_level: int = 2_000,
    replicates: int = 12,
    seed: int = 0,
    share: float = 0.1,
    level: float = 0.95,
    seconds: float = math.nan,
) -> Estimate:
    """P(loss > target) from independent replicates, t interval; n counts calls of the black box in runs.

    RefusedError below 10 replicates, if more than half of them lost the event, or if chains hardly moved.
    """
    streams = np.random.SeedSequence(seed).spawn(replicates)
    replicate_results = [
        subset_once(
            simulate,
            target,
            dimension=dimension,
            per_level=per_level,
            generator=np.random.default_rng(stream),
            share=share,
        )
        for stream in streams
    ]
    lost, stuck = (
        sum(run.probability == 0 for run in replicate_results),
        min(run.worst_acceptance for run in replicate_results),
    )
    if 2 * lost > replicates:
        raise RefusedError(f"{lost} of {replicates} replicates had no run above {target:g}: use more runs per level")
    if stuck < 0.05 and not lost:
        raise RefusedError(
            f"chains accepted {stuck:.1%} of their moves at some level: they do not mix, use another method"
        )
    return from_replicates(
        [run.probability for run in replicate_results],
        method="subset simulation",
        n=sum(run.runs for run in replicate_results),
        min_replicates=10,
        level=level,
        is_probability=True,
        seconds=seconds,
        note=f"{replicates} replicates of {per_level:,} runs per level, lowest acceptance {stuck:.0%}; n counts runs",
    )
