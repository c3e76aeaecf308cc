"""Liquidations at one instant, or along one stretch of diffusion: the smallest fixed point of the price and the levels
that it triggers.

Levels are taken in the order in which the price reaches them. A level is triggered when the price, after the outside
move and the impact of all levels before it, is at or beyond it; the first that is not ends the walk. For a table of
levels this IS the smallest fixed point of x = x0 + impact(triggered(x)): monotone iteration from x0 can only pass the
levels that this walk passes, and stops at the same level (Tarski). Leaves to others: who pays (`fund.py`).
"""

import math

from ...kernels.jit import inlined_kernel, kernel
from ..layout import IMPACT_LINEAR, IMPACT_NONE, IMPACT_SQUARE_ROOT, LONG
from .fund import settle_level, to_quanta
from .renewal import come_near, skip_empty

#: Smallest price, relative to the opening, that impact leaves.
PRICE_FLOOR = 1e-9


@inlined_kernel
def impact(kind, scale, sold):
    """Relative move of the price after `sold` (notional at the opening price) in one walk of the book."""
    if kind == IMPACT_LINEAR:
        return scale * sold
    if kind == IMPACT_SQUARE_ROOT:
        return scale * math.sqrt(sold)
    return 0.0


@inlined_kernel
def own_impact(kind, scale, sold, before, after, lots):
    """Mean impact that an order of `lots` adds over its own walk; before, after: `impact` at its ends.

    Square root: the mean of sqrt over [a, b] is 2/3 (b sqrt b - a sqrt a) / (b - a).
    """
    if kind == IMPACT_SQUARE_ROOT:
        return (2.0 / 3.0) * ((sold + lots) * after - sold * before) / lots - before
    return 0.5 * (after - before)


@kernel
def impact_scale(p, side):
    """Coefficient of the impact curve on the side that liquidations of `side` hit, in the stress of the
    moment.
    """
    scale = p.params[0].impact_bid if side == LONG else p.params[0].impact_ask
    if p.state[0].stress > 0.0 and p.params[0].impact != IMPACT_NONE:
        depth = 1.0 - p.params[0].stress_depth * p.state[0].stress
        scale = scale / depth if p.params[0].impact == IMPACT_LINEAR else scale / math.sqrt(depth)
    return scale


@kernel
def cascade(p, side, before, start, end, now_ms):
    """Liquidate the levels that an outside move reaches.

    before: price at which impact is measured.  start, end: outside price where the walk begins and ends. Equal:
    a jump; all levels are triggered at `end` on one walk of the book. Else the price goes from start to end
    continuously: a level is triggered at its own price, and the book has refilled when the next one is not reached by
    impact alone.
    Returns (impact of the last walk, lasting part of all walks): moves of the price, + is up.
    """
    params, ledger, sign = p.params[0], p.ledger[0], 1 if side == LONG else -1
    lots_of, price_of, owed_of = p.lots[side], p.prices[side], p.owed[side]
    n_levels, kind, scale, held = len(lots_of), params.impact, impact_scale(p, side), p.state[0].scale
    stays, renewed, interleaved = params.permanent, params.renewed == 1, params.interleaved == 1
    k, never_dry = ledger.reached[side], ledger.never_dry == 1
    sold, moved, last, lasting = 0.0, 0.0, 0.0, 0.0  # moved: relative impact of `sold`
    while k < n_levels:
        if renewed:
            come_near(p, side, k)
        lots = lots_of[k] * held
        if lots <= 0.0:
            k += 1
            continue
        level = price_of[k]
        price = start - sign * before * moved
        if sign * (price - level) > 0.0:  # not reached by impact: wait for the outside price
            if sign * (end - level) > 0.0:
                break
            sold, moved, start, price, before = 0.0, 0.0, level, level, level
        elif interleaved and sign * (level - start) < 0.0:
            price = level  # reached by impact: filled as the price passes
        price = max(price, PRICE_FLOOR)
        after = impact(kind, scale, sold + lots)
        own = own_impact(kind, scale, sold, moved, after, lots)
        fill = max(price - sign * before * own, 0.0)
        owed = to_quanta(owed_of[k] * held)
        taken = settle_level(params, ledger, never_dry, sign, lots, owed, price, fill, now_ms)
        if taken < 1.0:
            after = impact(kind, scale, sold + taken * lots)
        part = sign * stays * before * (after - moved)
        end, lasting = end - part, lasting - part
        sold, moved, last = sold + taken * lots, after, before * after
        ledger.levels += 1
        if renewed:
            lots_of[k] = owed_of[k] = 0.0
        k += 1
    ledger.reached[side] = ledger.booked[side] = k
    if renewed:
        skip_empty(p, side)
    return -sign * last, lasting
