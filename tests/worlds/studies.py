"""Study folders written by hand, with made-up numbers, so that reports of studies can be tested without a sweep."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from clearsim.analysis.study.differences import compare_arms, differences_frame, reference_of
from clearsim.analysis.study.labels import arm_labels
from clearsim.analysis.study.outcomes import MAX_SHOWN, means_of_arms, named_outcomes, runs_with_outcomes
from clearsim.results import SCHEMA_VERSION, STUDY_TABLES

FUND = 5_000_000  # quote units at hand
QUANTA = 1_000_000  # a quote unit
DAY_MS = 86_400_000
FACTORS = {"jump size": (2.0, 8.0, "%"), "depth": (0.3, 3.0, "times"), "latency": (0.0, 5.0, "s")}
ANSWER = {
    "event": "equity_zero",
    "horizon_days": 30,
    "basis": "within_horizon",
    "open_interest": "aged_once",
    "replenishment": "none",
}


def design_points(kind, *, blocks=32):
    """(P, 3) settings of FACTORS, and the scenario of each point."""
    low, high = (np.array([ends[i] for ends in FACTORS.values()]) for i in (0, 1))
    centre = (low + high) / 2
    generator = np.random.default_rng(11)
    if kind == "one_at_a_time":
        rows = [centre]
        for i in range(3):
            for end in (low, high):
                rows.append(np.where(np.arange(3) == i, end, centre))
        return np.array(rows), np.zeros(7, np.int64)
    if kind == "saltelli":
        rows = []
        for _ in range(blocks):
            a, b = low + generator.random((2, 3)) * (high - low)
            rows += [a, *(np.where(np.arange(3) == i, b, a) for i in range(3)), b]
        return np.array(rows), np.repeat(np.arange(blocks), 5)
    if kind == "grid":
        first, second = np.meshgrid(np.linspace(2, 8, 5), np.linspace(0.3, 3.0, 4))
        rows = np.column_stack([first.ravel(), second.ravel(), np.full(20, centre[2])])
        return rows, np.zeros(20, np.int64)
    if kind == "latin_hypercube":
        cells = np.stack([generator.permutation(120) for _ in range(3)], axis=1)
        return low + (cells + 0.5) / 120 * (high - low), np.arange(120)
    return centre[None, :], np.zeros(1, np.int64)


def write_study(folder, *, kind="list", arms=("pro rata",), fidelity="reduced", replications=2, paths=400, failed=0,
                answer=True, weighted=False, scale=1.0, manifest_replications=None, **manifest):  # fmt: skip
    """A study folder of this design; `scale` multiplies every required fund; the first `failed` runs failed.

    manifest_replications: replications of the design, if the folder is to hold fewer or more runs.
    """
    folder = Path(folder)
    (folder / "runs").mkdir(parents=True)
    (folder / "paths").mkdir()
    settings, scenarios = design_points(kind)
    points, runs, all_paths = [], [], []
    for arm, label in enumerate(arms):
        for own, scenario in zip(settings, scenarios, strict=True):
            point = len(points)
            named = {f"u.{name}": value for name, value in zip(FACTORS, own, strict=True)} if kind != "list" else {}
            lever = {"l.ADL rule": label} if len(arms) > 1 else {}
            points.append(
                {"point": point, "scenario": int(scenario), "arm": arm, "config_hash": "c" * 64, **named, **lever}
            )
            for replication in range(replications):
                generator = np.random.default_rng([7, int(scenario), replication])
                row, rows = _run(own, scale * (1 + arm), generator, paths if fidelity == "reduced" else 1)
                row |= {"point": point, "arm": arm, "scenario": int(scenario), "replication": replication}
                row |= {"run_id": f"{point:06d}-{replication}", "fidelity": fidelity, "config_hash": "c" * 64}
                if len(runs) < failed:
                    row |= {"status": "failed", "error": "ValueError: price <= 0\nTraceback (most recent call last)"}
                else:
                    weights = generator.normal(-0.005, 0.1, len(rows)) if weighted else np.zeros(len(rows))
                    all_paths.append(rows.assign(run_id=row["run_id"], log_weight=weights))
                runs.append(row)
    _write(folder / "runs" / "part-a.parquet", "runs", pd.DataFrame(runs))
    if fidelity == "reduced" and all_paths:
        _write(folder / "paths" / "part-a.parquet", "paths", pd.concat(all_paths, ignore_index=True))
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(points), preserve_index=False), folder / "points.parquet")
    (folder / "study.yaml").write_text(_study_text(kind, arms, fidelity, replications, answer=answer))
    facts = {"schema_version": SCHEMA_VERSION, "study_hash": "5" * 64, "asset": "USDT", "quantum": "0.000001",
             "open_interest_quote": "1000000000", "versions": {"clearsim": "9.9"}, "git_commit": "1234abc"}  # fmt: skip
    facts["replications"] = manifest_replications or replications
    (folder / "manifest.json").write_text(json.dumps({**facts, **manifest}))
    return folder


def set_runs(folder, values, *, keep=None):
    """Set columns of a study's runs, in the order of points and replications; `keep`: indices of the runs that stay."""
    path = Path(folder) / "runs" / "part-a.parquet"
    runs = pd.read_parquet(path)
    for name, column in values.items():
        runs[name] = np.asarray(column, runs[name].dtype)
    runs = runs if keep is None else runs.iloc[list(keep)].reset_index(drop=True)
    runs.to_parquet(path)
    return Path(folder)


