"""Falls within rolling windows of a recorded price, and one event per run of them.

One definition for windows of every length: the fall at a row is the largest log move from the first price of any row
(the open of a candle) that begins within the window, down to the row's low. A row belongs to a window as a whole. Rises
are falls of the mirrored price. Holes need no care here: windows are of time, not of rows.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..errors import AnalysisError

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
YEAR_MS = 365 * 86_400_000


@dataclass(frozen=True)
class PriceRows:
    """Log prices by row, in order of time.

    start_ms, end_ms: (n,) what a row covers, equal for a single price.  first, high, low: (n,) logs; first is NaN where
    not known.  covered_ms: (n,) time that is not in a hole.  step_ms: usual spacing of the rows.
    """

    start_ms: I64
    end_ms: I64
    first: F64
    high: F64
    low: F64
    covered_ms: I64
    step_ms: int

    @property
    def years(self) -> float:
        """Years of 365 days that are covered."""
        return float(self.covered_ms.sum()) / YEAR_MS

    def mirrored(self) -> "PriceRows":
        """The same rows with rises as falls."""
        return replace(self, first=-self.first, high=-self.low, low=-self.high)

    def part(self, begin: int, end: int) -> "PriceRows":
        """Rows begin to end, the last included."""
        inside = slice(begin, end + 1)
        return PriceRows(
            self.start_ms[inside], self.end_ms[inside], self.first[inside], self.high[inside], self.low[inside],
            self.covered_ms[inside], self.step_ms,
        )  # fmt: skip


def largest_falls(rows: PriceRows, window_ms: int, *, from_high: bool = False) -> tuple[F64, I64]:
    """(n,) largest log fall within a window that ends with each row, and the row where it begins (the latest if equal).

    -inf where no first price is known in the window.  from_high: from the high of a row instead of its first price, so
    that no fall within the window is larger. AnalysisError if a row is longer than the window.
    """
    if np.any(rows.end_ms - rows.start_ms > window_ms):
        raise AnalysisError(f"rows of {rows.step_ms / 1e3:g} s are longer than the window of {window_ms / 1e3:g} s")
    tops = rows.high if from_high else np.where(np.isnan(rows.first), -np.inf, rows.first)
    left = np.searchsorted(rows.start_ms, rows.end_ms - window_ms, side="left")
    begin = _latest_maximum(tops, left)
    return tops[begin] - rows.low, begin


def _latest_maximum(values: F64, left: I64) -> I64:
    """(n,) index of the maximum of values[left[i] .. i], the latest of equal ones.

    Two ranges of a power of two cover each range, so tables of such ranges are enough: n log n.
    """
    n = len(values)
    place = np.arange(n)
    level = np.frexp(place - left + 1.0)[1] - 1
    table, found = place.copy(), place.copy()
    for power in range(int(level.max()) + 1):
        width = 1 << power
        chosen = np.flatnonzero(level == power)
        earlier, later = table[left[chosen]], table[chosen - width + 1]
        found[chosen] = np.where(values[later] >= values[earlier], later, earlier)
        if width < len(table):
            table = np.where(values[table[width:]] >= values[table[:-width]], table[width:], table[:-width])
    return found


def one_per_run(end_ms: I64, sizes: F64, threshold: float, gap_ms: int) -> I64:
    """Rows of the largest size of each run beyond the threshold (the first of equal ones).

    A run ends where the next row beyond the threshold ends more than `gap_ms` later.
    """
    beyond = np.flatnonzero(sizes > threshold)
    if not len(beyond):
        return beyond
    run = np.concatenate([[0], np.cumsum(np.diff(end_ms[beyond]) > gap_ms)])
    order = np.lexsort((beyond, -sizes[beyond], run))
    firsts = np.concatenate([[True], np.diff(run[order]) > 0])
    return np.sort(beyond[order[firsts]])
