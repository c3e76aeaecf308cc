"""The outside leg of hedged parties: a memo beside the who-paid table, which shows one leg of two.

Arbitrageurs and carry holders hold the opposite of their position outside. Outside prices are not simulated; the memo
takes the outside leg as the exact mirror of the position at the mark, so that it earns what the price move cost here:
- price component. The gap between mark and outside price, and the costs outside, are left out.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .money import exact_sum


class Hedged(NamedTuple):
    """Hedged parties together, in quanta: traders, result here, result of the mirrored outside leg, both."""

    traders: int
    result: int
    outside: int
    both: int


def hedged_parties(accounts: Mapping[str, Any]) -> Hedged | None:
    """Both legs of all accounts of kind `hedged`, whatever their role; None if there are none."""
    members = np.asarray(accounts["kind"]) == "hedged"
    if not members.any():
        return None
    initial, deposits, final, price = (
        exact_sum(np.asarray(accounts[f"{name}_quanta"], np.int64)[members])
        for name in ("equity_initial", "deposit", "equity_final", "price")
    )
    result = final - initial - deposits
    traders = len(np.unique(np.asarray(accounts["trader"])[members]))
    return Hedged(traders, result, -price, result - price)
