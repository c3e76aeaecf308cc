"""Fewer points for a trace without losing its extremes: each bucket of samples keeps its lowest and its highest."""

from typing import Any

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]

MAX_POINTS = 2_000


def keep_extremes(values: Any, limit: int = MAX_POINTS) -> I64:
    """Return sorted indices of at most `limit` samples: the first, the last, and every bucket's minimum and maximum.

    values: (n,) numbers, NaN without observation.  With n <= limit all indices are returned; limit >= 4.
    """
    if limit < 4:
        raise ValueError(f"limit must be at least 4, was {limit}")
    column = np.asarray(values, dtype=np.float64)
    n = len(column)
    if n <= limit:
        return np.arange(n)
    edges = np.linspace(0, n, (limit - 2) // 2 + 1).astype(np.int64)
    starts = edges[:-1]
    lowest = _first_where(column, np.fmin.reduceat(column, starts), edges)
    highest = _first_where(column, np.fmax.reduceat(column, starts), edges)
    return np.unique(np.concatenate([[0], lowest, highest, [n - 1]]))


def _first_where(column: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64], edges: I64) -> I64:
    """First index in each bucket with the requested value; the bucket's start if the bucket has no numbers."""
    target = np.repeat(wanted, np.diff(edges))
    hits = np.flatnonzero(column == target)
    bucket = np.searchsorted(edges, hits, side="right") - 1
    first = edges[:-1].copy()
    first[bucket[::-1]] = hits[::-1]
    return first
