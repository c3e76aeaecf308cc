"""The concentration of falls: the share of a fall that comes within a delay, and how it differs between falls.

A fall is from its first price to its low, within a window (`price_windows.py`). Its share within a delay is its largest
part within any window of that length, by the same definition, over the whole fall, both in log.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .price_windows import F64, I64, PriceRows, largest_falls
from .threshold_table import Resampled, percentiles

DELAYS_S = (1, 5, 10, 30, 60, 300)
#: With fewer falls neither a spread nor an interval of the mean is worth printing without a warning.
MIN_FALLS = 10
QUANTILES = {"low": 0.1, "median": 0.5, "high": 0.9}


@dataclass(frozen=True)
class FallShares:
    """shares: (falls, delays), NaN where a hole is longer than the delay.  at_most: no larger part is possible.

    delays_s: those that the spacing of the rows allows.  table: per delay: n, mean with interval, spread (standard
    deviation over falls), at_most (mean), 10%, 50% and 90% of falls, holes (falls left out).
    """

    delays_s: tuple[int, ...]
    shares: F64
    at_most: F64
    table: pd.DataFrame


def shares_within(
    rows: PriceRows, sizes: F64, begin: I64, events: I64, *, resampled: Resampled | None, level: float
) -> FallShares:
    """Shares of the falls that end at rows `events` and begin at `begin[events]`.  sizes, begin: of `largest_falls`."""
    delays = tuple(delay for delay in DELAYS_S if 1000 * delay >= rows.step_ms)
    shares, at_most = np.full((len(events), len(delays)), np.nan), np.full((len(events), len(delays)), np.nan)
    for number, event in enumerate(events.tolist()):
        part = rows.part(int(begin[event]), event)
        hole = int((part.start_ms[1:] - part.end_ms[:-1]).max(initial=0))
        for place, delay in enumerate(delays):
            if hole > 1000 * delay:
                continue
            inside, _ = largest_falls(part, 1000 * delay)
            wider, _ = largest_falls(part, 1000 * delay + rows.step_ms, from_high=True)
            shares[number, place] = max(0.0, inside.max()) / sizes[event]
            at_most[number, place] = min(1.0, wider.max() / sizes[event])
    table = pd.DataFrame([
        _row(delay, shares[:, place], at_most[:, place], events, resampled, level)
        for place, delay in enumerate(delays)
    ], columns=COLUMNS)  # fmt: skip
    return FallShares(delays, shares, at_most, table)


COLUMNS = ("delay_s", "n", "mean", "mean_low", "mean_high", "spread", "at_most", *QUANTILES, "holes")


def _row(
    delay: int, shares: F64, at_most: F64, events: I64, resampled: Resampled | None, level: float
) -> dict[str, float]:
    """A row of the table; the interval is percentiles over blocks of 30 days, NaN below MIN_FALLS falls."""
    known = np.flatnonzero(np.isfinite(shares))
    n = len(known)
    row: dict[str, float] = {"delay_s": delay, "n": n, "holes": len(shares) - n}
    if not n:
        return row | dict.fromkeys(COLUMNS[2:-1], float("nan"))
    held = shares[known]
    low, high = float("nan"), float("nan")
    if n >= MIN_FALLS and resampled is not None:
        counts = resampled.counts(events[known])
        total = counts.sum(axis=1)
        low, high = percentiles(counts[total > 0] @ held / total[total > 0], level)
    row |= {"mean": float(held.mean()), "mean_low": low, "mean_high": high}
    row |= {"spread": float(held.std(ddof=1)) if n > 1 else float("nan"), "at_most": float(at_most[known].mean())}
    return row | {name: float(np.quantile(held, q)) for name, q in QUANTILES.items()}
