"""How the jumps of a batch of paths are drawn: crude, importance sampling, randomised Sobol points, given noise.

Only what is exogenous is tilted (number and sizes of jumps); agents, cascade and fund are a map of it, so the weights
stay exact. Leaves to others: the arithmetic of drawing (`kernels/draw.py`), estimates (`analysis/estimators/`).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..elementary import power
from ..errors import ConfigError
from .jumps import Jumps, count_tables
from .kernels import layout as at

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

SamplerName = Literal["crude", "importance", "sobol"]
#: Tenths of the paths that are crude (so no weight exceeds 10), that tilt all jumps, and that tilt one (the rest).
CRUDE_TENTHS, ALL_TENTHS = 1, 3
#: Jumps whose sizes and times come from the first dimensions of a Sobol point.
SOBOL_JUMPS = 4
#: Factor on the spread of normal jumps where they are tilted.
WIDER = 1.2
#: Event probability that the tilt aims at where the caller states none.
TARGET = 1e-4


@dataclass(frozen=True)
class Sampling:
    """How a batch is drawn, as kernels read it."""

    code: int
    laws: F64  # (2, J_WIDTH) laws of the one tilted jump, and of each where all are
    tables: F64  # numbers of jumps, plain and tilted
    shares: I64  # (2,) tenths: crude, all tilted
    n_sizes: int = 0  # jumps that given uniforms hold


def make_sampling(jumps: Jumps, horizon: float, sampler: str, *, target: float = TARGET) -> Sampling:
    """Return the sampling of a batch; ConfigError if it does not fit the law of jumps.

    target: probability of the event that importance sampling should see often.
    """
    mean = jumps.mean_count(horizon)
    shares = np.array([CRUDE_TENTHS, ALL_TENTHS], np.int64)
    if sampler == "importance":
        if mean <= 0:
            raise ConfigError("sampler importance needs random jumps: the price process has none")
        together = max(mean, 2.0)
        laws = np.array(
            [tilt(jumps.law, size) for size in (big_jump(jumps, mean, target), middling_jump(jumps, mean, target))]
        )
        return Sampling(at.IMPORTANCE, laws, count_tables(mean, together), shares)
    if sampler not in ("crude", "sobol"):
        raise ConfigError(f"sampler must be crude, importance or sobol, found {sampler!r}")
    tables = count_tables(mean, mean)
    return Sampling(at.CRUDE if sampler == "crude" else at.GIVEN, np.array([jumps.law, jumps.law]), tables, shares, 0)


def big_jump(jumps: Jumps, mean_count: float, target: float) -> float:
    """Size (positive log) that one jump of the horizon exceeds downward with probability `target` (the single big
    jump).
    """
    from .kernels.draw import jump_size

    quantile = min(0.5, target / mean_count)
    return float(-jump_size(jumps.law, quantile))


def middling_jump(jumps: Jumps, mean_count: float, target: float) -> float:
    """Size that each of several jumps (two, or as many as are expected) exceeds downward with probability `target`.

    Several jumps of this size make the event where no single one does. Tilted to the size of the one big jump, all
    together would give weights with tails so heavy that estimates look good and are wrong (`analysis/estimators/`).
    """
    from .kernels.draw import jump_size

    return float(-jump_size(jumps.law, min(0.5, power(target, 1.0 / max(mean_count, 2.0)))))


def tilt(law: F64, size: float) -> F64:
    """The proposal: normal sizes are shifted to a mean of -size and widened; tails keep their shape and get that mean.

    Both tails are widened, for a rise can exhaust a fund too. A tail that is already wider is left as it is.
    """
    out = law.copy()
    if int(law[at.J_KIND]) == at.LAW_NORMAL:
        out[at.J_MEAN] = min(law[at.J_MEAN], -size)
        out[at.J_SD] = WIDER * law[at.J_SD]
        return out
    xi = law[at.J_DOWN_XI]
    excess = max(size - law[at.J_DOWN_THRESHOLD], 0.0)
    out[at.J_DOWN_BETA] = max(law[at.J_DOWN_BETA], excess * (1.0 - xi))
    out[at.J_UP_BETA] = max(law[at.J_UP_BETA], size - law[at.J_UP_THRESHOLD])
    return out


def sobol_points(first: int, count: int, dimensions: int, seed: int) -> F64:
    """Points number `first` .. of one scrambled Sobol sequence (count, dimensions), inside (0, 1)."""
    from scipy.stats import qmc

    engine = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    if first:
        engine.fast_forward(first)
    points: F64 = engine.random(count)
    return np.clip(points, 2.0**-53, 1.0 - 2.0**-53)
