"""The source of the numbers below a path, and the dates that its texts mean.

A fact is a statement about a venue at a date. `in_force_from` and `in_force_until` say when it held, `as_of` when it
was observed, `read` when somebody looked; `scope` says of what (venue, contract, coins, sides, window). Which of these
a config must have, and what it refuses, is decided in `facts.py`.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from ..policy import Policy
from .shape import path_text
from .yamlfile import Step

_DATE = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d{2})(-(?P<day>\d{2})(T(?P<hour>\d{2}):(?P<minute>\d{2})(:(?P<second>\d{2}))?Z)?)?)?"
)


def _written_as_a_date(text: str) -> str:
    if date_range(text) is None or not _DATE.fullmatch(text):
        raise ValueError(f"must be a date like 2025-10, 2025-10-10 or 2025-10-10T08:01Z, found {text!r}")
    return text


DateText = Annotated[str, AfterValidator(_written_as_a_date)]


def date_range(text: str) -> tuple[datetime, datetime] | None:
    """The first moment that the date at the start of `text` may mean, and the first moment after it; UTC.

    2025-10 is the whole month, 2025-10-10T08:01Z that moment alone, `2020-09 to 2025-09` all of them. None if the text
    does not start with a date.
    """
    start, between, end = text.partition(" to ")
    if between:
        ranges = date_range(start), date_range(end)
        return None if ranges[0] is None or ranges[1] is None else (ranges[0][0], ranges[1][1])
    found = _DATE.match(text)
    if found is None:
        return None
    part = {name: int(value) for name, value in found.groupdict().items() if value is not None}
    try:
        first = datetime(part["year"], part.get("month", 1), part.get("day", 1), tzinfo=UTC)
        if "hour" in part:
            moment = first.replace(hour=part["hour"], minute=part["minute"], second=part.get("second", 0))
            return moment, moment
        if "day" in part:
            return first, first + timedelta(days=1)
        if part.get("month", 12) == 12:
            return first, datetime(part["year"] + 1, 1, 1, tzinfo=UTC)
        return first, datetime(part["year"], part["month"] + 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


class Provenance(Policy):
    """The source of the numbers below a path."""

    ADDED_FIELDS: ClassVar[frozenset[str]] = frozenset({"in_force_from", "in_force_until", "as_of", "read", "scope"})

    path: str = Field(min_length=1, description="Path in this config; the entry covers everything below it.")
    status: Literal["fact", "scaled", "assumption"] = Field(
        description="Observed, computed from observations, or assumed."
    )
    source: str = Field(min_length=1, description="Document, data set or reasoning.")
    date: str | None = Field(None, description="Date of the source or of the data in it.")
    as_of: DateText | None = Field(None, description="Date at which the value was observed, if it is not `date`.")
    in_force_from: DateText | None = Field(
        None, description="Date from which a rule held, at the latest, e.g. 2025-09-18 or 2025-09-18T08:01Z."
    )
    in_force_until: DateText | None = Field(None, description="Date at which a rule was replaced.")
    read: DateText | None = Field(None, description="Date at which the source was read.")
    scope: str | None = Field(
        None, min_length=1, description="What the value holds for: venue, contract, coins, sides, window."
    )
    note: str | None = Field(None, description="Range of an assumption, formula of a scaling, doubts.")


class Cover:
    """The leaves that the path of an entry covers; `[*]` stands for any item of a list."""

    def __init__(self, prefix: str) -> None:
        """prefix: the path as written in `provenance`."""
        self._prefix = prefix
        self._below = (f"{prefix}.", f"{prefix}[")
        self._pattern = re.compile(re.escape(prefix).replace(r"\[\*\]", r"\[\d+\]") + r"($|[.\[])")
        #: Number of steps: of two entries that cover a leaf, the one with more steps describes it.
        self.depth = len(re.findall(r"[^.\[\]]+", prefix))

    def covers(self, leaf: tuple[Step, ...]) -> bool:
        """True if the path is that of the leaf or of something above it."""
        return self.covers_text(path_text(leaf))

    def covers_text(self, text: str) -> bool:
        """The same, of a path as text."""
        if text == self._prefix or text.startswith(self._below):
            return True
        return "[*]" in self._prefix and self._pattern.match(text) is not None
