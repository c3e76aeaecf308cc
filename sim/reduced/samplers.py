"""Samplers of the jumps of a batch of paths: crude, importance sampling, randomised Sobol points, given noise.

Only what is exogenous is tilted (number and sizes of jumps); agents, cascade and fund are a map of it, so the weights
stay exact. Leaves to others: the arithmetic of drawing (`kernels/draw.py`), estimates (`analysis/estimators/`).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..elementary import power
from ..errors import ConfigError
from ..layout import F64, Records
from . import layout as at
from .jumps import Jumps, count_table

SamplerName = Literal["crude", "importance", "sobol"]
#: Tenths of the paths that are crude (so no weight exceeds 10), that tilt all jumps, and that tilt one (the rest).
CRUDE_TENTHS, ALL_TENTHS = 1, 3
#: Jumps whose sizes and times come from the first dimensions of a Sobol point.
SOBOL_JUMPS = 4
#: Factor on the spread of normal jumps where they are tilted.
WIDER = 1.2
#: Event probability at which the tilt aims by default.
TARGET = 1e-4


@dataclass(frozen=True)
class Sampling:
    """The sampling of a batch as kernels read it."""

    laws: Records  # (2,) LAW_DTYPE of the one tilted jump, and of each where all are
    counts: Records  # (n,) COUNT_DTYPE
    plan: Records  # (1,) SAMPLING_DTYPE


def make_sampling(jumps: Jumps, horizon: float, sampler: str, *, target: float = TARGET) -> Sampling:
    """Return the sampling of a batch; ConfigError if it does not fit the law of jumps.

    target: probability of the event that importance sampling should see often.
    """
    mean = jumps.mean_count(horizon)
    plan, laws = np.zeros(1, at.SAMPLING_DTYPE), np.repeat(jumps.law, 2)
    plan["crude_tenths"], plan["all_tenths"] = CRUDE_TENTHS, ALL_TENTHS
    if sampler == "importance":
        if mean <= 0:
            raise ConfigError("sampler importance needs random jumps: the price process has none")
        together = max(mean, 2.0)
        sizes = big_jump(jumps, mean, target), middling_jump(jumps, mean, target)
        laws[:1], laws[1:] = (tilt(jumps.law, size) for size in sizes)
        plan["sampler"] = at.IMPORTANCE
        return Sampling(laws, count_table(mean, together), plan)
    if sampler not in ("crude", "sobol"):
        raise ConfigError(f"sampler must be crude, importance or sobol, found {sampler!r}")
    plan["sampler"] = at.CRUDE if sampler == "crude" else at.GIVEN
    return Sampling(laws, count_table(mean, mean), plan)


def big_jump(jumps: Jumps, mean_count: float, target: float) -> float:
    """Size (positive log) that one jump of the horizon exceeds downward with probability `target` (the single big
    jump).
    """
    from .kernels.draw import jump_size

    quantile = min(0.5, target / mean_count)
    return float(-jump_size(jumps.law[0], quantile))


def middling_jump(jumps: Jumps, mean_count: float, target: float) -> float:
    """Size that each of several jumps (two, or as many as are expected) exceeds downward with probability `target`.

    Several jumps of this size make the event where no single one does. Tilted to the size of the one big jump, all
    together would give weights with tails so heavy that estimates look good and are wrong (`analysis/estimators/`).
    """
    from .kernels.draw import jump_size

    return float(-jump_size(jumps.law[0], min(0.5, power(target, 1.0 / max(mean_count, 2.0)))))


def tilt(law: Records, size: float) -> Records:
    """The proposal: normal sizes are shifted to a mean of -size and widened; tails keep their shape and get that mean.

    Both tails are widened, because a rise can exhaust a fund too. A tail that is already wider is unchanged.
    """
    out = law.copy()
    if law["kind"] == at.LAW_NORMAL:
        out["log_mean"], out["log_sd"] = np.minimum(law["log_mean"], -size), WIDER * law["log_sd"]
        return out
    for side in ("down", "up"):
        excess = np.maximum(size - law[f"{side}_threshold"], 0.0)
        out[f"{side}_beta"] = np.maximum(law[f"{side}_beta"], excess * (1.0 - law[f"{side}_xi"]))
    return out


def sobol_points(first: int, count: int, dimensions: int, seed: int) -> F64:
    """Points number `first` .. of one scrambled Sobol sequence (count, dimensions), inside (0, 1)."""
    from scipy.stats import qmc

    engine = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    if first:
        engine.fast_forward(first)
    points: F64 = engine.random(count)
    return np.clip(points, 2.0**-53, 1.0 - 2.0**-53)
