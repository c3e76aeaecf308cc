"""Whether the sources of a config's numbers fit it: every number covered where that is required, every path leading
somewhere, and no fact that was not in force at the start of the run.

Several entries may cover a number: the one whose path has the most steps describes it, of equals the last. So a config
that extends a venue's overlay replaces a fact of another date by an entry of its own at the same path or below.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from .model import RunConfig
from .problems import Problem
from .provenance import Cover, Provenance, date_range
from .shape import path_text
from .yamlfile import Step

#: Keys whose numbers describe the run and the file, not the world: they need no provenance.
TECHNICAL = (
    "schema_version",
    "seed",
    "record",
    "provenance",
    "requires_provenance",
    "clock",
    "duration_s",
    "asset.quantum",
)

#: Rules of a venue: a fact about them holds from a date on, which is not the date at which somebody read it.
RULES = re.compile(
    r"markets\[\d+\]\.(tick_size|lot_size|mark|funding|margin|fees|order_band_ppm)\b"
    r"|liquidation\b|waterfall\b|funds\[\d+\]\.(fee_share_ppm|inventory_cap_quote)\b"
)

#: What a source may be older than the event if it does not say from when it held.
MAX_AGE = timedelta(days=366)


def problems_of_provenance(config: RunConfig, *, values: Sequence[tuple[tuple[Step, ...], Any]]) -> Iterator[Problem]:
    """Paths that lead nowhere, numbers without a source, facts that were not in force.  values: the config's leaves."""
    if not config.provenance and not config.requires_provenance:
        return
    covers = [Cover(entry.path) for entry in config.provenance]
    texts = {path_text(leaf): (leaf, value) for leaf, value in values}
    for index, cover in enumerate(covers):
        if not any(cover.covers_text(text) for text in texts):
            path = config.provenance[index].path
            yield Problem(("provenance", index, "path"), f"must lead to something in this config, found {path}")
    if config.requires_provenance:
        known = [*covers, *(Cover(path) for path in TECHNICAL)]
        for text, (leaf, value) in texts.items():
            is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
            if is_number and not any(cover.covers_text(text) for cover in known):
                yield Problem(
                    leaf, f"must be covered by provenance (this config requires it for every number), found {value}"
                )
    for index, of_rules in _facts(config, covers, list(texts)).items():
        yield from _in_force(config, index, config.provenance[index])
        if config.requires_provenance:
            yield from _dated(config, index, config.provenance[index], of_rules=of_rules)


def _facts(config: RunConfig, covers: list[Cover], texts: list[str]) -> dict[int, bool]:
    """Entries of facts that describe a value of this config -> True if one of the values is a rule of the venue."""
    found: dict[int, bool] = {}
    entries = [entry.status for entry in config.provenance]
    if "fact" not in entries:
        return found
    order = sorted(range(len(covers)), key=lambda index: (covers[index].depth, index), reverse=True)
    for text in texts:
        index = next((index for index in order if covers[index].covers_text(text)), None)
        if index is not None and entries[index] == "fact":
            found[index] = found.get(index, False) or RULES.match(text) is not None
    return found


def _in_force(config: RunConfig, index: int, entry: Provenance) -> Iterator[Problem]:
    """A rule that came later, or had been replaced, at the start of the run."""
    start = config.start_utc
    from_range = date_range(entry.in_force_from or "")
    if from_range is not None and from_range[0] > start:
        text = f"must not be after start_utc {_text(start)}"
        yield _refused(index, "in_force_from", entry, text, entry.in_force_from)
    until_range = date_range(entry.in_force_until or "")
    if until_range is not None and until_range[1] <= start:
        text = f"must be after start_utc {_text(start)}"
        yield _refused(index, "in_force_until", entry, text, entry.in_force_until)


def _dated(config: RunConfig, index: int, entry: Provenance, *, of_rules: bool) -> Iterator[Problem]:
    """A fact that does not say when it held, though its source is of another time."""
    if entry.in_force_from is not None:
        return
    if of_rules:
        text = "is missing: a fact about a rule of the venue needs the date from which it held"
        yield Problem(("provenance", index, "in_force_from"), f"{text} (path {entry.path})")
        return
    key = "date" if entry.as_of is None else "as_of"
    written = getattr(entry, key)
    of_source = date_range(written or "")
    end = config.start_utc + timedelta(milliseconds=config.duration_ms)
    if of_source is None:
        return
    if of_source[1] < config.start_utc - MAX_AGE:
        text = f"must be at most a year before start_utc {_text(config.start_utc)}, or in_force_from be given"
        yield _refused(index, key, entry, text, written)
    elif of_source[0] > end:
        text = f"must not be after the end of the run, {_text(end)}, unless in_force_from is given"
        yield _refused(index, key, entry, text, written)


def _refused(index: int, key: str, entry: Provenance, text: str, found: str | None) -> Problem:
    advice = f"give {entry.path} the value of that date with an entry of its own, or call it an assumption"
    return Problem(("provenance", index, key), f"{text} for a fact, found {found}: {advice}")


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
