"""Whether independent estimates of one number agree: a check that no estimator can make by itself."""

import math
from collections.abc import Sequence

from .estimate import Estimate, RefusedError
from .intervals import normal_quantile


def gap_in_errors(first: Estimate, second: Estimate) -> float:
    """Distance of two independent estimates in standard errors of their difference, errors read off the intervals.

    The half of each interval that faces the other estimate is used, so skewed intervals stay skewed.
    """
    lower, upper = sorted((first, second), key=lambda estimate: estimate.value)
    errors = (
        (lower.high - lower.value) / normal_quantile(lower.level),
        (upper.value - upper.low) / normal_quantile(upper.level),
    )
    distance = upper.value - lower.value
    if distance == 0:
        return 0.0
    spread = math.hypot(*errors)
    return distance / spread if spread else math.inf


def agreed(estimates: Sequence[Estimate], *, largest_gap: float = 3.0) -> Estimate:
    """The most precise of several independent estimates of one number; RefusedError if any two disagree.

    Use it on two sampling laws, or importance sampling and peaks over threshold, before quoting a number below 1e-4.
    """
    if not estimates:
        raise ValueError("at least one estimate is needed")
    for i, first in enumerate(estimates):
        for second in estimates[i + 1 :]:
            gap = gap_in_errors(first, second)
            if gap > largest_gap:
                names = f"{first.method} ({first.value:.4g}) and {second.method} ({second.value:.4g})"
                raise RefusedError(
                    f"{names} are {gap:.1f} standard errors apart: at least one misses part of the event;"
                    " widen its sampling law or draw more runs"
                )
    return min(estimates, key=lambda estimate: estimate.half_width)
