"""One run from config to result folder: simulate, write the tables, the manifest, the resolved config, all or nothing.

Decides the content of the manifest and the place of the results. `sim/engine/` simulates; a function of the caller
makes the report, because this module does not know `analysis/`.
"""

import math
import shlex
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..config import InputFile, RunConfig, input_files, require_runnable, to_yaml
from ..opening import choose_opening, positions_of_opening, write_positions
from ..results import is_kept
from .folder import (
    Columns,
    ResultFolder,
    combine_hashes,
    telling_disk_errors,
)
from .manifest import describe_run, manifest_text
from .place import Say
from .shortfall import shortfall_quanta


class Progress(Protocol):
    """Called by the engine as simulated time advances; it may be called often and must be cheap."""

    def __call__(self, time_ms: int, mark: float, fund_quanta: int, liquidated: int) -> None:
        """Report simulated time, mark of the first market (quote units), cash of all funds, accounts liquidated."""


class EventSink(Protocol):
    """Where the engine puts rows of the event tables during a run."""

    def append(self, table: str, columns: Columns) -> None:
        """Receive a batch of rows."""


class RunResult(Protocol):
    """The result of a simulation; event tables went to the sink."""

    @property
    def runs(self) -> Mapping[str, Any]:
        """The one row of the `runs` table."""

    @property
    def funds(self) -> Columns:
        """Columns of the `funds` table."""

    @property
    def series(self) -> Columns:
        """Columns of the `series` table."""

    @property
    def accounts(self) -> Columns:
        """Columns of the `accounts` table."""


class Simulate(Protocol):
    """The engine's entry point."""

    def __call__(
        self,
        config: RunConfig,
        *,
        detail: str,
        progress: Progress | None,
        event_sink: EventSink | None,
        scenario: int = 0,
        replication: int = 0,
        refine: int = 1,
    ) -> RunResult:
        """Run `config`; `refine` 4 halves every step of the clock twice and keeps the points of the path."""


@dataclass(frozen=True)
class RunOutput:
    """A finished run: its folder and its results."""

    folder: Path
    result: RunResult
    manifest: dict[str, Any]


#: Finds, from a config and its row of `runs` (scenario, replication), an entry of the manifest; None: there is none.
SecondPass = Callable[[RunConfig, Mapping[str, Any], int, int], Mapping[str, Any] | None]


@dataclass(frozen=True)
class RunOptions:
    """How a run is carried out; none of this changes its numbers."""

    out: Path | None = None  # None: results/<name>-<seed>, with a suffix if taken
    overwrite: bool = False  # replace the result folder of a run
    numbered: bool = False  # take `out` with a suffix if taken
    detail: str | None = None  # None: the config's
    scenario: int = 0
    replication: int = 0
    check_step: bool = False
    step_pairs: int = 3  # replications that --check-step compares
    command: Sequence[str] = field(default_factory=tuple)
    progress: Progress | None = None
    second_pass: SecondPass | None = None  # what an endless fund would have needed: `endless_fund` of the manifest
    input_notes: Sequence[str] = ()  # what reading the input files found, for the manifest and the report
    say: Say = lambda text: None  # receives notes for the user
    finish: Callable[[Path], None] | None = None  # makes the report inside the complete, not yet visible folder


def _engine() -> Simulate:
    from ..engine.simulation import simulate

    return simulate


def run_config(config: RunConfig, options: RunOptions, *, simulate: Simulate | None = None) -> RunOutput:
    """Run a config and write its result folder; on any error or Ctrl-C nothing is left behind."""
    require_runnable(config)
    target = options.out or Path("results") / f"{config.name}-{config.seed}"
    numbered = options.numbered or options.out is None
    with ResultFolder(target, overwrite=options.overwrite, numbered=numbered, say=options.say) as folder:
        result, extra = simulate_into(folder, config, options, simulate=simulate)
        fill_tables(folder, result, str(extra["detail"]))
        manifest = _finish(folder, config, extra)
        if options.finish is not None:
            options.finish(folder.folder)
        placed = folder.commit()
    return RunOutput(placed, result, manifest)


def simulate_into(
    sink: EventSink, config: RunConfig, options: RunOptions, *, simulate: Simulate | None = None
) -> tuple[RunResult, dict[str, Any]]:
    """Run a config with its events going to `sink`; return its result and the manifest entries on how it was run."""
    engine = simulate or _engine()
    detail = options.detail or config.record.detail
    started = time.perf_counter()
    result = engine(
        config,
        detail=detail,
        progress=options.progress,
        event_sink=sink if is_kept("transfers", detail=detail) else None,
        scenario=options.scenario,
        replication=options.replication,
    )
    seconds = round(time.perf_counter() - started, 3)
    extra: dict[str, Any] = {**_identity(options), "seconds": seconds, "detail": detail}
    if options.input_notes:
        extra["input_notes"] = list(options.input_notes)
    if options.check_step:
        extra["step_check"] = check_step(config, result, options, engine)
    if options.second_pass is not None:
        found = options.second_pass(config, result.runs, options.scenario, options.replication)
        extra |= {"endless_fund": dict(found)} if found else {}
    return result, extra


