"""What the commands on studies say: progress, dry run, the end of a sweep, a Slurm script."""

import shlex
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ..studies.design.plan import Plan
    from ..studies.stopping import StoppingRule
    from ..studies.sweep import SweepResult

ROWS_SHOWN = 8

SBATCH = """#!/usr/bin/env bash
# One shard of the study an array task; afterwards: clearsim merge {out} {out}-shard-*
#SBATCH --job-name={name}
#SBATCH --array=1-16
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=04:00:00
#SBATCH --output={name}-%A-%a.log
set -euo pipefail
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1
clearsim sweep {arguments} --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \\
    --out {out}"-shard-$SLURM_ARRAY_TASK_ID" --workers "$SLURM_CPUS_PER_TASK" --no-report
"""


def sbatch_script(study: str, name: str, out: str, *, sets: Sequence[str], full: bool) -> str:
    """A Slurm array job whose tasks are shards of the study, made of the same study file and overrides."""
    arguments = [study, *(part for text in sets for part in ("--set", text)), *(["--full"] if full else [])]
    return SBATCH.format(name=name, arguments=shlex.join(arguments), out=shlex.quote(out))


def tell_dry_run(plan: "Plan", workers: int) -> None:
    """Points, first rows, and what the sweep would cost."""
    from ..studies.execute.pilot import time_pilots

    study = plan.study
    paths = f" of {study.paths:,} paths" if plan.fidelities == ("reduced",) else ""
    typer.echo(f"{study.name}: {study.title}")
    typer.echo(
        f"{plan.n_points:,} points ({len(plan.rows.scenarios):,} of the design x {len(plan.arms)} arms)"
        f" x {study.replications} replications = {plan.n_runs:,} {' and '.join(plan.fidelities)} runs{paths}"
    )
    shown = [plan.point(number) for number in range(min(ROWS_SHOWN, plan.n_points))]
    for point in shown:
        values = "  ".join(f"{name} {short(value)}" for name, value in point.shown.items())
        typer.echo(f"  point {point.number} (scenario {point.scenario}, arm {point.arm})  {values}")
    if plan.n_points > len(shown):
        typer.echo(f"  ... and {plan.n_points - len(shown):,} more")
    pilot = time_pilots(plan)
    for error in pilot.failed:
        typer.echo(f"a pilot run failed: {error}", err=True)
    way = "mean over arms" if len(plan.fidelities) > 1 else "median"
    total = pilot.seconds_a_run * plan.n_runs / workers
    typer.echo(
        f"pilots: {pilot.runs} runs, {way} {pilot.seconds_a_run:.2g} s, slowest {pilot.slowest:.2g} s;"
        f" all runs on {workers} workers: about {span(total)}, {size(pilot.bytes_a_run * plan.n_runs)} on disk"
    )


def tell_result(result: "SweepResult", rule: "StoppingRule | None") -> None:
    """How the sweep ended, what failed first, what the rows say of the study."""
    rate = result.fresh / result.seconds if result.seconds > 0 else 0.0
    typer.echo(
        f"{result.total:,} runs stored, {result.fresh:,} now in {span(result.seconds)} ({rate:.1f} runs/s);"
        f" {result.failed} failed, {result.crashed} crashed"
    )
    if result.first_error:
        typer.echo(f"first failure: {result.first_error}; clearsim status {result.folder} tells all", err=True)
    if rule is not None:
        met = "reached" if rule.is_met() else f"NOT reached (stopped by {result.stopped_by})"
        typer.echo(f"stopping rule {met}: {rule.words()}")
    elif result.stopped_by != "all runs":
        typer.echo(f"stopped by {result.stopped_by}; the same command goes on")
    for note in result.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"result {result.result_hash[:16]}")
    typer.echo(str(result.folder))


class SweepBar:
    """Progress of a sweep: a bar with rate, ETA and failures in a terminal, a line now and then elsewhere."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._bar: Any = None
        self._task: Any = None
        self._said = 0.0
        self._before: int | None = None

    def __enter__(self) -> Self:
        """Show the bar if there is a terminal."""
        if self._console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn(),
                console=self._console, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("runs", total=None)
            self._bar.start()
        self._said = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, *, done: int, failed: int, total: int | None, seconds: float) -> None:
        """Show how far the sweep is."""
        if self._before is None:
            self._before = done - 1  # of earlier sweeps
        fresh = done - self._before
        text = f"runs  {fresh / max(seconds, 1e-9):.1f}/s  {failed} failed"
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, description=text)
        elif time.monotonic() - self._said > 10.0:
            self._said = time.monotonic()
            left = "" if total is None else f" of {total:,}, about {span((total - done) * seconds / fresh)} left"
            self._console.print(f"{done:,} runs{left}, {failed} failed", highlight=False)


def short(value: Any) -> str:
    """A value of a point as people read it; `-` where it does not apply."""
    return "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def span(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def size(n_bytes: float) -> str:
    """Bytes as people say them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            return f"{n_bytes:.0f} {unit}" if unit == "bytes" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    raise AssertionError
