"""An engine that simulates nothing: its tables follow the schema and depend on the seed only. For tests of `run.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from clearsim.config import RunConfig, config_hash, run_id
from clearsim.results import ACCOUNTS, EVENT_TABLES, FUNDS, RUNS, SERIES

DTYPES = {"int64": np.int64, "int32": np.int32, "float64": np.float64, "bool": np.bool_}


@dataclass(frozen=True)
class FakeResult:
    """What the engine returns."""

    runs: dict[str, Any]
    funds: dict[str, Any]
    series: dict[str, Any]
    accounts: dict[str, Any]


def blank(columns: Any, n_rows: int) -> dict[str, Any]:
    """Zeros and empty texts for every column of a table."""
    return {
        c.name: np.array([""] * n_rows, dtype=object) if c.kind == "string" else np.zeros(n_rows, DTYPES[c.kind])
        for c in columns
    }


def accounts_table() -> dict[str, Any]:
    """Three accounts: outside deposited 100 into each of two traders; the first lost 30 to the second."""
    table = blank(ACCOUNTS, 3)
    table["account"] = np.arange(3, dtype=np.int32)
    table["kind"] = np.array(["reserved", "trader", "trader"], dtype=object)
    table["role"] = np.array(["outside", "liquidated traders", "winners"], dtype=object)
    table["trader"] = np.arange(3, dtype=np.int32)
    table["equity_initial_quanta"] = np.array([-200, 100, 100])
    table["equity_final_quanta"] = np.array([-200, 70, 130])
    return table


class FakeEngine:
    """Callable like the engine's `simulate`. `during` is called in the middle of the run, to disturb it."""

    def __init__(
        self,
        during: Callable[[], None] | None = None,
        shortfalls: Sequence[int] = (0, 0, 0),
        refined_shortfalls: Sequence[int] = (0, 0, 0),
    ) -> None:
        self.during = during
        self.shortfalls = {1: shortfalls, 4: refined_shortfalls}  # by replication

    def __call__(
        self,
        config: RunConfig,
        *,
        detail: str,
        progress: Any,
        event_sink: Any,
        scenario: int = 0,
        replication: int = 0,
        refine: int = 1,
    ) -> FakeResult:
        """Return tables that depend on the seed only."""
        rng = np.random.default_rng([config.seed, scenario, replication])
        for step in range(1, 5):
            if event_sink is not None:
                rows = blank(EVENT_TABLES["transfers"], 1000)
                rows["quote_quanta"] = rng.integers(0, 1000, 1000)
                event_sink.append("transfers", rows)
            if progress is not None:
                progress(config.duration_ms * step // 4, 100.0, 5, step)
            if step == 2 and self.during is not None:
                self.during()
        runs = {name: column[0] for name, column in blank(RUNS, 1).items()}
        digest = config_hash(config)
        runs |= {"config_hash": digest, "name": config.name, "seed": config.seed, "status": "done"}
        runs["run_id"] = run_id(digest, seed=config.seed, scenario=scenario, replication=replication)
        runs["fund_draw_quanta"] = self.shortfalls[refine][replication]
        series = blank(SERIES, 10)
        series["mark_price"] = rng.normal(100, 1, 10)
        return FakeResult(runs, blank(FUNDS, 1), series, accounts_table())
