"""Runs an example config with its events in memory, and reads amounts from it as exact decimals."""

from decimal import Decimal
from typing import Any

import numpy as np
from clearsim.config import load_config
from clearsim.engine.simulation import simulate

from tests.memory_sink import MemorySink

QUANTUM = Decimal("0.000001")
TICK = Decimal("0.1")


def money(quanta: Any) -> Decimal:
    """Quanta as quote units."""
    return int(quanta) * QUANTUM


def price(value: Any) -> Decimal:
    """A float price of a table as the tick it stands for (0.1; the ETH example uses whole prices)."""
    return Decimal(str(round(float(value), 1)))


class Story:
    """One run of an example, with `--set` assignments applied."""

    def __init__(self, name: str, *settings: str) -> None:
        self.sink = MemorySink()
        self.config = load_config(name, settings).config
        self.result = simulate(self.config, detail="events", event_sink=self.sink)

    def row(self, name: str, mode: str | None = None) -> int:
        """The one margin row of a reserved account, named agent or cohort, or its isolated row."""
        table = self.result.accounts
        rows = [
            i
            for i in range(len(np.asarray(table["account"])))
            if name in (table["name"][i], table["cohort"][i]) and mode in (None, table["mode"][i])  # type: ignore[index]
        ]
        assert len(rows) == 1, (name, mode, rows)
        return rows[0]

    def get(self, row: int, column: str) -> Decimal:
        """An amount of the accounts table."""
        return money(self.result.accounts[f"{column}_quanta"][row])  # type: ignore[index]

    def change(self, row: int) -> Decimal:
        """Final less initial equity of a row."""
        return self.get(row, "equity_final") - self.get(row, "equity_initial")

    def flag(self, row: int, column: str) -> bool:
        """A flag of the accounts table."""
        return bool(self.result.accounts[column][row])  # type: ignore[index]

    def events(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """Rows of an event table whose columns have the given values."""
        columns = self.sink.table(table)
        if not columns:
            return []
        rows = [
            dict(zip(columns, row, strict=True)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)
        ]
        return [row for row in rows if all(row[name] == value for name, value in where.items())]

    def marks(self) -> list[tuple[int, Decimal]]:
        """(time in ms, mark) of every tick: these examples are sampled every tick."""
        series: Any = self.result.series
        return [(int(t), price(p)) for t, p in zip(series["time_ms"], series["mark_price"], strict=True)]

    def first_mark(self, *, below: Decimal) -> tuple[int, Decimal]:
        """Time and mark of the first tick whose mark is below a price."""
        return next((t, mark) for t, mark in self.marks() if mark < below)

    def proceeds(self, taker: int) -> Decimal:
        """Quote that a row received for what it sold as taker."""
        lot = self.config.instruments()[0].lot_size
        fills = self.events("fills", taker=taker)
        assert all(fill["taker_side"] == "sell" for fill in fills)
        return sum((price(fill["price"]) * fill["lots"] * lot for fill in fills), Decimal(0))

    def draws(self) -> list[Decimal]:
        """What the fund paid out, in order."""
        return [-money(move["amount_quanta"]) for move in self.events("fund_moves", reason="FUND_DRAW")]
