"""The ADL queue of one side of a market, sorted only as far as needed; the queue lights; places in the queue.

A sample of every 61st row gives a cut that should hold enough contracts; the rows above the cut are sorted exactly by
(score, id). If they do not suffice, the cut is lowered; the sorted prefix always equals that of the full sort.
"""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from ...kernels.jit import kernel
from ...layout import AccountArrays, MarketArrays
from .ranking import Ranking

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

#: A prime, so that a pattern in the order of the rows (wallet, isolated, wallet, ...) does not empty the sample.
SAMPLE_STEP = 61
#: Below this many rows everything is sorted at once.
SORT_ALL_BELOW = 8_192
#: A number of contracts that is never reached: the whole queue is sorted.
EVERYBODY = 2**62


class AdlQueue:
    """Rows on `side` of `market`, best score first; `ids` is the sorted prefix, `complete` if it is the whole queue.

    need: contracts that the first prefix should hold.  only_profit: rows in loss are left out.  scores: made before
    (float64 (A,), NaN: not in the queue); rows that have left the side since are passed over.
    """

    def __init__(
        self,
        accounts: AccountArrays,
        markets: MarketArrays,
        *,
        market: int,
        side: int,
        ranking: Ranking,
        quantum: Decimal,
        need: int,
        only_profit: bool = True,
        scores: F64 | None = None,
    ) -> None:
        if scores is None:
            self.scores: F64 = ranking.score_side(
                accounts, markets, market=market, side=side, only_profit=only_profit, quantum=quantum
            )
        else:
            self.scores = np.where(accounts.lots[:, market] * side > 0, scores, np.nan)
        self.lots = int(count_ranked_lots(accounts, market, self.scores))
        sample = self.scores[::SAMPLE_STEP]
        held = np.abs(accounts.lots[::SAMPLE_STEP, market])
        known = np.flatnonzero(~np.isnan(sample))
        order = known[np.argsort(-sample[known], kind="stable")]
        self._cuts = sample[order]
        self._place = int(np.searchsorted(np.cumsum(held[order]) * SAMPLE_STEP, need * 3 // 2)) + 8
        if len(self.scores) < SORT_ALL_BELOW or need >= self.lots:
            self._place = len(order)
        self.complete = False
        self._sort()

    def extend(self) -> None:
        """Lower the cut to about twice as many rows, or to all in the end."""
        self._place *= 2
        self._sort()

    def _sort(self) -> None:
        self.complete = self._place >= len(self._cuts)
        cut = -np.inf if self.complete else self._cuts[self._place]
        out = np.empty(len(self.scores), np.int64)
        ids = out[: gather_at_least(self.scores, cut, out)]
        self.ids: I64 = ids[np.lexsort((ids, -self.scores[ids]))]


@kernel
def count_ranked_lots(accounts, market, scores):
    """Number of contracts (absolute) of the rows that have a score."""
    total = 0
    for row in range(scores.shape[0]):
        if not np.isnan(scores[row]):
            total += abs(accounts.lots[row, market])
    return total


@kernel
def gather_at_least(scores, cut, out):
    """Write the ids of rows whose score is at least `cut` to `out`, ascending; return how many."""
    n = 0
    for row in range(scores.shape[0]):
        if scores[row] >= cut:
            out[n] = row
            n += 1
    return n


# -- lights ------------------------------------------------------------------------------------------------------------


def adl_lights(
    accounts: AccountArrays, markets: MarketArrays, *, market: int, ranking: Ranking, quantum: Decimal
) -> npt.NDArray[np.uint8]:
    """Return per row its place in the ADL queue of `market`: 1 (front fifth) to 5, by contracts; 0 without a position.

    Each side is ranked separately, losers included (CLR-ADL-011). Source: BitMEX, vector BX-ADL-01.
    """
    buckets = np.zeros(len(accounts.quote), np.uint8)
    for side in (1, -1):
        queue = AdlQueue(
            accounts, markets, market=market, side=side, ranking=ranking, quantum=quantum, need=EVERYBODY,
            only_profit=False,
        )  # fmt: skip
        if queue.lots > 0:
            light_buckets(accounts, market, queue.ids, queue.lots, buckets)
    return buckets


@kernel
def light_buckets(accounts, market, queue, total, buckets):
    """Write 1..5 for the rows of a sorted queue: fifths of cumulative contract quantity, 1 first to be deleveraged.

    bucket = ceil(5 x cumulative / total), own quantity included (vector BX-ADL-01). buckets: uint8 (A,).
    """
    cumulative = 0
    for row in queue:
        cumulative += abs(accounts.lots[row, market])
        buckets[row] = (5 * cumulative + total - 1) // total


# -- places ------------------------------------------------------------------------------------------------------------


def note_places(accounts: AccountArrays, market: int, scores: F64, rows: I64, out: F64) -> None:
    """Raise out[row], for each of `rows`, to the share of the side's queued contracts ranked behind it, in (0, 1].

    scores: float64 (A,) of one side, NaN for rows that are not in the queue. 1: first to be deleveraged; `rows` that
    are not in the queue, or have a larger place already, stay as they are.
    """
    room = np.empty(len(rows)), np.empty_like(rows), np.empty_like(rows)
    _note_places(accounts, market, scores, rows, *room, out)


@kernel
def _ranks_before(score, row, other_score, other):
    """True if (score, row) is deleveraged before (other_score, other): ties go to the lower row."""
    return score > other_score or (score == other_score and row < other)


@kernel
def _sort_few(scores, queue, n):
    """Sort queue[:n], row numbers, and scores[:n] with them, by rank: for a handful of rows."""
    for i in range(1, n):
        score, row, k = scores[i], queue[i], i
        while k > 0 and _ranks_before(score, row, scores[k - 1], queue[k - 1]):
            scores[k], queue[k] = scores[k - 1], queue[k - 1]
            k -= 1
        scores[k], queue[k] = score, row


@kernel
def _note_places(accounts, market, scores, rows, own_scores, queue, ahead, out):
    """Without sorting the queue: one pass over all rows, each compared with the last of `rows` first.

    own_scores: float64, queue and ahead: int64, all (>= len(rows),): scratch.
    """
    n = 0
    for row in rows:
        if not np.isnan(scores[row]):
            own_scores[n], queue[n], ahead[n] = scores[row], row, 0
            n += 1
    if n == 0:
        return
    _sort_few(own_scores, queue, n)
    total = 0
    for row in range(scores.shape[0]):
        if np.isnan(scores[row]):
            continue
        lots = abs(accounts.lots[row, market])
        total += lots
        k = n
        while k > 0 and _ranks_before(scores[row], row, own_scores[k - 1], queue[k - 1]):
            k -= 1
        if k < n:
            ahead[k] += lots
    before = 0
    for k in range(n):
        before += ahead[k]
        place = 1.0 - before / total
        if place > out[queue[k]]:
            out[queue[k]] = place
