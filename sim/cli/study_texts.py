"""The text that study commands print: dry run, the end of a sweep, a Slurm script."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from ..api.progress import span

if TYPE_CHECKING:
    from ..api.study import Study
    from ..api.sweep import SweepResult

ROWS_SHOWN = 8

SBATCH = """#!/usr/bin/env bash
# One shard of the study per array task; afterwards: clearsim merge {out} {out}-shard-*
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
    """A Slurm array job whose tasks are shards of the study, with the same study file and overrides."""
    arguments = [study, *(part for text in sets for part in ("--set", text)), *(["--full"] if full else [])]
    return SBATCH.format(name=name, arguments=shlex.join(arguments), out=shlex.quote(out))


def plan_text(chosen: "Study") -> str:
    """`60 points (30 of the design x 2 arms) x 8 replications = 480 full runs`."""
    plan = chosen.plan
    paths = f" of {plan.study.paths:,} paths" if plan.fidelities == ("reduced",) else ""
    return (
        f"{plan.n_points:,} points ({len(plan.rows.scenarios):,} of the design x {_many(len(plan.arms), 'arm')})"
        f" x {_many(plan.study.replications, 'replication')}"
        f" = {plan.n_runs:,} {' and '.join(plan.fidelities)} runs{paths}"
    )


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def print_dry_run(chosen: "Study", workers: int) -> int:
    """Print the points, the first rows, and the cost of the sweep; return how many pilot runs failed."""
    plan = chosen.plan
    study = plan.study
    typer.echo(f"{study.name}: {study.title}")
    typer.echo(plan_text(chosen))
    shown = [plan.point(number) for number in range(min(ROWS_SHOWN, plan.n_points))]
    for point in shown:
        values = "  ".join(f"{name} {short(value)}" for name, value in point.shown.items())
        typer.echo(f"  point {point.number} (scenario {point.scenario}, arm {point.arm})  {values}")
    if plan.n_points > len(shown):
        typer.echo(f"  ... and {plan.n_points - len(shown):,} more")
    pilot = chosen.pilot()
    for error in pilot.failed:
        typer.echo(f"a pilot run failed: {error}", err=True)
    way = "mean over arms" if len(plan.fidelities) > 1 else "median"
    total = pilot.seconds_a_run * plan.n_runs / workers
    typer.echo(
        f"pilots: {pilot.runs} runs, {way} {pilot.seconds_a_run:.2g} s, slowest {pilot.slowest:.2g} s;"
        f" all runs on {workers} workers: about {span(total)}, {size(pilot.bytes_a_run * plan.n_runs)} on disk"
    )
    return len(pilot.failed)


def print_sweep(swept: "SweepResult") -> None:
    """Print how the sweep ended, the first failure, and notes on the study."""
    rate = swept.fresh / swept.seconds if swept.seconds > 0 else 0.0
    missing = max(0, swept.planned - swept.total)
    of = f" of {swept.planned:,}" if missing else ""
    typer.echo(
        f"{swept.total:,}{of} runs stored, {swept.fresh:,} new in {span(swept.seconds)} ({rate:.1f} runs/s);"
        f" {swept.failed} failed, {swept.crashed} crashed"
    )
    if swept.first_error:
        typer.echo(f"first failure: {swept.first_error}", err=True)
    if swept.rule:
        met = "reached" if swept.rule_is_met else f"NOT reached (stopped by {swept.stopped_by})"
        typer.echo(f"stopping rule {met}: {swept.rule}")
    elif swept.stopped_by != "all runs" and missing:
        typer.echo(f"stopped by {swept.stopped_by}; {missing:,} runs are missing; repeat the command to resume")
    elif missing:
        typer.echo(f"this shard is complete; {missing:,} runs of the study are not in this folder")
    for note in swept.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"result {swept.result_hash[:16]}")
    typer.echo(str(swept.folder))


def short(value: Any) -> str:
    """A value of a point as text; `-` where it does not apply."""
    return "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def size(n_bytes: float) -> str:
    """A number of bytes as text with a unit."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            return f"{n_bytes:.0f} {unit}" if unit == "bytes" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    raise AssertionError
