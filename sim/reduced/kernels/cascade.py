"""Liquidations at one instant, or along one stretch of diffusion: the smallest fixed point of the price and the levels
that it triggers.

Levels are taken in the order in which the price reaches them. A level is triggered when the price, after the outside
move and the impact of all levels before it, is at or beyond it; the first that is not ends the walk. For a table of
levels this IS the smallest fixed point of x = x0 + impact(triggered(x)): monotone iteration from x0 can only pass the
levels that this walk passes, and stops at the same level (Tarski). Leaves to others: who pays (`fund.py`).
"""

from ...kernels.elementary import expm1
from ...kernels.jit import inlined_kernel, kernel
from ..layout import IMPACT_BOUNDED, IMPACT_LINEAR, IMPACT_NONE, LONG
from .fund import settle_level, to_quanta
from .renewal import come_near, skip_empty

#: Smallest price, relative to the opening, that impact leaves.
PRICE_FLOOR = 1e-9
#: Share of the cap's own scale up to which an order meets the middle of its walk: the error is a twelfth of its square.
SMALL_ORDER = 1e-4


@inlined_kernel
def impact(kind, scale, cap, sold):
    """Relative move of the price after `sold` (notional at the opening price) in one walk of the book.

    Bounded: cap (1 - exp(-scale sold / cap)): it begins like the linear one, and arbitrage ends it at the cap.
    """
    if kind == IMPACT_LINEAR:
        return scale * sold
    if kind == IMPACT_BOUNDED:
        return -cap * expm1(-scale * sold / cap)
    return 0.0


@inlined_kernel
def own_impact(kind, scale, cap, before, after, lots):
    """Mean impact that an order of `lots` adds over its own walk; before, after: `impact` at its ends.

    Linear: the middle. Bounded: the mean of cap (1 - e^-as) over the order is cap - (after - before) / (a lots), with
    a = scale / cap; the middle where the order is so small that this would be a difference of equal numbers.
    """
    if kind == IMPACT_BOUNDED:
        part = scale * lots / cap
        if part > SMALL_ORDER:
            return cap - (after - before) / part - before
    return 0.5 * (after - before)


@kernel
def impact_scale(p, side, in_gap):
    """Slope of the impact curve on the side that liquidations of `side` hit: in the stress of the moment, and by the
    depth within a gap where there is one.
    """
    params = p.params[0]
    scale = params.impact_bid if side == LONG else params.impact_ask
    if in_gap:
        scale /= params.gap_depth
    if p.state[0].stress > 0.0 and params.impact != IMPACT_NONE:
        scale /= 1.0 - params.stress_depth * p.state[0].stress
    return scale


@inlined_kernel
def measured_at(kind, before, start):
    """The price at which impact is measured: before a gap, and with bounded impact after it."""
    return start if kind == IMPACT_BOUNDED else before


@kernel
def cascade(p, side, before, start, end, in_gap, now_ms):
    """Liquidate the levels that an outside move reaches; return the impact of the last walk, + is up.

    before: price at which impact is measured.  start, end: outside price where the walk begins and ends. Equal:
    a gap; all levels are triggered at `end` on one walk of the book. Else the price goes from start to end
    continuously: a level is triggered at its own price, and the book has refilled when the next one is not reached by
    impact alone.  in_gap: whether the book is as thin as in a gap.
    """
    params, ledger, sign = p.params[0], p.ledger[0], 1 if side == LONG else -1
    lots_of, price_of, owed_of = p.lots[side], p.prices[side], p.owed[side]
    n_levels, kind, scale, held = len(lots_of), params.impact, impact_scale(p, side, in_gap), p.state[0].scale
    cap, renewed, interleaved = params.impact_cap, params.renewed == 1, params.interleaved == 1
    k, never_dry = ledger.reached[side], ledger.never_dry == 1
    sold, moved, last = 0.0, 0.0, 0.0  # moved: relative impact of `sold`
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
        after = impact(kind, scale, cap, sold + lots)
        own = own_impact(kind, scale, cap, moved, after, lots)
        fill = max(price - sign * before * own, 0.0)
        owed = to_quanta(owed_of[k] * held)
        taken = settle_level(params, ledger, never_dry, sign, lots, owed, price, fill, now_ms)
        if taken < 1.0:
            after = impact(kind, scale, cap, sold + taken * lots)
        sold, moved, last = sold + taken * lots, after, before * after
        ledger.levels += 1
        if renewed:
            lots_of[k] = owed_of[k] = 0.0
        k += 1
    ledger.reached[side] = ledger.booked[side] = k
    if renewed:
        skip_empty(p, side)
    return -sign * last
