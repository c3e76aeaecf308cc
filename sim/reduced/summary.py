"""The summary row of a batch of reduced paths: the columns of RUNS, so that both fidelities can stand in one table.

A batch is many paths where a run is one, so: money and counts of accounts are means over paths (weighted by likelihood
ratios where paths were drawn by importance sampling) rounded to whole units; times of first events are the earliest of
any path, -1 if none; `index_low`, `mark_low` are the lowest of any path; `fund_min_quanta` is the lowest end-of-path
cash or 0 if a fund was emptied. What has no meaning without a book (orders, fills, dislocation, inventory, profits
forgone) is 0 or NaN.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..config import RunConfig, config_hash, run_id
from ..results import RUNS
from .kernels import layout as at
from .run import Batch


def summarise(config: RunConfig, batch: Batch, *, scenario: int = 0, replication: int = 0) -> dict[str, Any]:
    """One row of RUNS for a batch of paths of `config`."""
    lowered, digest = batch.lowered, config_hash(config)
    money = {name: _mean(batch, values) for name, values in _flows(batch).items()}
    seed = int(lowered.ints[at.I_SEED])
    low = float(batch.floats[:, at.O_LOW].min()) * lowered.initial_price
    emptied = bool((batch.flow(at.N_FIRST_EMPTY) >= 0).any())
    known: dict[str, Any] = {
        "run_id": run_id(digest, seed=config.seed, scenario=scenario, replication=replication),
        "name": config.name,
        "config_hash": digest,
        "seed": config.seed,
        "scenario": scenario,
        "replication": replication,
        "status": "done",
        "n_traders": lowered.index.n_traders,
        "n_cycles": int(lowered.ints[at.I_STEPS]),
        "duration_ms": round(lowered.horizon * 365 * 86_400_000),
        "index_low": low,
        "mark_low": low,
        "dislocation_max": float("nan"),
        "margin_initial_quanta": lowered.index.margin,
        "fund_initial_quanta": seed,
        "fund_min_quanta": 0 if emptied else min(seed, int(batch.flow(at.N_FUND).min())),
        "first_adl_ms": _earliest(batch.flow(at.N_FIRST_ADL)),
        "first_fund_empty_ms": _earliest(batch.flow(at.N_FIRST_EMPTY)),
        "step_ratio_worst": lowered.step_ratio,
        "step_ms_at_worst": round(float(lowered.floats[at.F_STEP]) * 365 * 86_400_000),
        "residual_quanta": int(residuals(batch).sum()),
        **money,
    }
    return {column.name: known.get(column.name, 0) for column in RUNS}


def _flows(batch: Batch) -> dict[str, npt.NDArray[np.int64]]:
    """Money of each path by the column of RUNS that it is the mean of."""
    flow = batch.flow
    return {
        "liquidated_accounts": flow(at.N_BUCKETS),
        "liquidated_notional_quanta": flow(at.L_NOTIONAL),
        "book_liquidated_quanta": flow(at.L_NOTIONAL) - flow(at.L_ADL_NOTIONAL),
        "adl_notional_quanta": flow(at.L_ADL_NOTIONAL),
        "adl_harm_quanta": flow(at.L_ADL_HARM),
        "fund_final_quanta": flow(at.N_FUND),
        "fund_draw_quanta": flow(at.L_DRAW),
        "fund_gain_quanta": flow(at.L_FEE_FUND) + flow(at.L_SURPLUS_FUND),
        "required_fund_quanta": batch.ints[:, at.O_REQUIRED],
        "socialised_loss_quanta": flow(at.L_SOCIALISED),
        "bad_debt_quanta": flow(at.L_BAD_DEBT),
    }


def residuals(batch: Batch) -> npt.NDArray[np.int64]:
    """(n, 2) what must be zero in every path: money into closed positions less money out, and the fund's own
    account.
    """
    flow = batch.flow
    paid = flow(at.L_DRAW) + flow(at.L_SOCIALISED) + flow(at.L_BAD_DEBT)
    kept = flow(at.L_FEE) + flow(at.L_SURPLUS)
    positions = flow(at.L_BOOK) + flow(at.L_ADL_OWED) + paid - kept - flow(at.L_OWED)
    income = flow(at.L_FEE_FUND) + flow(at.L_SURPLUS_FUND) + flow(at.L_INJECTED)
    fund = batch.lowered.ints[at.I_SEED] + income - flow(at.L_DRAW) - flow(at.L_WITHDRAWN) - flow(at.N_FUND)
    return np.stack([positions, fund], axis=1)


def _mean(batch: Batch, values: npt.NDArray[np.int64]) -> int:
    return round(float(np.mean(values * batch.weights)))


def _earliest(times: npt.NDArray[np.int64]) -> int:
    happened = times[times >= 0]
    return int(happened.min()) if len(happened) else -1
