"""The public record that ships with the project: reported draws, hours of large falls, liquidations, with sources.

Reports, not a balance series. Reads and validates `configs/history/public-record.yaml`; how a model is held against it
is decided in the analysis.
"""

import importlib
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from ..config.problems import Problem, problems_of, raise_problems
from ..config.yamlfile import parse_yaml
from ..errors import ConfigError
from ..policy import Policy

Text = Annotated[str, Field(min_length=1)]
Amount = Annotated[float, Field(ge=0)]


class Range(Policy):
    """An amount between two ends, equal where it is known."""

    low: Amount = Field(description="Lower end.")
    high: Amount = Field(description="Upper end.")
    unit: Text = Field(description="Unit of both.")


class Balances(Policy):
    """Balance of a fund before and after a draw, in the unit of the draw."""

    before: Amount
    after: Amount


class Draw(Policy):
    """A reported draw.  series: the windows that it belongs to; None: listed only."""

    event: Text
    series: str | None = None
    venue: Text
    scope: Text = Field(description="Whose fund, and which contracts.")
    date_utc: date
    to_utc: date
    amount: Range | None = None
    fund: Balances | None = None
    open_interest: Range | None = None
    status: Literal["reported", "derived"]
    source: Text
    note: str = ""

    @property
    def shares(self) -> tuple[float, float]:
        """Ends of the draw as a share of open interest; (nan, nan) where one of them is not known."""
        if self.amount is None or self.open_interest is None:
            return float("nan"), float("nan")
        return self.amount.low / self.open_interest.high, self.amount.high / self.open_interest.low

    @property
    def share_of_fund(self) -> float:
        """The draw as a share of the balance before it; NaN where it is not known."""
        return (self.fund.before - self.fund.after) / self.fund.before if self.fund else float("nan")


class Series(Policy):
    """A fund whose draws are windows of a history, and from when to when it was searched."""

    name: Text
    venue: Text
    market: Text
    from_utc: date
    to_utc: date
    recent_from_utc: date = Field(description="Start of the variant without the first years.")
    recent_title: Text
    reporting_threshold_ppm: Annotated[int, Field(ge=0)] = Field(description="Of open interest.")
    note: Text
    threshold_note: Text


class FallCount(Policy):
    """Hours that fell further than `beyond` (fraction), with a 95% interval."""

    beyond: Annotated[float, Field(gt=0, lt=1)]
    count: Annotated[int, Field(ge=0)]
    low: Amount
    high: Amount


class LargestFall(Policy):
    """The largest fall within an hour on record, fraction."""

    fall: Annotated[float, Field(gt=0, lt=1)]
    source: Text


class Falls(Policy):
    """Falls of the price of one base asset."""

    base: Text
    years: Annotated[float, Field(gt=0)]
    source: Text
    note: Text
    counts: Annotated[tuple[FallCount, ...], Field(min_length=1)]
    largest: LargestFall


class Liquidations(Policy):
    """Liquidated notional of thirty days over open interest of a venue: low, middle and high of n months."""

    venue: Text
    low: Amount
    middle: Amount
    high: Amount
    n: Annotated[int, Field(ge=1)]
    source: Text


class PublicRecord(Policy):
    """The whole record.  read: when its sources were read."""

    schema_version: Literal[1]
    name: Text
    read: Text
    series: tuple[Series, ...]
    draws: tuple[Draw, ...]
    falls: tuple[Falls, ...]
    liquidations: tuple[Liquidations, ...]

    def draws_of(self, series: str) -> tuple[Draw, ...]:
        """The draws of a series, in order of time."""
        return tuple(sorted((draw for draw in self.draws if draw.series == series), key=lambda draw: draw.date_utc))


def record_path() -> Path:
    """The shipped file."""
    (root,) = importlib.import_module("clearsim.configs").__path__
    return Path(root) / "history" / "public-record.yaml"


@cache
def public_record() -> PublicRecord:
    """The shipped record."""
    return read_record(record_path())


def read_record(path: Path) -> PublicRecord:
    """The record in a file; ConfigError, one line per problem, with its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    node = parse_yaml(text, source=str(path))
    if not isinstance(node.value, dict):
        raise ConfigError(f"{node.where}: a record must be a mapping of keys")
    try:
        record = PublicRecord.model_validate(node.plain())
    except ValidationError as error:
        raise_problems(problems_of(error, PublicRecord, node), node)
        raise
    raise_problems(list(_wrong(record)), node)
    return record


def _wrong(record: PublicRecord) -> Iterator[Problem]:
    """Problems beyond single fields."""
    names = {series.name: series for series in record.series}
    for number, draw in enumerate(record.draws):
        place = ("draws", number)
        if draw.to_utc < draw.date_utc:
            yield Problem((*place, "to_utc"), f"must not be before date_utc, found {draw.to_utc} < {draw.date_utc}")
        for name, found in (("amount", draw.amount), ("open_interest", draw.open_interest)):
            if found is not None and found.low > found.high:
                yield Problem((*place, name), f"low must be at most high, found {found.low:g} > {found.high:g}")
        if draw.series is None:
            continue
        if draw.series not in names:
            yield Problem((*place, "series"), f"must be one of {', '.join(names)}, found {draw.series}")
        elif draw.amount is None or draw.open_interest is None:
            yield Problem(place, "a draw of a series needs amount and open_interest")
        elif not names[draw.series].from_utc <= draw.date_utc <= names[draw.series].to_utc:
            yield Problem((*place, "date_utc"), "must lie within its series")
