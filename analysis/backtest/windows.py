"""A history of draws in windows as long as the horizon: from a daily balance, or from reports of single draws.

Windows do not overlap and are counted back from the end of the history; what is left at its beginning is not used. The
draw of a window is the largest fall of the balance, without money from outside, below its value at the window's start:
the required fund of a window, with daily balances for moments. Draws are shares of open interest where that is known,
else amounts. A draw that is known only within a range has two ends, and one that nobody would have reported is not
zero: below the reporting threshold of a record nothing is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import AnalysisError

F64 = npt.NDArray[np.float64]
#: A window starts at a balance at most this many days old, and a balance or open interest is missing if it is older.
MAX_GAP_DAYS = 3
#: Units that are taken as one.
DOLLARS = ("USD", "USDT", "USDC")


@dataclass(frozen=True)
class Report:
    """A reported draw, as a share of open interest between low and high.  event: its name."""

    day: date
    low: float
    high: float
    event: str


@dataclass(frozen=True)
class Windows:
    """Draws of n windows of `days` days.

    low, high: (n,) ends of each draw, shares of open interest, or amounts in `unit` where there are none.
    threshold: below it an unreported draw is not known to be zero; 0 for balances.  events: name of each reported draw
    and its window.  source: what the history is.  notes: what was left out and why.
    """

    low: F64
    high: F64
    days: float
    starts: tuple[date, ...]
    threshold: float
    unit: str
    source: str
    events: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """ValueError for ends that contradict each other, AnalysisError without a window."""
        if self.low.shape != self.high.shape or np.any(self.low > self.high) or np.any(self.low < 0):
            raise ValueError("draws must be 0 or more, with low <= high")
        if self.n == 0:
            raise AnalysisError(f"{self.source}: is shorter than one window of {self.days:g} days")

    @property
    def n(self) -> int:
        """Number of windows."""
        return len(self.low)

    @property
    def are_shares(self) -> bool:
        """Whether draws are shares of open interest."""
        return self.unit == ""

    def beyond(self, size: float) -> tuple[int, int]:
        """Smallest and largest possible number of windows with a draw above `size`."""
        least = int(np.count_nonzero(self.low > size))
        if size < self.threshold:
            return least, int(np.count_nonzero((self.high > size) | (self.high <= self.threshold)))
        return least, int(np.count_nonzero(self.high > size))

    def without(self, event: str) -> "Windows":
        """The windows without the one in which an event happened."""
        gone = {window for name, window in self.events if name == event}
        kept = [k for k in range(self.n) if k not in gone]
        place = {old: new for new, old in enumerate(kept)}
        return replace(
            self,
            low=self.low[kept],
            high=self.high[kept],
            starts=tuple(self.starts[k] for k in kept),
            events=tuple((name, place[k]) for name, k in self.events if k in place),
        )


def of_reports(
    reports: Sequence[Report], *, start: date, end: date, days: float, threshold: float, source: str
) -> Windows:
    """The windows of a record that reports draws between `start` and `end`, and none elsewhere.

    Two reports in one window: its draw is at least the larger and at most their sum. AnalysisError if the record is
    shorter than a window.
    """
    n = int((end - start).days // days)
    if n < 1:
        raise AnalysisError(f"{source}: {start} to {end} is shorter than one window of {days:g} days")
    low, high = np.zeros(n), np.zeros(n)
    events = []
    for report in reports:
        back = (end - report.day).days / days
        if not 0 <= back < n:
            continue
        k = n - 1 - int(back)
        low[k], high[k] = max(low[k], report.low), high[k] + report.high
        events.append((report.event, k))
    starts = tuple(end - timedelta(days=days * (n - k)) for k in range(n))
    return Windows(low, high, days, starts, threshold, "", source, tuple(events))


def of_balances(history: pd.DataFrame, *, days: float, source: str, units: dict[str, str], asset: str) -> Windows:
    """The windows of a daily balance.

    history: index of days (DatetimeIndex, rising), columns balance and, where known, injected and open_interest, NaN
    where not known.  units: of each column.  asset: unit of the model's amounts, for a history without open interest.
    AnalysisError if the windows are shorter than a day, the history shorter than a window, or no unit fits.
    """
    if days < 1:
        raise AnalysisError(f"{source}: has one value a day, the window is {days * 24:g} hours")
    if history.empty or "balance" not in history or history["balance"].notna().sum() < 2:
        raise AnalysisError(f"{source}: needs a column balance with two days or more")
    in_shares = "open_interest" in history and are_one_unit(units["balance"], units["open_interest"])
    if not in_shares and not are_one_unit(units["balance"], asset):
        raise AnalysisError(
            f"{source}: balances in {units['balance']} cannot be compared with {asset}: add open_interest in"
            f" {units['balance']}"
        )
    own = _own_balance(history)
    end = own.index[-1]
    n = int((end - own.index[0]).days // days)
    found, left_out = [], 0
    for k in range(n):
        start = end - pd.Timedelta(days=days * (n - k))
        draw = _draw(own, start, start + pd.Timedelta(days=days))
        base = _as_of(history["open_interest"], start) if in_shares else 1.0
        if draw is None or base is None or not base > 0:
            left_out += 1
        else:
            found.append((start.date(), draw / base))
    draws = np.array([draw for _, draw in found], np.float64)
    notes = []
    if left_out:
        notes.append(f"{left_out} windows left out: more than {MAX_GAP_DAYS} days without a balance or open interest")
    if not in_shares:
        notes.append("no open interest: draws are compared as amounts with the model at its open interest")
    starts = tuple(day for day, _ in found)
    unit = "" if in_shares else asset
    return Windows(draws, draws.copy(), days, starts, 0.0, unit, source, notes=tuple(notes))


def _own_balance(history: pd.DataFrame) -> pd.Series:
    """Balance without the money that came from outside so far, days with a balance only."""
    injected = history["injected"].fillna(0).cumsum() if "injected" in history else 0.0
    return (history["balance"] - injected).dropna()


def _draw(own: pd.Series, start: pd.Timestamp, end: pd.Timestamp) -> float | None:
    """Largest fall below the balance at `start` until `end`; None if more days in a row are missing than may be."""
    first = _as_of(own, start)
    inside = own[(own.index > start) & (own.index <= end)]
    if first is None or inside.empty:
        return None
    known = [start, *inside.index, end]
    if max((b - a).days - 1 for a, b in pairwise(known)) > MAX_GAP_DAYS:
        return None
    return max(0.0, first - float(inside.min()))


def _as_of(values: pd.Series, moment: pd.Timestamp) -> float | None:
    """The last known value, if it is not too old."""
    known = values[values.index <= moment].dropna()
    if known.empty or (moment - known.index[-1]).days > MAX_GAP_DAYS:
        return None
    return float(known.iloc[-1])


def are_one_unit(first: str, second: str) -> bool:
    """Whether amounts in both units may be compared as they are."""
    return first == second or (first in DOLLARS and second in DOLLARS)


def gap_notes(history: pd.DataFrame) -> list[str]:
    """A line about missing days of the balance; none if there are none."""
    known = history["balance"].dropna().index
    steps = [(b - a).days - 1 for a, b in pairwise(known)]
    missing = sum(steps)
    if not missing:
        return []
    return [f"{missing} days have no balance, up to {max(steps)} in a row: falls on them are seen only in what is left"]
