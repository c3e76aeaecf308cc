"""Recorded prices, which a run is compared with and never takes as input: read from the resolved config.

They are in `comparisons` of the config: name, market, quantity (mark or index), source, note, points of utc and price.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from .errors import AnalysisError
from .run_folder import RunFolder

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


class Comparison(NamedTuple):
    """One recorded series inside the run's span of time."""

    name: str
    market: str
    quantity: str  # mark or index: the quantity of the run that is compared
    source: str
    note: str
    time_ms: I64  # since the run's start
    price: F64


class Distance(NamedTuple):
    """The run compared with a record at the times of the record; all prices in quote units."""

    recorded_low: float
    run_low: float  # lowest at any sample of the run inside the record's span
    mean_gap: float  # mean of |run / recorded - 1|
    worst_gap: float  # the run / recorded - 1 with the largest absolute value


def read_comparisons(run: RunFolder) -> list[Comparison]:
    """All recorded series of the run's config, each cut to the run's time span; those outside it are left out."""
    entries = run.config.get("comparisons") or []
    read = [_read(run, entry) for entry in entries]
    return [comparison for comparison in read if len(comparison.time_ms)]


def _read(run: RunFolder, entry: Mapping[str, Any]) -> Comparison:
    if run.start_utc is None:
        raise AnalysisError(f"{run.path}: comparisons need start_utc in manifest.json")
    try:
        utc = [_as_utc(point["utc"]) for point in entry["points"]]
        price = np.array([float(point["price"]) for point in entry["points"]])
    except (KeyError, TypeError, ValueError) as error:
        raise AnalysisError(f"{run.path}/config.yaml: comparison {entry.get('name')}: bad point: {error}") from error
    time = np.array([round((moment - run.start_utc).total_seconds() * 1_000) for moment in utc], dtype=np.int64)
    inside = (time >= 0) & (time <= int(run.run["duration_ms"]))
    texts = {key: str(entry.get(key) or "") for key in ("name", "market", "quantity", "source", "note")}
    return Comparison(**texts, time_ms=time[inside], price=price[inside])


def _as_utc(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def measure(comparison: Comparison, series: pd.DataFrame) -> Distance:
    """Compare a record with the samples of its market, each recorded price with the last sample at or before it."""
    time = series["time_ms"].to_numpy(dtype=np.int64)
    price = series[f"{comparison.quantity}_price"].to_numpy(dtype=np.float64)
    at = np.maximum(np.searchsorted(time, comparison.time_ms, side="right") - 1, 0)
    gap = price[at] / comparison.price - 1
    inside = (time >= comparison.time_ms[0]) & (time <= comparison.time_ms[-1])
    span = price[inside] if inside.any() else price[at]
    return Distance(
        recorded_low=float(comparison.price.min()),
        run_low=float(np.nanmin(span)),
        mean_gap=float(np.nanmean(np.abs(gap))),
        worst_gap=float(gap[np.nanargmax(np.abs(gap))]),
    )
