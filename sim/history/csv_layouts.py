"""Layouts of recorded data in CSV: BitMEX's, and Binance's public files of metrics and liquidations.

Sources: data.binance.vision, futures metrics and liquidationSnapshot; BitMEX's /api/v1/insurance as CSV; read 2026-11.
"""

import re
from collections.abc import Iterator

from .json_layouts import bitmex_rows
from .observations import Observation, Reader, contract_usd, is_coin_margined, quote_of
from .source import Source

METRICS = ("create_time", "symbol", "sum_open_interest", "sum_open_interest_value")
LIQUIDATIONS = ("time", "side", "average_price", "accumulated_fill_quantity")
BITMEX = ("timestamp", "currency", "walletbalance")
_SYMBOL = re.compile(r"^([A-Z0-9]+(?:USDT|USDC|BUSD|USD_[A-Z0-9]+))-")


def has(source: Source, names: tuple[str, ...]) -> bool:
    """Whether the header has these columns."""
    return set(names) <= set(source.header)


def read_bitmex(source: Source, reader: Reader) -> Iterator[Observation]:
    """As in JSON."""
    rows = [
        (line, {"timestamp": row["timestamp"], "currency": row["currency"], "walletBalance": row["walletbalance"]})
        for line, row in _rows(source, reader)
    ]
    return bitmex_rows(source, reader, rows)


def read_metrics(source: Source, reader: Reader) -> Iterator[Observation]:
    """Open interest in the quote unit; of coin-margined contracts their number times their value in USD."""
    for line, row in _rows(source, reader):
        symbol = row["symbol"]
        name = "sum_open_interest" if is_coin_margined(symbol) else "sum_open_interest_value"
        time = reader.time(line, "create_time", row["create_time"])
        value = reader.number(line, name, row[name], signed=False)
        if time is not None and value is not None:
            factor = contract_usd(symbol) if is_coin_margined(symbol) else 1
            yield Observation(time, value * factor, quote_of(symbol), symbol, str(source.path), line)


def read_liquidations(source: Source, reader: Reader) -> Iterator[Observation]:
    """Notional of liquidation orders that were filled, in the quote unit."""
    named = _SYMBOL.match(source.inner.rpartition("/")[2])
    for line, row in _rows(source, reader):
        symbol = row.get("symbol") or (named[1] if named else "")
        time = reader.time(line, "time", row["time"])
        quantity = reader.number(line, "accumulated_fill_quantity", row["accumulated_fill_quantity"], signed=False)
        price = reader.number(line, "average_price", row["average_price"], signed=False)
        if not symbol:
            reader.faults.add(line, "column symbol: missing, and the file's name does not begin with a symbol")
        elif time is not None and quantity is not None and price is not None:
            factor = contract_usd(symbol) if is_coin_margined(symbol) else price
            yield Observation(time, quantity * factor, quote_of(symbol), symbol, str(source.path), line)


def _rows(source: Source, reader: Reader) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by column) of the rows below the header."""
    header = source.header
    for line, cells in source.rows[1:]:
        if len(cells) != len(header):
            reader.faults.add(line, f"must have {len(header)} cells", f", found {len(cells)}")
        else:
            yield line, dict(zip(header, cells, strict=True))
