"""A history by days: columns with their units, and how observations become days.

Levels (balance, open interest) are the last of a UTC day, flows (liquidations, daily results) its sum. Nothing is
interpolated: a day without an observation is missing. What was done to the data is said in notes.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from ..cells import Faults
from ..errors import ConfigError, InputDataError
from .observations import Observation

#: Columns of a history, in the order of the file.
COLUMNS = ("balance", "injected", "open_interest", "liquidated", "adl")
#: Share of the balance of the day before that a fall, or a rise, of one day must reach to be named in a note.
FALL_NOTED, RISE_NOTED = Decimal("0.9"), Decimal("0.5")
MAX_SHOWN = 5
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DailyHistory:
    """Values by day and column; a value that is not known is absent.

    units: of each column.  has_level: False if the balance counts from 0, a sum of daily results.
    """

    units: Mapping[str, str]
    days: Mapping[date, Mapping[str, Decimal]]
    has_level: bool = True
    notes: tuple[str, ...] = field(default=(), compare=False)

    def column(self, name: str) -> dict[date, Decimal]:
        """The known values of a column by day, in order."""
        return {day: self.days[day][name] for day in sorted(self.days) if name in self.days[day]}


def days_of(
    observations: Sequence[Observation],
    column: str,
    *,
    is_flow: bool,
    is_result: bool,
    part: str | None,
    unit: str | None,
    opening: Decimal | None,
) -> DailyHistory:
    """The days of the observations in one column.

    part: keep only this coin, symbol or pool.  unit: where the file has none.  opening: balance before the first day of
    daily results. InputDataError for contradicting duplicates; ConfigError where part or unit must be chosen.
    """
    notes: list[str] = []
    chosen = _of_part(observations, part, sums=column != "balance", notes=notes)
    unit = _unit_of(chosen, unit)
    kept = chosen if is_flow else _without_duplicates(chosen, notes)
    by_day = _summed(kept) if is_flow else _last_of_day(kept, notes)
    days: dict[date, dict[str, Decimal]] = {day: {column: value} for day, value in sorted(by_day.items())}
    units = {column: unit}
    if is_result:
        _accumulate(days, column, opening or Decimal(0))
        if opening is None:
            notes.append("the file has daily results: the balance counts from 0; --opening-balance gives it its level")
    elif opening is not None:
        raise ConfigError("--opening-balance is for files of daily results; this one has balances")
    injected: dict[date, Decimal] = defaultdict(Decimal)
    for item in kept:
        injected[item.time.date()] += item.injected
    if any(injected.values()):
        units["injected"] = unit
        for day in days:
            days[day]["injected"] = injected[day]
        notes.append(f"money from outside on {sum(map(bool, injected.values()))} days, as the file names it")
    notes += gap_notes(list(days), column)
    return DailyHistory(units, days, not is_result or opening is not None, tuple(notes))


def with_injected(history: DailyHistory, amounts: Mapping[date, Decimal]) -> DailyHistory:
    """The history with more money from outside on some days; ConfigError for a day without a balance."""
    for day in amounts:
        if "balance" not in history.days.get(day, {}):
            raise ConfigError(f"--injected {day}: the history has no balance on that day")
    units = {**history.units, **({"injected": history.units["balance"]} if amounts else {})}
    days = {}
    for day, values in history.days.items():
        days[day] = dict(values)
        if "injected" in units and "balance" in values:
            days[day]["injected"] = values.get("injected", Decimal(0)) + amounts.get(day, Decimal(0))
    return DailyHistory(units, days, history.has_level, history.notes)


def joined(first: DailyHistory, second: DailyHistory, *, path: Path) -> DailyHistory:
    """Both histories in one; InputDataError where they state different values or units. path: names the first."""
    for name in set(first.units) & set(second.units):
        if first.units[name] != second.units[name]:
            found = f"{first.units[name]} and {second.units[name]}"
            raise InputDataError(f"{path}: column {name} has two units: {found}")
    if "balance" in first.units and "balance" in second.units and first.has_level != second.has_level:
        raise InputDataError(f"{path}: column balance counts from 0 in one of the files, and not in the other")
    days: dict[date, dict[str, Decimal]] = {day: dict(values) for day, values in first.days.items()}
    for day, values in second.days.items():
        known = days.setdefault(day, {})
        for name, value in values.items():
            if known.setdefault(name, value) != value:
                raise InputDataError(f"{path}: {day}, column {name}: {known[name]} there, {value} in the new file")
    is_level = first.has_level if "balance" in first.units else second.has_level
    ordered = {day: days[day] for day in sorted(days)}
    return DailyHistory({**first.units, **second.units}, ordered, is_level, (*first.notes, *second.notes))


def gap_notes(days: Sequence[date], column: str) -> list[str]:
    """A line about days that are missing between the first and the last; none if there are none."""
    gaps = [(a, b) for a, b in itertools.pairwise(days) if b - a > ONE_DAY]
    if not gaps:
        return []
    missing = sum((b - a).days - 1 for a, b in gaps)
    longest = max(gaps, key=lambda gap: gap[1] - gap[0])
    return [
        f"{column}: {missing} days are missing in {len(gaps)} gaps; the longest is after {longest[0]},"
        f" {(longest[1] - longest[0]).days - 1} days; they stay missing"
    ]


def step_notes(history: DailyHistory) -> list[str]:
    """Lines about days whose balance moves so far that it may be a reset or an injection; none without a level."""
    notes: list[str] = []
    before = Decimal(0)
    if not history.has_level:
        return notes
    for day, balance in history.column("balance").items():
        step = balance - before - history.days[day].get("injected", Decimal(0))
        if before > 0 and step <= -FALL_NOTED * before:
            notes.append(
                f"{day}: the balance falls from {before} to {balance}: a draw, or a reset of the fund? It counts as a"
                f" draw; if it was reset: --injected {day}={step}"
            )
        elif before > 0 and step >= RISE_NOTED * before:
            notes.append(
                f"{day}: the balance rises from {before} to {balance}: income, or money from outside? It counts as"
                f" income; if it was injected: --injected {day}={step}"
            )
        before = balance
    return notes[:MAX_SHOWN] + ([f"and {len(notes) - MAX_SHOWN} more such days"] if len(notes) > MAX_SHOWN else [])


def _of_part(
    observations: Sequence[Observation], part: str | None, *, sums: bool, notes: list[str]
) -> list[Observation]:
    parts = sorted({item.part for item in observations})
    if part is not None:
        chosen = [item for item in observations if part in (item.part, *item.part.replace(",", " ").split())]
        matched = sorted({item.part for item in chosen})
        if len(matched) == 1 or (matched and sums):
            return chosen
        wrong = f"matches {', '.join(matched)}" if matched else "is not in the file"
        raise ConfigError(f"--symbol {part}: {wrong}; it has {_listed(parts)}")
    if len(parts) > 1 and not sums:
        raise ConfigError(f"the file has balances of {len(parts)} pools: choose one by --symbol: {_listed(parts)}")
    if len(parts) > 1:
        notes.append(f"the sum over {len(parts)} symbols: {_listed(parts)}")
    return list(observations)


def _listed(parts: Sequence[str]) -> str:
    shown = ", ".join(repr(part) for part in parts[:12])
    return shown + (f" and {len(parts) - 12} more" if len(parts) > 12 else "")


def _unit_of(observations: Iterable[Observation], stated: str | None) -> str:
    units = sorted({item.unit for item in observations})
    if len(units) > 1:
        raise ConfigError(f"the file has several units, {', '.join(units)}: choose a symbol by --symbol")
    found = units[0] if units else ""
    if stated is not None and found not in ("", stated):
        raise ConfigError(f"--unit {stated}: the file is in {found}")
    if not (stated or found):
        raise ConfigError("the file does not name its unit: give --unit, for example --unit USDT")
    return stated or found


def _without_duplicates(observations: Sequence[Observation], notes: list[str]) -> list[Observation]:
    """One observation per part and time; InputDataError for two that differ."""
    known: dict[tuple[str, object], Observation] = {}
    faults: dict[str, Faults] = {}
    dropped = 0
    for item in observations:
        first = known.setdefault((item.part, item.time), item)
        if first is item:
            continue
        dropped += 1
        if first.value != item.value:
            of_file = faults.setdefault(item.path, Faults(Path(item.path)))
            text = f": {item.value} at {item.time:%Y-%m-%d %H:%M:%S}, but {first.value} in row {first.row}"
            of_file.add(item.row, "a time has two values", text)
    if faults:
        raise InputDataError("\n".join(line for of_file in faults.values() for line in of_file.lines()))
    if dropped:
        notes.append(f"{dropped} repeated observations left out")
    return list(known.values())


def _summed(observations: Iterable[Observation]) -> dict[date, Decimal]:
    by_day: dict[date, Decimal] = defaultdict(Decimal)
    for item in observations:
        by_day[item.time.date()] += item.value
    return by_day


def _last_of_day(observations: Sequence[Observation], notes: list[str]) -> dict[date, Decimal]:
    """The last value of each day and part, added up over parts."""
    last: dict[tuple[date, str], Observation] = {}
    for item in observations:
        key = item.time.date(), item.part
        if key not in last or item.time > last[key].time:
            last[key] = item
    if len(last) < len(observations):
        notes.append(f"{len(observations):,} observations on {len(last):,} days: the last of each UTC day counts")
    by_day: dict[date, Decimal] = defaultdict(Decimal)
    for (day, _), item in last.items():
        by_day[day] += item.value
    return by_day


def _accumulate(days: dict[date, dict[str, Decimal]], column: str, start: Decimal) -> None:
    total = start
    for values in days.values():
        total += values[column]
        values[column] = total
