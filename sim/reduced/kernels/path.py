"""One path: coarse steps, each cut at its jumps, diffusion between them, and all effects of liquidations.

A step in order: 1. money that replenishes the fund, 2. for each jump in the step: diffusion up to it, then the jump,
3. diffusion to the end of the step, 4. renewal of the open interest. The state of a path is two records, so a path
can be stopped, copied and continued with other randomness. Leaves to others: cascades, money, the draws.
"""

import math

from ...kernels.elementary import exp, expm1, log
from ...kernels.jit import inlined_kernel, kernel
from ..layout import LONG, SHORT
from .cascade import PRICE_FLOOR, cascade, measured_at
from .chain import book_chain, follow
from .fund import replenish
from .gap import gap_cascade, is_plain
from .pieces import STEP_END, is_stressful, lay_out
from .renewal import open_grid, renew

YEAR_MS = 365.0 * 86_400_000.0
#: A log shift of the price below this (a hundredth of a basis point) counts as none.
NO_SHIFT = 1e-6


@kernel
def start_path(p, never_dry):
    """Set the state of a path to its beginning; a renewed book is laid on the path's own grid."""
    p.state[0], p.ledger[0] = p.start_state[0], p.start_ledger[0]
    p.ledger[0].never_dry = never_dry
    if p.params[0].renewed == 1:
        open_grid(p)


@inlined_kernel
def time_ms(years):
    """Milliseconds since the start, rounded up: a jump lands at the millisecond that ends it."""
    return math.ceil(years * YEAR_MS)


@inlined_kernel
def next_level(p, side):
    """Log of the next level on a side, infinitely far if there is none."""
    k = p.ledger[0].reached[side]
    if k < p.lots.shape[1]:
        return p.logs[side, k]
    return -math.inf if side == LONG else math.inf


@kernel
def jump(p, size, share):
    """The outside price moves by the log `size`: a `share` as a gap, the rest slowly, before and after it."""
    if is_stressful(p.params[0]):
        p.state[0].stress = 1.0
    slow = size - size * share
    first = slow * p.params[0].slow_first
    glide(p, first)
    gap(p, size * share)
    glide(p, slow - first)


@kernel
def gap(p, size):
    """The outside price moves by the log `size` before anyone reacts; each of its marks triggers on one walk."""
    state, marks = p.state[0], p.params[0].jump_marks
    for _ in range(marks):
        before = state.log + state.shift
        state.log += size / marks
        see_mark(p, before)


@kernel
def glide(p, change):
    """The outside price moves by the log `change` slowly: each level is liquidated at its own price.

    The book refills on the way, so no shift of the price is left.
    """
    if change == 0.0:
        return
    state = p.state[0]
    before = state.log + state.shift
    state.log += change
    after = state.log + state.shift
    state.low = min(state.low, after)
    if after <= next_level(p, LONG):
        side = LONG
    elif after >= next_level(p, SHORT):
        side = SHORT
    else:
        return
    book_chain(p)
    start = exp(before)
    cascade(p, side, start, start, exp(after), False, time_ms(state.time))


@kernel
def see_mark(p, before):
    """A mark after a gap from the log price `before`: the levels it passed are liquidated at the price after it."""
    state = p.state[0]
    after = state.log + state.shift
    state.low = min(state.low, after)
    if after <= next_level(p, LONG):
        side = LONG
    elif after >= next_level(p, SHORT):
        side = SHORT
    else:
        return
    book_chain(p)
    price = exp(after)
    measured = measured_at(p.params[0].impact, exp(before), price)
    if is_plain(p):
        last = gap_cascade(p, side, measured, price)
    else:
        last = cascade(p, side, measured, price, price, True, time_ms(state.time))
    shift(state, price, last, 1.0)
    state.low = min(state.low, state.log + state.shift)


@inlined_kernel
def shift(state, price, last, kept):
    """Shift the log price by the impact of the last walk, of which `kept` is left."""
    if last != 0.0:
        add_shift(state, log(max(price + last, PRICE_FLOOR) / price) * kept)


@inlined_kernel
def add_shift(state, change):
    """Shift the log price by `change` for a while; a shift below NO_SHIFT is none."""
    total = state.shift + change
    state.shift = total if abs(total) >= NO_SHIFT else 0.0


