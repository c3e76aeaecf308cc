"""Runs a recorded result folder again and compares the result tables byte for byte; reports where they first differ."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ..config import RunConfig, load_config
from ..errors import ConfigError, ResultError
from ..manifest_fields import OF_A_RUN
from ..results import TABLES, detail_of
from .environment import because, causes
from .folder import table_folder
from .manifest import package_versions, read_manifest
from .run import Progress, RunOptions, Simulate, run_config


@dataclass(frozen=True)
class RecordedRun:
    """A result folder that can be run again."""

    folder: Path
    config: RunConfig
    manifest: dict[str, Any]

    @property
    def detail(self) -> str:
        """The level of detail that writes its tables; older versions wrote the orders at detail `events`."""
        had_orders = "orders" in self.manifest.get("row_counts", {})
        return detail_of("orders") if had_orders else str(self.manifest["detail"])


@dataclass(frozen=True)
class ReplayOutcome:
    """Whether all tables are equal, and the lines to print."""

    equal: bool
    lines: list[str]


def load_run(folder: Path) -> RecordedRun:
    """Return the run that `folder` holds; ResultError if it is not a result folder or its config was changed."""
    manifest = read_manifest(folder, required=OF_A_RUN)
    path = folder / "config.yaml"
    if not path.is_file():
        raise ResultError(f"{folder}: is not a complete result folder (no config.yaml)")
    try:
        loaded = load_config(path)
    except ConfigError as error:
        raise ResultError(f"{folder}: its config cannot be read by this version: {error}") from error
    if loaded.hash != manifest.get("config_hash"):
        raise ResultError(
            f"{path}: was changed after the run, or has another meaning in this version"
            f" (hash {loaded.hash[:12]}, the manifest has {str(manifest.get('config_hash'))[:12]})"
        )
    return RecordedRun(folder, loaded.config, manifest)


def replay_run(
    recorded: RecordedRun, *, progress: Progress | None = None, simulate: Simulate | None = None
) -> ReplayOutcome:
    """Run it again in a temporary folder and compare every Parquet file."""
    with tempfile.TemporaryDirectory(prefix="clearsim-replay-") as temporary:
        options = RunOptions(
            out=Path(temporary) / "run",
            detail=recorded.detail,
            scenario=int(recorded.manifest["scenario"]),
            replication=int(recorded.manifest["replication"]),
            progress=progress,
        )
        output = run_config(recorded.config, options, simulate=simulate)
        differences = compare_folders(recorded.folder, output.folder)
    lines = [*differences, _cause(recorded.manifest)] if differences else []
    name = str(recorded.folder)
    verdict = (
        f"{name}: differs" if differences else f"{name}: equal, byte for byte ({output.manifest['result_hash'][:16]})"
    )
    return ReplayOutcome(not differences, [verdict, *lines])


def compare_folders(recorded: Path, again: Path) -> list[str]:
    """One line per table that differs, with the first difference; empty if all bytes are equal."""
    lines = []
    for table in TABLES:
        ours, theirs = (_parts(folder / table_folder(table)) for folder in (recorded, again))
        if [path.name for path in ours] != [path.name for path in theirs]:
            lines.append(f"{table}: {len(ours)} parts recorded, {len(theirs)} in the replay")
        elif any(a.read_bytes() != b.read_bytes() for a, b in zip(ours, theirs, strict=True)):
            lines.append(f"{table}: {_first_difference(ours, theirs)}")
    return lines


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _first_difference(ours: list[Path], theirs: list[Path]) -> str:
    offset = 0
    for a, b in zip(ours, theirs, strict=True):
        try:
            left, right = pq.read_table(a), pq.read_table(b)
        except (OSError, ValueError, KeyError) as error:
            return f"{a.name} cannot be read: {error}"
        if left.column_names != right.column_names:
            return "columns differ"
        if left.num_rows != right.num_rows:
            return f"{a.name} has {left.num_rows:,} rows recorded, {right.num_rows:,} in the replay"
        for row, (x, y) in enumerate(zip(left.to_pylist(), right.to_pylist(), strict=True)):
            if str(x) != str(y):  # as text, so that NaN equals NaN
                column = next(name for name in x if str(x[name]) != str(y[name]))
                return f"row {offset + row:,}, column {column}: {x[column]!r} recorded, {y[column]!r} in the replay"
        offset += left.num_rows
    return "values are equal, bytes are not (another pyarrow version?)"


def _cause(manifest: dict[str, Any]) -> str:
    """Why the tables may differ: versions, source or processor that are not those of the run."""
    then, now = manifest.get("versions", {}), package_versions()
    found = causes(manifest.get("environment"), str(manifest.get("host", {}).get("processor", "")))
    others = [f"{name} was {then[name]}, is {now.get(name)}" for name in then if then[name] != now.get(name)]
    return because([*found, *(text for text in others if text not in found)])
