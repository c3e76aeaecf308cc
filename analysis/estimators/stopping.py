"""When to stop drawing runs: at a number of events, or at a width; and the estimate that stopping leaves unbiased.

Stopping when the interval looks narrow stops early on lucky samples: 0.940 instead of 0.95 at 10% half-width. Stopping
at a fixed number of events does not: (k-1)/(n-1) is unbiased, and its interval exact (Haldane, Biometrika 33, 1945).
"""

import math

from scipy import stats

from .estimate import Estimate
from .intervals import normal_quantile, tail_mass


def events_for(relative_half_width: float, *, level: float = 0.95) -> int:
    """Events at which the half-width is this share of a small probability: (z / w)^2, 385 for 10% at 0.95."""
    if relative_half_width <= 0:
        raise ValueError(f"relative_half_width must be positive, found {relative_half_width}")
    return math.ceil((normal_quantile(level) / relative_half_width) ** 2)


def stopped_at_events(
    events: int, n: int, *, level: float = 0.95, seconds: float = math.nan, note: str = ""
) -> Estimate:
    """The probability when runs were drawn until the `events`-th event, which came in run n: (k-1)/(n-1)."""
    if not 2 <= events <= n:
        raise ValueError(f"inverse sampling needs at least 2 events in no more runs, found {events} in {n}")
    below, above = tail_mass(level, "two")
    # P(N <= n | low) and P(N >= n | high) are the tails: k or more in n runs, fewer than k in n - 1.
    low = float(stats.beta.ppf(below, events, n - events + 1))
    high = float(stats.beta.isf(above, events, n - events)) if n > events else 1.0
    value = (events - 1) / (n - 1)
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=level,
        method="crude, stopped at events",
        n=n,
        events=events,
        seconds=seconds,
        variance_reduction=1.0,
        note=note,
    )


def is_narrow(
    estimate: Estimate, *, relative: float | None = None, absolute: float | None = None, min_events: int = 30
) -> bool:
    """Whether an estimate is as narrow as asked in every width that is given, and rests on enough events.

    Looked at after every batch it makes intervals cover a little less than they say: prefer a count of events.
    """
    if relative is None and absolute is None:
        raise ValueError("give a relative or an absolute half-width")
    if 0 <= estimate.events < min_events:
        return False
    if relative is not None and estimate.relative_half_width > relative:
        return False
    return absolute is None or estimate.half_width <= absolute


def runs_to_go(events: int, n: int, target_events: int, *, most: int) -> int:
    """A guess at the runs still missing to `target_events`, at least 1 and at most `most`; `most` without any event."""
    if events >= target_events:
        return 0
    return most if events == 0 else min(most, max(1, math.ceil((target_events - events) * n / events)))
