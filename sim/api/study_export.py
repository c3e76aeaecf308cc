"""A study in the shapes of other tools: EMA Workbench, SALib, one CSV or Parquet table."""

from pathlib import Path

from ..errors import ClearsimError, ConfigError
from ..results import BOUNDS
from . import _analysis as analysis

SHAPES = ("ema", "salib", "csv", "parquet", "pandas", "polars")


def require_shape(to: str) -> None:
    """ConfigError for a tool that studies are not exported to."""
    if to not in SHAPES:
        raise ConfigError(f"to must be one of {', '.join(SHAPES)}, found {to!r}")


def export_study(
    study: "analysis.StudyFolder", to: str, out: Path | None, *, outcomes: list[str] | None, arm: int | None
) -> list[str]:
    """Write the study for `to`; return lines that report what was written and how to read it.

    ConfigError for an unknown tool; ClearsimError if it cannot be exported or written.
    """
    require_shape(to)
    try:
        with analysis.clearsim_errors():
            if to == "ema":
                return [*_write_ema(study, out, outcomes), *_bounds(study, outcomes)]
            if to == "salib":
                return [*_write_salib(study, out, outcomes, arm), *_bounds(study, outcomes)]
            return [*_write_table(study, to, out), *_bounds(study, None)]
    except OSError as error:
        raise ClearsimError(f"{error.filename}: cannot be written: {error.strerror}") from error


def _bounds(study: "analysis.StudyFolder", outcomes: list[str] | None) -> list[str]:
    """A line about each exported outcome that is only a lower bound in some runs, and how to recognise them."""
    lines = []
    for column, flag in BOUNDS.items():
        text = analysis.bounds_text(study.done, column) if outcomes is None or column in outcomes else ""
        if text:
            lines.append(f"{column} is {text}: there {flag or f'{column} is -1'}")
    return lines


def _write_ema(study: "analysis.StudyFolder", out: Path | None, outcomes: list[str] | None) -> list[str]:
    path = out or study.path / "ema.tar.gz"
    experiments, results = analysis.ema_results(study.points, study.runs, outcomes)
    analysis.write_ema(path, experiments, results)
    return [
        f"{path}: {len(experiments):,} experiments, {len(results)} outcomes",
        *analysis.left_out_lines(study.points, study.runs, whole_points=True),
        f'read it with: from ema_workbench import load_results; experiments, outcomes = load_results("{path}")',
    ]


def _write_salib(
    study: "analysis.StudyFolder", out: Path | None, outcomes: list[str] | None, arm: int | None
) -> list[str]:
    bounds = {str(item["name"]): ends for item in study.factors("uncertainties") if (ends := _ends(item)) is not None}
    export = analysis.salib_export(study.points, study.runs, outcomes, arm=arm, bounds=bounds)
    paths = analysis.write_salib(out or study.path / "salib", export)
    rows = "Saltelli blocks, whole ones only" if export.is_saltelli else "points of the design, in its order"
    lines = [f"{path}" for path in paths]
    lines.append(f"{len(export.x):,} rows: {rows}")
    points = study.points if arm is None else study.points[study.points["arm"] == arm]
    runs = study.runs[study.runs["point"].isin(points["point"])]
    left_out = analysis.left_out_lines(points, runs, whole_points=True)
    if left_out and export.is_saltelli:
        lines += [*left_out, f"whole blocks of {export.problem['num_vars'] + 2} rows are left out with them"]
    elif left_out:
        lines += [text.replace("left out", "nan in outputs.csv") for text in left_out]
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


def _write_table(study: "analysis.StudyFolder", to: str, out: Path | None) -> list[str]:
    frame = analysis.study_frame(study.points, study.runs)
    path = out or study.path / ("study.csv" if to == "csv" else "study.parquet")
    if to == "csv":
        path.write_text(analysis.csv_text(frame), encoding="utf-8")
    else:
        frame.to_parquet(path, index=False)
    lines = [f"{path}: {len(frame):,} runs, {len(frame.columns)} columns"]
    lines += analysis.left_out_lines(study.points, study.runs, whole_points=False)
    how = {"pandas": "import pandas as pd; pd", "polars": "import polars as pl; pl"}.get(to)
    return lines + ([f'read it with: {how}.read_parquet("{path}")'] if how else [])
