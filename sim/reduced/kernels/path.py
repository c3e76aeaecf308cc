"""One path: coarse steps, each cut at its jumps, diffusion between them, and everything that liquidations do.

A step in order: 1. money that replenishes the fund, 2. for each jump in the step: diffusion up to it, then the jump,
3. diffusion to the end of the step, 4. renewal of the open interest. The state of a path is two small arrays, so a path
can be stopped, copied and continued with other randomness. Leaves to others: cascades, money, what is drawn.
"""

import math

from ...kernels.elementary import exp, expm1, log
from ...kernels.jit import inlined_kernel, kernel
from .cascade import cascade
from .chain import PRICE_FLOOR, book_chain, follow
from .fund import replenish
from .gap import gap_cascade, is_plain
from .layout import (
    B_LOG,
    F_DECAY,
    F_FADE,
    F_HALF_FADE,
    F_STEP,
    F_STRESS_DEPTH,
    I_BRIDGE,
    I_LAG_MS,
    I_MARKS,
    I_RENEWED,
    I_SEED,
    LONG,
    N_BELOW_MS,
    N_FIRST_ADL,
    N_FIRST_EMPTY,
    N_FUND,
    N_LONG,
    N_NEVER_DRY,
    N_PEAK,
    S_LOG,
    S_LOW,
    S_SCALE,
    S_SHIFT,
    S_STRESS,
    S_TIME,
    SHORT,
)
from .pieces import STEP_END, is_stressful, lay_out
from .renewal import open_grid, renew

YEAR_MS = 365.0 * 86_400_000.0
#: A log shift of the price below this (a hundredth of a basis point) counts as none.
NO_SHIFT = 1e-6


@kernel
def start_path(p, never_dry):
    """Set the state of a path to its beginning; a renewed book is laid on the path's own grid."""
    s, n = p.s, p.n
    for k in range(len(s)):
        s[k] = 0.0
    for k in range(len(n)):
        n[k] = 0
    s[S_SCALE] = 1.0
    n[N_FUND] = n[N_PEAK] = p.i[I_SEED]
    n[N_BELOW_MS] = n[N_FIRST_ADL] = n[N_FIRST_EMPTY] = -1
    n[N_NEVER_DRY] = never_dry
    if p.i[I_RENEWED] == 1:
        open_grid(p)


@inlined_kernel
def time_ms(years):
    """Milliseconds since the start, rounded up: a jump lands at the millisecond that ends it."""
    return math.ceil(years * YEAR_MS)


@inlined_kernel
def next_level(p, side):
    """Log of the next level on a side, infinitely far if there is none."""
    k = p.n[N_LONG + side]
    if k < p.book.shape[2]:
        return p.book[side, B_LOG, k]
    return -math.inf if side == LONG else math.inf


@kernel
def jump(p, size):
    """The outside price jumps by the log `size`, seen in equal moves; each triggers on one walk of the book."""
    s = p.s
    if is_stressful(p.f):
        s[S_STRESS] = 1.0
    marks = p.i[I_MARKS]
    for _ in range(marks):
        before = s[S_LOG] + s[S_SHIFT]
        s[S_LOG] += size / marks
        see_mark(p, before)


@kernel
def see_mark(p, before):
    """A mark after a gap from the log price `before`: whoever it passed is liquidated at the price after it."""
    s = p.s
    after = s[S_LOG] + s[S_SHIFT]
    s[S_LOW] = min(s[S_LOW], after)
    if after <= next_level(p, LONG):
        side = LONG
    elif after >= next_level(p, SHORT):
        side = SHORT
    else:
        return
    book_chain(p)
    price, lasting = exp(after), 0.0
    if is_plain(p):
        last = gap_cascade(p, side, exp(before), price)
    else:
        last, lasting = cascade(p, side, exp(before), price, price, time_ms(s[S_TIME]))
    shift(s, price, lasting, last, 1.0)
    s[S_LOW] = min(s[S_LOW], s[S_LOG] + s[S_SHIFT])


@inlined_kernel
def shift(s, price, lasting, last, kept):
    """Move the outside log by the lasting impact and the shift by the rest of the last walk, of which `kept` is
    left.
    """
    stays = 0.0
    if lasting != 0.0:
        stays = log(max(price + lasting, PRICE_FLOOR) / price)
        s[S_LOG] += stays
    if last != 0.0:
        total = log(max(price + last, PRICE_FLOOR) / price)
        if abs(total) > abs(stays):
            add_shift(s, (total - stays) * kept)


@inlined_kernel
def add_shift(s, change):
    """Shift the log price by `change` for a while; a shift below NO_SHIFT is none."""
    total = s[S_SHIFT] + change
    s[S_SHIFT] = total if abs(total) >= NO_SHIFT else 0.0


