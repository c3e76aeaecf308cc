"""Fields of records as plain numbers."""

from collections.abc import Sequence

import numpy as np


def fields(rows: np.ndarray, *names: str) -> list[list[int]]:
    """The named fields of each record; all of them without names."""
    return [[int(row[name]) for name in names or rows.dtype.names] for row in rows]


def as_records(lines: Sequence[Sequence[int]], dtype: np.dtype) -> np.ndarray:
    """Records from lines of numbers."""
    return np.array([tuple(line) for line in lines], dtype)