def add_to_study(folder, **keys):
    """Add keys to the study file of a folder."""
    path = Path(folder) / "study.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **keys}, sort_keys=False))
    return Path(folder)


def _run(own, scale, generator, n):
    """A row of `runs` and its paths: the fund a run needs grows with the jump and falls with depth."""
    jump, depth, _ = own
    size = generator.exponential(0.6, n) * jump / depth
    required = np.floor(scale * 1e6 * np.maximum(size - 0.5, 0) * QUANTA).astype(np.int64)
    empty = required > FUND * QUANTA
    first = np.where(empty, (generator.random(n) * 30 * DAY_MS).astype(np.int64), -1)
    rows = pd.DataFrame({"path": np.arange(n), "required_fund_quanta": required, "first_fund_empty_ms": first})
    rows = rows.assign(first_adl_ms=first, adl_notional_quanta=np.where(empty, 10**12, 0), largest_jump=-size / 100)
    known = {"name": "made-up", "seed": 7, "status": "done", "error": "", "seconds": 0.25, "duration_ms": 30 * DAY_MS,
             "fund_initial_quanta": FUND * QUANTA, "required_fund_quanta": int(required.mean()), "n_traders": 100,
             "first_adl_ms": int(first.max()), "first_fund_empty_ms": int(first.max()),
             "step_ratio_worst": 5.0}  # fmt: skip
    return known, rows


def cut_off(folder, *, by="fund"):
    """Cut required funds of a study's full runs off at the fund at hand, as the engine does; return how many are."""
    path = Path(folder) / "runs" / "part-a.parquet"
    runs = pd.read_parquet(path)
    is_bound = runs["required_fund_quanta"] > FUND * QUANTA
    runs["required_fund_quanta"] = runs["required_fund_quanta"].clip(upper=FUND * QUANTA)
    runs["required_fund_is_bound"] = is_bound
    runs["required_fund_bound_by"] = np.where(is_bound, by, "none")
    runs.to_parquet(path)
    return int(is_bound.sum())


def arm_means(study, *, level):
    """The means of the outcomes that figures show, by arm; no rows if the study names none."""
    runs = runs_with_outcomes(study)
    return means_of_arms(study, runs, named_outcomes(study, runs)[:MAX_SHOWN], level=level)


def arm_differences(study, *, level):
    """The first arm's label, and the frame of the paired differences of the others from it."""
    runs, labels = runs_with_outcomes(study), arm_labels(study)
    found = compare_arms(study, runs, named_outcomes(study, runs)[:MAX_SHOWN], level=level)
    return reference_of(found, labels), differences_frame(found, labels)


def _write(path, table, frame):
    kinds = {"int64": "int64", "int32": "int32", "float64": "float64", "bool": "bool", "string": "object"}
    full = {}
    for column in STUDY_TABLES[table]:
        filler = "" if column.kind == "string" else 0
        full[column.name] = frame[column.name] if column.name in frame else pd.Series([filler] * len(frame))
        full[column.name] = full[column.name].astype(kinds[column.kind])
    arrow = {
        "string": pa.string(),
        "int64": pa.int64(),
        "int32": pa.int32(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
    }
    schema = pa.schema([(column.name, arrow[column.kind]) for column in STUDY_TABLES[table]])
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(full), schema=schema, preserve_index=False), path)


def _study_text(kind, arms, fidelity, replications, *, answer):
    study = {
        "schema_version": 1,
        "name": "made-up-study",
        "title": "A made-up study",
        "question": "Is the fund large enough & <who> asks?",
        "base": "base",
        "set": {"reduced.steps": 30},
        "fidelity": fidelity,
        "seed": 7,
        "replications": replications,
        "design": {"kind": kind},
    }
    if kind != "list":
        study["uncertainties"] = [
            {"name": name, "path": f"made.{name.split()[0]}", "unit": unit,
             "distribution": {"kind": "uniform", "low": low, "high": high}}
            for name, (low, high, unit) in FACTORS.items()
        ]  # fmt: skip
    if len(arms) > 1:
        study["levers"] = [{"name": "ADL rule", "path": "waterfall[2].ranking", "values": list(arms)}]
    if answer:
        study["answer"] = ANSWER
    return yaml.safe_dump(study, sort_keys=False)
