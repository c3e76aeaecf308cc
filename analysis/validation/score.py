"""Scores a target: whether the mean over replications is in the band, and whether its spread leaves a doubt."""

from collections.abc import Sequence
from dataclasses import dataclass

from .beside import NullValue
from .spread import MeanSpread


@dataclass(frozen=True)
class TargetScore:
    """One target with its measurement, and what the null models say of it.

    spread: None if a run failed or the metric has no value.  passed: the mean is in [low, high], ends included.
    is_firm: the whole interval, or every run where there is none, agrees with the verdict.
    used_for: numbers of the config that were chosen by this record, so that meeting it tests nothing.
    nulls: empty for what did not happen.
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
    used_for: tuple[str, ...]
    values: tuple[float, ...]
    spread: MeanSpread | None
    passed: bool
    is_firm: bool
    reason: str
    nulls: tuple[NullValue, ...] = ()

    @property
    def verdict(self) -> str:
        """pass or miss."""
        return "pass" if self.passed else "miss"

    @property
    def tests(self) -> bool:
        """Whether it tests the model: it neither checks an input nor chose a number."""
        return not self.is_input and not self.used_for


def judge(spread: MeanSpread | None, *, low: float, high: float) -> tuple[bool, bool]:
    """(passed, is_firm) of a band."""
    if spread is None:
        return False, True
    passed = low <= spread.value <= high
    if passed:
        return True, low <= spread.low and spread.high <= high
    return False, spread.high < low or spread.low > high


def reason_of(spread: MeanSpread | None, *, error: str) -> str:
    """The reason why there is no number; empty if there is one."""
    if spread is not None:
        return ""
    return f"run failed: {error}" if error else "no value: a run had nothing to measure"


def count_met(scores: Sequence[TargetScore]) -> str:
    """How many are met, of how many."""
    return f"{sum(score.passed for score in scores)} of {len(scores)}"
