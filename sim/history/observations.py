"""One recorded value with its time, and how cells of downloaded files are read: numbers, times, units.

A time is an ISO text (without an offset: UTC) or a number since 1970 whose size shows its unit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ..cells import Faults, decimal_of, shown, whole_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: (first value, divisor to seconds) of times since 1970: seconds, milliseconds, microseconds, nanoseconds.
_TIME_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3), (10**8, 1))
#: Contract values of Binance's coin-margined futures, USD: 100 for BTC, 10 for all others.
#: Source: Binance's contract specifications of COIN-M futures, read 2026-11.
COIN_CONTRACT_USD = {"BTCUSD": Decimal(100)}
OTHER_COIN_CONTRACT_USD = Decimal(10)
_QUOTES = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD")


@dataclass(frozen=True)
class Observation:
    """A value at a time.

    row: line of the CSV, or number of the entry in the JSON.  part: the coin, symbol or pool that it belongs to.
    injected: money that came into the fund from outside since the observation before.
    """

    time: datetime
    value: Decimal
    unit: str
    part: str
    path: str
    row: int
    injected: Decimal = Decimal(0)


class Reader:
    """Reads the cells of one row and notes its faults; `naive`: whether a time had no offset."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.naive = 0

    def number(self, row: int, column: str, value: Any, *, signed: bool = True) -> Decimal | None:
        """The finite number in a cell; None and a fault if it is not one."""
        found: Decimal | None = None
        if isinstance(value, str):
            found = decimal_of(value)
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            found = Decimal(value)
        if found is None:
            self.faults.add(row, f"column {column}: must be a number", f", found {_found(value)}")
        elif found < 0 and not signed:
            self.faults.add(row, f"column {column}: must not be negative", f", found {_found(value)}")
            return None
        return found

    def time(self, row: int, column: str, value: Any) -> datetime | None:
        """The time in a cell, UTC; None and a fault if it is not one."""
        found = _time_of(value)
        if found is None:
            wanted = "must be an ISO time, or seconds, milliseconds or microseconds since 1970"
            self.faults.add(row, f"column {column}: {wanted}", f", found {_found(value)}")
            return None
        if found.tzinfo is None:
            self.naive += 1
            found = found.replace(tzinfo=UTC)
        return found.astimezone(UTC)


def quote_of(symbol: str) -> str:
    """Quote unit of a symbol of Binance like BTCUSDT; USD for coin-margined ones like BTCUSD_PERP; '' if unknown."""
    if is_coin_margined(symbol):
        return "USD"
    return next((quote for quote in _QUOTES if symbol.upper().endswith(quote)), "")


def is_coin_margined(symbol: str) -> bool:
    """True for symbols like BTCUSD_PERP and BTCUSD_250627."""
    return symbol.upper().partition("_")[0].endswith("USD") and "_" in symbol


def contract_usd(symbol: str) -> Decimal:
    """Value of a coin-margined contract, USD."""
    return COIN_CONTRACT_USD.get(symbol.upper().partition("_")[0], OTHER_COIN_CONTRACT_USD)


def _time_of(value: Any) -> datetime | None:
    whole = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, str):
        whole = whole_of(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        whole = int(value)
    if whole is not None:
        divisor = next((divisor for first, divisor in _TIME_UNITS if whole >= first), None)
        if divisor is None or whole >= 10**20:
            return None
        return EPOCH + timedelta(microseconds=whole * 10**6 // divisor)
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _found(value: Any) -> str:
    return shown(value) if isinstance(value, str) else shown(str(value)).strip("'")
