"""A study in the shapes of other tools: one flat frame (pandas, polars), EMA Workbench, SALib.

Decides shapes and file layouts; the caller reads the study. Only runs that are done are exported. Neither tool needs
to be installed: EMA's archive is written in its own layout (read with `ema_workbench.load_results`), SALib's as the
problem mapping with inputs and outputs in SALib's row order. Cells of EMA's archive stay as they are: no spreadsheet
opens it.
"""

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..csv_text import csv_text
from ..errors import AnalysisError
from ..sensitivity.design_table import F64, RUN_EVENTS, DesignTable, design_table, is_numeric
from ..sensitivity.sobol import block_order

#: Columns that identify a run and are no outcome of it.
IDENTITY = (
    "run_id", "name", "config_hash", "seed", "scenario", "replication", "status", "point", "arm", "fidelity", "error",
    "n_traders", "duration_ms", "residual_quanta",
)  # fmt: skip
#: Layout of EMA Workbench's archive, as its version 2.5.3 writes and reads it.
EMA_VERSION = 0.1


def study_frame(points: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """One row per run that is done: its point's inputs (`u.`, `l.`), then the columns of the runs."""
    inputs = [name for name in points.columns if name.startswith(("u.", "l."))]
    done = runs[runs["status"] == "done"]
    frame = done[["point"]].merge(points[["point", *inputs]], on="point", how="left", validate="many_to_one")
    return pd.concat([frame[inputs], done.reset_index(drop=True)], axis=1)


def left_out_lines(points: pd.DataFrame, runs: pd.DataFrame, *, whole_points: bool) -> list[str]:
    """What an export leaves out, one line each; none if all runs of all points are done.

    whole_points: points of which any run is not done are left out (EMA Workbench), else the runs alone.
    """
    lines = []
    failed = runs[runs["status"] != "done"]
    if len(failed):
        where = _ranges(failed["point"].unique().tolist())
        lines.append(f"{len(failed):,} of {len(runs):,} runs failed and are left out ({where})")
    expected = int(runs.groupby("point").size().max()) if len(runs) else 1
    done = runs.loc[runs["status"] == "done", "point"].value_counts().reindex(points["point"], fill_value=0)
    missing = done.index[done < expected] if whole_points else done.index[done == 0]
    if len(missing):
        why = "a run is not done" if whole_points else "no run is done"
        lines.append(f"{len(missing):,} of {len(points):,} points are left out, of which {why} ({_ranges(missing)})")
    return lines


def _ranges(numbers: Iterable[int]) -> str:
    """Numbers of points as text: points 0-2, 5; shortened after ten ranges."""
    ordered = sorted(int(number) for number in numbers)
    groups: list[list[int]] = []
    for number in ordered:
        if groups and number == groups[-1][1] + 1:
            groups[-1][1] = number
        else:
            groups.append([number, number])
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in groups]
    listed = ", ".join(texts[:10]) + (", ..." if len(texts) > 10 else "")
    return f"point{'s' if len(ordered) > 1 else ''} {listed}"


def outcome_names(runs: pd.DataFrame) -> list[str]:
    """Names of what can be exported as an outcome: numeric columns of the runs, and events whose column is there."""
    numbers = [name for name in runs.columns if name not in IDENTITY and pd.api.types.is_numeric_dtype(runs[name])]
    return [*(name for name, event in RUN_EVENTS.items() if event.column in runs), *numbers]


def ema_results(
    points: pd.DataFrame, runs: pd.DataFrame, outcomes: Sequence[str] | None = None, *, model: str = "clearsim"
) -> tuple[pd.DataFrame, dict[str, F64]]:
    """(experiments, outcomes) as EMA Workbench's `perform_experiments` returns them: a row a point.

    experiments: inputs by their bare names, scenario, policy, model; labels as categories. Outcomes are (points,) if
    the study has one replication, else (points, replications) as of its Replicator. Points of which a run is not done
    are left out, because EMA has no missing outcomes.
    """
    names = list(outcomes) if outcomes is not None else outcome_names(runs)
    samples = {name: _whole_study(points, runs, name) for name in names}
    first = next(iter(samples.values()))
    done = np.asarray(np.isfinite(_done(points, runs)).all(axis=1))
    experiments = first.inputs[done].reset_index(drop=True)
    for name in experiments.columns:
        if not is_numeric(experiments[name]):
            experiments[name] = experiments[name].astype(str).astype("category")
    ordered = points.sort_values("point", kind="stable")[done]
    experiments["scenario"] = ordered.groupby("arm").cumcount().to_numpy()
    experiments["policy"] = pd.Categorical([f"arm {arm}" for arm in ordered["arm"]])
    experiments["model"] = pd.Categorical([model] * len(experiments))
    values = {name: sample.values[done] for name, sample in samples.items()}
    return experiments, {name: own[:, 0] if own.shape[1] == 1 else own for name, own in values.items()}


