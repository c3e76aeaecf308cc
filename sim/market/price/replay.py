"""A recorded price series from a CSV file: `ts_ms,price`, or candles in the columns public exchanges use.

Candles (`ts_ms` or `open_time`, then open, high, low, close; other columns are ignored) become four points per bar:
open at the bar's start, then for a rising bar low and high, for a falling bar high and low, at one and two thirds of
it, and close one millisecond before the next bar. Bar length is the smallest spacing in the file. Binance's spot
candles, twelve columns without a header, are read by their order. Units of time: `time_units.py`. Reading is strict:
anything but an increasing series of positive prices is an InputDataError that names file, rows and every fault.
"""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ...cells import Faults, decimal_of, shown, whole_of
from ...elementary import log
from ...errors import ConfigError, InputDataError
from .recorded import Between, skeleton_of_points
from .skeleton import F64, I64, PathContext, PriceProcessBase, Skeleton
from .time_units import in_ms

TIME_COLUMNS = ("ts_ms", "open_time")
CANDLE_COLUMNS = ("open", "high", "low", "close")
#: Columns of a file of Binance's candles without a header. Source: data.binance.vision, spot klines, read 2026-11.
BARE_CANDLES = ("open_time", *CANDLE_COLUMNS, "volume", "close_time", "quote_volume", "count", "b", "q", "ignore")
#: Times of a price series that lie this many times the usual spacing apart are a gap.
GAP = 10


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
            raise ConfigError(f"market {context.name}: price.align start_utc needs start_utc in the run's config").at(
                "align"
            )
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

    def input_notes(self, context: PathContext) -> list[str]:
        """A line if the times have gaps."""
        return spacing_notes(Path(self.file) if context.folder is None else context.folder / self.file)

    def skeleton(self, context: PathContext, normals: F64) -> Skeleton:
        """Return the path on the base grid; it has no noise, so a finer grid only reads the record more often."""
        return skeleton_of_points(context, *self.points(context), self.between)


def read_prices(path: Path) -> tuple[I64, F64]:
    """Return times (epoch ms, increasing) and positive prices of a CSV file; InputDataError naming file and rows."""
    record = _read(path)
    return record.points()


def spacing_notes(path: Path) -> list[str]:
    """One line if the times of the file have gaps, else none: their number, the longest, and the row before it."""
    record = _read(path)
    steps = np.diff(record.times)
    usual = int(steps.min()) if record.is_candles else int(np.median(steps))
    longest = int(steps.max())
    gaps = np.flatnonzero(steps > (usual if record.is_candles else GAP * usual))
    if not len(gaps):
        return []
    row = record.first_row + int(steps.argmax())
    times = f"{len(gaps):,} time{'s' if len(gaps) > 1 else ''}"
    return [
        f"warning: {path.name}: the spacing of times jumps {times}: it is usually {usual / 1e3:g} s,"
        f" at most {longest / 1e3:g} s (after row {row}); the price in between is filled in"
        " (price.between)"
    ]


@dataclass(frozen=True)
class _Record:
    """The rows of a file: times in ms, and one price or four per row; row number of the first."""

    path: Path
    times: I64  # (n,)
    prices: F64  # (n, 1) or (n, 4)
    first_row: int

    @property
    def is_candles(self) -> bool:
        """True for open, high, low, close."""
        return bool(self.prices.shape[1] == len(CANDLE_COLUMNS))

    def points(self) -> tuple[I64, F64]:
        """Times and prices of the path."""
        if self.is_candles:
            return _candle_points(self.path, self.times, self.prices, self.first_row)
        return self.times, self.prices[:, 0]


def _read(path: Path) -> _Record:
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            return _parse(path, csv.reader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputDataError(f"{path}: cannot be read as CSV: {error}") from error


def _parse(path: Path, rows: Iterable[list[str]]) -> _Record:
    lines, first_row = iter(rows), 2
    header = [name.strip().lower() for name in next(lines, [])]
    if len(header) == len(BARE_CANDLES) and whole_of(header[0]) is not None:
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
    columns = {name: header.index(name) for name in names}
    numbered = enumerate(lines, start=first_row)
    numbers, stamps, prices = _read_rows(path, numbered, header.index(time_name), columns, n_columns=len(header))
    times = in_ms(path, numbers, stamps)
    late = np.flatnonzero(np.diff(times) <= 0)
    faults = Faults(path)
    for place in late.tolist():
        faults.add(numbers[place + 1], "times must increase", f", found {stamps[place + 1]} after {stamps[place]}")
    faults.require_none()
    return _Record(path, times, prices, first_row)


def _read_rows(
    path: Path, lines: Iterable[tuple[int, list[str]]], time_column: int, columns: dict[str, int], *, n_columns: int
) -> tuple[list[int], list[int], F64]:
    """Row numbers, times as written, prices (n, columns); InputDataError with every fault of every cell."""
    width = max(time_column, *columns.values()) + 1
    faults = Faults(path)
    numbers: list[int] = []
    times: list[int] = []
    prices: list[list[float]] = []
    for number, row in lines:
        if not row:
            continue
        if len(row) < width:
            faults.add(number, f"expected at least {width} columns", f", found {len(row)}")
            continue
        if len(row) > n_columns:
            text = f", found {len(row)} (a comma inside a number?)"
            faults.add(number, f"expected {n_columns} columns as in the header", text)
            continue
        time = whole_of(row[time_column].strip())
        if time is None:
            faults.add(number, "time must be whole milliseconds", f", found {shown(row[time_column])}")
        numbers.append(number)
        times.append(time or 0)
        prices.append([_price(faults, number, name, row[c]) for name, c in columns.items()])
    faults.require_none()
    if len(times) < 2:
        raise InputDataError(f"{path}: expected at least 2 rows of prices, found {len(times)}")
    return numbers, times, np.array(prices)


def _price(faults: Faults, number: int, name: str, text: str) -> float:
    exact = decimal_of(text.strip())
    value = math.nan if exact is None else float(exact)
    if not math.isfinite(value) or value <= 0:
        faults.add(number, f"{name} must be a positive number", f", found {shown(text)}")
    return value


def _candle_points(path: Path, times: I64, candles: F64, first_row: int) -> tuple[I64, F64]:
    """Four points per bar, as described at the top of this file."""
    opened, high, low, close = candles.T
    faults = Faults(path)
    for place in np.flatnonzero((high < np.maximum(opened, close)) | (low > np.minimum(opened, close))).tolist():
        faults.add(first_row + place, "open and close must be between low and high")
    faults.require_none()
    bar_ms = int(np.diff(times).min())
    if bar_ms < 4:
        raise InputDataError(f"{path}: bars of {bar_ms} ms are too short; expected at least 4 ms")
    rising = close >= opened
    at = np.stack([times, times + bar_ms // 3, times + 2 * bar_ms // 3, times + bar_ms - 1], axis=1)
    values = np.stack([opened, np.where(rising, low, high), np.where(rising, high, low), close], axis=1)
    return at.ravel(), values.ravel()
