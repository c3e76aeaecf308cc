"""The summary row of a batch of reduced paths: the columns of RUNS, so that one table can hold both fidelities.

A batch is many paths where a run is one, so: money and counts of accounts are means over paths (weighted by likelihood
ratios where paths were drawn by importance sampling) rounded to whole units; times of first events are the earliest of
any path, -1 if none; `index_low`, `mark_low` are the lowest of any path; `fund_min_quanta` is the lowest end-of-path
cash or 0 if a fund was emptied. Columns that need a book (orders, fills, dislocation, inventory, profits forgone) are 0
or NaN.
"""

from typing import Any

import numpy as np

from ..config import RunConfig, config_hash, run_id
from ..layout import I64
from ..results import RUNS
from ..units import PPM
from .run import Batch


def summarise(config: RunConfig, batch: Batch, *, scenario: int = 0, replication: int = 0) -> dict[str, Any]:
    """One row of RUNS for a batch of paths of `config`."""
    lowered, digest = batch.lowered, config_hash(config)
    money = {name: _mean(batch, values) for name, values in _flows(batch).items()}
    seed = int(lowered.params["seed"][0])
    low = float(batch.outcomes["low"].min()) * lowered.initial_price
    emptied = bool((batch.flow("first_empty_ms") >= 0).any())
    known: dict[str, Any] = {
        "run_id": run_id(digest, seed=config.seed, scenario=scenario, replication=replication),
        "name": config.name,
        "config_hash": digest,
        "seed": config.seed,
        "scenario": scenario,
        "replication": replication,
        "status": "done",
        "n_traders": lowered.index.n_traders,
        "n_cycles": lowered.steps,
        "duration_ms": round(lowered.horizon * 365 * 86_400_000),
        "index_low": low,
        "mark_low": low,
        "dislocation_max": float("nan"),
        "margin_initial_quanta": lowered.index.margin,
        "bankrupt_initial_accounts": lowered.index.bankrupt,
        "deficit_initial_quanta": lowered.index.deficit,
        "fund_initial_quanta": seed,
        "fund_min_quanta": 0 if emptied else min(seed, int(batch.flow("fund").min())),
        "first_adl_ms": _earliest(batch.flow("first_adl_ms")),
        "first_fund_empty_ms": _earliest(batch.flow("first_empty_ms")),
        "step_ratio_worst": lowered.step_ratio,
        "step_ms_at_worst": round(float(lowered.params["step"][0]) * 365 * 86_400_000),
        "required_fund_is_bound": False,  # paths need what a fund that never runs dry would pay
        "required_fund_bound_by": "none",
        "residual_quanta": int(residuals(batch).sum()),
        **money,
    }
    # A drawdown trigger (`adl_drawdown_ppm`) deleverages before the fund is empty.
    cause = "adl_fund_dry_quanta" if int(lowered.params["trigger_ppm"][0]) >= PPM else "adl_trigger_quanta"
    known[cause] = money["adl_notional_quanta"]
    return {column.name: known.get(column.name, 0) for column in RUNS}


def _flows(batch: Batch) -> dict[str, I64]:
    """Money of each path, by the column of RUNS that holds its mean."""
    flow = batch.flow
    return {
        "liquidated_accounts": flow("levels"),
        "liquidated_notional_quanta": flow("notional"),
        "book_liquidated_quanta": flow("notional") - flow("adl_notional"),
        "adl_notional_quanta": flow("adl_notional"),
        "adl_harm_quanta": flow("adl_harm"),
        "fund_final_quanta": flow("fund"),
        "fund_draw_quanta": flow("draw"),
        "fund_gain_quanta": flow("fee_fund") + flow("surplus_fund"),
        "required_fund_quanta": batch.outcomes["required"],
        "socialised_loss_quanta": flow("socialised"),
        "bad_debt_quanta": flow("bad_debt"),
    }


def residuals(batch: Batch) -> I64:
    """(n, 2) sums that must be zero in every path: money into closed positions less money out, and the fund's own
    account.
    """
    flow = batch.flow
    paid = flow("draw") + flow("socialised") + flow("bad_debt")
    kept = flow("fee") + flow("surplus")
    positions = flow("book") + flow("adl_owed") + paid - kept - flow("owed")
    income = flow("fee_fund") + flow("surplus_fund") + flow("injected")
    fund = batch.lowered.params["seed"][0] + income - flow("draw") - flow("withdrawn") - flow("fund")
    return np.stack([positions, fund], axis=1)


def _mean(batch: Batch, values: I64) -> int:
    return round(float(np.mean(values * batch.weights)))


def _earliest(times: I64) -> int:
    happened = times[times >= 0]
    return int(happened.min()) if len(happened) else -1
