"""A recorded price series from a CSV file: `ts_ms,price`, or candles in the columns public exchanges use.

Candles (`ts_ms` or `open_time`, then open, high, low, close; other columns are ignored) become four points per bar:
open at the bar's start, then for a rising bar low and high, for a falling bar high and low, at one and two thirds of
it, and close one millisecond before the next bar. Bar length is the smallest spacing in the file. Binance's spot
candles, twelve columns without a header, are read by their order; times in microseconds (there since 2025) are
divided. Reading is strict: anything but an increasing series of positive prices is an InputDataError that names file
and row.
"""

import csv
import math
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ...elementary import log
from ...errors import ConfigError, InputDataError
from .recorded import Between, skeleton_of_points
from .skeleton import F64, I64, PathContext, PriceProcessBase, Skeleton

TIME_COLUMNS = ("ts_ms", "open_time")
CANDLE_COLUMNS = ("open", "high", "low", "close")
#: Columns of a file of Binance's candles without a header. Source: data.binance.vision, spot klines, read 2026-11.
BARE_CANDLES = ("open_time", *CANDLE_COLUMNS, "volume", "close_time", "quote_volume", "count", "b", "q", "ignore")
#: Times above it are microseconds: as milliseconds they would be after the year 5000.
MAX_MS = 100_000_000_000_000


class Replay(PriceProcessBase):
    """The recorded path; sigma is |log move| / sqrt(length) between neighbouring points of the record."""

    plays_event: ClassVar[bool] = True

    kind: Literal["replay"] = Field("replay", description="Recorded prices from a CSV file.")
    file: str = Field(description="CSV file, relative to the config's folder: ts_ms,price or candles.")
    align: Literal["first_row", "start_utc"] = Field(
        "first_row", description="Time 0 of the run: the file's first row, or the run's start_utc."
    )
    between: Between = Field(
        "line",
        description="Between points: a straight line in log price, or the last price held (each change is a jump).",
    )

    def pinned(self) -> bool:
        """True: the path is given from outside."""
        return True

    def points(self, context: PathContext) -> tuple[I64, F64]:
        """Times since the start of the run and log prices; InputDataError if they do not span the run."""
        path = Path(self.file) if context.folder is None else context.folder / self.file
        times, prices = read_prices(path)
        if self.align == "start_utc" and context.start_ms is None:
            raise ConfigError(f"market {context.name}: price.align start_utc needs start_utc in the run's config")
        offset = times[0] if self.align == "first_row" or context.start_ms is None else context.start_ms
        times = times - offset
        if times[0] > 0 or times[-1] < context.duration_ms:
            raise InputDataError(
                f"{path}: the prices span {times[0] / 1e3:g} s to {times[-1] / 1e3:g} s since the start of the run;"
                f" the run needs 0 s to {context.duration_ms / 1e3:g} s (market {context.name})"
            )
        return times, log(prices)

    def require_inputs(self, context: PathContext) -> None:
        """InputDataError if the file cannot be used."""
        self.points(context)

    def skeleton(self, context: PathContext, normals: F64) -> Skeleton:
        """Return the path on the base grid; it has no noise, so a finer grid only reads the record more often."""
        return skeleton_of_points(context, *self.points(context), self.between)


def read_prices(path: Path) -> tuple[I64, F64]:
    """Return times (epoch ms, increasing) and positive prices of a CSV file; InputDataError naming file and row."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            return _parse(path, csv.reader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputDataError(f"{path}: cannot be read as CSV: {error}") from error


def _parse(path: Path, rows: Iterable[list[str]]) -> tuple[I64, F64]:
    lines, first_row = iter(rows), 2
    header = [name.strip().lower() for name in next(lines, [])]
    if len(header) == len(BARE_CANDLES) and header[0].isdecimal():
        lines, first_row, header = chain([header], lines), 1, list(BARE_CANDLES)
    if not header:
        raise InputDataError(f"{path}: the file is empty; expected a header ts_ms,price or ts_ms,open,high,low,close")
    time_name = next((name for name in TIME_COLUMNS if name in header), None)
    names = ("price",) if "price" in header else CANDLE_COLUMNS
    missing = [name for name in names if name not in header]
    if time_name is None or missing:
        raise InputDataError(
            f"{path}: row 1: expected columns ts_ms,price or ts_ms (open_time),open,high,low,close;"
            f" found {','.join(header)}"
        )
    columns = [header.index(name) for name in names]
    numbered = enumerate(lines, start=first_row)
    times, prices = _read_rows(path, numbered, header.index(time_name), columns, list(names), n_columns=len(header))
    if len(names) == 1:
        return times, prices[:, 0]
    return _candle_points(path, times, prices)


def _read_rows(
    path: Path,
    lines: Iterable[tuple[int, list[str]]],
    time_column: int,
    columns: list[int],
    names: list[str],
    *,
    n_columns: int,
) -> tuple[I64, F64]:
    width = max(time_column, *columns) + 1
    times: list[int] = []
    prices: list[list[float]] = []
    for number, row in lines:
        if not row:
            continue
        if len(row) < width:
            raise InputDataError(f"{path}: row {number}: expected at least {width} columns, found {len(row)}")
        if len(row) > n_columns:
            raise InputDataError(
                f"{path}: row {number}: expected {n_columns} columns as in the header, found {len(row)}"
                " (a comma inside a number?)"
            )
        time = _whole_ms(path, number, row[time_column])
        if times and time <= times[-1]:
            raise InputDataError(f"{path}: row {number}: times must increase, found {time} after {times[-1]}")
        times.append(time)
        prices.append([_price(path, number, name, row[c]) for name, c in zip(names, columns, strict=True)])
    if len(times) < 2:
        raise InputDataError(f"{path}: expected at least 2 rows of prices, found {len(times)}")
    return np.array(times, np.int64), np.array(prices)


def _whole_ms(path: Path, number: int, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise InputDataError(f"{path}: row {number}: time must be whole milliseconds, found {text!r}") from None
    if value <= MAX_MS:
        return value
    if value % 1000 or value > 1000 * MAX_MS:
        raise InputDataError(f"{path}: row {number}: time {value} is not whole milliseconds, nor whole microseconds")
    return value // 1000


def _price(path: Path, number: int, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value <= 0:
        raise InputDataError(f"{path}: row {number}: {name} must be a positive number, found {text!r}")
    return value


def _candle_points(path: Path, times: I64, candles: F64) -> tuple[I64, F64]:
    """Four points per bar, as described at the top of this file."""
    opened, high, low, close = candles.T
    wrong = np.flatnonzero((high < np.maximum(opened, close)) | (low > np.minimum(opened, close)))
    if len(wrong):
        raise InputDataError(f"{path}: row {wrong[0] + 2}: open and close must be between low and high")
    bar_ms = int(np.diff(times).min())
    if bar_ms < 4:
        raise InputDataError(f"{path}: bars of {bar_ms} ms are too short; expected at least 4 ms")
    rising = close >= opened
    at = np.stack([times, times + bar_ms // 3, times + 2 * bar_ms // 3, times + bar_ms - 1], axis=1)
    values = np.stack([opened, np.where(rising, low, high), np.where(rising, high, low), close], axis=1)
    return at.ravel(), values.ravel()
