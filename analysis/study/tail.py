"""The tail of an arm's required funds: its threshold, what its bootstrap draws, and when no tail is fitted."""

import math

import numpy as np
import numpy.typing as npt

from ..estimators.estimate import RefusedError
from ..estimators.tails import MIN_EXCEEDANCES, TailFit, fit_tail
from .samples import ArmSample


def fit_arm_tail(sample: ArmSample) -> tuple[TailFit | None, str]:
    """The tail above the threshold that a hundredth of the outcomes (or MIN_EXCEEDANCES) exceeds; None, and why."""
    if sample.is_weighted:
        return None, "paths are weighted: the curve reaches the tail by itself"
    if math.isfinite(sample.known_to):
        return None, "the fund ran dry in some runs, which does not say what more they would have needed"
    try:
        return fit_tail(sample.required, _chosen_k(sample.n), group=groups_of(sample)), ""
    except RefusedError as error:
        return None, str(error)


def groups_of(sample: ArmSample) -> npt.NDArray[np.int64] | None:
    """What a bootstrap draws: points or runs where intervals are over these, else (None) outcomes."""
    return sample.cluster if sample.over_runs else None


def resampled_unit(sample: ArmSample) -> str:
    """What the bootstrap draws, with its number; empty where it draws outcomes."""
    if not sample.over_runs:
        return ""
    return f"{sample.n_clusters:,} {'points' if len(np.unique(sample.point)) > 1 else 'runs'}"


def _chosen_k(n: int) -> int:
    return int(max(MIN_EXCEEDANCES, min(n // 100, 2_000)))


def tail_counts(n: int, chosen: int) -> list[int]:
    """Numbers of outcomes above the threshold that the stability figure shows, the chosen one among them."""
    spread = np.geomspace(MIN_EXCEEDANCES, max(MIN_EXCEEDANCES, min(n // 10, 20_000)), 8).astype(np.int64)
    return sorted({*spread.tolist(), chosen})
