"""Timing: in which step of a record the mark falls most, and in which clock minute most is liquidated.

Steps and minutes are named by their start, in ms since 1970 UTC. The earlier one counts where two are equal.
"""

from dataclasses import dataclass

import numpy as np

from .skill import F64, RecordedPath, at_times
from .spread import MeanSpread

MINUTE_MS = 60_000


@dataclass(frozen=True)
class TimingScore:
    """One time of the record against the runs.

    what: in words.  recorded_ms: start of the recorded minute, since 1970.  minutes: start of that of each run, since
    1970, None where a run has none; nulls: those of the null models.  late: mean of run - record in minutes.
    """

    scenario: str
    what: str
    source: str
    recorded_ms: int
    minutes: tuple[int | None, ...]
    nulls: dict[str, tuple[int | None, ...]]
    late: MeanSpread | None


def steepest_step(price: F64) -> int:
    """The position i of the largest fall from price[i] to price[i + 1], relative; at least two prices."""
    return int(np.argmin(price[1:] / price[:-1]))


def largest_fall_ms(time_ms: F64, price: F64, record: RecordedPath) -> int:
    """Start of the largest fall of a path over the steps of a record, ms since the run's start."""
    return int(record.time_ms[steepest_step(at_times(time_ms, price, record.time_ms))])


def is_minutely(record: RecordedPath) -> bool:
    """Whether the record has a price for every minute, so that it can be asked for one."""
    return len(record.time_ms) > 2 and bool(np.all(np.diff(record.time_ms) == MINUTE_MS))


def busiest_minute_ms(time_ms: F64, total: F64, start_ms: int) -> int | None:
    """Start of the clock minute in which a running total (n,) rises most, ms since 1970; None if it never rises.

    start_ms: start of the run since 1970. A rise between two samples belongs to the minute of the later one: samples at
    a full minute still belong to the minute before.
    """
    rises = np.diff(total)
    if not np.any(rises > 0):
        return None
    minutes = np.asarray((time_ms[1:] + start_ms - 1) // MINUTE_MS, np.int64)
    first = int(minutes[0])
    sums = np.bincount(minutes - first, weights=rises)
    return (first + int(np.argmax(sums))) * MINUTE_MS
