"""`clearsim sweep`, `studies`, `status`, `verify`, `merge`, `export`, `robustness`, `unnecessary-liquidations`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError
from .exit_codes import FAILED, RUNS_FAILED
from .options import Debug, Scheduler, SchedulerFile, Serial, Trust, Workers, executor_of
from .output import command_line, note_printer
from .study_texts import print_dry_run, print_sweep, sbatch_script, size

if TYPE_CHECKING:
    from ..api.study import Study

STUDY_HELP = "A study file, or a name from `clearsim studies`."
Folder = Annotated[Path, typer.Argument(metavar="STUDY_DIR", help="A study folder.")]
MixVersions = Annotated[
    bool, typer.Option("--mix-versions", help="Allow runs of several versions; made_by says which computed each row.")
]
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


def sweep(
    study: Annotated[str, typer.Argument(metavar="STUDY", help=STUDY_HELP)],
    out: Annotated[
        Path | None, typer.Option(help="Study folder; default results/<name>. Resumed if it exists.")
    ] = None,
    set_: Annotated[
        list[str], typer.Option("--set", metavar="PATH=VALUE", help="Override a key of the study, e.g. replications=8.")
    ] = [],  # noqa: B006  (typer copies it)
    full: Annotated[bool, typer.Option("--full", help="Run the larger size of the study.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print points and first rows; estimate time and disk from pilot runs.")
    ] = False,
    until: Annotated[
        str | None, typer.Option(help="Add replications until events>=N or rel_half_width<W in every arm.")
    ] = None,
    max_runs: Annotated[int | None, typer.Option(min=1, help="Stop after this many runs.")] = None,
    max_time: Annotated[str | None, typer.Option(help="Stop after this long: 90s, 30m, 2h.")] = None,
    workers: Workers = None,
    serial: Serial = False,
    scheduler: Scheduler = None,
    scheduler_file: SchedulerFile = None,
    shard: Annotated[str, typer.Option(metavar="I/N", help="Run only every N-th run, starting with the I-th.")] = "1/1",
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Rerun failed and crashed runs.")] = False,
    mix_versions: MixVersions = False,
    print_sbatch: Annotated[
        bool, typer.Option("--print-sbatch", help="Print a Slurm array job for the study.")
    ] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html at the end.")] = True,
    trust: Trust = False,
    debug: Debug = False,
) -> None:
    """Run every point of STUDY; runs that are already stored are skipped. Exit code 3 if any stored run failed."""
    from ..api.study import Study
    from ..api.study_folders import parse_shard
    from ..api.sweep import executor_settings
    from ..api.trust import code_of, parts_of_plan, reading, received_from

    with reading(study):
        loaded = Study.from_yaml(study, set_)
    target = out or Path("results") / (loaded.name + ("-full" if full else ""))
    if print_sbatch:
        typer.echo(sbatch_script(study, loaded.name, str(target), sets=set_, full=full), nl=False)
        return
    chosen = loaded.in_full() if full else loaded
    for text in chosen.notes:
        typer.echo(f"note: {text}", err=True)
    executor = executor_of(workers, serial, scheduler, scheduler_file)
    asked = code_of(received_from(study), parts_of_plan(chosen.plan), trust=trust, note=note_printer())
    if dry_run:
        with asked:
            failed = print_dry_run(chosen, executor_settings(executor, workers).n_local_workers)
        if failed:
            raise typer.Exit(RUNS_FAILED)
        return
    if until is not None and max_runs is None and max_time is None:
        raise ConfigError("--until needs a bound: give --max-runs or --max-time too")
    bounds = {"until": until, "max_runs": max_runs, "max_seconds": _seconds(max_time), "shard": parse_shard(shard)}
    again = {"retry_failed": retry_failed, "mix_versions": mix_versions}
    with asked:
        _sweep(chosen, target, report, executor=executor, workers=workers, **again, **bounds)


def _sweep(chosen: "Study", target: Path, report: bool, **options: Any) -> None:
    """Run the study, print how it ended, write its report; exit with RUNS_FAILED if a run failed."""
    from ..api.sweep import sweep as sweep_study
    from ..interrupt import INTERRUPTED

    note = note_printer()
    try:
        result = sweep_study(chosen, out=target, progress=True, on_note=note, command=command_line(), **options)
    except KeyboardInterrupt:
        note(f"interrupted; finished runs are stored in {target}; repeat the command to resume")
        raise SystemExit(INTERRUPTED) from None
    swept = result.swept
    assert swept is not None
    print_sweep(swept)
    if report:
        result.try_report(lambda text: typer.echo(text, err=True))
    if failed := swept.failed + swept.crashed:
        typer.echo(f"{failed:,} of {swept.total:,} runs failed: {result.failures_file} names them", err=True)
        raise typer.Exit(RUNS_FAILED)


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if match is None:
        raise ConfigError(f"--max-time must be like 90s, 30m or 2h, found {text!r}")
    return float(match[1]) * _SECONDS[match[2]]


def studies(debug: Debug = False) -> None:
    """List the studies that ship with clearsim: name, engine, stated run time, title."""
    from ..api.catalogue import studies as shipped

    for name, engine, title in shipped():
        typer.echo(f"{name:32} {engine} {title}")


def status(folder: Folder, debug: Debug = False) -> None:
    """Show the progress of STUDY_DIR: runs done, failed and missing, errors, disk use."""
    from ..api.study_folders import status as status_of

    progress = status_of(folder)
    stored = sum(progress.by_status.values())
    parts = ", ".join(f"{count:,} {name}" for name, count in sorted(progress.by_status.items())) or "none"
    typer.echo(f"{progress.name}: {progress.points:,} points, {progress.wanted:,} runs wanted; stored: {parts}")
    typer.echo(f"missing {max(0, progress.wanted - stored):,}; {size(progress.disk_bytes)} on disk")
    for text, count in sorted(progress.errors.items(), key=lambda item: -item[1])[:10]:
        typer.echo(f"{count:,} x {text}")
    for problem in progress.problems:
        typer.echo(f"problem: {problem}")


def verify(
    folder: Folder,
    runs: Annotated[int, typer.Option(min=1, help="Number of runs to run again.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed for choosing them.")] = 0,
    trust: Trust = False,
    debug: Debug = False,
) -> None:
    """Run a random sample of STUDY_DIR's runs again and compare their hashes; exit code 1 if any differs."""
    from ..api.study_folders import verify as verify_folder

    sample = verify_folder(folder, runs=runs, seed=seed, trust=trust, on_note=note_printer())
    for note in sample.notes:
        typer.echo(f"note: {note}")
    for line in sample.different:
        typer.echo(line)
    typer.echo(f"{sample.checked - len(sample.different)} of {sample.checked} runs are equal, byte for byte")
    if sample.different:
        raise typer.Exit(FAILED)


