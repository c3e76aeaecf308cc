"""Candles of an index or mark price, from several files, as one file that `kind: replay` plays.

Binance's public files of indexPriceKlines and markPriceKlines, monthly or daily, with or without a header, times in
milliseconds or microseconds. Candles are kept as they are; only their order and spacing are checked. Source:
data.binance.vision, read 2026-11.
"""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..cells import Faults, shown, whole_of
from ..config.canonical import decimal_text
from ..errors import InputDataError
from .observations import Reader
from .source import Source

COLUMNS = ("ts_ms", "open", "high", "low", "close")
_PRICES = COLUMNS[1:]
_FIRST_US = 10**14


@dataclass(frozen=True)
class Candles:
    """prices: time in ms -> open, high, low, close; times rise.  notes: what was done to the files."""

    prices: dict[int, tuple[Decimal, ...]]
    notes: tuple[str, ...]

    def text(self) -> str:
        """The rows as CSV."""
        lines = [",".join((str(time), *map(decimal_text, candle))) for time, candle in self.prices.items()]
        return "\n".join([",".join(COLUMNS), *lines]) + "\n"


def read_candles(sources: Sequence[Source]) -> Candles:
    """The candles of all files in order of time; InputDataError with the faults of a file."""
    prices: dict[int, tuple[Decimal, ...]] = {}
    repeated = 0
    for source in sources:
        faults = Faults(source.path)
        for line, time, candle in _candles(source, faults):
            if prices.setdefault(time, candle) != candle:
                faults.add(line, "a time has two candles", f": {time}")
            elif prices[time] is not candle:
                repeated += 1
        faults.require_none()
    if len(prices) < 2:
        raise InputDataError(f"{sources[0].path}: has {len(prices)} candles; a series needs two")
    times = sorted(prices)
    notes = [f"{repeated} repeated candles left out"] if repeated else []
    steps = Counter(b - a for a, b in itertools.pairwise(times))
    usual = min(steps, key=lambda step: (-steps[step], step))
    missing = sum(count * (step // usual - 1) for step, count in steps.items() if step > usual)
    if missing:
        notes.append(f"{missing} candles of {usual / 1000:g} s are missing; they stay missing")
    return Candles({time: prices[time] for time in times}, tuple(notes))


def _candles(source: Source, faults: Faults) -> list[tuple[int, int, tuple[Decimal, ...]]]:
    """(line, time in ms, prices) of each row of a file."""
    rows, reader = source.rows, Reader(faults)
    if source.data is not None or not rows:
        raise InputDataError(f"{source.path}: must be a CSV of candles: open_time,open,high,low,close,...")
    header = source.header
    if whole_of(header[0]) is None:
        names = {name: place for place, name in enumerate(header)}
        wanted = ["open_time" if "open_time" in names else "ts_ms", *_PRICES]
        if lacking := [name for name in wanted if name not in names]:
            raise InputDataError(f"{source.path}: row 1: column {lacking[0]} is missing; found {', '.join(header)}")
        places, rows = [names[name] for name in wanted], rows[1:]
    else:
        wanted, places = ["open_time", *_PRICES], list(range(5))
    found = []
    for line, cells in rows:
        if len(cells) <= max(places):
            faults.add(line, f"must have at least {max(places) + 1} cells", f", found {len(cells)}")
            continue
        time = whole_of(cells[places[0]])
        if time is None or not 10**11 <= time < 10**17:
            wanted_time = f"column {wanted[0]}: must be milliseconds or microseconds since 1970"
            faults.add(line, wanted_time, f", found {shown(cells[places[0]])}")
            continue
        prices = [reader.number(line, name, cells[place]) for name, place in zip(_PRICES, places[1:], strict=True)]
        if None in prices:
            continue
        candle = tuple(price for price in prices if price is not None)
        if min(candle) <= 0 or candle[1] < max(candle) or candle[2] > min(candle):
            text = f", found {' '.join(cells[place] for place in places[1:])}"
            faults.add(line, "prices must be positive, low the lowest and high the highest", text)
            continue
        found.append((line, time // 1000 if time >= _FIRST_US else time, candle))
    return found
