"""Scores a target: whether the mean over replications is in the band, and whether the interval leaves a doubt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..estimators.estimate import Estimate
from ..estimators.intervals import probability
from ..estimators.replicates import from_replicates

LEVEL = 0.95


@dataclass(frozen=True)
class TargetScore:
    """One target with its measurement.

    estimate: None if a run failed or the metric has no value.  passed: the mean is in [low, high], ends included.
    is_firm: the whole interval agrees with the verdict; more replications are not expected to change it.
    """

    scenario: str
    kind: str
    metric: str
    meaning: str
    unit: str
    low: float
    high: float
    status: str
    source: str
    date: str
    note: str
    is_input: bool
    values: tuple[float, ...]
    estimate: Estimate | None
    passed: bool
    is_firm: bool
    reason: str

    @property
    def verdict(self) -> str:
        """pass or miss."""
        return "pass" if self.passed else "miss"


def estimate_mean(values: Sequence[float], *, is_yes_or_no: bool) -> Estimate | None:
    """Mean with its 95% interval: Clopper-Pearson for yes-or-no, else Student's t; None on NaN or no values."""
    if len(values) < 2 or any(not math.isfinite(value) for value in values):
        return None
    if is_yes_or_no:
        return probability(round(sum(values)), len(values), level=LEVEL)
    return from_replicates(values, method="mean of runs, t interval", n=len(values), min_replicates=2, level=LEVEL)


def judge(estimate: Estimate | None, *, low: float, high: float) -> tuple[bool, bool]:
    """(passed, is_firm) of a band."""
    if estimate is None:
        return False, True
    passed = low <= estimate.value <= high
    if passed:
        return True, low <= estimate.low and estimate.high <= high
    return False, estimate.high < low or estimate.low > high


def reason_of(estimate: Estimate | None, *, error: str) -> str:
    """The reason why there is no number; empty if there is one."""
    if estimate is not None:
        return ""
    return f"run failed: {error}" if error else "no value: a run had nothing to measure"
