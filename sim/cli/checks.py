"""`clearsim checks STUDY_DIR`: how far a study's numbers hang on steps, numbers of traders and orders of clearing."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError
from .options import Debug


def checks(
    folder: Annotated[Path, typer.Argument(metavar="STUDY_DIR", help="A study folder.")],
    replications: Annotated[int, typer.Option(min=2, help="Paired runs of each.")] = 8,
    traders: Annotated[
        str | None, typer.Option(metavar="N1,N2,...", help="Totals of traders; default 0.3 and 3 times the config's.")
    ] = None,
    point: Annotated[int | None, typer.Option(min=0, help="Point of the study; default the middle one.")] = None,
    debug: Debug = False,
) -> None:
    """Run one point of STUDY_DIR again with other steps, traders and orders of clearing; write checks.json for the
    report."""
    from clearsim.analysis.estimators.paired import paired_difference

    from ..studies.checks import run_checks, write_checks
    from ..studies.store.verify import plan_of_folder

    totals = _totals(traders)
    plan = plan_of_folder(folder)
    rows = run_checks(
        plan,
        paired=paired_difference,
        point=point,
        replications=replications,
        traders=totals,
        say=lambda text: typer.echo(text, err=True),
    )
    path = write_checks(folder, rows)
    width = max(len(row["subject"]) for row in rows)
    for row in rows:
        typer.echo(f"{'!' if row['warns'] else ' '} {row['subject']:{width}}  {row['found']}")
    typer.echo(f"{path}: {sum(row['warns'] for row in rows)} of {len(rows)} warn; clearsim report {folder} shows them")


def _totals(text: str | None) -> list[int]:
    """The numbers of `--traders`; ConfigError if one is none."""
    if text is None:
        return []
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise ConfigError(f"--traders must be whole numbers with commas, like 10000,100000, found {text!r}")
    return [int(part) for part in parts]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(checks)
