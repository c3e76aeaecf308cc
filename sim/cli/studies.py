"""`clearsim sweep`, `studies`, `status`, `verify`, `merge`, and `replay DIR RUN_ID`: studies on the command line.

A roof: reads arguments, tells what happens, decides exit codes; the work is done in `sim/studies/`.
"""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ClearsimError, ConfigError
from .options import Debug
from .study_texts import SweepBar, sbatch_script, size, tell_dry_run, tell_result
from .terminal import error_console, teller

if TYPE_CHECKING:
    from ..studies.design.plan import Plan
    from ..studies.execute.executors import ExecutorSettings
    from ..studies.stopping import StoppingRule
    from ..studies.sweep import SweepResult

FAILED = 1
STUDY_HELP = "A study file, or a name from `clearsim studies`."
Folder = Annotated[Path, typer.Argument(metavar="STUDY_DIR", help="A study folder.")]
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


def sweep(
    study: Annotated[str, typer.Argument(metavar="STUDY", help=STUDY_HELP)],
    out: Annotated[
        Path | None, typer.Option(help="Study folder; default results/<name>. Gone on with if it exists.")
    ] = None,
    set_: Annotated[
        list[str], typer.Option("--set", metavar="PATH=VALUE", help="Override in the study file, e.g. replications=8.")
    ] = [],  # noqa: B006  (typer copies it)
    full: Annotated[bool, typer.Option("--full", help="The study's larger size.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Points, first rows, time and disk from pilot runs.")
    ] = False,
    until: Annotated[
        str | None, typer.Option(help="More replications until events>=N or rel_half_width<W in every arm.")
    ] = None,
    max_runs: Annotated[int | None, typer.Option(min=1, help="At most so many runs now.")] = None,
    max_time: Annotated[str | None, typer.Option(help="At most so long now: 90s, 30m, 2h.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes here; default one a core.")] = None,
    serial: Annotated[bool, typer.Option("--serial", help="Run in this process, for debugging.")] = False,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler, e.g. tcp://host:8786.")
    ] = None,
    scheduler_file: Annotated[Path | None, typer.Option(help="File that the Dask scheduler wrote.")] = None,
    shard: Annotated[str, typer.Option(metavar="I/N", help="Only every N-th run from the I-th on.")] = "1/1",
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run again what failed or crashed.")] = False,
    print_sbatch: Annotated[
        bool, typer.Option("--print-sbatch", help="Print a Slurm array job for the study.")
    ] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html at the end.")] = True,
    debug: Debug = False,
) -> None:
    """Run every point of STUDY; what is stored already is not run again."""
    from ..studies.design.load_study import load_study
    from ..studies.design.plan_checks import plan_study

    loaded = load_study(study, set_)
    target = out or Path("results") / (loaded.study.name + ("-full" if full else ""))
    if print_sbatch:
        typer.echo(sbatch_script(study, loaded.study.name, str(target), sets=set_, full=full), nl=False)
        return
    plan = plan_study(loaded, full=full)
    for note in plan.notes:
        typer.echo(f"note: {note}", err=True)
    settings = _executor(workers, serial, scheduler, scheduler_file)
    if dry_run:
        tell_dry_run(plan, settings.n_local_workers)
        return
    rule = None if until is None else _rule(until, plan)
    if rule is not None and max_runs is None and max_time is None:
        raise ConfigError("--until needs a bound: say --max-runs or --max-time too")
    result = _run(plan, settings, target, shard, rule, max_runs, _seconds(max_time), retry_failed)
    tell_result(result, rule)
    if report:
        _write_report(result.folder)
    if result.total == result.failed + result.crashed and result.total:
        raise typer.Exit(FAILED)


def _executor(
    workers: int | None, serial: bool, scheduler: str | None, scheduler_file: Path | None
) -> "ExecutorSettings":
    from ..studies.execute.executors import ExecutorSettings

    given = {
        "--serial": serial,
        "--scheduler": scheduler is not None,
        "--scheduler-file": scheduler_file is not None,
        "--workers": workers is not None,
    }
    chosen = [name for name, is_given in given.items() if is_given]
    if len(chosen) > 1:
        raise ConfigError(f"{' and '.join(chosen)} exclude each other")
    if serial:
        return ExecutorSettings(kind="serial", workers=1)
    if scheduler is not None:
        return ExecutorSettings(kind="address", address=scheduler)
    if scheduler_file is not None:
        return ExecutorSettings(kind="file", scheduler_file=scheduler_file)
    return ExecutorSettings(kind="local", workers=workers)


def _rule(text: str, plan: "Plan") -> "StoppingRule":
    from clearsim.analysis.estimators.intervals import clopper_pearson

    from ..studies.stopping import parse_rule

    def half_width(events: int, n: int) -> float:
        low, high = clopper_pearson(events, n)
        return float(high - low) / 2 / (events / n)

    if plan.study.sampler != "crude":
        raise ConfigError(f"--until counts events of crude runs; the study draws by {plan.study.sampler}")
    return parse_rule(text, arms=len(plan.arms), half_width=half_width)


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if match is None:
        raise ConfigError(f"--max-time must be like 90s, 30m or 2h, found {text!r}")
    return float(match[1]) * _SECONDS[match[2]]


