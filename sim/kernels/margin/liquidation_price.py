"""The liquidation price of a row with one position: the last whole tick at which it is distressed (CLR-MRG-008).

A long of L contracts is distressed when quote + L x P x tick_value < requirement(P), which is the largest over the
tiers of rate x L x P x tick_value - deduction, rounded up (`requirement.py`). In reals, with the tier that holds the
solution: P = (quote + deduction) / ((rate - sign) x L x tick_value), sign +1 for a long, -1 for a short.
For reports, many at once and in floating point: `sim/clearing/margin/liquidation_price.py`.
"""

import numpy as np

from ...layout import BASE_ENTRY, BASE_MARK_PLUS_FEE
from ..jit import kernel
from .requirement import position_maintenance

NEVER_DOWN = 0
ALWAYS_DOWN = 2**31 - 1
NEVER_UP = 2**31 - 1
#: Prices beyond this many ticks, and positions worth more than 2**60 quanta, are outside the head-room of an
#: instrument.
HIGHEST_PRICE = 2_000_000_000
_FARTHEST = 2.0**60
MAX_VALUE = 2**60

_PPM = 1_000_000


@kernel
def is_distressed_at(quote, lots, cost, mark, params, tiers):
    """True if a row with this one position is below (or at, where that counts) its maintenance margin at `mark`."""
    margin = position_maintenance(lots, cost, mark, params, tiers)
    left = quote + lots * mark * params.tick_value - margin
    return left < 0 or (left == 0 and params.at_or_below != 0)


@kernel
def _entry_price(short_of, unit, is_long, at_or_below):
    """The threshold if the requirement does not depend on the mark; short_of: requirement less quote, quanta."""
    if is_long:
        price = short_of // unit
        return price - 1 if at_or_below == 0 and price * unit == short_of else price
    price = -short_of // unit
    return price + 1 if at_or_below == 0 or price * unit != -short_of else price


@kernel
def _search_price(quote, lots, cost, guess, params, tiers):
    """The threshold by doubling steps from `guess`, then bisection: where rounding or a tier put the guess off, and for
    a requirement that is a user's function."""
    wanted = lots > 0  # a long is distressed below its threshold, a short above: find the last price of the lower kind
    highest = min(HIGHEST_PRICE, MAX_VALUE // (abs(lots) * params.tick_value))
    low, high = -1, -1  # not bracketed yet
    price = min(max(guess, 1), highest)
    step = 1
    while low < 0 or high < 0 or high - low > 1:  # the only call of the predicate: it is compiled into this loop
        if is_distressed_at(quote, lots, cost, price, params, tiers) == wanted:
            low = price
        else:
            high = price
        if high < 0:
            if low >= highest:
                high = low + 1
            price = min(low + step, highest)
        elif low < 0:
            if high <= 1:
                low = 0
            price = max(high - step, 1)
        else:
            price = (low + high) // 2
        step *= 2
    if high > highest:
        return ALWAYS_DOWN if wanted else NEVER_UP
    return low if wanted else high


@kernel
def distress_prices(quote, lots, cost, params, tiers, out):
    """Write the threshold of each of many rows with one position of one market to `out`, ticks, int64 (n,)."""
    for i in range(lots.shape[0]):
        out[i] = distress_price(quote[i], lots[i], cost[i], params, tiers)


@kernel
def distress_price(quote, lots, cost, params, tiers):
    """Largest (long; 0 if none) or smallest (short) price in ticks at which a row with this one position is distressed.

    Closed form in floating point: the schedule is convex, so the first tier whose own solution lies below the next
    floor holds it. The integer predicate on both sides of it must agree, else the neighbourhood is searched. The body
    is in one piece because a call costs more than the arithmetic. A long beyond the head-room gets ALWAYS_DOWN, a
    short NEVER_UP.
    """
    is_long = lots > 0
    unit = (lots if is_long else -lots) * params.tick_value
    at_or_below = params.at_or_below
    if params.maintenance_formula != 0:
        return _search_price(quote, lots, cost, -quote // (lots * params.tick_value), params, tiers)
    if params.margin_base == BASE_ENTRY:
        short_of = position_maintenance(lots, cost, 1, params, tiers) - quote
        price = _entry_price(short_of, unit, is_long, at_or_below)
        return min(max(price, 0 if is_long else 1), ALWAYS_DOWN)
    sign = 1.0 if is_long else -1.0
    fee_ppm = params.close_fee_ppm if params.margin_base == BASE_MARK_PLUS_FEE else 0
    last = params.n_tiers - 1
    tier = 0
    while True:
        rate_ppm = tiers[tier].maintenance_ppm + fee_ppm
        deduction = tiers[tier].deduction
        value = (np.float64(quote) + np.float64(deduction)) / (rate_ppm * 1e-6 - sign)
        if tier == last or value < np.float64(tiers[tier + 1].floor):
            break
        tier += 1
    if value > _FARTHEST or value > np.float64(unit) * HIGHEST_PRICE:
        return ALWAYS_DOWN
    price = np.int64(value / np.float64(unit)) if value > 0.0 else 0
    low = unit * price
    high = low + unit
    if low >= tiers[tier].floor and (tier == last or high < tiers[tier + 1].floor):
        whole = low // _PPM
        left = quote - max(0, whole * rate_ppm - (whole * _PPM - low) * rate_ppm // _PPM - deduction)
        whole = high // _PPM
        next_left = quote - max(0, whole * rate_ppm - (whole * _PPM - high) * rate_ppm // _PPM - deduction)
        if is_long:
            if left + low < at_or_below <= next_left + high:
                return price
        elif next_left - high < at_or_below <= left - low:
            return price + 1
    return _search_price(quote, lots, cost, price, params, tiers)