@kernel
def reach(p, side, before, after, variance, stray, length):
    """Liquidate the levels of one side that a Brownian bridge from `before` to `after` reaches.

    P(lowest <= b) = exp(-2 (before - b)(after - b) / variance), so with a standard exponential `stray` the lowest is
    (before + after - sqrt((after - before)^2 + 2 variance stray)) / 2. Where it happened within the piece is not known,
    so its impact has decayed for half of it.
    """
    s, sign = p.s, 1.0 if side == LONG else -1.0
    change = after - before
    extreme = 0.5 * (before + after - sign * math.sqrt(change * change + 2.0 * variance * stray))
    s[S_LOW] = min(s[S_LOW], extreme)
    if sign * (extreme - next_level(p, side)) > 0.0:
        return
    if p.chain.shape[1] > 0 and s[S_STRESS] * p.f[F_STRESS_DEPTH] == 0.0:
        head = follow(p, side, extreme)
        if head >= 0:
            s[S_LOW] = min(s[S_LOW], p.walks[side, 1, head])
            if p.walks[side, 0, head] != 0.0:
                add_shift(s, p.walks[side, 0, head] * half_fade(p.f, length))
            return
    book_chain(p)
    end, start = exp(extreme), exp(before)
    last, lasting = cascade(p, side, start, start, end, time_ms(s[S_TIME] - 0.5 * length))
    s[S_LOW] = min(s[S_LOW], log(max(end + last, PRICE_FLOOR)))
    shift(s, end, lasting, last, half_fade(p.f, length))


@kernel
def advance(p, key, head, first_normal, first, count, start, stop):
    """Carry a path over steps start .. stop - 1; jumps `first` .. of `count` lie ahead."""
    walk(p, lay_out(p, key, head, first_normal, first, count, start, stop))


@kernel
def walk(p, n_pieces):
    """Carry a path over pieces that are laid out and drawn.

    While nothing is reached, the state is in registers: a piece is one move and two comparisons. A bridge reaches a
    level iff 2 (room before)(room after) <= variance x stray; rooms are none where the price is beyond.
    """
    s, moves, variances, lows, highs, events = p.s, p.moves, p.variances, p.lows, p.highs, p.events
    busy, scans = p.i[I_RENEWED] == 1 or p.i[I_LAG_MS] >= 0, p.i[I_BRIDGE] == 0
    log_price, low, shifted = s[S_LOG], s[S_LOW], s[S_SHIFT] != 0.0
    below, above = next_level(p, LONG), next_level(p, SHORT)
    if p.i[I_LAG_MS] >= 0:
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
            before += s[S_SHIFT]
            add_shift(s, s[S_SHIFT] * fade(p.f, p.lengths[j]))
            shifted = s[S_SHIFT] != 0.0
            after += s[S_SHIFT]
        low = min(low, after)
        fell = max(before - below, 0.0) * (after - below) <= variance * lows[j]
        rose = max(above - before, 0.0) * (above - after) <= variance * highs[j]
        if fell or rose or events[j] != STEP_END or busy:
            s[S_LOG], s[S_LOW], s[S_TIME] = log_price, low, p.ends[j]
            stop_at(p, j, before, fell, rose)
            log_price, low, shifted = s[S_LOG], s[S_LOW], s[S_SHIFT] != 0.0
            below, above = next_level(p, LONG), next_level(p, SHORT)
        j += 1
    s[S_LOG], s[S_LOW] = log_price, low
    if n_pieces > 0:
        s[S_TIME] = p.ends[n_pieces - 1]
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
def fade(f, length):
    """Part that a piece takes of the decaying impact, negative."""
    return f[F_FADE] if length == f[F_STEP] else expm1(-f[F_DECAY] * length)


@inlined_kernel
def half_fade(f, length):
    """Part that is left of impact in the middle of a piece by its end."""
    return f[F_HALF_FADE] if length == f[F_STEP] else exp(-0.5 * f[F_DECAY] * length)


@kernel
def stop_at(p, j, before, fell, rose):
    """Do what happens in and at the end of piece j, which began at the log price `before`."""
    s = p.s
    if is_stressful(p.f):
        s[S_STRESS] = p.stresses[j]
    if fell or rose:
        variance, after = p.variances[j], s[S_LOG] + s[S_SHIFT]
        if p.i[I_BRIDGE] == 0 or variance <= 0.0:
            see_mark(p, before)
        else:
            if fell:
                reach(p, LONG, before, after, variance, p.lows[j], p.lengths[j])
            if rose:
                reach(p, SHORT, before, after, variance, p.highs[j], p.lengths[j])
    if p.events[j] != STEP_END:
        jump(p, p.sizes[p.events[j]])
        return
    if p.i[I_RENEWED] == 1:
        renew(p)
    if p.i[I_LAG_MS] >= 0:
        step_begins(p)


@kernel
def step_begins(p):
    """Bring the fund the money that is due at the beginning of a step."""
    book_chain(p)
    replenish(p.i, p.n, time_ms(p.s[S_TIME]), p.f[F_STEP] * YEAR_MS)
