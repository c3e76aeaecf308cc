"""What diffusion does to a book that nobody renews, worked out once.

Where the price reaches a level continuously, what follows does not depend on the path: the level is triggered at its
own price, and impact carries the walk as far as it carries. So for every level there is a next one (the first that
impact alone does not reach) and a sum of flows until the book is empty; passing from one level to another is a
difference of two rows. Not so where a fund that can run dry would have to pay, after jumps, in stress, with lasting
impact: there `cascade` walks.
"""

import math

from ...kernels.elementary import log
from ...kernels.jit import inlined_kernel, kernel
from .cascade import cascade
from .fund import gain
from .layout import (
    B_LOG,
    B_PRICE,
    C_BOOK,
    C_BUCKETS,
    C_DRAW,
    C_FEE,
    C_FEE_FUND,
    C_NOTIONAL,
    C_OWED,
    C_SURPLUS,
    C_SURPLUS_FUND,
    I_SEED,
    L_BOOK,
    L_DRAW,
    L_FEE,
    L_FEE_FUND,
    L_NOTIONAL,
    L_OWED,
    L_SURPLUS,
    L_SURPLUS_FUND,
    LONG,
    N_BOOKED,
    N_BUCKETS,
    N_FUND,
    N_LONG,
    N_NEED,
    N_NEVER_DRY,
    S_SCALE,
    SHORT,
)

#: Smallest price, relative to the opening, that impact leaves.
PRICE_FLOOR = 1e-9


@kernel
def build_chain(p):
    """Fill the path's chain, nexts, dips and walks. Leaves no state."""
    s, n, book, chain = p.s, p.n, p.book, p.chain
    n_levels = book.shape[2]
    for side in (LONG, SHORT):
        for k in range(n_levels - 1, -1, -1):
            for c in range(len(s)):
                s[c] = 0.0
            for c in range(len(n)):
                n[c] = 0
            s[S_SCALE] = 1.0
            n[N_NEVER_DRY], n[N_LONG + side], n[N_FUND] = 1, k, p.i[I_SEED]
            level = book[side, B_PRICE, k]
            last, _ = cascade(p, side, level, level, level, 0)
            after = n[N_LONG + side]
            p.nexts[side, k] = after
            p.dips[side, k] = n[N_NEED]
            ending = log(max(level + last, PRICE_FLOOR)) if level > 0.0 and level < math.inf else 0.0
            p.walks[side, 0, k] = ending - book[side, B_LOG, k] if last != 0.0 else 0.0
            p.walks[side, 1, k] = ending
            for column, flow in (
                (C_BUCKETS, N_BUCKETS), (C_NOTIONAL, L_NOTIONAL), (C_OWED, L_OWED), (C_BOOK, L_BOOK), (C_FEE, L_FEE),
                (C_FEE_FUND, L_FEE_FUND), (C_SURPLUS, L_SURPLUS), (C_SURPLUS_FUND, L_SURPLUS_FUND), (C_DRAW, L_DRAW),
            ):  # fmt: skip
                chain[side, k, column] = chain[side, after, column] + n[flow]


@kernel
def follow(p, side, extreme):
    """Move a side's place to the first level that the log price `extreme` does not reach; money is booked later.

    Returns the level whose walk was the last, or -1 with nothing changed if the fund would have to pay and might not
    be able to.
    """
    book, nexts = p.book, p.nexts
    sign = 1.0 if side == LONG else -1.0
    first = p.n[N_LONG + side]
    k, head = first, first
    while k < book.shape[2] and sign * (extreme - book[side, B_LOG, k]) <= 0.0:
        head, k = k, nexts[side, k]
    if p.chain[side, first, C_DRAW] != p.chain[side, k, C_DRAW]:
        if p.n[N_NEVER_DRY] == 0:
            return -1
        book_chain(p)
        pay_chain(p, side, first, k)
    p.n[N_LONG + side] = k
    return head


@kernel
def pay_chain(p, side, first, last):
    """Book the walks from one level to another one by one, with how far the fund falls within each."""
    n = p.n
    while first < last:
        after = p.nexts[side, first]
        n[N_NEED] = max(n[N_NEED], p.i[I_SEED] - n[N_FUND] + p.dips[side, first])
        book_segment(p, side, first, after)
        first = after
    n[N_BOOKED + side] = last


@kernel
def book_chain(p):
    """Book what `follow` has passed on both sides since the last time; must come before anything else is booked."""
    n = p.n
    if p.chain.shape[1] == 0:
        return
    for side in (LONG, SHORT):
        first, k = n[N_BOOKED + side], n[N_LONG + side]
        if first != k:
            n[N_BOOKED + side] = k
            book_segment(p, side, first, k)


@inlined_kernel
def book_segment(p, side, first, k):
    """Book what happens from level `first` to before level k."""
    n, chain = p.n, p.chain
    n[N_BUCKETS] += chain[side, first, C_BUCKETS] - chain[side, k, C_BUCKETS]
    n[L_NOTIONAL] += chain[side, first, C_NOTIONAL] - chain[side, k, C_NOTIONAL]
    n[L_OWED] += chain[side, first, C_OWED] - chain[side, k, C_OWED]
    n[L_BOOK] += chain[side, first, C_BOOK] - chain[side, k, C_BOOK]
    n[L_FEE] += chain[side, first, C_FEE] - chain[side, k, C_FEE]
    n[L_SURPLUS] += chain[side, first, C_SURPLUS] - chain[side, k, C_SURPLUS]
    fee_fund = chain[side, first, C_FEE_FUND] - chain[side, k, C_FEE_FUND]
    kept = chain[side, first, C_SURPLUS_FUND] - chain[side, k, C_SURPLUS_FUND]
    draw = chain[side, first, C_DRAW] - chain[side, k, C_DRAW]
    n[L_FEE_FUND] += fee_fund
    n[L_SURPLUS_FUND] += kept
    n[L_DRAW] += draw
    n[N_FUND] -= draw
    gain(p.i, n, fee_fund + kept)
