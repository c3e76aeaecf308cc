"""The mean of a few runs with what may be said of its error: never a bound that the runs could not have had.

Outcomes of events are skewed and bounded (shares, changes that end at -100%), so Student's t invents ends outside the
possible. From `MIN_RUNS` runs on the interval is the percentile bootstrap of the mean (Efron 1979), which stays inside
the range of the runs; below that n is too small for an interval, and the range of the runs is shown as what it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..estimators.clusters import MIN_CLUSTERS
from ..estimators.intervals import probability

LEVEL = 0.95
#: With fewer runs there is no interval.
MIN_RUNS = MIN_CLUSTERS
RESAMPLES = 4_000
SEED = 0


@dataclass(frozen=True)
class MeanSpread:
    """The mean of n runs within [low, high]: an interval of the mean at LEVEL, or the smallest and largest run."""

    value: float
    low: float
    high: float
    n: int
    is_interval: bool


def spread_of(values: Sequence[float], *, is_yes_or_no: bool = False) -> MeanSpread | None:
    """Mean and spread of one value per run; None on NaN or fewer than two runs. Yes-or-no: Clopper-Pearson, any n."""
    n = len(values)
    if n < 2 or any(not math.isfinite(value) for value in values):
        return None
    if is_yes_or_no:
        share = probability(round(sum(values)), n, level=LEVEL)
        return MeanSpread(share.value, share.low, share.high, n, is_interval=True)
    sample = np.asarray(values, np.float64)
    mean = float(sample.mean())
    if n < MIN_RUNS:
        return MeanSpread(mean, min(mean, float(sample.min())), max(mean, float(sample.max())), n, is_interval=False)
    drawn = np.random.default_rng(SEED).integers(0, n, size=(RESAMPLES, n))
    low, high = np.quantile(sample[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return MeanSpread(mean, min(mean, float(low)), max(mean, float(high)), n, is_interval=True)