def merge(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Study folder to write.")],
    shards: Annotated[list[Path], typer.Argument(metavar="SHARD...", help="Study folders of the shards.")],
    mix_versions: MixVersions = False,
    debug: Debug = False,
) -> None:
    """Merge the shards of a study into one folder, as if one sweep had run them."""
    from ..api.study_folders import merge as merge_shards
    from ..api.study_folders import status as status_of

    merged = merge_shards(out, shards, mix_versions=mix_versions)
    progress = status_of(merged.folder)
    typer.echo(f"{merged.folder}: {sum(progress.by_status.values()):,} of {progress.wanted:,} runs")
    typer.echo(f"result {merged.result_hash[:16]}")


def export(
    folder: Annotated[Path, typer.Argument(metavar="STUDY_DIR", help="A study folder.")],
    to: Annotated[
        str, typer.Option("--to", help="ema, salib, csv, parquet; pandas or polars: parquet, with how to read it.")
    ],
    out: Annotated[Path | None, typer.Option(help="File to write (salib: folder); default: in STUDY_DIR.")] = None,
    outcome: Annotated[
        list[str], typer.Option("--outcome", metavar="NAME", help="Export only this outcome. Repeatable; default: all.")
    ] = [],  # noqa: B006  (typer copies it)
    arm: Annotated[int | None, typer.Option(help="salib: number of the combination of levers.")] = None,
    debug: Debug = False,
) -> None:
    """Write STUDY_DIR for EMA Workbench, SALib, pandas, polars, or as one CSV or Parquet table."""
    from ..api.study_export import require_shape
    from ..api.study_result import open_study

    require_shape(to)
    for line in open_study(folder).export(to, out, outcomes=outcome, arm=arm):
        typer.echo(line)


def robustness(
    folder: Folder,
    replications: Annotated[int, typer.Option(min=2, help="Paired runs of each variant.")] = 8,
    traders: Annotated[
        str | None,
        typer.Option(metavar="N1,N2,...", help="Total numbers of traders; default: 0.3 and 3 times the config's."),
    ] = None,
    point: Annotated[int | None, typer.Option(min=0, help="Point of the study; default: the middle one.")] = None,
    trust: Trust = False,
    debug: Debug = False,
) -> None:
    """Measure how much STUDY_DIR's results depend on time step, number of traders and order of clearing.

    Exit code 3 if a check could not be measured because a run failed.
    """
    from ..api.robustness import robustness as measure

    path, rows = measure(
        folder,
        replications=replications,
        traders=_totals(traders),
        point=point,
        trust=trust,
        on_note=lambda text: typer.echo(text, err=True),
    )
    width = max(len(row["subject"]) for row in rows)
    for row in rows:
        typer.echo(f"{'!' if row['warns'] else ' '} {row['subject']:{width}}  {row['found']}")
    typer.echo(
        f"{path}: {sum(row['warns'] for row in rows)} of {len(rows)} checks warn; clearsim report {folder} shows them"
    )
    if failed := sum(row.get("failed", False) for row in rows):
        typer.echo(f"{failed} of {len(rows)} checks failed: {path} has their errors", err=True)
        raise typer.Exit(RUNS_FAILED)


def _totals(text: str | None) -> list[int]:
    """The numbers of `--traders`; ConfigError if one is not a whole number."""
    if text is None:
        return []
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise ConfigError(f"--traders must be comma-separated whole numbers, like 10000,100000, found {text!r}")
    return [int(part) for part in parts]


def unnecessary_liquidations(
    folder: Annotated[Path, typer.Argument(metavar="STUDY_DIR", help="A study folder of full runs.")],
    runs: Annotated[int, typer.Option(min=1, help="Runs per arm; all arms use the same points and replications.")] = 16,
    level: Annotated[float, typer.Option(help="Confidence level of the intervals.")] = 0.95,
    trust: Trust = False,
    debug: Debug = False,
) -> None:
    """Rerun some runs of each arm and print the share of their liquidations that were unnecessary.

    A liquidation is necessary if the index reached the account's bankruptcy price at the liquidation or after it,
    within the run.
    """
    from ..api.unnecessary import FILE
    from ..api.unnecessary import unnecessary_liquidations as measure

    shares = measure(
        folder, runs=runs, level=level, trust=trust, on_arm=lambda share: typer.echo(str(share)), on_note=note_printer()
    )
    if any(item.share is not None for item in shares):
        typer.echo(f"{folder / FILE}: read by the study's report")
