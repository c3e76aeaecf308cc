"""Units of the times of a price file: milliseconds, or microseconds, which are divided; anything else is refused.

A time since 1970 shows its unit by its size, because no derivatives market is older than 1973: seconds lie between 1e8
and 1e11, milliseconds up to 1e14, microseconds up to 1e17, nanoseconds above. Times that start below 1e8 are taken as
milliseconds since some start; a change of unit in the file shows as spacing that jumps by 1,000.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...cells import Faults
from .skeleton import I64

#: First time of each unit, and the factor that makes it milliseconds.
UNITS = (
    ("seconds", 10**8, "multiply by 1000"),
    ("milliseconds", 10**11, ""),
    ("microseconds", 10**14, "divide by 1000"),
    ("nanoseconds", 10**17, "divide by 1000000"),
)
MAX_TIME = 10**14
_NAMES = [name for name, _, _ in UNITS]
#: A spacing this many times that of all rows before it, for the rest of the file, is another unit.
JUMP = 100
#: ... if the usual spacings are 1,000 apart, within this.
NEAR = 0.1


def in_ms(path: Path, rows: Sequence[int], times: Sequence[int]) -> I64:
    """Times as whole milliseconds; InputDataError with the factor for seconds, nanoseconds and mixed units.

    rows: their rows in the file.  times: as written, at least two.
    """
    faults = Faults(path)
    first = unit_of(times[0])
    for row, time in zip(rows, times, strict=True):
        if first is None and abs(time) >= MAX_TIME:
            faults.add(row, "time must be milliseconds within 3,000 years of the first", f", found {time}")
    faults.require_none()
    if first is None:
        _require_one_spacing(faults, rows, times)
    else:
        _require_one_unit(faults, rows, times, first)
    faults.require_none()
    if first != _NAMES.index("microseconds"):
        return np.array(times, np.int64)
    for row, time in zip(rows, times, strict=True):
        if time % 1000:
            faults.add(row, "a time in microseconds is not whole milliseconds", f", found {time}")
    faults.require_none()
    return np.array([time // 1000 for time in times], np.int64)


def unit_of(time: int) -> int | None:
    """Number of the unit that a time since 1970 has by its size; None for one that may count from any start."""
    sizes = [start for _, start, _ in UNITS]
    return None if time < sizes[0] else max(i for i, start in enumerate(sizes) if time >= start)


def _require_one_unit(faults: Faults, rows: Sequence[int], times: Sequence[int], first: int) -> None:
    name, _, factor = UNITS[first]
    if name in ("seconds", "nanoseconds"):
        faults.add(rows[0], f"times must be milliseconds since 1970; these look like {name}: {factor}")
    for row, time in zip(rows, times, strict=True):
        unit = unit_of(time)
        if unit != first:
            other = "a number of another unit" if unit is None else UNITS[unit][0]
            text = f"times must have one unit; the file starts in {name}, this row looks like {other}"
            faults.add(row, text, f" (found {time})")


def _require_one_spacing(faults: Faults, rows: Sequence[int], times: Sequence[int]) -> None:
    """Refuse a file whose spacing jumps by 1,000 at one row and stays there."""
    steps = np.diff(np.array([float(time) for time in times]))
    if len(steps) < 4 or steps.min() <= 0:
        return
    before = np.maximum.accumulate(steps)[1:-2]  # the largest of the first two or more, and so on
    after = np.minimum.accumulate(steps[::-1])[::-1][2:-1]  # the smallest of the rest, two or more
    found = np.flatnonzero(after >= JUMP * before)
    if not len(found):
        return
    place = int(found[0]) + 2
    ratio = float(np.median(steps[place:]) / np.median(steps[:place]))
    if abs(ratio / 1000 - 1) <= NEAR:
        faults.add(
            rows[place + 1],
            "times must have one unit; from here on they are 1000 times as far apart as before: multiply the rows"
            " before by 1000",
        )
