"""Turns the engine's counts into the tables of `sim/results.py`: series at samples, event tables as logs fill.

Which table a level of detail keeps is in `sim/results.py`. Converts integers to the schema's kinds; changes nothing in
World.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..arrow import arrow_array, arrow_strings
from ..instrument import Instrument
from ..layout import I64, OrderKind, OrderStatus, Reason, Records, TimeInForce
from ..results import ADL_CAUSES, SERIES

Columns = Mapping[str, object]


class EventSink(Protocol):
    """Destination of event rows, such as the result folder's writer or a list in memory."""

    def append(self, table: str, columns: Columns) -> None:
        """Take over a batch of rows of `table` (equal-length columns)."""


class Names:
    """Strings by number, returned as Arrow arrays: a million names cost milliseconds."""

    def __init__(self, names: Sequence[str]) -> None:
        self._strings = list(names)

    @cached_property
    def _names(self) -> pa.StringArray:
        return arrow_strings(self._strings)

    def __getitem__(self, numbers: npt.NDArray[np.int64]) -> pa.StringArray:
        """The names of `numbers`."""
        return self._names.take(arrow_array(numbers))


REASON_NAMES = Names([member.name for member in Reason])
SIDE_NAMES = Names(["buy", "sell"])
KIND_NAMES = Names([member.name for member in OrderKind])
TIF_NAMES = Names([member.name for member in TimeInForce])
CAUSE_NAMES = Names([cause.name for cause in ADL_CAUSES])
STATUS_NAMES = Names([status.name for status in OrderStatus if status >= 0])

#: Minimum number of orders in a batch for the sink; orders are collected over cycles.
ORDERS_PER_BATCH = 1 << 16


