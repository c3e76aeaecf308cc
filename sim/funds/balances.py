"""Balances of the fund over time, for the fan chart of a study of the reduced engine.

A path keeps no record of its fund over time. But the fund at time t is the fund at the end of a path of length t,
so paths of each length give its distribution at each time. These are not the paths of the study, and they are few: the
chart shows the spread and is not an estimate.
"""

from pathlib import Path

import numpy as np

from ..config import with_settings
from ..layout import F64
from ..studies.design.load_study import load_study
from ..studies.design.plan_checks import plan_study
from ..studies.store.folder import BASE_FILE
from .config import horizon_days, with_horizon

TIMES, PATHS = 31, 2_000


def fund_balances(folder: Path, *, times: int = TIMES, paths: int = PATHS) -> tuple[F64, F64]:
    """(times,) days and (paths, times) cash of the fund of the first point, quote units at venue scale.

    Both are empty for full runs, and where arms have several points, because there is no single path then.
    """
    from ..reduced.run import simulate_batch

    plan = plan_study(load_study(folder / "study.yaml", base=folder / BASE_FILE))
    if plan.study.fidelity != "reduced" or plan.n_points != len(plan.arms):
        return np.zeros(0), np.zeros((0, 0))
    config = with_settings(plan.base, plan.point(0).settings)
    days = np.linspace(0.0, horizon_days(config, "reduced"), times)
    unit = float(config.quantum / config.scale.simulated_share)
    balances = np.zeros((paths, times))
    for column, length in enumerate(days[1:], start=1):
        batch = simulate_batch(with_horizon(config, float(length)), paths=paths)
        balances[:, column] = batch.flow("fund") * unit
        balances[:, 0] = batch.lowered.params["seed"][0] * unit
    return days, balances
