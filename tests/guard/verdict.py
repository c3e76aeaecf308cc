"""Judges one job from how both commands ended and from what they wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.guard.compare import comparable, counts_of, differences, manifest_of, read_tables, rename, without_added
from tests.guard.pool import DIED, Outcome
from tests.guard.renames import Renames

FAILED, BAD_INPUT = 1, 2


@dataclass(frozen=True)
class Verdict:
    """Whether both sides of a job are equal, and what it exercised."""

    name: str
    differs: bool
    text: str
    refused: bool = False
    seconds: tuple[float, float] = (0.0, 0.0)
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def line(self) -> str:
        """One line."""
        word = "DIFFERS" if self.differs else "refused" if self.refused else "equal"
        base, here = self.seconds
        return f"{word:8}{self.name:48} {base:6.2f} s {here:6.2f} s  {self.text}"


def judge(name: str, outcomes: Sequence[Outcome], folders: Sequence[Path], renames: Renames) -> Verdict:
    """Compare the two sides of a job; `folders` are what they wrote, base first."""
    base, here = outcomes
    seconds = (base.seconds, here.seconds)
    if DIED in (base.code, here.code) or base.code != here.code:
        text = "; ".join(f"{side} ended with {outcome.code}: {outcome.error[:300]}" for side, outcome in
                         (("base", base), ("here", here)))  # fmt: skip
        return Verdict(name, True, text, seconds=seconds)
    tables_written = [any(folder.rglob("*.parquet")) for folder in folders]
    if base.code and not any(tables_written):
        return _both_ended_early(name, outcomes, folders, seconds)
    return _of_tables(name, folders, renames, seconds)


def _both_ended_early(
    name: str, outcomes: Sequence[Outcome], folders: Sequence[Path], seconds: tuple[float, float]
) -> Verdict:
    """Both refused, or both failed in the same way; what they say is a note if it differs."""
    told = [_neutral(outcome.error, folder) for outcome, folder in zip(outcomes, folders, strict=True)]
    notes = [] if told[0] == told[1] else [f"base says {told[0][:200]!r}, here {told[1][:200]!r}"]
    if outcomes[0].code != BAD_INPUT:
        notes.append(f"both fail with {outcomes[0].code}: {told[0][:200]}")
    return Verdict(name, False, told[0].split("\n")[0][:100], refused=True, seconds=seconds, notes=tuple(notes))


def _neutral(text: str, folder: Path) -> str:
    """The message without its traceback, and without what differs by side."""
    return text.split("\nTraceback")[0].replace(str(folder), "OUT").replace(folder.name.rsplit("-", 1)[-1], "SIDE")


def _of_tables(name: str, folders: Sequence[Path], renames: Renames, seconds: tuple[float, float]) -> Verdict:
    read = [read_tables(folder) for folder in folders]
    counts = counts_of(read[0])
    try:
        base, here = comparable(rename(read[0], renames)), comparable(without_added(read[1], renames))
    except KeyError as error:
        return Verdict(name, True, f"an added or renamed column is not there: {error}", seconds=seconds, counts=counts)
    found = differences(base, here)
    if found:
        more = f"; {len(found) - 1} more tables differ" if len(found) > 1 else ""
        return Verdict(name, True, f"{found[0]}{more}", seconds=seconds, counts=counts)
    hashes = [manifest_of(folder) for folder in folders]
    notes = [
        f"values are equal, {key} is not"
        for key in ("config_hash", "result_hash", "schema_version")
        if hashes[0].get(key) != hashes[1].get(key)
    ]
    rows = sum(table.num_rows for table in base.values())
    text = f"{len(base)} tables, {rows:,} rows" + _shown(counts)
    return Verdict(name, False, text, seconds=seconds, counts=counts, notes=tuple(notes))


def _shown(counts: Mapping[str, int]) -> str:
    shown = [f"{name.removesuffix('_quanta').replace('_', ' ')} {count:,}" for name, count in counts.items() if count]
    return "; " + ", ".join(shown) if shown else ""