class EventTables:
    """Converts rows of the integer logs into event-table columns and passes them to the sink."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        sink: EventSink | None,
        *,
        funds: Mapping[int, str] | None = None,
        with_orders: bool = True,
    ) -> None:
        self._sink = sink
        self.keeps_orders = sink is not None and with_orders
        self._market_names = Names([*(instrument.name for instrument in instruments), ""])
        self._no_market = len(instruments)
        self._ticks = np.array([float(instrument.tick_size) for instrument in instruments])
        self._tick_values = np.array([instrument.tick_value for instrument in instruments], np.int64)
        self.row_counts: dict[str, int] = {}
        self.funds = dict(funds or {})  # FUND row -> name of its scope
        self._balances: dict[int, int] = {}
        self._orders: list[Records] = []
        self._order_times: list[tuple[int, int]] = []  # (time_ms, cycle) of each part
        self._n_orders = 0

    def append(self, table: str, columns: Columns, n_rows: int) -> None:
        """Pass `n_rows` rows to the sink and count them."""
        if self._sink is None or n_rows == 0:
            return
        self._sink.append(table, columns)
        self.row_counts[table] = self.row_counts.get(table, 0) + n_rows

    def price(self, market: I64, ticks: I64) -> npt.NDArray[np.float64]:
        """Ticks -> quote price, NaN where no price (0 ticks)."""
        return np.where(ticks > 0, ticks * self._ticks[market], np.nan)

    def market_name(self, market: I64) -> pa.StringArray:
        """Names of market ids."""
        return self._market_names[market]

    def transfers(self, rows: Records) -> None:
        """Append transfer log rows (n,) TRANSFER_DTYPE."""
        market = rows["market"]
        with_lots = rows["lots"] != 0
        columns = {
            "seq": rows["seq"],
            "time_ms": rows["time_ms"],
            "cycle": rows["cycle"],
            "cause_seq": rows["cause"],
            "reason": REASON_NAMES[rows["reason"]],
            "payer": rows["payer"],
            "payee": rows["payee"],
            "quote_quanta": rows["quote"],
            "lots": rows["lots"],
            "market": self.market_name(np.where(with_lots, market, self._no_market)),
            "price": np.where(with_lots, self.price(market, rows["price"]), np.nan),
        }
        self.append("transfers", columns, len(rows))
        self._fund_moves(rows)

    def _fund_moves(self, rows: Records) -> None:
        """Append the transfers into and out of FUND rows, with the balance after each."""
        for row, name in self.funds.items():
            own = rows[(rows["payer"] == row) | (rows["payee"] == row)]
            if not len(own):
                continue
            amount = np.where(own["payee"] == row, own["quote"], -own["quote"])
            balance = self._balances.get(row, 0) + np.cumsum(amount)
            self._balances[row] = int(balance[-1])
            columns = {
                "seq": own["seq"],
                "time_ms": own["time_ms"],
                "cycle": own["cycle"],
                "cause_seq": own["cause"],
                "fund": [name] * len(own),
                "reason": REASON_NAMES[own["reason"]],
                "amount_quanta": amount,
                "balance_quanta": balance,
            }
            self.append("fund_moves", columns, len(own))

    def fills(self, rows: Records) -> None:
        """Append fill log rows (n,) FILL_DTYPE."""
        market = rows["market"]
        columns = {
            "seq": rows["seq"],
            "time_ms": rows["time_ms"],
            "cycle": rows["cycle"],
            "market": self.market_name(market),
            "price": self.price(market, rows["price"]),
            "lots": rows["lots"],
            "maker": rows["maker"],
            "taker": rows["taker"],
            "maker_order": rows["maker_order"],
            "taker_order": rows["taker_order"],
            "taker_side": SIDE_NAMES[rows["taker_side"]],
            "reason": REASON_NAMES[rows["reason"]],
        }
        self.append("fills", columns, len(rows))

    def orders(self, rows: Records, *, time_ms: int, cycle: int) -> None:
        """Copy intents (n,) INTENT_DTYPE after matching; they reach the sink in batches, and at `flush`."""
        if not self.keeps_orders:
            return
        self._orders.append(rows.copy())
        self._order_times.append((time_ms, cycle))
        self._n_orders += len(rows)
        if self._n_orders >= ORDERS_PER_BATCH:
            self.flush()

    def flush(self) -> None:
        """Pass the collected orders to the sink."""
        if not self._n_orders:
            return
        plain = np.concatenate([part.view(np.int64) for part in self._orders])  # numpy compares dtypes of records
        rows = plain.view(self._orders[0].dtype)
        times = np.repeat(np.array(self._order_times, np.int64), [len(part) for part in self._orders], axis=0)
        self._orders, self._order_times, self._n_orders = [], [], 0
        market = rows["market"]
        kind = rows["kind"]
        priced = (kind == OrderKind.LIMIT) | (kind == OrderKind.AMEND)
        columns = {
            "time_ms": times[:, 0],
            "cycle": times[:, 1],
            "account": rows["account"],
            "market": self.market_name(market),
            "side": SIDE_NAMES[rows["side"]],
            "kind": KIND_NAMES[kind],
            "tif": TIF_NAMES[rows["tif"]],
            "price": np.where(priced, self.price(market, rows["price"]), np.nan),
            "lots": rows["lots"],
            "flags": rows["order_flags"],
            "order": rows["order"],
            "status": STATUS_NAMES[rows["status"]],
            "filled": rows["filled"],
        }
        self.append("orders", columns, len(rows))

    def total_price(self, market: I64, quote: I64, lots: I64) -> npt.NDArray[np.float64]:
        """Price of a close that moved `quote` quanta for `lots`, quote units; below zero if the signs differ; NaN for 0
        lots."""
        value = lots * self._tick_values[market]
        ticks: npt.NDArray[np.float64] = np.divide(quote, value, out=np.full(len(lots), np.nan), where=value != 0)
        ticks *= self._ticks[market]
        return ticks

    def liquidations(self, rows: Records) -> None:
        """Append liquidation records (n,) LIQUIDATION_DTYPE."""
        market, lots = rows["market"], rows["lots"]
        columns = {
            "seq": rows["seq"],
            "time_ms": rows["time_ms"],
            "cycle": rows["cycle"],
            "account": rows["account"],
            "market": self.market_name(market),
            "lots": lots,
            "mark_price": self.price(market, rows["mark"]),
            "bankruptcy_price": self.total_price(market, rows["bankruptcy_quote"], lots),
            "equity_before_quanta": rows["equity"],
            "maintenance_quanta": rows["maintenance"],
            "lots_book": rows["lots_book"],
            "lots_taken_over": rows["lots_taken_over"],
            "lots_adl": rows["lots_adl"],
            "fee_quanta": rows["fee"],
            "surplus_quanta": rows["surplus"],
            "deficit_quanta": rows["deficit"],
        }
        self.append("liquidations", columns, len(rows))

    def adl_matches(self, rows: Records, scores: npt.NDArray[np.float64]) -> None:
        """Append deleveraging matches (n,) MATCH_DTYPE with their scores (n,)."""
        market, lots = rows["market"], rows["lots"]
        columns = {
            "seq": rows["seq"],
            "time_ms": rows["time_ms"],
            "cycle": rows["cycle"],
            "cause_seq": rows["cause"],
            "market": self.market_name(market),
            "bankrupt": rows["bankrupt"],
            "counterparty": rows["counterparty"],
            "rank": rows["rank"],
            "score": scores,
            "lots": lots,
            "price": self.total_price(market, rows["quote"], lots),
            "mark_price": self.price(market, rows["mark"]),
            "harm_quanta": rows["harm"],
            "partial": rows["partial"] != 0,
            "why": CAUSE_NAMES[rows["why"]],
            "waited": rows["waited"] != 0,
        }
        self.append("adl_matches", columns, len(rows))


#: A row of `series` as the engine writes it: the schema's columns, the market by its number.
_SAMPLE = [("market", "int64"), *((column.name, column.kind) for column in SERIES if column.kind != "string")]
SAMPLE_DTYPE = np.dtype((np.record, np.dtype(_SAMPLE, align=True)))


class SeriesTable:
    """Samples by time and market, in a preallocated table that doubles when full."""

    def __init__(self, market_names: Sequence[str], expected_rows: int) -> None:
        self._market_names = list(market_names)
        self._rows = np.zeros(max(expected_rows, 1), SAMPLE_DTYPE)
        self._count = 0

    def next_rows(self, n: int) -> Records:
        """The next `n` rows, zero, to be written by the caller. They stay where they are until more are asked for."""
        start, self._count = self._count, self._count + n
        if self._count > len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros(len(self._rows) + n, SAMPLE_DTYPE)])
        return self._rows[start : self._count]

    def columns(self) -> dict[str, object]:
        """All rows as the columns of the `series` table, in the schema's order."""
        rows = self._rows[: self._count]
        names = np.array(self._market_names, dtype=object)
        return {
            column.name: names[rows["market"]] if column.kind == "string" else np.ascontiguousarray(rows[column.name])
            for column in SERIES
        }
