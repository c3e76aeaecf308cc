"""Which kind each entry of a `manifest.json` has, so that a damaged one is refused where it is read and not where it is
used."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

_DECIMALS = ("quantum", "simulated_share")
_TEXTS = (
    "name", "title", "asset", "detail", "result_hash", "config_hash", "study_hash", "run_id", "start_utc", "python",
    "base", "fidelity", "kind", "base_config_hash",
)  # fmt: skip
_WHOLE = (
    "schema_version", "seed", "scenario", "replication", "n_points", "n_arms", "n_runs", "n_stored", "replications",
    "paths", "sample_ms",
)  # fmt: skip
_LISTS_OF_TEXT = ("markets", "notes")
_MAPPINGS: dict[str, type] = {
    "versions": str, "environment": str, "table_hashes": str, "row_counts": int, "tick_sizes": str, "lot_sizes": str,
    "environments": dict, "shards": dict, "host": object,
}  # fmt: skip
#: What the manifest of a run must have to be replayed or audited.
OF_A_RUN = ("config_hash", "detail", "scenario", "replication", "markets", "quantum", "tick_sizes", "lot_sizes")


def problem_of_manifest(manifest: Mapping[str, Any], *, required: Sequence[str] = ()) -> str:
    """The first entry that is missing or not of its kind, in words that follow the file's name; empty if all are."""
    for name in required:
        if name not in manifest:
            return f"{name} is missing"
    for name, value in manifest.items():
        expected = _expected(name, value)
        if expected:
            return f"{name} must be {expected}, found {str(value)[:60]!r}"
    for name in ("tick_sizes", "lot_sizes"):
        markets = manifest.get("markets", [])
        if name in manifest and not set(markets) <= set(manifest[name]):
            return f"{name} must have an entry for each of the markets {', '.join(markets)}"
    return ""


def _expected(name: str, value: Any) -> str:
    """What an entry must be, if it is not; else empty. Entries that are not listed may be anything."""
    if name in _DECIMALS:
        return "" if _is_positive(value) else "a positive number"
    if name in _TEXTS:
        return "" if isinstance(value, str) else "text"
    if name in _WHOLE:
        return "" if isinstance(value, int) and not isinstance(value, bool) else "a whole number"
    if name == "seconds":
        return "" if isinstance(value, int | float) else "a number"
    if name in _LISTS_OF_TEXT:
        return "" if isinstance(value, list) and all(isinstance(item, str) for item in value) else "a list of texts"
    if name in _MAPPINGS:
        kind = _MAPPINGS[name]
        good = isinstance(value, dict) and all(isinstance(item, kind) for item in value.values())
        if good and name in ("tick_sizes", "lot_sizes"):
            good = all(map(_is_positive, value.values()))
        return "" if good else "a mapping of its kind"
    return ""


def _is_positive(value: Any) -> bool:
    try:
        return isinstance(value, str) and 0 < Decimal(value) < Decimal("1e100")
    except InvalidOperation:
        return False
