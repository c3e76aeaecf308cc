"""The required fund, from runs whose fund never runs dry: the exceedance curve and its quantiles.

`required` is the largest draw of a run, max over time of (F0 - equity of fund and engine)+. A fund of size F is
exhausted in the runs with required > F (strictly: a fund that just suffices is not), so one sample gives the
probability for every F. That is valid only if nothing before the first exhaustion depends on the fund's size: see
`bisection.py` for other cases. Intervals are exact: binomial counts, hence order statistics (David & Nagaraja 2003,
7.1).
"""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from .estimate import Estimate, RefusedError
from .intervals import F64, IntervalName, Side, clopper_pearson, probability, tail_mass, wilson


def as_required(required: npt.ArrayLike) -> F64:
    """Largest draws as a float array (n,); ValueError if empty or not finite."""
    sample = np.asarray(required, np.float64).ravel()
    if not len(sample) or not np.isfinite(sample).all():
        raise ValueError("required funds must be finite and at least one")
    return sample


def exhausted(
    required: npt.ArrayLike,
    fund: float,
    *,
    level: float = 0.95,
    interval: IntervalName = "clopper_pearson",
    side: Side = "two",
    seconds: float = math.nan,
) -> Estimate:
    """The probability that a fund of size `fund` is exhausted."""
    sample = as_required(required)
    events = int(np.count_nonzero(sample > fund))
    return probability(events, len(sample), level=level, interval=interval, side=side, seconds=seconds)


def exceedance_curve(
    required: npt.ArrayLike,
    *,
    at: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: IntervalName = "clopper_pearson",
    max_points: int = 500,
) -> pd.DataFrame:
    """P(a fund of size F is exhausted): columns fund, probability, low, high, events, n, by rising fund.

    at: fund sizes; by default 0 and up to `max_points` of the sample's own values, evenly spaced in log probability
    to keep the tail. The interval is valid at each fund size separately, not for the whole curve at once.
    """
    sample = np.sort(as_required(required))
    n = len(sample)
    funds = _own_funds(sample, max_points) if at is None else np.sort(np.asarray(at, np.float64).ravel())
    events = n - np.searchsorted(sample, funds, side="right")
    bounds = wilson(events, n, level=level) if interval == "wilson" else clopper_pearson(events, n, level=level)
    return pd.DataFrame(
        {"fund": funds, "probability": events / n, "low": bounds[0], "high": bounds[1], "events": events, "n": n}
    )


def _own_funds(ordered: F64, max_points: int) -> F64:
    """0 and values of a sorted sample whose exceedance counts are spaced evenly in logarithm."""
    counts = np.unique(np.geomspace(1, len(ordered), max_points).astype(np.int64))
    return np.unique(np.append(ordered[len(ordered) - counts], 0.0))


def runs_for_quantile(p: float, *, level: float = 0.95, side: Side = "two") -> int:
    """Smallest number of runs from which the fund for target p has an upper bound: 3,688 for 1e-3 at 0.95 two-sided."""
    above = tail_mass(level, side)[1]
    return math.ceil(math.log(above) / math.log1p(-p)) if above else math.ceil(1 / p)


def order_ranks(n: int, p: float, *, level: float = 0.95, side: Side = "two") -> tuple[int, int, int]:
    """Ranks (low, value, high) in 1..n of the order statistics that estimate and bound the fund for target p.

    P(X_(low) <= u_p <= X_(high)) >= level for any law: with B = number of runs at or below u_p, binomial(n, 1 - p), the
    event is low <= B <= high - 1. low is 0 if there is no lower bound (or none is requested); high is n + 1 likewise.
    """
    if not 0 < p < 1:
        raise ValueError(f"a target probability must be between 0 and 1, found {p}")
    below, above = tail_mass(level, side)
    # n (1 - p) in floats may be slightly above the exact integer
    value = min(n, max(1, math.ceil(n * (1 - p) - 1e-9)))
    low = int(stats.binom.ppf(below, n, 1 - p)) if below else 0
    high = int(stats.binom.isf(above, n, 1 - p)) + 1 if above else n + 1
    return low, value, high


def required_fund(
    required: npt.ArrayLike,
    p: float,
    *,
    level: float = 0.95,
    side: Side = "two",
    unit: str = "",
    seconds: float = math.nan,
    note: str = "",
) -> Estimate:
    """The smallest fund that is exhausted with probability at most p, with an exact order-statistic interval.

    side: "upper" bounds it from above only (the claim "a fund of `high` suffices"), low is then 0.
    Raises RefusedError with the number of runs needed if the sample is too small for the upper bound.
    """
    sample = np.sort(as_required(required))
    n = len(sample)
    low, value, high = order_ranks(n, p, level=level, side=side)
    if high > n and side != "lower":
        needed = runs_for_quantile(p, level=level, side=side)
        raise RefusedError(
            f"{n:,} runs cannot bound the fund for a probability of {p:g} at level {level:g}:"
            f" at least {needed:,} are needed, or importance sampling",
            runs_needed=needed,
        )
    return Estimate(
        value=float(sample[value - 1]),
        low=float(sample[low - 1]) if low else 0.0,
        high=float(sample[high - 1]) if high <= n else math.inf,
        level=level,
        method="crude, order statistics",
        n=n,
        events=n - value,
        unit=unit,
        seconds=seconds,
        variance_reduction=1.0,
        note=note,
    )
