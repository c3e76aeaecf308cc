"""The command `clearsim report`: the report of a study or a run, and its figures as files."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import ClearsimError
from .options import Debug

FAN_FILE = "fund_paths.parquet"


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a study, or of a run.")],
    formats: Annotated[
        str | None, typer.Option("--format", help="Figures as files too: png, svg, pdf, one or several, with commas.")
    ] = None,
    baseline: Annotated[
        bool,
        typer.Option("--baseline/--no-baseline", help="Compute gap risk beside the curve, and balances over time."),
    ] = True,
    debug: Debug = False,
) -> None:
    """Write report.html into DIR; with --format also every figure, into DIR/figures (needs Chrome or Chromium)."""
    from clearsim.analysis.errors import AnalysisError
    from clearsim.analysis.figure_files import parse_formats
    from clearsim.analysis.reports.run_report import export_run, write_report
    from clearsim.analysis.reports.study_report import export_study, write_study_report
    from clearsim.analysis.study.folder import is_study

    study = is_study(folder)
    write, export_all = (write_study_report, export_study) if study else (write_report, export_run)
    try:
        wanted = parse_formats(formats) if formats is not None else ()
        if study and baseline:
            add_tables(folder)
        typer.echo(write(folder))
        for path in export_all(folder, wanted) if wanted else []:
            typer.echo(path)
    except AnalysisError as error:
        raise ClearsimError(f"clearsim report: {error}") from error


def add_tables(folder: Path) -> None:
    """Write into a study folder what its report draws besides its runs; without it a report still stands."""
    from ..funds.baseline import BASELINE_FILE, write_baseline

    if not (folder / "base.yaml").is_file():
        return
    try:
        if not (folder / BASELINE_FILE).is_file():
            write_baseline(folder)
        if not (folder / FAN_FILE).is_file():
            _write_fan(folder)
    except ClearsimError as error:
        typer.echo(f"no closed form or fan chart beside the curve: {error}", err=True)


def _write_fan(folder: Path) -> None:
    """Quantiles of the fund over time of the first arm: time_days, quantile, fund, n, arm."""
    import pyarrow as pa
    from clearsim.analysis.charts.study.fund_fan import fan_frame

    from ..funds.balances import fund_balances
    from ..studies.store.part_files import parquet_bytes, write_whole

    days, balances = fund_balances(folder)
    if not len(days):
        return
    fan = fan_frame(days, balances).assign(n=len(balances), arm=0)
    write_whole(folder / FAN_FILE, parquet_bytes(pa.Table.from_pandas(fan, preserve_index=False)))
