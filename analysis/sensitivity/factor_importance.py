"""Feature importance by one stated rule, for any design whose inputs vary independently (random, Latin, Sobol).

The rule: cut an input's values into bins of equal counts; its importance is the share of the variance of the outcome
that lies between bins, less the share expected by chance (adjusted R2 of a one-way analysis of variance). It
estimates the first-order Sobol index without a special design; it does not include effects that appear only in
interactions. Spearman's rank correlation gives the direction. Intervals: bootstrap of points (percentiles, moved by
the bias that the bootstrap shows: points drawn twice look like variance between bins).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from ..errors import AnalysisError
from ..estimators.intervals import tail_mass
from .design_table import F64, I64, design_table, is_numeric

MIN_IN_BIN = 10
MAX_BINS = 20
VARIANCE_SHARE = "variance share"
RANK_CORRELATION = "rank correlation"


def importance(
    points: pd.DataFrame,
    runs: pd.DataFrame,
    outcome: str,
    *,
    inputs: Sequence[str] | None = None,
    arm: int | None = None,
    level: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
) -> pd.DataFrame:
    """Rows: input, measure (variance share; rank correlation, numeric inputs only), value, low, high, level, n, method.

    The outcome of a point is the mean of its replications; n counts points. Most important input first. What an input
    with a condition explains includes whether it applies.
    AnalysisError below two bins of MIN_IN_BIN points, or for points that are drawn in blocks.
    """
    sample = design_table(points, runs, outcome, inputs=inputs, arm=arm, exact_for="importance measures").complete()
    response, n = sample.values.mean(axis=1), len(sample.values)
    if n < 2 * MIN_IN_BIN:
        raise AnalysisError(f"importance needs {2 * MIN_IN_BIN} points with all their runs, found {n}")
    if len(np.unique(sample.unit)) < n:
        raise AnalysisError("points of this design are drawn in blocks (Saltelli): use Sobol indices instead")
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, n, size=(resamples, n))
    rows = []
    for name in sample.names:
        column = sample.inputs[name]
        bins = bins_of(column)
        shares = np.array([variance_share(bins[rows_], response[rows_]) for rows_ in drawn])
        rows.append(_row(name, VARIANCE_SHARE, variance_share(bins, response), shares, f"{bins.max() + 1} bins"))
        if is_numeric(column):
            x = column.to_numpy(np.float64)
            ranks = np.array([_spearman(x[rows_], response[rows_]) for rows_ in drawn])
            rows.append(_row(name, RANK_CORRELATION, _spearman(x, response), ranks, "Spearman"))
    frame = _with_bounds(rows, level=level, n=n)
    order = frame[frame["measure"] == VARIANCE_SHARE].sort_values("value", ascending=False, kind="stable")["input"]
    rank = {name: place for place, name in enumerate(order)}
    return frame.sort_values("input", key=lambda names: names.map(rank), kind="stable").reset_index(drop=True)


def bins_of(column: pd.Series) -> I64:
    """Bin of each point: labels (and few values) as they are, else bins of equal counts.

    As many as leave MIN_IN_BIN points each, MAX_BINS at most. Points where the input does not apply are one more.
    """
    codes = pd.factorize(column, sort=is_numeric(column), use_na_sentinel=False)[0].astype(np.int64)
    applies = column.notna().to_numpy()
    n = int(applies.sum())
    most = max(2, min(MAX_BINS, n // MIN_IN_BIN))
    if not is_numeric(column) or column.nunique() <= most:
        return np.asarray(codes)
    ranks = stats.rankdata(column[applies].to_numpy(np.float64), method="min") - 1
    bins = np.full(len(column), most, np.int64)
    bins[applies] = (ranks * most / n).astype(np.int64)
    return np.asarray(pd.factorize(bins, sort=True)[0], np.int64)


def variance_share(bins: I64, response: F64) -> float:
    """Share of the variance between bins less the share expected by chance: 1 - (SS within / (n - b)) / (SS all / (n -
    1)).

    Source: adjusted R2, "epsilon squared" (Kelley, PNAS 21, 1935). NaN where nothing varies.
    """
    n = len(response)
    counts = np.bincount(bins)
    used = int((counts > 0).sum())
    centred = response - response.mean()
    total = float(centred @ centred)
    sums = np.bincount(bins, weights=centred)
    between = float((sums[counts > 0] ** 2 / counts[counts > 0]).sum())
    if total <= 0 or n <= used:
        return float("nan")
    return 1 - (total - between) / (n - used) / (total / (n - 1))


def _spearman(x: F64, y: F64) -> float:
    """Of the points where x is a number."""
    there = np.isfinite(x)
    a, b = stats.rankdata(x[there]), stats.rankdata(y[there])
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else float("nan")


def _row(name: str, measure: str, value: float, drawn: F64, method: str) -> dict[str, object]:
    return {"input": name, "measure": measure, "value": value, "drawn": drawn, "method": f"{measure}, {method}"}


def _with_bounds(rows: list[dict[str, object]], *, level: float, n: int) -> pd.DataFrame:
    below, above = tail_mass(level, "two")
    frame = pd.DataFrame(rows)
    value = frame["value"].to_numpy(np.float64)
    drawn = frame.pop("drawn")
    bounds = np.array([_percentiles(own, at, below, 1 - above) for own, at in zip(drawn, value, strict=True)])
    frame["low"], frame["high"] = np.minimum(bounds[:, 0], value), np.maximum(bounds[:, 1], value)
    frame["level"], frame["n"] = level, n
    return frame[["input", "measure", "value", "low", "high", "level", "n", "method"]]


def _percentiles(drawn: F64, value: float, low: float, high: float) -> F64:
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return np.full(2, np.nan)
    return np.asarray(np.quantile(known, (low, high)) - (known.mean() - value))
