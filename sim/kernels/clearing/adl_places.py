"""Where given rows stand in the ADL queue of their side, without sorting it: what a trader can see of its own
danger."""

from ...layout import AccountMode
from ..jit import kernel
from ..margin.bankruptcy import lot_value
from .adl import score_of

_RESERVED = int(AccountMode.RESERVED)


@kernel
def _ranks_before(score, row, other_score, other):
    """True if (score, row) is deleveraged before (other_score, other): ties go to the lower row."""
    return score > other_score or (score == other_score and row < other)


@kernel
def _sort_queue(scores, queue, n):
    """Sort queue[:n], row numbers, and scores[:n] beside them, by rank: for a handful of rows."""
    for i in range(1, n):
        score, row, k = scores[i], queue[i], i
        while k > 0 and _ranks_before(score, row, scores[k - 1], queue[k - 1]):
            scores[k], queue[k] = scores[k - 1], queue[k - 1]
            k -= 1
        scores[k], queue[k] = score, row


@kernel
def queue_places(accounts, markets, market, side, ranking, wallet_floor, rows, scores, queue, ahead, out):
    """Write to out[row], for each of `rows`, the share of the side's queued contracts ranked behind it, in (0, 1].

    The queue holds the positions on `side` (+1 long, -1 short) of `market` in profit, by their score; reserved rows are
    not in it. 1: first to be deleveraged; `rows` that are not in the queue, or have a larger place already, stay as
    they are. scores: float64, queue and ahead: int64, all (>= len(rows),): room to work in. One pass over all rows,
    each compared with the last of `rows` first.
    """
    value = lot_value(markets, market)
    held, cost = accounts.lots[:, market], accounts.cost[:, market]
    n = 0
    for row in rows:
        if held[row] * side > 0 and held[row] * value > cost[row] and accounts.mode[row] != _RESERVED:
            scores[n], queue[n] = score_of(accounts, markets, row, market, ranking, wallet_floor), row
            ahead[n] = 0
            n += 1
    if n == 0:
        return
    _sort_queue(scores, queue, n)
    total = 0
    for row in range(held.shape[0]):
        if held[row] * side <= 0 or held[row] * value <= cost[row] or accounts.mode[row] == _RESERVED:
            continue
        lots = held[row] * side
        total += lots
        score = score_of(accounts, markets, row, market, ranking, wallet_floor)
        k = n
        while k > 0 and _ranks_before(score, row, scores[k - 1], queue[k - 1]):
            k -= 1
        if k < n:
            ahead[k] += lots
    before = 0
    for k in range(n):
        before += ahead[k]
        place = 1.0 - before / total
        if place > out[queue[k]]:
            out[queue[k]] = place
