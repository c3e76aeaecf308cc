"""Layouts of recorded data in JSON: what venues' public interfaces answer, saved as files.

Sources, all read 2026-11. BitMEX: /api/v1/insurance. Bybit: /v5/market/insurance. OKX: /api/v5/public/insurance-fund.
HTX: /swap-api/v1/swap_insurance_fund and /linear-swap-api/v1/swap_insurance_fund. Gate: /futures/{settle}/insurance.
Crypto.com: public/get-insurance. Hyperliquid: statistics files hlp_liquidator_pnl, open_interest and
daily_notional_liquidated_by_coin.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from .observations import Observation, Reader
from .source import Source

Read = tuple[int, dict[str, Any]]
#: Units of BitMEX's currencies and how many of the smallest make one.
#: Source: BitMEX's /api/v1/wallet/assets, read 2026-11.
BITMEX_UNITS = {"xbt": ("BTC", 10**8), "usdt": ("USDT", 10**6)}


def is_bitmex(source: Source) -> bool:
    """Entries with timestamp, currency and walletBalance."""
    return _has(_first(source.data), "timestamp", "currency", "walletBalance")


def read_bitmex(source: Source, reader: Reader) -> Iterator[Observation]:
    """Balances per currency, from whole satoshi (XBt) or millionths (USDt)."""
    return bitmex_rows(source, reader, list(_entries(source.data, reader)))


def bitmex_rows(source: Source, reader: Reader, rows: list[Read]) -> Iterator[Observation]:
    """The entries of a JSON or CSV file of BitMEX."""
    for row, entry in rows:
        name = str(entry.get("currency"))
        if name.lower() not in BITMEX_UNITS:
            known = "XBt, USDt"
            reader.faults.add(row, f"column currency: must be one of {known}", f", found {name!r}")
            continue
        unit, per_unit = BITMEX_UNITS[name.lower()]
        yield from _observed(
            source, reader, row, entry, "timestamp", "walletBalance", unit=unit, part=name, divisor=per_unit
        )


def is_bybit(source: Source) -> bool:
    """A result with a list of coins and balances."""
    result = source.data.get("result") if isinstance(source.data, dict) else None
    return isinstance(result, dict) and _has(_first(result.get("list")), "coin", "balance")


def read_bybit(source: Source, reader: Reader) -> Iterator[Observation]:
    """One balance per pool, at the time of the answer: a day's file is one point of the series."""
    result = source.data["result"]
    time = result.get("updatedTime", result.get("updateTime"))
    for row, entry in _entries(result["list"], reader):
        coin, symbols = str(entry.get("coin")), str(entry.get("symbols") or "")
        part = f"{coin} {symbols}".strip()
        yield from _observed(source, reader, row, {**entry, "updatedTime": time}, "updatedTime", "balance", coin, part)


def is_okx(source: Source) -> bool:
    """A list of families with details."""
    first = _first(source.data.get("data")) if isinstance(source.data, dict) else None
    return isinstance(first, dict) and _has(_first(first.get("details")), "balance", "ts", "ccy")


def read_okx(source: Source, reader: Reader) -> Iterator[Observation]:
    """Balances per instrument family and coin; what the platform paid in (`platform_revenue`) is injected."""
    row = 0
    for _, family in _entries(source.data["data"], reader):
        for _, entry in _entries(family.get("details"), reader):
            row += 1
            coin = str(entry.get("ccy"))
            part = f"{family.get('instFamily') or family.get('instType') or ''} {coin}".strip()
            injected = Decimal(0)
            if entry.get("type") == "platform_revenue" and entry.get("amt") not in (None, ""):
                injected = reader.number(row, "amt", entry["amt"]) or injected
            yield from _observed(source, reader, row, entry, "ts", "balance", coin, part, injected=injected)


def is_htx(source: Source) -> bool:
    """A contract code with a list of ticks."""
    return any(_has(_first(entry.get("tick")), "insurance_fund", "ts") for _, entry in _htx(source.data))


def read_htx(source: Source, reader: Reader) -> Iterator[Observation]:
    """Balances of a contract's fund: in coin for contracts like BTC-USD, in the quote for BTC-USDT."""
    row = 0
    for _, contract in _htx(source.data):
        code = str(contract.get("contract_code") or contract.get("symbol") or "")
        base, _, quote = code.partition("-")
        unit = base if quote in ("", "USD") else quote.partition("-")[0]
        for _, entry in _entries(contract.get("tick"), reader):
            row += 1
            yield from _observed(source, reader, row, entry, "ts", "insurance_fund", unit, code)


def is_gate(source: Source) -> bool:
    """Entries with t and b only; the settlement currency is in the address alone."""
    first = _first(source.data)
    return isinstance(first, dict) and set(first) == {"t", "b"}


def read_gate(source: Source, reader: Reader) -> Iterator[Observation]:
    """Balances in the settlement currency, which the file does not name."""
    for row, entry in _entries(source.data, reader):
        yield from _observed(source, reader, row, entry, "t", "b", "", "")


def is_cryptocom(source: Source) -> bool:
    """A result with an instrument's name and a list of v and t."""
    result = source.data.get("result") if isinstance(source.data, dict) else None
    return isinstance(result, dict) and _has(_first(result.get("data")), "v", "t")


def read_cryptocom(source: Source, reader: Reader) -> Iterator[Observation]:
    """Balances of one fund; `USD_Stable_Coin` counts in USD."""
    name = str(source.data["result"].get("instrument_name") or "")
    for row, entry in _entries(source.data["result"]["data"], reader):
        yield from _observed(source, reader, row, entry, "t", "v", "USD" if name.startswith("USD") else name, name)


def is_hyperliquid(source: Source, column: str) -> bool:
    """Chart data with this column."""
    return isinstance(source.data, dict) and _has(_first(source.data.get("chart_data")), "time", column)


def read_hyperliquid(source: Source, reader: Reader, column: str) -> Iterator[Observation]:
    """A statistics file in USD, one entry per day or per day and coin."""
    signed = column == "total_pnl"
    for row, entry in _entries(source.data["chart_data"], reader):
        part = str(entry.get("coin") or "")
        yield from _observed(source, reader, row, entry, "time", column, "USD", part, signed=signed)


def _observed(
    source: Source,
    reader: Reader,
    row: int,
    entry: dict[str, Any],
    time_name: str,
    name: str,
    unit: str,
    part: str,
    *,
    divisor: int = 1,
    injected: Decimal = Decimal(0),
    signed: bool = True,
) -> Iterator[Observation]:
    time = reader.time(row, time_name, entry.get(time_name))
    value = reader.number(row, name, entry.get(name), signed=signed)
    if time is not None and value is not None:
        yield Observation(time, value / divisor, unit, part, str(source.path), row, injected)


def _htx(data: Any) -> list[Read]:
    inner = data.get("data") if isinstance(data, dict) else None
    return list(_entries(inner if isinstance(inner, list) else [inner]))


def _entries(items: Any, reader: Reader | None = None) -> Iterator[Read]:
    """(number from 1, entry) of a list of mappings; anything else in it is a fault."""
    for number, entry in enumerate(items if isinstance(items, list) else [], start=1):
        if isinstance(entry, dict):
            yield number, entry
        elif reader is not None:
            reader.faults.add(number, "an entry must be a mapping", f", found {type(entry).__name__}")


def _first(items: Any) -> Any:
    return items[0] if isinstance(items, list) and items else None


def _has(entry: Any, *names: str) -> bool:
    return isinstance(entry, dict) and all(name in entry for name in names)
