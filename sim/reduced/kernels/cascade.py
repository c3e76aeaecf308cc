"""Liquidations at one instant, or along one stretch of diffusion: the smallest fixed point of price and what it
triggers.

Levels are taken in the order in which the price reaches them. A level is triggered when the price, after the outside
move and the impact of all levels before it, is at or beyond it; the first that is not ends the walk. For a table of
levels this IS the smallest fixed point of x = x0 + impact(triggered(x)): monotone iteration from x0 can only pass the
levels that this walk passes, and stops at the same one (Tarski). Leaves to others: who pays (`fund.py`).
"""

import math

from sim.kernels.jit import kernel
from sim.reduced.kernels.fund import settle_level, to_quanta
from sim.reduced.kernels.layout import (
    B_LOTS,
    B_OWED,
    B_PRICE,
    F_IMPACT_ASK,
    F_IMPACT_BID,
    F_PERMANENT,
    F_STRESS_DEPTH,
    I_IMPACT,
    I_INTERLEAVED,
    I_RENEWED,
    LONG,
    N_BUCKETS,
    N_LONG,
    S_SCALE,
    S_STRESS,
)
from sim.reduced.kernels.renewal import skip_empty

PRICE_FLOOR = 1e-9


@kernel
def impact(kind, scale, sold):
    """Relative move of the price after `sold` (notional at the opening price) in one walk of the book."""
    if kind == 1:
        return scale * sold
    if kind == 2:
        return scale * math.sqrt(sold)
    return 0.0


@kernel
def average_impact(kind, scale, before, lots):
    """Mean of `impact` over the walk from `before` to `before + lots`."""
    if kind == 1:
        return scale * (before + 0.5 * lots)
    if kind == 2:
        after = before + lots
        return scale * (2.0 / 3.0) * (after * math.sqrt(after) - before * math.sqrt(before)) / lots
    return 0.0


@kernel
def impact_scale(f, i, s, side):
    """Coefficient of the impact curve on the side that liquidations of `side` take from, in the stress of the
    moment.
    """
    scale = f[F_IMPACT_BID] if side == LONG else f[F_IMPACT_ASK]
    if s[S_STRESS] > 0.0 and i[I_IMPACT] > 0:
        depth = 1.0 - f[F_STRESS_DEPTH] * s[S_STRESS]
        scale = scale / depth if i[I_IMPACT] == 1 else scale / math.sqrt(depth)
    return scale


@kernel
def cascade(f, i, s, n, book, side, before, start, end, now_ms):
    """Liquidate what an outside move reaches.

    before: price that impact is measured on.  start, end: outside price where the walk begins and where it ends. Equal:
    a jump, everybody is triggered at `end` on one walk of the book. Else the price goes from start to end continuously:
    a level is triggered at its own price, and the book has refilled when the next one is not reached by impact alone.
    Returns (impact of the last walk, lasting part of all walks): moves of the price, + is up.
    """
    levels, sign = book[side], 1 if side == LONG else -1
    n_levels, kind, scale = levels.shape[1], i[I_IMPACT], impact_scale(f, i, s, side)
    k = n[N_LONG + side]
    sold, last, lasting = 0.0, 0.0, 0.0
    while k < n_levels:
        lots = levels[B_LOTS, k] * s[S_SCALE]
        if lots <= 0.0:
            k += 1
            continue
        level = levels[B_PRICE, k]
        price = start - sign * before * impact(kind, scale, sold)
        if sign * (price - level) > 0.0:  # not reached by impact: the outside price has to come
            if sign * (end - level) > 0.0:
                break
            sold, start, price = 0.0, level, level
            before = level
        elif i[I_INTERLEAVED] == 1 and sign * (level - start) < 0.0:
            price = level  # reached by impact: filled as the price passes
        price = max(price, PRICE_FLOOR)
        own = average_impact(kind, scale, sold, lots) - impact(kind, scale, sold)
        fill = max(price - sign * before * own, 0.0)
        owed = to_quanta(levels[B_OWED, k] * s[S_SCALE])
        taken = settle_level(i, n, sign, lots, owed, price, fill, now_ms)
        moved = sold + taken * lots
        if f[F_PERMANENT] > 0.0:
            stays = sign * f[F_PERMANENT] * before * (impact(kind, scale, moved) - impact(kind, scale, sold))
            end, lasting = end - stays, lasting - stays
        sold, last = moved, before * impact(kind, scale, moved)
        n[N_BUCKETS] += 1
        if i[I_RENEWED] == 1:
            levels[B_LOTS, k] = levels[B_OWED, k] = 0.0
        k += 1
    n[N_LONG + side] = k
    if i[I_RENEWED] == 1:
        skip_empty(n, book, side)
    return -sign * last, lasting
