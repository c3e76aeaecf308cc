"""The command `clearsim report`: the report of a study or a run, and its figures as files."""

from pathlib import Path
from typing import Annotated

import typer

from sim.errors import ClearsimError


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a study, or of a run.")],
    formats: Annotated[
        str | None, typer.Option("--format", help="Figures as files too: png, svg, pdf, one or several, with commas.")
    ] = None,
    baseline: Annotated[
        bool, typer.Option("--baseline/--no-baseline", help="Compute the closed form of gap risk beside the curve.")
    ] = True,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an unexpected error.")] = False,
) -> None:
    """Write report.html into DIR; with --format also every figure, into DIR/figures (needs Chrome or Chromium)."""
    from analysis.errors import AnalysisError
    from analysis.export import parse_formats
    from analysis.reports.run_report import export_run, write_report
    from analysis.reports.study_folder import is_study
    from analysis.reports.study_report import export_study, write_study_report

    study = is_study(folder)
    write, export_all = (write_study_report, export_study) if study else (write_report, export_run)
    try:
        wanted = parse_formats(formats) if formats is not None else ()
        if study and baseline:
            _add_baseline(folder)
        typer.echo(write(folder))
        for path in export_all(folder, wanted) if wanted else []:
            typer.echo(path)
    except AnalysisError as error:
        raise ClearsimError(f"clearsim report: {error}") from error


def _add_baseline(folder: Path) -> None:
    """Write the closed form into a study folder that has none; a report without it is told of, and stands."""
    from sim.sweep.baseline import BASELINE_FILE, write_baseline

    if (folder / BASELINE_FILE).is_file() or not (folder / "base.yaml").is_file():
        return
    try:
        write_baseline(folder)
    except ClearsimError as error:
        typer.echo(f"no closed form beside the curve: {error}", err=True)
