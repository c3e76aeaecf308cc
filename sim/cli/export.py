"""`clearsim export`: a study in the shapes of other tools.

A roof: reads a study folder and hands its tables to `analysis/study/export.py`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ClearsimError, ConfigError
from .options import Debug

if TYPE_CHECKING:
    from clearsim.analysis.study.folder import StudyFolder

SHAPES = ("ema", "salib", "csv", "parquet", "pandas", "polars")


def export_study(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A study's folder.")],
    to: Annotated[str, typer.Option("--to", help="ema, salib, csv, parquet; pandas or polars: parquet, and how to.")],
    out: Annotated[Path | None, typer.Option(help="File to write (salib: folder); default: in DIR.")] = None,
    outcome: Annotated[
        list[str], typer.Option("--outcome", metavar="NAME", help="Only this outcome; repeat. Default: all.")
    ] = [],  # noqa: B006  (typer copies it)
    arm: Annotated[int | None, typer.Option(help="salib: the combination of levers, by its number.")] = None,
    debug: Debug = False,
) -> None:
    """Write the study in DIR for EMA Workbench, SALib, pandas, polars, or as one CSV or Parquet table."""
    if to not in SHAPES:
        raise ConfigError(f"--to must be one of {', '.join(SHAPES)}, found {to!r}")
    from clearsim.analysis.errors import AnalysisError
    from clearsim.analysis.study.folder import open_study

    try:
        study = open_study(folder)
        write = {"ema": _write_ema, "salib": _write_salib}.get(to)
        lines = write(study, out, outcome or None, arm) if write else _write_table(study, to, out)
    except AnalysisError as error:
        raise ClearsimError(f"clearsim export: {error}") from error
    except OSError as error:
        raise ClearsimError(f"clearsim export: {error.filename}: cannot be written: {error.strerror}") from error
    for line in lines:
        typer.echo(line)


def _write_ema(study: "StudyFolder", out: Path | None, outcomes: list[str] | None, arm: int | None) -> list[str]:
    from clearsim.analysis.study.export import ema_results, write_ema

    path = out or study.path / "ema.tar.gz"
    experiments, found = ema_results(study.points, study.runs, outcomes)
    write_ema(path, experiments, found)
    return [
        f"{path}: {len(experiments):,} experiments, {len(found)} outcomes",
        f'read it with: from ema_workbench import load_results; experiments, outcomes = load_results("{path}")',
    ]


def _write_salib(study: "StudyFolder", out: Path | None, outcomes: list[str] | None, arm: int | None) -> list[str]:
    from clearsim.analysis.study.export import salib_export, write_salib

    bounds = {str(item["name"]): ends for item in study.factors("uncertainties") if (ends := _ends(item)) is not None}
    export = salib_export(study.points, study.runs, outcomes, arm=arm, bounds=bounds)
    paths = write_salib(out or study.path / "salib", export)
    rows = "Saltelli blocks, whole ones only" if export.is_saltelli else "points of the design, in its order"
    lines = [f"{path}" for path in paths]
    lines.append(f"{len(export.x):,} rows: {rows}")
    if export.is_saltelli:
        lines.append("analyse with: SALib.analyze.sobol.analyze(problem, Y, calc_second_order=False), Y one column")
    return lines


def _ends(item: object) -> tuple[float, float] | None:
    """Bounds of a uniform uncertainty of the study file; None of any other."""
    law = item.get("distribution") if isinstance(item, dict) else None
    if not isinstance(law, dict) or law.get("kind") not in ("uniform", "log_uniform", "integers"):
        return None
    try:
        return float(law["low"]), float(law["high"])
    except (KeyError, TypeError, ValueError):
        return None


def _write_table(study: "StudyFolder", to: str, out: Path | None) -> list[str]:
    from clearsim.analysis.study.export import study_frame

    frame = study_frame(study.points, study.runs)
    path = out or study.path / ("study.csv" if to == "csv" else "study.parquet")
    if to == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    lines = [f"{path}: {len(frame):,} runs, {len(frame.columns)} columns"]
    how = {"pandas": "import pandas as pd; pd", "polars": "import polars as pl; pl"}.get(to)
    return lines + ([f'read it with: {how}.read_parquet("{path}")'] if how else [])
