"""The ADL queue of one side of a market, sorted only as far as needed; and the queue lights.

A sample of every 61st row gives a cut that should hold enough contracts; the rows above the cut are sorted exactly by
(score, id). If they do not suffice, the cut is lowered; the sorted prefix always equals that of the full sort.
"""

import numpy as np
import numpy.typing as npt

from ..kernels.clearing import adl as k
from ..layout import AccountArrays, MarketArrays

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

#: A prime, so that a pattern in the order of the rows (wallet, isolated, wallet, ...) does not empty the sample.
SAMPLE_STEP = 61
#: Below this many rows everything is sorted at once.
SORT_ALL_BELOW = 8_192


class AdlQueue:
    """Rows on `side` of `market` in profit, best score first; `ids` is the sorted prefix, `complete` says it is all."""

    def __init__(
        self,
        accounts: AccountArrays,
        markets: MarketArrays,
        *,
        market: int,
        side: int,
        ranking: tuple[int, int],
        need: int,
        scores: F64,
        only_profit: bool = True,
    ) -> None:
        self.scores = scores
        code, wallet_floor = ranking
        self.lots = int(k.score_side(accounts, markets, market, side, code, wallet_floor, int(only_profit), scores))
        sample = scores[::SAMPLE_STEP]
        held = np.abs(accounts.lots[::SAMPLE_STEP, market])
        known = np.flatnonzero(~np.isnan(sample))
        order = known[np.argsort(-sample[known], kind="stable")]
        self._cuts = sample[order]
        self._place = int(np.searchsorted(np.cumsum(held[order]) * SAMPLE_STEP, need * 3 // 2)) + 8
        if len(scores) < SORT_ALL_BELOW or need >= self.lots:
            self._place = len(order)
        self.complete = False
        self._sort()

    def extend(self) -> None:
        """Lower the cut: about twice as many rows, at last all."""
        self._place *= 2
        self._sort()

    def _sort(self) -> None:
        self.complete = self._place >= len(self._cuts)
        cut = -np.inf if self.complete else self._cuts[self._place]
        found = np.empty(len(self.scores), np.int64)
        ids = found[: k.gather_at_least(self.scores, cut, found)]
        self.ids: I64 = ids[np.lexsort((ids, -self.scores[ids]))]


def adl_lights(
    accounts: AccountArrays, markets: MarketArrays, *, market: int, ranking: tuple[int, int]
) -> npt.NDArray[np.uint8]:
    """Return per row its place in the ADL queue of `market`: 1 (front fifth) to 5, by contracts; 0 without a position.

    Each side is ranked apart, losers included; ranking is `policy.lower(quantum)`. Source: BitMEX, vector BX-ADL-01.
    """
    buckets = np.zeros(len(accounts.quote), np.uint8)
    scores = np.empty(len(accounts.quote), np.float64)
    for side in (1, -1):
        queue = AdlQueue(
            accounts, markets, market=market, side=side, ranking=ranking, need=2**62, scores=scores, only_profit=False
        )
        if queue.lots > 0:
            k.light_buckets(accounts, market, queue.ids, len(queue.ids), queue.lots, buckets)
    return buckets
