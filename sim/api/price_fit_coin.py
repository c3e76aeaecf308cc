"""The fit of one coin's prices: falls and rises within rolling 60 minutes, their tail, their shares within delays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from ..errors import InputDataError
from ..history.price_series import PriceSeries, read_series
from . import _analysis as analysis

if TYPE_CHECKING:
    PriceRows = analysis.PriceRows
    TailFit = analysis.TailFit
    FallShares = analysis.FallShares

Side = Literal["falls", "rises"]
WINDOW_MS = 3_600_000
#: Log size beyond which falls are taken where a record is too short for a tail.
SHORT_RECORD = 0.0275
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Settings:
    """gap_ms: between runs.  threshold: log size, None: by the rule.  resamples, seed: of the bootstrap."""

    gap_ms: int
    threshold: float | None
    level: float
    resamples: int
    seed: int


@dataclass(frozen=True)
class SideFit:
    """Falls or rises of a coin.

    rows: the record, mirrored for rises.  sizes, begin: (n,) of windows that end with each row.  tail: None where the
    record is too short, as `refusal` says.  threshold: beyond which `events` (rows) lie.  at_most: events that finer
    rows could show; None where rows are short.
    """

    side: Side
    rows: "PriceRows"
    sizes: "analysis.F64"
    begin: "analysis.I64"
    tail: "TailFit | None"
    refusal: str
    threshold: float
    events: "analysis.I64"
    shares: "FallShares"
    at_most: int | None

    @property
    def largest(self) -> pd.DataFrame:
        """Events by size: start, end (UTC), size (log), and the share within each delay."""
        order = self.events[np.argsort(-self.sizes[self.events], kind="stable")]
        place = np.argsort(-self.sizes[self.events], kind="stable")
        frame = pd.DataFrame(
            {
                "start": pd.to_datetime(self.rows.start_ms[self.begin[order]], unit="ms", utc=True),
                "end": pd.to_datetime(self.rows.end_ms[order], unit="ms", utc=True),
                "size": self.sizes[order],
            }
        )
        for column, delay in enumerate(self.shares.delays_s):
            frame[f"within_{delay}s"] = self.shares.shares[place, column]
        return frame


@dataclass(frozen=True)
class CoinFit:
    """name: as given, empty for the only coin.  sides: in the order in which they were asked for."""

    name: str
    series: PriceSeries
    years: float
    sides: tuple[SideFit, ...]
    notes: tuple[str, ...]

    @property
    def source(self) -> str:
        """Names of the files."""
        return ", ".join(path.name for path in self.series.paths)


def fit_coin(name: str, paths: Sequence[Path], sides: Sequence[Side], settings: Settings) -> CoinFit:
    """Fit the prices in files of one coin; InputDataError if nothing can be fitted."""
    series = read_series(paths)
    first, high, low, _ = np.log(series.prices).T
    rows = analysis.PriceRows(
        series.start_ms, series.end_ms, first, high, low, series.covered_ms, series.step_ms
    )  # fmt: skip
    resampled = analysis.resample(rows, resamples=settings.resamples, seed=settings.seed)
    with analysis.clearsim_errors(InputDataError):
        try:
            fitted = tuple(_fit_side(side, rows, resampled, settings) for side in sides)
        except analysis.AnalysisError as error:
            raise InputDataError(f"{paths[0]}: {error}") from error
    if all(side.tail is None and not len(side.events) for side in fitted):
        raise InputDataError(f"{paths[0]}: nothing to fit: {fitted[0].refusal}, and no move beyond {SHORT_RECORD:g}")
    notes = [*series.notes, *_notes(rows, resampled, fitted)]
    return CoinFit(name, series, rows.years, fitted, tuple(notes))


def _fit_side(side: Side, rows: "PriceRows", resampled: "analysis.Resampled | None", settings: Settings) -> SideFit:
    rows = rows if side == "falls" else rows.mirrored()
    sizes, begin = analysis.largest_falls(rows, WINDOW_MS)
    tail, refusal = None, ""
    threshold = SHORT_RECORD if settings.threshold is None else settings.threshold
    try:
        tail = analysis.fit_tail(
            rows, sizes, gap_ms=settings.gap_ms, threshold=settings.threshold, resampled=resampled, level=settings.level
        )
        threshold = float(tail.law["threshold"])
    except analysis.AnalysisError as error:
        refusal = str(error)
    events = analysis.one_per_run(rows.end_ms, sizes, threshold, settings.gap_ms)
    shares = analysis.shares_within(rows, sizes, begin, events, resampled=resampled, level=settings.level)
    at_most = None
    if rows.step_ms >= MINUTE_MS:
        wider, _ = analysis.largest_falls(rows, WINDOW_MS + rows.step_ms, from_high=True)
        at_most = len(analysis.one_per_run(rows.end_ms, wider, threshold, settings.gap_ms))
    return SideFit(side, rows, sizes, begin, tail, refusal, threshold, events, shares, at_most)


def _notes(rows: "PriceRows", resampled: "analysis.Resampled | None", sides: Sequence[SideFit]) -> list[str]:
    """What the record does not allow."""
    notes = []
    if resampled is None:
        days = analysis.BLOCK_DAYS * analysis.MIN_BLOCKS
        notes.append(f"no intervals: they need {analysis.MIN_BLOCKS} blocks of 30 days; take a record of {days} days")
    omitted = [delay for delay in analysis.DELAYS_S if 1000 * delay < rows.step_ms]
    if omitted:
        listed = ", ".join(map(str, omitted))
        notes.append(
            f"delays of {listed} s are omitted: rows are {rows.step_ms / 1000:g} s apart; take a file of seconds"
        )
    for side in sides:
        if side.refusal:
            notes.append(f"{side.side}: no tail: {side.refusal}")
        if side.shares.delays_s and len(side.events) < analysis.MIN_FALLS:
            n = f"{len(side.events)} only, fewer than {analysis.MIN_FALLS}"
            notes.append(f"{side.side}: shares within delays are of {n}: take them as examples")
        if side.at_most is not None and side.at_most > 1.1 * len(side.events):
            notes.append(
                f"{side.side}: windows begin with a row of {rows.step_ms / 1000:g} s, so what straddles rows is cut:"
                f" {len(side.events):,} events beyond {side.threshold:g}; in finer rows at most {side.at_most:,}"
            )
    return notes
