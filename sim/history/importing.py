"""Downloaded files -> one history: layouts named or detected, all files read, days combined."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from ..cells import Faults
from ..errors import ConfigError, InputDataError
from .candles import Candles, read_candles
from .daily import DailyHistory, days_of, step_notes, with_injected
from .layouts import COLUMN_OF, Layout, layout_of, require_kind, require_layout
from .observations import Observation, Reader
from .source import Source, open_source


def import_days(
    paths: Sequence[Path],
    kind: str,
    *,
    layout: str | None = None,
    symbol: str | None = None,
    unit: str | None = None,
    injected: Mapping[date, Decimal] | None = None,
    opening: Decimal | None = None,
) -> DailyHistory:
    """The history by days in files of one kind and layout.

    ConfigError for a kind or layout that does not exist, or where symbol or unit must be chosen; InputDataError with
    every fault of the first file that has some.
    """
    require_kind(kind)
    if layout is not None:
        require_layout(layout, kind)
    if kind != "fund" and (injected or opening is not None):
        raise ConfigError("--injected and --opening-balance are for --kind fund")
    observations: list[Observation] = []
    used: Layout | None = None
    naive = 0
    for path in paths:
        source = open_source(path)
        found = layout_of(source, kind, layout or (used.name if used else None))
        used = used or found
        read, without_offset = _read(source, found)
        observations += read
        naive += without_offset
    if used is None or not observations:
        raise InputDataError(f"{paths[0] if paths else 'no file'}: there are no observations")
    days = days_of(
        sorted(observations, key=lambda item: item.time),
        COLUMN_OF[kind],
        is_flow=used.is_flow,
        is_result=used.is_result,
        part=symbol,
        unit=unit,
        opening=opening,
    )
    notes = [f"layout: {used.name} ({used.origin})", *days.notes]
    if naive:
        notes.append(f"{naive:,} times have no offset: taken as UTC")
    if kind == "fund":
        days = with_injected(days, injected or {})
        notes += step_notes(days)
    return replace(days, notes=tuple(notes))


def import_candles(paths: Sequence[Path], *, layout: str | None = None) -> Candles:
    """The candles of files of an index or mark price."""
    if layout is not None:
        require_layout(layout, "index")
    return read_candles([open_source(path) for path in paths])


def _read(source: Source, layout: Layout) -> tuple[list[Observation], int]:
    """(observations, times without an offset) of a file."""
    faults = Faults(source.path)
    reader = Reader(faults)
    found = list(layout.read(source, reader))
    faults.require_none()
    return found, reader.naive
