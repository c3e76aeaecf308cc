"""The ZI workload: zero-intelligence traders on one book, drawn in advance, with checksums that any price-time engine
gives.

At each of T steps round(N p) distinct traders act in drawn order. An action cancels the trader's resting order, if any,
then sends one new order: either side, 1..10 lots, 15% market (the rest is dropped), else limit at 10,000 ticks less
(buy) or plus (sell) d, with d uniform in -5..60.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from clearsim.kernels.book.matching import ACTION
from clearsim.layout import OrderKind, Side, TimeInForce

ANCHOR_TICKS = 10_000

#: (traders, steps, share acting a step) -> (fills, volume in lots, sum of price x lots, orders resting at the end),
#: seed 42.
CHECKSUMS = {
    (1000, 1000, 0.01): (3268, 9908, 99072436, 647),
    (1000, 10_000, 0.01): (32585, 99457, 994583590, 651),
    (1000, 10_000, 0.1): (329207, 1002800, 10028036562, 667),
}


@dataclass(frozen=True)
class Workload:
    """A stream of actions; `per_step` of them make one step. Owners are 0..traders-1."""

    actions: npt.NDArray[np.void]
    traders: int
    per_step: int


def draw_workload(*, traders: int, steps: int, share: float, seed: int = 42, furthest: int = 60) -> Workload:
    """Return the stream; limit prices lie up to `furthest` ticks from the anchor (60 in the published workload).

    The order of the draws is part of the workload: another order gives other checksums.
    """
    rng = np.random.default_rng(seed)
    per_step = max(1, round(traders * share))
    actions = np.zeros(steps * per_step, ACTION)
    actions["owner"] = np.concatenate([rng.choice(traders, per_step, replace=False) for _ in range(steps)])
    is_buy = rng.random(len(actions)) < 0.5
    is_market = rng.random(len(actions)) < 0.15
    actions["lots"] = rng.integers(1, 11, len(actions))
    distance = rng.integers(-5, furthest + 1, len(actions))
    actions["price"] = np.where(is_buy, ANCHOR_TICKS - distance, ANCHOR_TICKS + distance)
    actions["side"] = np.where(is_buy, Side.BUY, Side.SELL)
    actions["kind"] = np.where(is_market, OrderKind.MARKET, OrderKind.LIMIT)
    actions["tif"] = np.where(is_market, TimeInForce.IOC, TimeInForce.GTC)
    actions["replace"] = 1
    return Workload(actions, traders, per_step)
