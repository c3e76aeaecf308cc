"""Where given rows stand in the ADL queue of their side, without sorting it: what a trader can see of its own
danger."""

from sim.kernels.jit import kernel


@kernel
def queue_places(accounts, scores, total, market, side, rows, out):
    """Write to out[row], for each of `rows` on `side`, the share of the side's queued contracts ranked behind it, in
    (0, 1].

    scores: float64 (A,) of the side, NaN for rows not in the queue, and total: its contracts (see `score_side`). 1:
    first to be deleveraged; rows that are not in the queue stay as they are. Ties rank by row, lower first. One pass
    over all rows for each of `rows`, without a branch on whom it meets.
    """
    lots = accounts.lots[:, market]
    for i in range(rows.shape[0]):
        row = rows[i]
        own = scores[row]
        if own != own:
            continue
        ahead = 0
        for other in range(row):
            ahead += lots[other] if scores[other] >= own else 0
        for other in range(row + 1, scores.shape[0]):
            ahead += lots[other] if scores[other] > own else 0
        place = 1.0 - ahead * side / total
        if place > out[row]:
            out[row] = place
