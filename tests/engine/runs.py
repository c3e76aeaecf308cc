"""Runs of the reference configs for engine tests, and an independent reading of their transfers."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from clearsim.config import RunConfig, load_config
from clearsim.config.traders import traders_overrides
from clearsim.engine.simulation import RunResult, simulate

from tests.memory_sink import MemorySink

#: A deeper fall on a thinner fund: many liquidations, takeovers and deleveragings in five minutes.
STRESS = (
    "markets[0].price.shock_fraction=-0.2",
    "markets[0].price.shock_ms=60000",
    "funds[0].seed_quote=2000",
    "duration_s=120",
)


def config_of(name: str, *settings: str, traders: int | None = None) -> RunConfig:
    """A shipped config with `--set` and `--traders` applied."""
    config = load_config(name, settings).config
    if traders is not None:
        config = load_config(name, [*settings, *traders_overrides(config, traders)]).config
    return config


@dataclass
class Recorded:
    """A run with its events in memory."""

    result: RunResult
    sink: MemorySink

    def rows(self, table: str) -> list[dict[str, Any]]:
        columns = self.sink.table(table)
        if not columns:
            return []
        lists = [column.tolist() for column in columns.values()]
        return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]

    def count(self, name: str) -> int:
        return int(self.result.runs[name])  # type: ignore[call-overload]


def record(config: RunConfig, **options: Any) -> Recorded:
    sink = MemorySink()
    return Recorded(simulate(config, detail="orders", event_sink=sink, **options), sink)


def replay(run: Recorded) -> tuple[dict[int, int], dict[tuple[int, str], int]]:
    """Final quote by row and lots by (row, market), in plain integers, from the transfers table alone."""
    quote: dict[int, int] = defaultdict(int)
    lots: dict[tuple[int, str], int] = defaultdict(int)
    for item in run.rows("transfers"):
        quote[item["payer"]] -= item["quote_quanta"]
        quote[item["payee"]] += item["quote_quanta"]
        if item["lots"]:
            lots[item["payer"], item["market"]] += item["lots"]
            lots[item["payee"], item["market"]] -= item["lots"]
    return quote, lots


def unit_values(run: Recorded, step: int) -> dict[str, int]:
    """Quanta per lot by market at the published mark of a step: mark ticks x tick x lot / quantum."""
    config, world = run.result.world.config, run.result.world
    return {
        item.name: int(int(world.mark_path[step, number]) * item.tick_size * item.lot_size / config.quantum)
        for number, item in enumerate(config.markets)
    }


def assert_conserved(run: Recorded) -> None:
    """The transfers add up to zero and to the final equities of the accounts table; funds are not below zero."""
    quote, lots = replay(run)
    values = unit_values(run, -1)
    assert sum(quote.values()) == 0
    for name in values:
        assert sum(amount for (_, market), amount in lots.items() if market == name) == 0
    accounts: Any = run.result.accounts
    for row, final in zip(accounts["account"].tolist(), accounts["equity_final_quanta"].tolist(), strict=True):
        assert quote[row] + sum(lots[row, name] * value for name, value in values.items()) == final, row
    for move in run.rows("fund_moves"):
        assert move["balance_quanta"] >= 0
    assert run.count("residual_quanta") == 0


def same_tables(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """True if two tables hold the same columns and, cell by cell, the same values (NaN equals NaN)."""
    return left.keys() == right.keys() and all(
        np.array_equal(
            np.asarray(left[name]), np.asarray(right[name]), equal_nan=np.asarray(left[name]).dtype.kind == "f"
        )
        for name in left
    )
