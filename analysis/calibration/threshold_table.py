"""The tail of falls beyond several thresholds: rate, generalised Pareto fit, intervals; and which threshold to take.

Intervals are from a bootstrap of blocks of 30 days, because falls come in clusters. They are pivotal (basic) on the
scales log rate, log beta and log(1 + xi), where the standard errors are nearly constant: plain percentiles of xi, whose
estimate is biased down, hold it in .86-.90 of planted records, these in .92-.94. The rule for the threshold: of those
beyond which MAX_PER_YEAR events a year or fewer lie (beyond lower ones moves of ordinary volatility are counted), the
lowest whose xi lies within the intervals of xi at all higher thresholds of MIN_STABLE events or more.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import AnalysisError
from ..estimators.gpd import fit_excesses, fit_resampled
from ..estimators.intervals import tail_mass
from .price_windows import F64, I64, PriceRows, one_per_run

#: Events a year beyond the thresholds of the table.
RATES = (180, 120, 90, 60, 45, 30, 20, 15, 10)
MAX_PER_YEAR = 90
#: Thresholds are multiples of this log size.
ROUND = 0.0005
MIN_EVENTS, MIN_STABLE = 30, 50
BLOCK_DAYS = 30
BLOCK_MS = BLOCK_DAYS * 86_400_000
MIN_BLOCKS = 12
#: Shapes below count as this on the scale log(1 + xi): there estimates by maximum likelihood are irregular.
MIN_SHAPE = -0.5
#: Sizes (simple, of a fall) for which the law is held against the record.
CHECKED = (0.03, 0.05, 0.085, 0.123)
QUANTITIES = ("rate", "xi", "beta")


@dataclass(frozen=True)
class Resampled:
    """Bootstrap samples of the record.  drawn: (samples, blocks) how often each has a block.  block: (rows,)."""

    drawn: F64
    years: F64  # (samples,)
    block: I64

    def counts(self, events: I64) -> F64:
        """(samples, events) how often each event is in a sample."""
        return np.asarray(self.drawn[:, self.block[events]])


@dataclass(frozen=True)
class TailFit:
    """Falls (or mirrored rises) beyond thresholds.

    table: per threshold: threshold, n, rate per year, xi, beta, each with low and high; NaN without enough blocks.
    chosen: row of the table.  events: (n,) rows of the record at the largest of each run, by the chosen threshold.
    check: per size: recorded and expected number, low, high.  is_stated: the threshold was given.  is_stable: xi of the
    chosen threshold agrees with those of higher ones, as the rule asks.
    """

    table: pd.DataFrame
    chosen: int
    is_stated: bool
    is_stable: bool
    events: I64
    check: pd.DataFrame

    @property
    def law(self) -> "pd.Series[float]":
        """The row of the chosen threshold."""
        return self.table.iloc[self.chosen]

    def over_thresholds(self, name: str) -> tuple[float, float]:
        """Smallest and largest estimate at the chosen threshold and all higher ones of the table."""
        above = self.table[self.table["threshold"] >= self.law["threshold"]][name]
        return float(above.min()), float(above.max())


def resample(rows: PriceRows, *, resamples: int, seed: int) -> Resampled | None:
    """Samples of blocks of the record with replacement; None if it has fewer than MIN_BLOCKS blocks."""
    block = (rows.end_ms - rows.end_ms[0]) // BLOCK_MS
    covered = np.bincount(block, weights=rows.covered_ms) / (365 * 86_400_000)
    held = np.flatnonzero(covered > 0)
    if len(held) < MIN_BLOCKS:
        return None
    drawn = np.random.default_rng(seed).multinomial(len(held), np.full(len(held), 1 / len(held)), size=resamples)
    place = np.zeros(len(covered), np.int64)
    place[held] = np.arange(len(held))
    return Resampled(drawn.astype(np.float64), drawn @ covered[held], place[block])


def fit_tail(
    rows: PriceRows, sizes: F64, *, gap_ms: int, threshold: float | None, resampled: Resampled | None, level: float
) -> TailFit:
    """The tail of `sizes` (n,) at several thresholds, and at a stated one. AnalysisError below MIN_EVENTS events."""
    thresholds = candidate_thresholds(rows, sizes, gap_ms)
    if threshold is not None:
        thresholds = sorted({*thresholds, threshold})
    by_threshold = {u: one_per_run(rows.end_ms, sizes, u, gap_ms) for u in thresholds}
    if threshold is not None and len(by_threshold[threshold]) < MIN_EVENTS:
        found = f"{len(by_threshold[threshold])} beyond {threshold:g}"
        raise AnalysisError(f"a tail needs {MIN_EVENTS} events, found {found}")
    kept = [u for u in thresholds if len(by_threshold[u]) >= MIN_EVENTS]
    if not kept:
        raise AnalysisError(f"a tail needs {MIN_EVENTS} events; the record of {rows.years:.2g} years has fewer")
    table = pd.DataFrame([_row(rows, sizes, u, by_threshold[u], resampled, level) for u in kept])
    chosen, stable = choose(table)
    if threshold is not None:
        chosen = kept.index(threshold)
        stable = is_stable(table, chosen)
    events = by_threshold[kept[chosen]]
    check = _check(rows, sizes, events, table.iloc[chosen], resampled, level)
    return TailFit(table, chosen, threshold is not None, stable, events, check)


def candidate_thresholds(rows: PriceRows, sizes: F64, gap_ms: int) -> list[float]:
    """Multiples of ROUND, rising: for each of RATES the lowest down to which no more events a year lie beyond."""
    finite = sizes[np.isfinite(sizes)]
    found: set[float] = set()
    top = int(np.floor(finite.max() / ROUND)) if len(finite) else 0
    wanted = sorted(RATES)
    for multiple in range(top, 0, -1):
        rate = len(one_per_run(rows.end_ms, sizes, multiple * ROUND, gap_ms)) / rows.years
        while wanted and rate > wanted[0]:
            wanted.pop(0)
            if multiple < top:
                found.add(round((multiple + 1) * ROUND, 6))
        if not wanted:
            break
    return sorted(found)


def choose(table: pd.DataFrame) -> tuple[int, bool]:
    """(row of the recommended threshold, whether it is stable); without a stable one, the lowest of those allowed."""
    allowed = table.index[table["rate"] <= MAX_PER_YEAR]
    candidates = [int(row) for row in (allowed if len(allowed) else table.index[-1:])]
    return next(((row, True) for row in candidates if is_stable(table, row)), (candidates[0], False))


def is_stable(table: pd.DataFrame, row: int) -> bool:
    """Whether xi of a row lies within its intervals at all higher thresholds of MIN_STABLE events or more."""
    higher = table[(table.index > row) & (table["n"] >= MIN_STABLE) & table["xi_low"].notna()]
    xi = table["xi"][row]
    return bool(((higher["xi_low"] <= xi) & (xi <= higher["xi_high"])).all())


def _row(
    rows: PriceRows, sizes: F64, threshold: float, events: I64, resampled: Resampled | None, level: float
) -> dict[str, float]:
    """A row of the table."""
    excesses = sizes[events] - threshold
    xi, beta = fit_excesses(excesses)
    row = {"threshold": threshold, "n": len(events)}
    row |= {"rate": len(events) / rows.years, "xi": float(xi), "beta": float(beta)}
    samples = _samples(excesses, events, resampled)
    for name in QUANTITIES:
        row[f"{name}_low"], row[f"{name}_high"] = _pivotal(name, row[name], samples[name], level)
    return row


def _pivotal(name: str, estimate: float, samples: F64, level: float) -> tuple[float, float]:
    """The interval of an estimate on its own scale: as far to one side as samples lie to the other. NaN without any."""
    onto, back = (_log_shape, np.expm1) if name == "xi" else (np.log, np.exp)
    below, above = percentiles(onto(samples), level)
    twice = 2 * onto(np.asarray(estimate))
    low, high = float(back(twice - above)), float(back(twice - below))
    return (low, high) if np.isnan(low) else (min(low, estimate), max(high, estimate))


def _log_shape(xi: F64) -> F64:
    return np.asarray(np.log1p(np.maximum(xi, MIN_SHAPE)))


def _samples(excesses: F64, events: I64, resampled: Resampled | None) -> dict[str, F64]:
    """Estimates of every sample; empty arrays without samples."""
    if resampled is None:
        return dict.fromkeys(QUANTITIES, np.empty(0))
    counts = resampled.counts(events)
    xi, beta = fit_resampled(excesses, counts)
    return {"rate": counts.sum(axis=1) / resampled.years, "xi": xi, "beta": beta}


def _check(
    rows: PriceRows,
    sizes: F64,
    events: I64,
    law: "pd.Series[float]",
    resampled: Resampled | None,
    level: float,
) -> pd.DataFrame:
    """Recorded and expected numbers of events beyond CHECKED, for those beyond the threshold."""
    threshold = float(law["threshold"])
    samples = _samples(sizes[events] - threshold, events, resampled)
    found = []
    for size in CHECKED:
        x = -np.log1p(-size) - threshold
        if x <= 0:
            continue
        expected = rows.years * law["rate"] * _beyond(x, law["xi"], law["beta"])
        drawn = rows.years * samples["rate"] * _beyond(x, samples["xi"], samples["beta"])
        low, high = percentiles(drawn, level)
        recorded = int((sizes[events] - threshold > x).sum())
        found.append({"size": size, "recorded": recorded, "expected": float(expected), "low": low, "high": high})
    return pd.DataFrame(found, columns=["size", "recorded", "expected", "low", "high"])


def _beyond(x: float, xi: "F64 | float", beta: "F64 | float") -> F64:
    """P(excess > x) of generalised Pareto laws."""
    shape = np.where(np.abs(np.asarray(xi)) < 1e-9, 1e-9, np.asarray(xi, np.float64))
    base = np.maximum(0.0, 1 + shape * x / np.asarray(beta))
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(base > 0, np.exp(-np.log(np.where(base > 0, base, 1.0)) / shape), 0.0))


def percentiles(samples: F64, level: float) -> tuple[float, float]:
    """Ends of the interval from bootstrap samples; NaN without any."""
    known = samples[np.isfinite(samples)]
    if not len(known):
        return float("nan"), float("nan")
    below, above = tail_mass(level, "two")
    low, high = np.quantile(known, (below, 1 - above), method="inverted_cdf")
    return float(low), float(high)
