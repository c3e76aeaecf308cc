"""Prices of one coin from files as arrays: candles of any length or single prices, plain, gzipped or zipped.

Decides what is read as a price, in which order, and what is a hole. Times are ms or us since 1970. A candle covers
`step_ms` from its time on; a price is known at its time only. Nothing is filled in: a hole stays one. Candles without
`open` begin at the close of the candle before, where that is adjacent.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..cells import Faults, shown, whole_of
from ..errors import InputDataError
from ..market.price.replay import GAP, TIME_COLUMNS
from ..market.price.time_units import in_ms
from .source import Source, open_source

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
CANDLE = ("open", "high", "low", "close")
_WANTED = "ts_ms,price or ts_ms (open_time),open,high,low,close"


@dataclass(frozen=True)
class PriceSeries:
    """Rows in order of time.

    start_ms, end_ms: (n,) what a row covers; equal for a single price.  prices: (n, 4) open, high, low, close, four
    times the same for a single price; open is NaN where it is not known.  covered_ms: (n,) time that is not in a hole.
    step_ms: the usual spacing.  notes: what was done to the files.
    """

    paths: tuple[Path, ...]
    start_ms: I64
    end_ms: I64
    prices: F64
    covered_ms: I64
    step_ms: int
    is_candles: bool
    notes: tuple[str, ...]

    @property
    def span(self) -> tuple[str, str]:
        """First and last day, UTC."""
        ends = np.array([self.start_ms[0], self.end_ms[-1] - self.is_candles], "datetime64[ms]").astype("datetime64[D]")
        return str(ends[0]), str(ends[1])


@dataclass(frozen=True)
class _Rows:
    path: Path
    times: I64
    prices: F64  # (n, 1) or (n, 4)
    has_open: bool


def read_series(paths: Sequence[Path]) -> PriceSeries:
    """The prices of all files as one series; InputDataError with every fault of a file, or if files do not fit."""
    parts = sorted((_read(path) for path in paths), key=lambda part: int(part.times[0]))
    first = parts[0]
    for part in parts[1:]:
        if part.prices.shape[1] != first.prices.shape[1]:
            raise InputDataError(
                f"{part.path}: has other columns than {first.path}; a series is of candles or of prices"
            )
        if _step(part) != _step(first) and part.prices.shape[1] == len(CANDLE):
            found = f"{_step(part) / 1e3:g} s, those of {first.path} {_step(first) / 1e3:g} s"
            raise InputDataError(f"{part.path}: candles are {found}; fit each by itself")
    times = np.concatenate([part.times for part in parts])
    prices = np.concatenate([part.prices for part in parts])
    times, prices, notes = _joined(parts, times, prices)
    return _series(parts, times, prices, notes)


def _joined(parts: Sequence[_Rows], times: I64, prices: F64) -> tuple[I64, F64, list[str]]:
    """Rows of all files in order; equal rows that come twice are one."""
    order = np.argsort(times, kind="stable")
    times, prices = times[order], prices[order]
    again = np.flatnonzero(np.diff(times) == 0) + 1
    if not len(again):
        return times, prices, []
    differing = again[~np.isclose(prices[again], prices[again - 1], rtol=0, atol=0, equal_nan=True).all(axis=1)]
    if len(differing):
        raise InputDataError(f"{parts[-1].path}: another file has other prices at {times[differing[0]]} ms")
    keep = np.ones(len(times), bool)
    keep[again] = False
    return times[keep], prices[keep], [f"{len(again):,} repeated rows left out"]


def _series(parts: Sequence[_Rows], times: I64, prices: F64, notes: list[str]) -> PriceSeries:
    is_candles = prices.shape[1] == len(CANDLE)
    step = _step(parts[0])
    spacing = np.diff(times)
    if is_candles:
        close = np.flatnonzero(spacing < step)
        if len(close):
            found = f"{times[close[0]]} and {times[close[0] + 1]}"
            raise InputDataError(f"{parts[0].path}: candles of {step / 1e3:g} s overlap, at times {found} ms")
        if not parts[0].has_open:
            adjacent = spacing == step
            prices = prices.copy()
            prices[1:, 0] = np.where(adjacent, prices[:-1, 3], np.nan)
            notes.append("the file has no column open: a candle begins at the close of the adjacent one before")
        covered = np.full(len(times), step, np.int64)
        holes = np.flatnonzero(spacing > step)
    else:
        prices = np.repeat(prices, len(CANDLE), axis=1)
        holes = np.flatnonzero(spacing > GAP * step)
        covered = np.append(spacing, 0)
        covered[holes] = 0
    notes += _hole_note(times, spacing - (step if is_candles else 0), holes)
    ends = times + step if is_candles else times
    paths = tuple(part.path for part in parts)
    return PriceSeries(paths, times, ends, prices, covered, step, is_candles, tuple(notes))


def _hole_note(times: I64, missing: I64, holes: I64) -> list[str]:
    if not len(holes):
        return []
    longest = holes[int(missing[holes].argmax())]
    after = str(np.datetime64(int(times[longest]), "ms").astype("datetime64[m]")).replace("T", " ")
    return [
        f"{len(holes):,} hole{'s' if len(holes) > 1 else ''}, {missing[holes].sum() / 3.6e6:.3g} hours together, the"
        f" longest {missing[longest] / 3.6e6:.3g} hours after {after}; moves inside them are not seen, and their time"
        " does not count"
    ]


def _step(part: _Rows) -> int:
    """The usual spacing of a file: the most frequent of candles, the median of prices."""
    spacing = np.diff(part.times)
    if part.prices.shape[1] == 1:
        return max(1, int(np.median(spacing)))
    values, counts = np.unique(spacing, return_counts=True)
    return int(values[counts.argmax()])


def _read(path: Path) -> _Rows:
    """The rows of a file; times rise within it."""
    source = open_source(path)
    header, frame, first_row = _frame(source)
    time_name = next((name for name in TIME_COLUMNS if name in header), None)
    is_price = "price" in header
    names = ["price"] if is_price else [name for name in CANDLE if name in header]
    missing = [] if is_price else [name for name in CANDLE[1:] if name not in names]
    if time_name is None or missing:
        raise InputDataError(f"{path}: row 1: expected columns {_WANTED}; found {','.join(header)}")
    frame = frame[frame.notna().any(axis=1)]
    faults = Faults(path)
    rows = (frame.index.to_numpy() + first_row).tolist()
    times = _whole(frame.iloc[:, header.index(time_name)], rows, faults)
    columns = [_positive(frame.iloc[:, header.index(name)], name, rows, faults) for name in names]
    faults.require_none()
    if len(rows) < 2:
        raise InputDataError(f"{path}: expected at least 2 rows of prices, found {len(rows)}")
    stamps = in_ms(path, rows, times)
    for place in np.flatnonzero(np.diff(stamps) <= 0).tolist():
        faults.add(rows[place + 1], "times must rise", f", found {times[place + 1]} after {times[place]}")
    if not is_price:
        _require_candles(columns, names, rows, faults)
        if len(names) < len(CANDLE):
            columns = [np.full(len(rows), np.nan), *columns]
    faults.require_none()
    return _Rows(path, stamps, np.stack(columns, axis=1), is_price or "open" in names)


def _frame(source: Source) -> tuple[list[str], pd.DataFrame, int]:
    """Names of the columns, the rows as pandas read them, and the number of the first row below the header."""
    line = source.text.lstrip("\n").partition("\n")[0]
    header = [cell.strip().strip('"').lower() for cell in line.split(",")]
    if source.text.lstrip().startswith(("{", "[")) or not line.strip():
        raise InputDataError(f"{source.path}: must be a CSV with columns {_WANTED}")
    bare = whole_of(header[0]) is not None
    if bare and len(header) < 5:
        raise InputDataError(f"{source.path}: row 1: without a header expected open_time,open,high,low,close,...")
    try:
        frame = pd.read_csv(
            io.StringIO(source.text),
            header=None if bare else 0,
            index_col=False,
            skip_blank_lines=False,
            keep_default_na=False,
            na_values=[""],
            low_memory=False,
            on_bad_lines="error",
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise InputDataError(f"{source.path}: cannot be read as CSV: {error}") from error
    if bare:
        header = ["open_time", *CANDLE, *(f"column {place}" for place in range(5, frame.shape[1]))]
    return header, frame, 1 if bare else 2


def _whole(column: "pd.Series[Any]", rows: list[int], faults: Faults) -> list[int]:
    if column.dtype == np.int64:
        return [int(value) for value in column]
    times = []
    for row, value in zip(rows, column, strict=True):
        text = (
            "" if pd.isna(value) else f"{value:.0f}" if isinstance(value, float) and value == value // 1 else str(value)
        )
        found = whole_of(text)
        if found is None:
            faults.add(row, "time must be whole milliseconds or microseconds since 1970", f", found {shown(text)}")
        times.append(found or 0)
    return times


def _positive(column: "pd.Series[Any]", name: str, rows: list[int], faults: Faults) -> F64:
    values = np.asarray(pd.to_numeric(column, errors="coerce"), np.float64)
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    for place in bad.tolist():
        cell = column.iloc[place]
        text = "" if pd.isna(cell) else str(cell)
        faults.add(rows[place], f"{name} must be a positive number", f", found {shown(text)}")
    return values


def _require_candles(columns: list[F64], names: list[str], rows: list[int], faults: Faults) -> None:
    by_name = dict(zip(names, columns, strict=True))
    inner = np.stack([by_name[name] for name in ("open", "close") if name in by_name])
    wrong = (by_name["high"] < inner.max(axis=0)) | (by_name["low"] > inner.min(axis=0))
    for place in np.flatnonzero(wrong).tolist():
        faults.add(rows[place], "open and close must be between low and high")