@kernel
def reach(p, side, before, after, variance, stray, length):
    """Liquidate the levels of one side that a Brownian bridge from `before` to `after` reaches.

    P(lowest <= b) = exp(-2 (before - b)(after - b) / variance), so with a standard exponential `stray` the lowest is
    (before + after - sqrt((after - before)^2 + 2 variance stray)) / 2. Where it happened within the piece is not known,
    so its impact has decayed for half of it.
    """
    state, sign = p.state[0], 1.0 if side == LONG else -1.0
    change = after - before
    extreme = 0.5 * (before + after - sign * math.sqrt(change * change + 2.0 * variance * stray))
    state.low = min(state.low, extreme)
    if sign * (extreme - next_level(p, side)) > 0.0:
        return
    if p.chain.shape[1] > 0 and state.stress * p.params[0].stress_depth == 0.0:
        head = follow(p, side, extreme)
        if head >= 0:
            state.low = min(state.low, p.stops[side, head])
            if p.impacts[side, head] != 0.0:
                add_shift(state, p.impacts[side, head] * half_fade(p.params[0], length))
            return
    book_chain(p)
    end, start = exp(extreme), exp(before)
    last = cascade(p, side, start, start, end, False, time_ms(state.time - 0.5 * length))
    state.low = min(state.low, log(max(end + last, PRICE_FLOOR)))
    shift(state, end, last, half_fade(p.params[0], length))


@kernel
def advance(p, key, head, first_normal, first, count, start, stop):
    """Advance a path over steps start .. stop - 1; jumps `first` .. of `count` lie ahead."""
    walk(p, lay_out(p, key, head, first_normal, first, count, start, stop))


@kernel
def walk(p, n_pieces):
    """Advance a path over pieces that are laid out and drawn.

    While nothing is reached, the state is in registers: a piece is one move and two comparisons. A bridge reaches a
    level iff 2 (room before)(room after) <= variance x stray; rooms are none where the price is beyond.
    """
    state, moves, variances, lows, highs, events = p.state[0], p.moves, p.variances, p.lows, p.highs, p.events
    busy, scans = p.params[0].renewed == 1 or p.params[0].lag_ms >= 0, p.params[0].bridge == 0
    log_price, low, shifted = state.log, state.low, state.shift != 0.0
    below, above = next_level(p, LONG), next_level(p, SHORT)
    if p.params[0].lag_ms >= 0:
        step_begins(p)
    j = 0
    while j < n_pieces:
        if scans and not (shifted or busy):
            passed, log_price, low = scan(moves[j:n_pieces], events[j:n_pieces], log_price, low, below, above)
            j += passed
            if j == n_pieces:
                break
        before, variance = log_price, 0.5 * variances[j]
        log_price += moves[j]
        after = log_price
        if shifted:
            before += state.shift
            add_shift(state, state.shift * fade(p.params[0], p.lengths[j]))
            shifted = state.shift != 0.0
            after += state.shift
        low = min(low, after)
        fell = max(before - below, 0.0) * (after - below) <= variance * lows[j]
        rose = max(above - before, 0.0) * (above - after) <= variance * highs[j]
        if fell or rose or events[j] != STEP_END or busy:
            state.log, state.low, state.time = log_price, low, p.ends[j]
            stop_at(p, j, before, fell, rose)
            log_price, low, shifted = state.log, state.low, state.shift != 0.0
            below, above = next_level(p, LONG), next_level(p, SHORT)
        j += 1
    state.log, state.low = log_price, low
    if n_pieces > 0:
        state.time = p.ends[n_pieces - 1]
    book_chain(p)


@inlined_kernel
def scan(moves, events, log_price, low, below, above):
    """Pass over pieces without bridges, shift and jumps that reach nothing: (how many, log price and lowest then)."""
    passed = 0
    for k in range(len(moves)):
        after = log_price + moves[k]
        if after <= below or after >= above or events[k] != STEP_END:
            break
        log_price, low, passed = after, min(low, after), k + 1
    return passed, log_price, low


@inlined_kernel
def fade(params, length):
    """Part of the decaying impact that a piece removes, negative."""
    return params.fade if length == params.step else expm1(-params.decay * length)


@inlined_kernel
def half_fade(params, length):
    """Part of the impact in the middle of a piece that is left at its end."""
    return params.half_fade if length == params.step else exp(-0.5 * params.decay * length)


@kernel
def stop_at(p, j, before, fell, rose):
    """Apply all effects in and at the end of piece j, which began at the log price `before`."""
    state = p.state[0]
    if is_stressful(p.params[0]):
        state.stress = p.stresses[j]
    if fell or rose:
        variance, after = p.variances[j], state.log + state.shift
        if p.params[0].bridge == 0 or variance <= 0.0:
            see_mark(p, before)
        else:
            if fell:
                reach(p, LONG, before, after, variance, p.lows[j], p.lengths[j])
            if rose:
                reach(p, SHORT, before, after, variance, p.highs[j], p.lengths[j])
    if p.events[j] != STEP_END:
        jump(p, p.sizes[p.events[j]], p.shares[p.events[j]])
        return
    if p.params[0].renewed == 1:
        renew(p)
    if p.params[0].lag_ms >= 0:
        step_begins(p)


@kernel
def step_begins(p):
    """Pay the money due at the beginning of a step into the fund."""
    book_chain(p)
    replenish(p.params[0], p.ledger[0], time_ms(p.state[0].time), p.params[0].step * YEAR_MS)
