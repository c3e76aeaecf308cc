"""Skill: how far the run's mark is from a recorded one at the times of the record, against the index alone.

RMSE is the root of the mean squared run / recorded - 1, in basis points, over the times of the record, each with the
last sample of the run at or before it. Skill is 1 - RMSE / RMSE of a null model on the same run (Murphy 1988): 1 is the
record itself, 0 is no better than the null model, below 0 is worse.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .spread import MeanSpread

F64 = npt.NDArray[np.float64]
BP = 10_000


@dataclass(frozen=True)
class RecordedPath:
    """Recorded prices: name and source, the window in words, time in ms since the run's start (n,), price (n,)."""

    name: str
    source: str
    window: str
    time_ms: F64
    price: F64


@dataclass(frozen=True)
class SkillScore:
    """The RMSE of one record in bp over the runs: of the model and of each null model (None: no value), with skill."""

    scenario: str
    record: str
    source: str
    window: str
    n_points: int
    used_for: tuple[str, ...]
    model: MeanSpread | None
    nulls: dict[str, MeanSpread | None]
    skill: MeanSpread | None
    runs_nearer: int
    n: int


def at_times(time_ms: F64, price: F64, times: F64) -> F64:
    """The last sample at or before each time; the first one before any."""
    return np.asarray(price[np.maximum(np.searchsorted(time_ms, times, side="right") - 1, 0)])


def rmse_bp(time_ms: F64, price: F64, record: RecordedPath) -> float:
    """RMSE of a path (n,) against a record, bp."""
    gap = at_times(time_ms, price, record.time_ms) / record.price - 1
    return float(np.sqrt(np.mean(gap**2))) * BP


def skill_of(model: float, null: float) -> float:
    """1 - model / null; NaN if the null model is the record itself."""
    return 1 - model / null if null else float("nan")