def write_ema(path: Path, experiments: pd.DataFrame, outcomes: Mapping[str, F64]) -> None:
    """Write the tar.gz that `ema_workbench.load_results` reads; the same results give the same bytes."""
    files = {"experiments.csv": experiments.to_csv(index=False)}
    listed = []
    for name, values in outcomes.items():
        kind, file = ("ScalarOutcome", f"{name}.cls") if values.ndim == 1 else ("ArrayOutcome", f"{name}.csv")
        files[file] = pd.DataFrame(values).to_csv(header=False, index=False)
        listed.append((kind, name, file))
    kinds = {str(name): kind.name for name, kind in experiments.dtypes.items()}
    files["metadata.json"] = json.dumps({"version": EMA_VERSION, "outcomes": listed, "experiments": kinds})
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name, text in files.items():
            content = text.encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


@dataclass(frozen=True)
class SalibExport:
    """The inputs of SALib's `analyze` functions.

    problem: num_vars, names, bounds (of the design's values), labels (codes of inputs without order), outputs.
    x: (P, k) inputs.  y: (P, outcomes) means over replications, NaN where a run is not done.  is_saltelli: rows are in
    the order of `SALib.sample.sobol` without second order: A, A with each column of B, B, block by block.
    """

    problem: dict[str, Any]
    x: F64
    y: F64
    is_saltelli: bool


def salib_export(
    points: pd.DataFrame,
    runs: pd.DataFrame,
    outcomes: Sequence[str] | None = None,
    *,
    arm: int | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> SalibExport:
    """The study as a SALib problem with its inputs and outputs; `bounds` where they are known, else of the values.

    Inputs are the uncertainties that move; one arm at a time. Blocks of a Saltelli design of which a run is not done
    are left out: SALib takes whole blocks only.
    """
    names = list(outcomes) if outcomes is not None else outcome_names(runs)
    samples = [design_table(points, runs, name, arm=arm) for name in names]
    first, y = samples[0], np.stack([sample.values.mean(axis=1) for sample in samples], axis=1)
    coded, labels = _coded(first.inputs)
    try:
        order = block_order(first)
    except AnalysisError:
        order = None
    if order is not None:
        ended = np.asarray(np.isfinite(first.values).all(axis=1))[order].all(axis=1)
        rows = order[ended].ravel()
        coded, y = coded[rows], y[rows]
    known = bounds or {}
    ends = [known.get(name, (float(x.min()), float(x.max()))) for name, x in zip(first.names, coded.T, strict=True)]
    problem: dict[str, Any] = {"num_vars": len(first.names), "names": first.names, "bounds": [list(e) for e in ends]}
    problem |= {"outputs": names} | ({"labels": labels} if labels else {})
    return SalibExport(problem, coded, y, order is not None)


def write_salib(folder: Path, export: SalibExport) -> list[Path]:
    """Write problem.json, inputs.csv, outputs.csv; return them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("problem.json", "inputs.csv", "outputs.csv")]
    paths[0].write_text(json.dumps(export.problem, indent=2) + "\n", encoding="utf-8")
    for path, values, names in ((paths[1], export.x, "names"), (paths[2], export.y, "outputs")):
        path.write_text(csv_text(pd.DataFrame(values, columns=export.problem[names])), encoding="utf-8")
    return paths


def _whole_study(points: pd.DataFrame, runs: pd.DataFrame, outcome: str) -> DesignTable:
    """All inputs, moving or not, of all arms."""
    inputs = [name for name in points.columns if name.startswith(("u.", "l."))]
    if not inputs:
        raise AnalysisError("the study has neither uncertainties nor levers: export it with --to csv or --to parquet")
    return design_table(points.assign(arm=0), runs, outcome, inputs=inputs)


def _done(points: pd.DataFrame, runs: pd.DataFrame) -> F64:
    """(P, R) a number where a run is done, NaN where not."""
    return _whole_study(points, runs.assign(_one=1.0), "_one").values


def _coded(inputs: pd.DataFrame) -> tuple[F64, dict[str, list[str]]]:
    """Inputs as numbers; labels by their place in a sorted list, which is returned."""
    columns, labels = [], {}
    for name in inputs.columns:
        column = inputs[name]
        if is_numeric(column):
            columns.append(column.to_numpy(np.float64))
            continue
        codes, found = pd.factorize(column.astype(str), sort=True)
        columns.append(codes.astype(np.float64))
        labels[str(name)] = [str(label) for label in found]
    return np.stack(columns, axis=1), labels
