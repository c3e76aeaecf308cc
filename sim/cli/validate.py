"""`clearsim validate`: compare the model with recorded events. Exit code 0 for a missed target, unless --strict; 3 for
a scenario of which a run failed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ConfigError
from .exit_codes import FAILED, RUNS_FAILED
from .options import Debug
from .output import console, note_printer

if TYPE_CHECKING:
    from ..api.validation import Validation


def validate(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Scenario files or names; default: all shipped.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default results/validation.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write into an existing folder.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer traders, where a scenario states a smaller size.")
    ] = False,
    runs: Annotated[
        int | None, typer.Option(help="Runs of each scenario; default: as it says. From 10 on there is an interval.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 if a target is missed.")] = False,
    calm: Annotated[
        bool,
        typer.Option(
            "--calm",
            help="Order flow beside the literature instead, of one config (default: calm); nothing is scored.",
        ),
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List scenarios and metrics; nothing is run.")] = False,
    debug: Debug = False,
) -> None:
    """Run recorded and hypothetical events and compare the model with targets that were set beforehand.

    Recorded events stand beside null models: the index alone, no liquidations, no market. Exit code 3 if a run failed.
    """
    if list_:
        _list()
        return
    from ..api.validation import folder_for_page, load_scenarios

    if calm:
        _calm(scenarios or [], runs, folder_for_page(out, overwrite=overwrite))
        return
    from ..api.validation import validate as run_scenarios

    loaded = load_scenarios(scenarios or [], quick=quick)
    folder = folder_for_page(out, overwrite=overwrite)
    validation = run_scenarios(loaded, quick=quick, replications=runs, on_note=note_printer())
    _print(validation)
    written = validation.save(folder)
    for path in written:
        typer.echo(path)
    if failed := validation.failed:
        typer.echo(
            f"{len(failed)} of {len(loaded)} scenarios failed ({', '.join(failed)}): {written[0]} has why", err=True
        )
        raise typer.Exit(RUNS_FAILED)
    if strict and not validation.passed:
        raise typer.Exit(FAILED)


def _list() -> None:
    from ..api.catalogue import metrics, scenarios

    for name, _, title in scenarios():
        typer.echo(f"{name:20} {title}")
    typer.echo("\nmetrics")
    for name, unit, meaning in metrics():
        typer.echo(f"{name:32} {unit:14} {meaning}")


def _calm(names: list[str], runs: int | None, folder: Path) -> None:
    from ..api.calm import DEFAULT, Calm
    from ..api.calm import calm as measure_calm

    if len(names) > 1:
        raise ConfigError(f"--calm: takes one config, found {', '.join(names)}")
    found = measure_calm(names[0] if names else DEFAULT, runs=runs, on_note=note_printer())
    _table(Calm.COLUMNS, found.rows())
    typer.echo(found.save(folder))


def _print(validation: "Validation") -> None:
    rows = validation.rows()
    _table(validation.COLUMNS, [cells for cells, _ in rows], bold=[not passed for _, passed in rows])
    if beside := validation.beside_rows():
        typer.echo("\nbeside null models")
        _table(validation.BESIDE_COLUMNS, beside)
    if skill := validation.skill_rows():
        typer.echo("\nRMSE of the mark against recorded prices")
        _table(validation.SKILL_COLUMNS, skill)
    if timing := validation.timing_rows():
        typer.echo("\nminutes, UTC")
        _table(validation.TIMING_COLUMNS, timing)
    console().print(validation.summary(), highlight=False)


def _table(columns: Sequence[str], rows: Sequence[tuple[str, ...]], *, bold: Sequence[bool] = ()) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("scenario", "target", "verdict"))
    for number, cells in enumerate(rows):
        style = "bold" if bold and bold[number] else None
        table.add_row(*(cell.replace("[", "\\[") for cell in cells), style=style)
    console().print(table, highlight=False)
