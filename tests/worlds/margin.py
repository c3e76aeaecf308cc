"""Small worlds of margin rows for tests: arrays set by hand, no engine, and plain-Python readings of the rules."""

from collections.abc import Sequence

import numpy as np
from clearsim.layout import (
    BASE_ENTRY,
    BASE_MARK_PLUS_FEE,
    FILL_DTYPE,
    HEADER_DTYPE,
    MARKET_DTYPE,
    TIER_DTYPE,
    TRANSFER_DTYPE,
    AccountArrays,
    LogArrays,
    MarketArrays,
)
from clearsim.ledger.accounts import make_accounts
from clearsim.units import INT64_MAX

from tests.worlds.records import as_records

#: Rows of a world with one scope: OUTSIDE, FEES, ROUNDING, FUND, ENGINE, then traders.
FIRST_TRADER = 5


def derived_tiers(brackets: Sequence[tuple[int, int, int]]) -> list[list[int]]:
    """Tiers of (floor quanta, maintenance ppm, initial ppm), with the deduction that makes them continuous."""
    rows: list[list[int]] = []
    for floor, rate, initial in brackets:
        deduction = 0
        if rows:
            gap = floor * (rate - rows[-1][1])
            assert gap % 1_000_000 == 0, "choose floors that give whole deductions"
            deduction = rows[-1][2] + gap // 1_000_000
        rows.append([floor, rate, deduction, initial])
    return rows


def make_markets(
    *,
    marks: Sequence[int],
    tick_values: Sequence[int],
    tiers: Sequence[Sequence[Sequence[int]]],
    base: int = 0,
    close_fee_ppm: int = 0,
    at_or_below: bool = False,
    cap: int = 2**61,
) -> MarketArrays:
    """Markets with the given lowered parameters; `tiers` holds one table (floor, rate, deduction, initial) a market."""
    n_markets, width = len(marks), max(len(table) for table in tiers)
    params = np.zeros(n_markets, MARKET_DTYPE)
    tables = np.zeros((n_markets, width), TIER_DTYPE)
    tables["floor"] = INT64_MAX
    for market in range(n_markets):
        tables[market, : len(tiers[market])] = as_records(tiers[market], TIER_DTYPE)
        params["n_tiers"][market] = len(tiers[market])
        params["tick_value"][market] = tick_values[market]
    params["margin_base"] = base
    params["close_fee_ppm"] = close_fee_ppm
    params["at_or_below"] = int(at_or_below)
    params["notional_cap"] = cap
    return MarketArrays(mark=np.array(marks, np.int64), params=params, tiers=tables)


def make_log(*, capacity: int = 1000, log_on: bool = True) -> LogArrays:
    """Empty logs."""
    header = np.zeros(1, HEADER_DTYPE)
    header["log_on"][0], header["cause"][0] = int(log_on), -1
    return LogArrays(header, np.zeros(capacity, TRANSFER_DTYPE), np.zeros(capacity, FILL_DTYPE))


def make_rows(n_traders: int, n_markets: int = 1) -> AccountArrays:
    """Empty rows: the reserved ones of one scope, then traders."""
    return make_accounts(n_rows=FIRST_TRADER + n_traders, n_markets=n_markets, scopes=["fund"])


def plain_maintenance(lots: int, cost: int, mark: int, params: np.ndarray, tiers: np.ndarray) -> int:
    """Maintenance margin by the rule, in Python integers: the largest of the affine pieces, rounded up.

    Reads the schedule as a maximum over all tiers and never looks a tier up, so it shares no logic with the kernel.
    """
    if lots == 0:
        return 0
    notional = abs(lots) * mark * int(params["tick_value"])
    base = abs(cost) if params["margin_base"] == BASE_ENTRY else notional
    fee = int(params["close_fee_ppm"]) if params["margin_base"] == BASE_MARK_PLUS_FEE else 0
    pieces = [0]
    for floor, rate, deduction, _ in tiers[: int(params["n_tiers"])].tolist():
        pieces.append(-(-base * (rate + fee) // 1_000_000) - deduction)
        assert floor >= 0
    return max(pieces)


def plain_is_distressed(accounts: AccountArrays, markets: MarketArrays, row: int) -> bool:
    """The distress rule in Python integers."""
    equity, required, gentle = int(accounts.quote[row]), 0, False
    for market in range(accounts.lots.shape[1]):
        lots, mark = int(accounts.lots[row, market]), int(markets.mark[market])
        equity += lots * mark * int(markets.params["tick_value"][market])
        required += plain_maintenance(
            lots, int(accounts.cost[row, market]), mark, markets.params[market], markets.tiers[market]
        )
        gentle = gentle or (lots != 0 and bool(markets.params["at_or_below"][market]))
    return equity < required or (equity == required and gentle)
