"""Liquidation prices of many positions, in closed form and floating point, for opening books and reports.

The price P at which equity meets the requirement: quote + lots x P = rate x |lots| x P - deduction, in the tier that
holds the solution. The clearing cycle compares exact prices in whole ticks: `sim/kernels/margin/liquidation_price.py`
(CLR-MRG-008), which has the same formula.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels.margin.liquidation_price import NEVER_UP, distress_prices
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
