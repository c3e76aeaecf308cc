"""The tail of an arm's required funds: its threshold, the units of its bootstrap, and the reasons not to fit a tail."""

import math

import numpy as np
import numpy.typing as npt

from ..estimators.estimate import RefusedError
from ..estimators.tails import MIN_EXCEEDANCES, TailFit, fit_tail
from .samples import ArmSample


def fit_arm_tail(sample: ArmSample) -> tuple[TailFit | None, str]:
    """The tail above the threshold that a hundredth of the outcomes (or MIN_EXCEEDANCES) exceeds; None, and the
    reason."""
    if sample.is_weighted:
        return None, "paths are weighted: the curve already covers the tail"
    if math.isfinite(sample.known_to):
        return (
            None,
            "in some runs the fund fell short or the inventory cap was reached: their required fund is not known",
        )
    if sample.n <= MIN_EXCEEDANCES:
        return None, f"a tail needs more than {MIN_EXCEEDANCES} outcomes, and this arm has {sample.n:,}"
    try:
        return fit_tail(sample.required, _chosen_k(sample.n), group=groups_of(sample)), ""
    except RefusedError as error:
        return None, str(error)


def groups_of(sample: ArmSample) -> npt.NDArray[np.int64] | None:
    """The units of a bootstrap: points or runs if intervals are over these, else (None) outcomes."""
    return sample.cluster if sample.over_runs else None


def resampled_unit(sample: ArmSample) -> str:
    """The units of the bootstrap, with their number; empty if it draws outcomes."""
    if not sample.over_runs:
        return ""
    return f"{sample.n_clusters:,} {'points' if len(np.unique(sample.point)) > 1 else 'runs'}"


def _chosen_k(n: int) -> int:
    return int(max(MIN_EXCEEDANCES, min(n // 100, 2_000)))


def tail_counts(n: int, chosen: int) -> list[int]:
    """Numbers of outcomes above the threshold that the stability figure shows, the chosen one among them."""
    spread = np.geomspace(MIN_EXCEEDANCES, max(MIN_EXCEEDANCES, min(n // 10, 20_000)), 8).astype(np.int64)
    return sorted({*spread.tolist(), chosen})
