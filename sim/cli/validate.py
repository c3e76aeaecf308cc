"""`clearsim validate`: compare the model with recorded events. A miss is a result and no failure: 0 unless --strict."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Debug
from .output import console, note_printer

if TYPE_CHECKING:
    from ..api import _analysis as analysis

MISSED = 1


def validate(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Scenario files or names; default: all shipped.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the page; default results/validation.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write into a folder that exists.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer traders where a scenario says how many.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 if a target is missed.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List scenarios and metrics; nothing is run.")] = False,
    debug: Debug = False,
) -> None:
    """Run recorded and hypothetical events and compare the model with targets that were written down before."""
    if list_:
        _list()
        return
    from ..api.validation import folder_for_page, load_scenarios
    from ..api.validation import validate as run_scenarios

    loaded = load_scenarios(scenarios or [], quick=quick)
    folder = folder_for_page(out, overwrite=overwrite)
    found = run_scenarios(loaded, quick=quick, on_note=note_printer())
    _print(found.scores)
    for path in found.save(folder):
        typer.echo(path)
    if strict and not found.passed:
        raise typer.Exit(MISSED)


def _list() -> None:
    from ..scenarios.metrics import METRICS
    from ..scenarios.model import load_scenario, shipped_scenarios

    for name, path in shipped_scenarios().items():
        typer.echo(f"{name:20} {load_scenario(path).scenario.title}")
    typer.echo("\nmetrics")
    for name, metric in METRICS.items():
        typer.echo(f"{name:32} {metric.unit:14} {metric.meaning}")


def _print(scores: "Sequence[analysis.TargetScore]") -> None:
    from clearsim.analysis.validation.table import band, measured, summary, verdict
    from rich.table import Table

    screen = console()
    table = Table(box=None, pad_edge=False)
    for column in ("scenario", "target", "band", "measured [95%]", "status", "verdict"):
        table.add_column(column, overflow="fold", no_wrap=column in ("scenario", "target", "verdict"))
    shown = ""
    for score in scores:
        name, shown = ("" if score.scenario == shown else score.scenario), score.scenario
        cells = (
            name,
            score.metric,
            band(score),
            measured(score),
            "input" if score.is_input else score.status,
            verdict(score),
        )
        table.add_row(*(cell.replace("[", "\\[") for cell in cells), style=None if score.passed else "bold")
    screen.print(table, highlight=False)
    screen.print(summary(list(scores)), highlight=False)