def fill_tables(sink: EventSink, result: RunResult, detail: str) -> None:
    """Put the tables that are not events into `sink`."""
    sink.append("runs", as_columns(result.runs))
    sink.append("funds", result.funds)
    sink.append("accounts", result.accounts)
    if is_kept("series", detail=detail):
        sink.append("series", result.series)


def export_positions(config: RunConfig, path: Path, *, scenario: int = 0, replication: int = 0) -> int:
    """Write the opening book of a run as CSV and return its line count; a run with that file has the same hash."""
    from ..agents.shares import Venue
    from ..engine.build import build_world
    from ..rng import Streams

    world = build_world(config, detail="summary", sink=None, scenario=scenario, replication=replication)
    share = config.scale.simulated_share
    venue = Venue(world.instruments, world.markets, config.quantum, share, world.rows.first_trader)
    streams = Streams(seed=config.seed, scenario=scenario, replication=replication)
    opening = choose_opening(config, venue, streams)
    rows = positions_of_opening(opening.book, opening.capital, venue)
    with telling_disk_errors(path):
        write_positions(path, rows, venue.instruments)
    return len(rows)


def write_run(
    out_dir: Path,
    config: RunConfig,
    tables: Mapping[str, Columns],
    manifest_extra: Mapping[str, Any],
    *,
    overwrite: bool = False,
) -> Path:
    """Write a whole result folder from tables in memory; return its path."""
    with ResultFolder(out_dir, overwrite=overwrite) as folder:
        for name, columns in tables.items():
            folder.append(name, columns)
        _finish(folder, config, manifest_extra)
        return folder.commit()


def as_columns(row: Mapping[str, Any]) -> dict[str, list[Any]]:
    """One row as columns of one value."""
    return {name: [value] for name, value in row.items()}


def manifest_of(
    config: RunConfig, extra: Mapping[str, Any], *, hashes: Mapping[str, str], row_counts: Mapping[str, int]
) -> dict[str, Any]:
    """The content of `manifest.json` for a run with these tables."""
    return {
        **describe_run(config, scenario=int(extra.get("scenario", 0)), replication=int(extra.get("replication", 0))),
        **extra,
        "row_counts": dict(row_counts),
        "table_hashes": dict(hashes),
        "result_hash": combine_hashes(hashes),
    }


def _finish(folder: ResultFolder, config: RunConfig, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Close the tables of a folder and write its config and manifest."""
    hashes = folder.close_tables()
    for _, file in input_files(config):  # so that the folder can be replayed anywhere
        folder.write_bytes(file.kept_name(), file.read())
    folder.write_text("config.yaml", to_yaml(config, InputFile.kept_name))
    manifest = manifest_of(config, extra, hashes=hashes, row_counts=folder.row_counts())
    folder.write_text("manifest.json", manifest_text(manifest))
    return manifest


def _identity(options: RunOptions) -> dict[str, Any]:
    return {
        "scenario": options.scenario,
        "replication": options.replication,
        "command": shlex.join(options.command) if options.command else None,
    }


def check_step(config: RunConfig, result: RunResult, options: RunOptions, engine: Simulate) -> dict[str, Any]:
    """The share of the shortfall that vanishes when every step is cut in four; it should be below 5%.

    A shortfall is a small random number, so the two are compared over `options.step_pairs` replications, each pair on
    the same points of its price path; `result` is the first of them. The share is that of the sums, its 95% interval
    the t interval of the differences over the mean (none from one pair).
    """

    def shortfall(replication: int, refine: int) -> int:
        rest: dict[str, Any] = {"progress": options.progress, "event_sink": None, "scenario": options.scenario}
        found = engine(config, detail="summary", replication=replication, refine=refine, **rest)
        return shortfall_quanta(found.runs)

    first, pairs = options.replication, options.step_pairs
    coarse = [shortfall_quanta(result.runs), *(shortfall(first + i, 1) for i in range(1, pairs))]
    fine = [shortfall(first + i, 4) for i in range(pairs)]
    low, high = _share_interval(coarse, fine)
    return {
        "refine": 4,
        "pairs": pairs,
        "shortfall_quanta": sum(coarse),
        "shortfall_refined_quanta": sum(fine),
        "vanishing_share": 1.0 - sum(fine) / sum(coarse) if any(coarse) else 0.0,
        "vanishing_share_low": low,
        "vanishing_share_high": high,
    }


def _share_interval(coarse: Sequence[int], fine: Sequence[int]) -> tuple[float | None, float | None]:
    """95% t interval of mean(coarse - fine) / mean(coarse), the mean below taken as known; None if there is none."""
    n, total = len(coarse), sum(coarse)
    if n < 2 or total == 0:
        return None, None
    from scipy.stats import t as student

    shares = [n * (a - b) / total for a, b in zip(coarse, fine, strict=True)]
    half = float(student.ppf(0.975, n - 1)) * statistics.stdev(shares) / math.sqrt(n)
    middle = statistics.fmean(shares)
    return middle - half, middle + half
