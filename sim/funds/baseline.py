"""Gap risk of each arm's opening book in closed form, to compare with a study's curve, written as `baseline.parquet`.

Only for studies of the reduced engine, whose books and jumps the formula reads. Where uncertainties are sampled, the
probability is the mean over points, as the study's probability is.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..config import with_settings
from ..reduced.gap_risk import SMALLEST, gap_risk_curve
from ..studies.design.load_study import load_study
from ..studies.design.plan import Plan
from ..studies.design.plan_checks import plan_study
from ..studies.store.folder import BASE_FILE
from ..studies.store.part_files import parquet_bytes, write_whole

BASELINE_FILE = "baseline.parquet"
#: Maximum arms, and points per arm, that a baseline is computed for: each requires an opening book.
MAX_ARMS, MAX_POINTS = 3, 16


def write_baseline(folder: Path) -> Path | None:
    """Write the baseline of a study folder: fund (quote units, venue scale), probability, arm; None if it has none."""
    plan = plan_study(load_study(folder / "study.yaml", base=folder / BASE_FILE))
    if plan.study.fidelity != "reduced":
        return None
    n_arms = len(plan.arms)
    tables = [_of_arm(plan, arm, n_arms) for arm in range(min(n_arms, MAX_ARMS))]
    found = [table for table in tables if table.num_rows]
    if not found:
        return None
    path = folder / BASELINE_FILE
    write_whole(path, parquet_bytes(pa.concat_tables(found)))
    return path


def _of_arm(plan: Plan, arm: int, n_arms: int) -> pa.Table:
    """The mean curve over up to MAX_POINTS points of an arm, evenly through the design."""
    numbers = range(arm, plan.n_points, n_arms)
    chosen = np.unique(np.linspace(0, len(numbers) - 1, MAX_POINTS).astype(np.int64))
    curves = [_curve(plan, numbers[int(place)]) for place in chosen]
    fund, probability = mean_curve([curve for curve in curves if len(curve[0])])
    columns = {"fund": fund, "probability": probability, "arm": np.full(len(fund), arm, np.int64)}
    return pa.table(columns)


def _curve(plan: Plan, number: int) -> tuple[np.ndarray, np.ndarray]:
    return gap_risk_curve(with_settings(plan.base, plan.point(number).settings))


def mean_curve(curves: Sequence[tuple[np.ndarray, np.ndarray]], *, points: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """The mean probability of several curves at common funds; beyond the end of a curve it is 0."""
    if not curves:
        return np.zeros(0), np.zeros(0)
    if len(curves) == 1:
        return curves[0]
    largest = max(float(fund[-1]) for fund, _ in curves)
    funds = np.concatenate([[0.0], np.geomspace(SMALLEST * largest, largest, points - 1)])
    return funds, np.mean([np.interp(funds, fund, chance, right=0.0) for fund, chance in curves], axis=0)
