"""Consequences of a fund size: probability, shortfall, deleveraged notional, time to exhaustion and to rebuild.

Each is an `Estimate`, or None if no run shows the event. Runs may be weighted; ratios have delta-method
intervals (Cochran 1977, 6.4), medians invert the interval of the weighted distribution function.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..estimators.estimate import Estimate, RefusedError
from ..estimators.importance_sampling import WeightLimits, weighted_mean
from ..estimators.intervals import normal_quantile
from .curve import chance
from .draws import Draws

F64 = npt.NDArray[np.float64]

#: Means over rare runs tolerate worse weights than a quoted probability; beyond that they are left out, with a note.
_LOOSE = WeightLimits(largest_share=0.1, effective_sample=30.0)


@dataclass(frozen=True)
class Consequences:
    """Consequences of a fund of size `fund`. None: no run shows it, or the weights do not support it (see
    `left_out`)."""

    fund: float
    probability: Estimate | None
    expected_shortfall: Estimate | None  # beyond the fund, over all runs, quote units
    shortfall_given_exhausted: Estimate | None
    expected_adl_notional: Estimate | None
    adl_notional_given_adl: Estimate | None
    days_to_exhaustion: Estimate | None  # median given exhaustion
    income_per_day: Estimate | None  # into the fund, quote units
    days_to_rebuild: Estimate | None  # from empty, by income alone
    left_out: tuple[str, ...] = ()


def consequences(draws: Draws, event: str, *, horizon_days: float, level: float = 0.95, unit: str = "") -> Consequences:
    """All of them from runs that were simulated with the fund in question."""
    left: list[str] = []
    beyond = np.maximum(draws.required - draws.fund, 0.0)
    exhausted, adl = draws.required > draws.fund, np.isfinite(draws.first_adl_days)
    happened = draws.happened(event)
    income = _mean(draws, draws.income / horizon_days, "income", left, level=level, unit=f"{unit}/day")
    days = draws.first_adl_days if event == "first_adl" else draws.first_empty_days
    return Consequences(
        fund=draws.fund,
        probability=_tried("probability", left, lambda: chance(draws, happened, level=level, limits=_LOOSE)),
        expected_shortfall=_mean(draws, beyond, "expected shortfall", left, level=level, unit=unit),
        shortfall_given_exhausted=ratio(draws, beyond, exhausted, level=level, unit=unit),
        expected_adl_notional=_mean(draws, draws.adl_notional, "expected ADL notional", left, level=level, unit=unit),
        adl_notional_given_adl=ratio(draws, draws.adl_notional, adl, level=level, unit=unit),
        days_to_exhaustion=weighted_median(days, draws.weights, level=level),
        income_per_day=income,
        days_to_rebuild=rebuild_days(draws.fund, income),
        left_out=tuple(left),
    )


def rebuild_days(fund: float, income: Estimate | None) -> Estimate | None:
    """Days until income has refilled an empty fund; None without income. Optimistic: income arrives in the same bursts
    as claims, and claims during the rebuild are ignored."""
    if income is None or income.value <= 0:
        return None
    return Estimate(
        value=fund / income.value,
        low=fund / income.high,
        high=fund / income.low if income.low > 0 else math.inf,
        level=income.level,
        method="fund over mean income",
        n=income.n,
        events=-1,
        unit="days",
    )


def ratio(draws: Draws, values: F64, given: npt.NDArray[np.bool_], *, level: float, unit: str) -> Estimate | None:
    """The mean of `values` over the runs for which `given` is true, weighted; None if there are none."""
    count = int(np.count_nonzero(given))
    if not count:
        return None
    weight = np.where(given, draws.weights, 0.0)
    total = float(weight.sum())
    mean = float((weight * values).sum()) / total
    error = math.sqrt(float(np.square(weight * (values - mean)).sum())) / total
    if count == 1:
        error = math.inf
    half = normal_quantile(level) * error
    floor = 0.0 if float(np.min(values[given])) >= 0 else -math.inf
    return Estimate(
        value=mean,
        low=max(floor, mean - half),
        high=mean + half,
        level=level,
        method="ratio of weighted means" if draws.is_weighted else "mean of the runs that show it",
        n=draws.n,
        events=count,
        unit=unit,
        effective_sample_size=total**2 / float(np.square(weight).sum()),
        largest_weight_share=float(weight.max()) / total,
    )


def weighted_median(days: F64, weights: F64, *, level: float = 0.95, unit: str = "days") -> Estimate | None:
    """The median of finite `days`, weighted, by inverting the distribution function; None if never."""
    known = np.isfinite(days)
    if not known.any():
        return None
    order = np.argsort(days[known], kind="stable")
    times, weight = days[known][order], weights[known][order]
    total = float(weight.sum())
    share = np.cumsum(weight) / total
    # delta method for a ratio: sum of squared weights times (indicator - share)^2
    squares = np.square(weight)
    below = np.cumsum(squares)
    error = np.sqrt(below * (1 - share) ** 2 + (below[-1] - below) * share**2) / total
    half = normal_quantile(level) * error
    at = [int(np.argmax(curve >= 0.5 - 1e-12)) for curve in (share, share + half)]
    upper = share - half >= 0.5
    value = float(times[at[0]])
    return Estimate(
        value=value,
        low=min(float(times[at[1]]), value),
        high=max(float(times[int(np.argmax(upper))]), value) if upper.any() else math.inf,
        level=level,
        method="median of the runs that show it",
        n=len(days),
        events=int(known.sum()),
        unit=unit,
    )


def _mean(draws: Draws, values: F64, what: str, left: list[str], *, level: float, unit: str) -> Estimate | None:
    if not np.any(values):
        return None
    if not draws.is_weighted:
        half = normal_quantile(level) * float(values.std(ddof=1)) / math.sqrt(draws.n)
        value, events = float(values.mean()), int(np.count_nonzero(values))
        floor = 0.0 if float(values.min()) >= 0 else -math.inf
        return Estimate(
            value,
            max(floor, value - half),
            value + half,
            level,
            "crude mean",
            draws.n,
            events,
            unit,
            variance_reduction=1,
        )
    return _tried(what, left, lambda: weighted_mean(values, draws.log_weight, level=level, limits=_LOOSE, unit=unit))


def _tried(what: str, left: list[str], estimate: Callable[[], Estimate]) -> Estimate | None:
    try:
        return estimate()
    except RefusedError as refusal:
        left.append(f"{what}: {refusal}")
        return None