def _run(
    plan: "Plan",
    settings: "ExecutorSettings",
    target: Path,
    shard: str,
    rule: "StoppingRule | None",
    max_runs: int | None,
    max_seconds: float | None,
    retry_failed: bool,
) -> "SweepResult":
    from ..interrupt import INTERRUPTED
    from ..studies.sweep import SweepOptions, parse_shard, run_sweep

    console = error_console()
    say = teller(console)
    with SweepBar(console) as bar:
        options = SweepOptions(
            out=target,
            executor=settings,
            shard=parse_shard(shard),
            rule=rule,
            max_runs=max_runs,
            max_seconds=max_seconds,
            retry_failed=retry_failed,
            command=("clearsim", *sys.argv[1:]),
            progress=bar,
            say=say,
        )
        try:
            return run_sweep(plan, options)
        except KeyboardInterrupt:
            say(f"interrupted; what is finished is stored in {target}: the same command goes on from there")
            raise SystemExit(INTERRUPTED) from None


def _write_report(folder: Path) -> None:
    """report.html of a study; a warning where it cannot be made: the numbers are stored."""
    from clearsim.analysis.errors import AnalysisError
    from clearsim.analysis.reports.study_report import write_study_report

    from .report import add_tables

    try:
        add_tables(folder)
        write_study_report(folder)
    except (AnalysisError, ValueError, KeyError, TypeError, OSError) as error:
        typer.echo(f"warning: no report.html: {type(error).__name__}: {error}", err=True)


def studies(debug: Debug = False) -> None:
    """List the studies inside the package: name, engine, stated time, title."""
    from ..studies.design.load_study import load_study, shipped_studies

    for name in sorted(shipped_studies()):
        study = load_study(name).study
        typer.echo(f"{name:32} {study.fidelity:8} {study.run_time or '-':28} {study.title}")


def status(folder: Folder, debug: Debug = False) -> None:
    """Say how far STUDY_DIR is: runs done, failed, missing, errors, disk."""
    from ..studies.store.verify import status_of

    found = status_of(folder)
    stored = sum(found.by_status.values())
    parts = ", ".join(f"{count:,} {name}" for name, count in sorted(found.by_status.items())) or "none"
    typer.echo(f"{found.name}: {found.points:,} points, {found.wanted:,} runs wanted; stored: {parts}")
    typer.echo(f"missing {max(0, found.wanted - stored):,}; {size(found.disk_bytes)} on disk")
    for text, count in sorted(found.errors.items(), key=lambda item: -item[1])[:10]:
        typer.echo(f"{count:,} x {text}")
    for problem in found.problems:
        typer.echo(f"problem: {problem}")


def verify(
    folder: Folder,
    runs: Annotated[int, typer.Option(min=1, help="Random runs to make again.")] = 5,
    seed: Annotated[int, typer.Option(help="Which ones.")] = 0,
    debug: Debug = False,
) -> None:
    """Run random rows of STUDY_DIR again and compare their hashes; exit code 1 if any differs."""
    from ..studies.store.verify import verify as verify_folder

    found = verify_folder(folder, runs=runs, seed=seed)
    for note in found.notes:
        typer.echo(f"note: {note}")
    for line in found.different:
        typer.echo(line)
    typer.echo(f"{found.checked - len(found.different)} of {found.checked} runs are equal, byte for byte")
    if found.different:
        raise typer.Exit(FAILED)


def merge(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Study folder to write.")],
    shards: Annotated[list[Path], typer.Argument(metavar="SHARD...", help="Study folders of the shards.")],
    debug: Debug = False,
) -> None:
    """Put the folders of a study's shards together as if one sweep had run them."""
    from ..studies.store.merge import merge as merge_shards
    from ..studies.store.store import StudyStore
    from ..studies.store.verify import status_of

    folder = merge_shards(out, shards)
    found = status_of(folder)
    typer.echo(f"{folder}: {sum(found.by_status.values()):,} of {found.wanted:,} runs")
    typer.echo(f"result {str(StudyStore.open(folder, read_only=True).manifest['result_hash'])[:16]}")


def replay_study_run(folder: Path, run: str, out: Path | None) -> None:
    """Run one row of a study again with its full event log, into a result folder with a report; compare its summary."""
    from ..runs.run import RunOptions, run_config
    from ..studies.store.verify import find_run, plan_of_folder

    row = find_run(folder, run)
    if row["fidelity"] != "full":
        raise ClearsimError(
            f"{folder}: run {row['run_id']} is of the reduced engine, which keeps no events; see its paths"
        )
    plan = plan_of_folder(folder)
    config = plan.job(plan.point(row["point"]), row["replication"]).config
    target = out or folder / "replays" / row["run_id"]
    options = RunOptions(
        out=target,
        detail="events",
        scenario=row["scenario"],
        replication=row["replication"],
        command=("clearsim", *sys.argv[1:]),
        finish=_run_report,
    )
    result = run_config(config, options).result
    own = ("run_id", "name", "status", "error", "seconds", "point", "arm", "fidelity")
    differing = [name for name, value in result.runs.items() if name not in own and not _same(value, row[name])]
    typer.echo(str(target))
    if differing:
        typer.echo(f"differs from the stored row in {', '.join(differing)}")
        raise typer.Exit(FAILED)
    typer.echo("equal to the stored row")


def _same(a: Any, b: Any) -> bool:
    return bool(a == b or (a != a and b != b))


def _run_report(folder: Path) -> None:
    from clearsim.analysis.reports.run_report import write_report

    write_report(folder)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (sweep, studies, status, verify, merge):
        app.command()(command)
