"""Liquidation prices (closed form in floating point, for reports) and maintenance margins (exact) of many positions.

The clearing cycle compares exact thresholds in whole ticks instead: `sim/kernels/margin/thresholds.py` (CLR-MRG-008).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels.margin.requirement import measure_maintenance
from ...kernels.margin.thresholds import NEVER_UP, distress_prices
from ...layout import BASE_ENTRY, BASE_MARK_PLUS_FEE, AccountArrays, MarketArrays, Records
from ...units import PPM

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


def liquidation_ticks(params: Any, tiers: Records, *, lots: I64, quote: I64, cost: I64) -> tuple[F64, I64]:
    """Price in ticks at which each position's equity equals its requirement, and the tier it lies in there.

    params, tiers (K,): records of the market.  lots, quote, cost (n,): signed lots, cash with the entry cost folded in,
    signed entry cost. Not positive where no price brings a long there.

    Equity quote + lots x P meets the requirement max over tiers (rate_k |lots| P - deduction_k), which is convex: a
    long is distressed below the highest of the tiers' solutions, a short above the lowest. A requirement that is a
    user's function is searched: the last tick at which the position is distressed.
    """
    if int(params["maintenance_formula"]):
        found = np.empty(len(lots), np.int64)
        arrays = (np.ascontiguousarray(array) for array in (quote, lots, cost))
        distress_prices(*arrays, params, tiers, found)
        prices = np.where(found >= NEVER_UP, np.nan, found.astype(np.float64))
        return prices, np.zeros(len(lots), np.int64)
    table = tiers[: int(params["n_tiers"])]
    sign = np.sign(lots).astype(np.float64)
    unit = np.abs(lots) * float(params["tick_value"])
    if int(params["margin_base"]) == BASE_ENTRY:
        value = np.abs(cost).astype(np.float64)
        tier = np.maximum(np.searchsorted(table["floor"], value, side="right") - 1, 0)
        needed = value * table["maintenance_ppm"][tier] / PPM - table["deduction"][tier]
        return sign * (needed - quote) / unit, tier.astype(np.int64)
    fee = float(params["close_fee_ppm"]) if int(params["margin_base"]) == BASE_MARK_PLUS_FEE else 0.0
    rate = (table["maintenance_ppm"] + fee) / PPM
    owed = -sign[:, None] * (quote[:, None] + table["deduction"])
    solved = owed / (unit[:, None] * (1.0 - sign[:, None] * rate))
    tier = np.where(sign > 0, solved.argmax(axis=1), solved.argmin(axis=1))
    return solved[np.arange(len(solved)), tier], tier.astype(np.int64)


def maintenance_margins(params: Any, tiers: Records, mark: int, *, lots: I64, cost: I64) -> I64:
    """(n,) maintenance margin of each position of one market, quanta, as `position_maintenance` of the kernels.

    params, tiers (K,): records of the market.  mark: ticks.  lots, cost (n,): signed lots, signed entry cost in quanta.
    """
    out = np.empty(len(lots), np.int64)
    measure_maintenance(np.ascontiguousarray(lots), np.ascontiguousarray(cost), mark, params, tiers, out)
    return out


def margin_of_all(accounts: AccountArrays, markets: MarketArrays) -> int:
    """Maintenance margin of all positions of all rows at the mark, quanta."""
    total = 0
    for market, mark in enumerate(markets.mark.tolist()):
        lots, cost = accounts.lots[:, market], accounts.cost[:, market]
        margins = maintenance_margins(markets.params[market], markets.tiers[market], mark, lots=lots, cost=cost)
        total += int(margins.sum())
    return total


def liquidation_prices(accounts: AccountArrays, markets: MarketArrays, tick_sizes: F64) -> F64:
    """(A,) price in quote units at which each row with one position is liquidated; NaN with none, several, or never.

    tick_sizes (M,): quote units of a tick.
    """
    held = accounts.lots != 0
    single = held.sum(axis=1) == 1
    out = np.full(len(accounts.quote), np.nan)
    for market in range(held.shape[1]):
        rows = np.flatnonzero(single & held[:, market])
        ticks, _ = liquidation_ticks(
            markets.params[market],
            markets.tiers[market],
            lots=accounts.lots[rows, market],
            quote=accounts.quote[rows],
            cost=accounts.cost[rows, market],
        )
        out[rows] = np.where(ticks > 0, ticks * tick_sizes[market], np.nan)
    return out
