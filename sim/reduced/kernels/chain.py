"""The effect of diffusion on a book without renewal, computed once.

Where the price reaches a level continuously, the consequences do not depend on the path: the level is triggered at its
own price, and impact alone decides how far the walk goes. So every level has a next one (the first that impact alone
does not reach) and a sum of flows until the book is empty; passing from one level to another is a difference of two
rows. This fails if a fund that can run dry would have to pay, after jumps, and in stress: then `cascade` walks.
"""

import math

from ...kernels.elementary import log
from ...kernels.jit import inlined_kernel, kernel
from ..layout import LONG, SHORT
from .cascade import PRICE_FLOOR, cascade
from .fund import gain


@kernel
def build_chain(p):
    """Fill the path's chain, nexts, dips and walks. Leaves no state."""
    ledger = p.ledger[0]
    n_levels = p.lots.shape[1]
    for side in (LONG, SHORT):
        for k in range(n_levels - 1, -1, -1):
            p.state[0], p.ledger[0] = p.start_state[0], p.start_ledger[0]
            ledger.never_dry, ledger.reached[side] = 1, k
            level = p.prices[side, k]
            last = cascade(p, side, level, level, level, False, 0)
            after = ledger.reached[side]
            p.nexts[side, k] = after
            p.dips[side, k] = ledger.need
            ending = log(max(level + last, PRICE_FLOOR)) if level > 0.0 and level < math.inf else 0.0
            p.impacts[side, k] = ending - p.logs[side, k] if last != 0.0 else 0.0
            p.stops[side, k] = ending
            _add_flows(p.chain[side, k], p.chain[side, after], ledger)


@kernel
def _add_flows(row, later, walk):
    """Write the flows from a level on: those from a later level on, and those of the walk to it."""
    row.levels = later.levels + walk.levels
    row.notional = later.notional + walk.notional
    row.owed = later.owed + walk.owed
    row.book = later.book + walk.book
    row.fee = later.fee + walk.fee
    row.fee_fund = later.fee_fund + walk.fee_fund
    row.surplus = later.surplus + walk.surplus
    row.surplus_fund = later.surplus_fund + walk.surplus_fund
    row.draw = later.draw + walk.draw


@kernel
def follow(p, side, extreme):
    """Move a side's place to the first level that the log price `extreme` does not reach; money is booked later.

    Returns the level whose walk was the last, or -1 with nothing changed if the fund would have to pay and might not
    be able to.
    """
    logs, nexts = p.logs[side], p.nexts[side]
    sign = 1.0 if side == LONG else -1.0
    first = p.ledger[0].reached[side]
    k, head = first, first
    while k < len(logs) and sign * (extreme - logs[k]) <= 0.0:
        head, k = k, nexts[k]
    if p.chain[side, first].draw != p.chain[side, k].draw:
        if p.ledger[0].never_dry == 0:
            return -1
        book_chain(p)
        pay_chain(p, side, first, k)
    p.ledger[0].reached[side] = k
    return head


@kernel
def pay_chain(p, side, first, last):
    """Book the walks from one level to another one by one, with how far the fund falls within each."""
    ledger = p.ledger[0]
    while first < last:
        after = p.nexts[side, first]
        ledger.need = max(ledger.need, p.params[0].seed - ledger.fund + p.dips[side, first])
        book_segment(p, side, first, after)
        first = after
    ledger.booked[side] = last


@kernel
def book_chain(p):
    """Book the levels that `follow` has passed on both sides since the last call; call before any other booking."""
    ledger = p.ledger[0]
    if p.chain.shape[1] == 0:
        return
    for side in (LONG, SHORT):
        first, k = ledger.booked[side], ledger.reached[side]
        if first != k:
            ledger.booked[side] = k
            book_segment(p, side, first, k)


@inlined_kernel
def book_segment(p, side, first, k):
    """Book the flows from level `first` to before level k."""
    ledger, here, there = p.ledger[0], p.chain[side, first], p.chain[side, k]
    ledger.levels += here.levels - there.levels
    ledger.notional += here.notional - there.notional
    ledger.owed += here.owed - there.owed
    ledger.book += here.book - there.book
    ledger.fee += here.fee - there.fee
    ledger.surplus += here.surplus - there.surplus
    fee_fund = here.fee_fund - there.fee_fund
    kept = here.surplus_fund - there.surplus_fund
    draw = here.draw - there.draw
    ledger.fee_fund += fee_fund
    ledger.surplus_fund += kept
    ledger.draw += draw
    ledger.fund -= draw
    gain(p.params[0], ledger, fee_fund + kept)
