"""Small studies as frames: points and runs of STUDY_POINTS and STUDY_RUNS, as far as sensitivity reads them."""

import numpy as np
import pandas as pd
from scipy.stats import qmc


def points_of(inputs, *, scenario=None, arm=0, levers=None):
    """Points with one `u.` column an input (and `l.` a lever)."""
    frame = pd.DataFrame({f"u.{name}": values for name, values in inputs.items()})
    for name, values in (levers or {}).items():
        frame[f"l.{name}"] = values
    n = len(frame)
    frame["point"], frame["arm"] = np.arange(n), arm
    frame["scenario"] = np.arange(n) if scenario is None else scenario
    return frame


def runs_of(points, outcomes, column="required_fund_quanta"):
    """Runs of the points: outcomes (points, replications); a NaN is a run that failed."""
    outcomes = np.asarray(outcomes, float)
    outcomes = outcomes[:, None] if outcomes.ndim == 1 else outcomes
    parts = []
    for replication, values in enumerate(outcomes.T):
        part = points[["point", "arm", "scenario"]].copy()
        part["replication"], part[column] = replication, values
        part["status"] = np.where(np.isnan(values), "failed", "done")
        part["run_id"] = [f"{point}-{replication}" for point in points["point"]]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def saltelli(n, k, *, seed=0, low=0.0, high=1.0, layout="A AB B"):
    """Points of a Saltelli design of n blocks from a scrambled Sobol sequence, and the (n (k + 2), k) inputs."""
    sequence = qmc.Sobol(2 * k, scramble=True, seed=seed).random(n) * (high - low) + low
    a, b = sequence[:, :k], sequence[:, k:]
    mixed = np.repeat(a[:, None], k, axis=1)
    mixed[:, np.arange(k), np.arange(k)] = b
    order = [a[:, None], mixed, b[:, None]] if layout == "A AB B" else [a[:, None], b[:, None], mixed]
    x = np.concatenate(order, axis=1).reshape(-1, k)
    points = points_of({f"x{j + 1}": x[:, j] for j in range(k)}, scenario=np.repeat(np.arange(n), k + 2))
    return points, x
