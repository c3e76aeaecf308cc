"""Randomised quasi-Monte Carlo: scrambled Sobol points, with an interval over independent scramblings (Owen 1997).

For smooth averages in few important dimensions, which should come first: the number of jumps, then the largest jumps.
Useless for events rarer than 1/n by itself: points fill the cube evenly, and hardly any of them falls into the event.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from .estimate import Estimate, RefusedError
from .replicates import from_replicates

F64 = npt.NDArray[np.float64]

#: Fewest scramblings an interval is made from.
FEWEST = 16


def randomised_sobol(
    simulate: Callable[[F64], npt.ArrayLike],
    *,
    dimension: int,
    n: int,
    randomisations: int = FEWEST,
    seed: int = 0,
    is_probability: bool = False,
    level: float = 0.95,
    unit: str = "",
    seconds: float = math.nan,
) -> Estimate:
    """The mean of simulate(uniforms (n, d)) -> (n,) over scrambled Sobol points, t interval over scramblings.

    n: points a scrambling, rounded up to a power of two, which the note says. variance_reduction: against as many
    independent runs, whose variance is read off the same values. RefusedError below 16 scramblings, or, for a
    probability, where fewer than one event a scrambling was met.
    """
    points = 1 << max(0, math.ceil(math.log2(n)))
    streams = np.random.SeedSequence(seed).spawn(randomisations)
    means, squares, events = np.empty(randomisations), np.empty(randomisations), 0
    for i, stream in enumerate(streams):
        sobol = stats.qmc.Sobol(dimension, scramble=True, seed=np.random.default_rng(stream))
        values = np.asarray(simulate(sobol.random(points)), np.float64).ravel()
        if len(values) != points:
            raise ValueError(f"simulate gave {len(values)} values for {points} points")
        means[i], squares[i] = values.mean(), np.square(values).mean()
        events += int(np.count_nonzero(values))
    if is_probability and events < randomisations:
        raise RefusedError(f"{events} events in {randomisations} scramblings of {points:,}: use importance sampling")
    rounded = "" if points == n else f", rounded up from {n:,}"
    return from_replicates(
        means,
        method="randomised Sobol",
        n=points * randomisations,
        fewest=FEWEST,
        level=level,
        events=events if is_probability else -1,
        crude_variance=float(squares.mean() - means.mean() ** 2),
        is_probability=is_probability,
        unit=unit,
        seconds=seconds,
        note=f"{randomisations} scramblings of {points:,} points{rounded}",
    )


def poisson_counts(uniform: npt.ArrayLike, expected: float) -> npt.NDArray[np.int64]:
    """Poisson numbers by inversion: what the first dimension is for."""
    return np.asarray(stats.poisson.ppf(np.asarray(uniform, np.float64), expected), np.int64)


def falling_uniforms(uniforms: npt.ArrayLike, counts: npt.ArrayLike) -> F64:
    """The order statistics of `counts` uniforms, falling, from independent ones: column j decides the (j+1)-th largest.

    uniforms: (n, most) independent.  counts: (n,) at most `most`.  Entries beyond a run's count are NaN. So the first
    dimensions decide the largest jumps: V1^(1/N), then times V2^(1/(N-1)), and so on.
    """
    independent, count = np.asarray(uniforms, np.float64), np.asarray(counts, np.int64)
    left = count[:, None] - np.arange(independent.shape[1])
    logs = np.log(np.maximum(independent, np.finfo(np.float64).tiny)) / np.maximum(left, 1)
    return np.where(left > 0, np.exp(np.cumsum(logs, axis=1)), np.nan)


def normals(uniforms: npt.ArrayLike) -> F64:
    """Standard normals by inversion; a uniform of exactly 0 is taken as 2^-53."""
    return np.asarray(special.ndtri(np.maximum(np.asarray(uniforms, np.float64), 2.0**-53)))
