"""Numbers of a score in readable form: fractions as percentages, short intervals."""

from ..estimators.estimate import Estimate
from .score import TargetScore

_PERCENT = ("fraction", "share of runs")


def number(value: float, unit: str) -> str:
    """One number in its unit."""
    return f"{value * 100:.3g}%" if unit in _PERCENT else f"{value:.3g} {unit}"


def band(score: TargetScore) -> str:
    """The band of a target."""
    return f"{number(score.low, score.unit)} to {number(score.high, score.unit)}"


def measured(score: TargetScore) -> str:
    """The mean and its interval, or the reason why there is none."""
    if score.estimate is None:
        return score.reason
    estimate: Estimate = score.estimate
    low, high = number(estimate.low, score.unit), number(estimate.high, score.unit)
    return f"{number(estimate.value, score.unit)} [{low}, {high}]"


def verdict(score: TargetScore) -> str:
    """pass or MISS, and whether the interval leaves a doubt."""
    word = "pass" if score.passed else "MISS"
    return word if score.is_firm else f"{word}, not firm"


def summary(scores: list[TargetScore]) -> str:
    """Number of targets met; checks of inputs are counted separately, because they do not test the model."""
    judged = [score for score in scores if not score.is_input]
    inputs = [score for score in scores if score.is_input]
    recorded = [score for score in judged if score.status == "recorded"]

    def met(some: list[TargetScore]) -> str:
        return f"{sum(score.passed for score in some)} of {len(some)}"

    return (
        f"{met(judged)} targets met, {sum(not score.passed for score in judged)} missed. Recorded facts among them:"
        f" {met(recorded)} met; checks of inputs: {met(inputs)} met"
    )
