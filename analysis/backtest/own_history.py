"""What a user's own daily history says beside its draws: liquidations of thirty days over open interest."""

import numpy as np
import pandas as pd

from .records import RecordedLiquidations
from .windows import MAX_GAP_DAYS, are_one_unit

DAYS = 30
#: Fewer spans of thirty days say nothing about a median.
MIN_SPANS = 3


def own_liquidations(
    history: pd.DataFrame, *, units: dict[str, str], source: str, days: int = DAYS
) -> RecordedLiquidations | None:
    """5%, 50% and 95% points of liquidated notional over the open interest at the start, by spans of `days` days.

    history: as in `of_balances`, with columns liquidated and open_interest. None where a column is missing, the units
    differ, or fewer than MIN_SPANS spans are complete but for MAX_GAP_DAYS days.
    """
    if not {"liquidated", "open_interest"} <= set(history) or history.empty:
        return None
    if not are_one_unit(units["liquidated"], units["open_interest"]):
        return None
    daily = history[["liquidated", "open_interest"]].asfreq("D")
    ratios = []
    for first in range(len(daily) % days, len(daily) - days + 1, days):
        part = daily.iloc[first : first + days]
        base = part["open_interest"].iloc[0]
        if base > 0 and part["liquidated"].isna().sum() <= MAX_GAP_DAYS:
            ratios.append(float(part["liquidated"].mean()) * days / base)
    if len(ratios) < MIN_SPANS:
        return None
    low, middle, high = np.quantile(ratios, [0.05, 0.5, 0.95])
    return RecordedLiquidations(float(low), float(middle), float(high), len(ratios), source, is_rule=True)
