"""The sources of a config's numbers, with the values that its paths point to."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..run_folder import RunFolder

STATUSES = ("fact", "scaled", "assumption")
_STEP = re.compile(r"([^.\[\]]+)(?![^\[]*\])|\[(\d+|\*)\]")
_MAX_CHARACTERS = 90


class Origin(NamedTuple):
    """One entry of the provenance, with the value it describes as text."""

    path: str
    status: str
    value: str
    source: str
    note: str


def origins(run: RunFolder) -> list[Origin]:
    """All entries of the manifest's or the config's `provenance`, facts first, each group in its own order."""
    entries = run.manifest.get("provenance") or run.config.get("provenance") or []
    rows = [_origin(entry, run.config) for entry in entries]
    return sorted(rows, key=lambda row: STATUSES.index(row.status) if row.status in STATUSES else len(STATUSES))


def _origin(entry: Mapping[str, Any], config: Mapping[str, Any]) -> Origin:
    path = str(entry.get("path", ""))
    value = entry["value"] if entry.get("value") is not None else find_value(config, path)
    source = " · ".join(str(entry[key]) for key in ("source", "date") if entry.get(key))
    return Origin(path, str(entry.get("status", "")), shorten(value), source, str(entry.get("note") or ""))


def find_value(config: Any, path: str) -> Any:
    """The value at a path like markets[0].margin.tiers[2].floor_quote; None if there is none.

    A path with [*] has one value for each item: a list, or the value itself if there is one item.
    """
    values = [config]
    for name, index in _STEP.findall(path):
        values = [deeper for value in values for deeper in _step(value, name, index)]
    return values if len(values) > 1 else next(iter(values), None)


def _step(value: Any, name: str, index: str) -> list[Any]:
    """The values that one step of a path leads to: none, one, or all items of a list."""
    if index == "*":
        return value if isinstance(value, list) else []
    if index:
        return [value[int(index)]] if isinstance(value, list) and int(index) < len(value) else []
    return [value[name]] if isinstance(value, Mapping) and name in value else []


def shorten(value: Any) -> str:
    """A value as one short line: scalars in full, long lists by their length, mappings as key-value pairs."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        text = ", ".join(f"{key} {shorten(item)}" for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        text = ", ".join(shorten(item) for item in value)
        if len(text) > _MAX_CHARACTERS:
            return f"{len(value)} entries: {text[: _MAX_CHARACTERS - 20]}…"
    else:
        text = str(value)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…"
