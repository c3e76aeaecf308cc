"""Maintenance margins of many positions at once, exact: what opening books, plausibility checks and reports ask for.

ceil(base x rate) - deduction in the tier of the base, never below 0 (CLR-MRG-001); tiers and deductions are those of
`tiered.py` and `flat.py`. The formula of one position is `position_maintenance` of `sim/kernels/margin/requirement.py`,
because matching needs it too.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels.margin.requirement import measure_maintenance
from ...layout import AccountArrays, MarketArrays, Records

I64 = npt.NDArray[np.int64]


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
