"""One path: coarse steps, each cut at its jumps, diffusion between them, and everything that liquidations do.

A step in order: 1. money that replenishes the fund, 2. for each jump in the step: diffusion up to it, then the jump,
3. diffusion to the end of the step, 4. renewal of the open interest. The state of a path is two small arrays, so a path
can be stopped, copied and continued with other randomness. Leaves to others: cascades, money, the drawing of jumps.
"""

import math

from sim.kernels.jit import kernel
from sim.reduced.kernels.cascade import cascade
from sim.reduced.kernels.draw import DIFFUSION, HIGHEST, LOWEST, normal_quantile, uniform
from sim.reduced.kernels.fund import replenish
from sim.reduced.kernels.layout import (
    B_LOG,
    F_DECAY,
    F_DRIFT,
    F_SIGMA,
    F_STEP,
    F_STRESS_DECAY,
    F_STRESS_DEPTH,
    F_STRESS_SIGMA,
    I_BRIDGE,
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
    N_PIECE,
    S_LOG,
    S_LOW,
    S_SCALE,
    S_SHIFT,
    S_STRESS,
    S_TIME,
    SHORT,
)
from sim.reduced.kernels.renewal import open_grid, renew

YEAR_MS = 365.0 * 86_400_000.0
#: Exponents of a bridge's crossing probability beyond which no 52-bit uniform can cross.
NO_CROSSING = 37.0


@kernel
def start_path(f, i, s, n, opening, book, never_dry):
    """Set the state of a path to its beginning; a renewed book is laid on the path's own grid."""
    s[:] = 0.0
    n[:] = 0  # a scalar: nothing is allocated
    s[S_LOW], s[S_SCALE] = 1.0, 1.0
    n[N_FUND] = n[N_PEAK] = i[I_SEED]
    n[N_BELOW_MS] = n[N_FIRST_ADL] = n[N_FIRST_EMPTY] = -1
    n[N_NEVER_DRY] = never_dry
    if i[I_RENEWED] == 1:
        open_grid(n, opening, book)


@kernel
def time_ms(years):
    """Milliseconds since the start, rounded up: a jump lands at the millisecond that ends it."""
    return math.ceil(years * YEAR_MS)


@kernel
def _next_level(n, book, side):
    """Log of the next level on a side, infinitely far if there is none."""
    k = n[N_LONG + side]
    if k < book.shape[2]:
        return book[side, B_LOG, k]
    return -math.inf if side == LONG else math.inf


@kernel
def _low(s, log_price):
    s[S_LOW] = min(s[S_LOW], math.exp(log_price))


@kernel
def jump(f, i, s, n, book, size):
    """The outside price jumps by the log `size`, seen in equal moves; each triggers on one walk of the book."""
    if f[F_STRESS_SIGMA] > 0.0 or f[F_STRESS_DEPTH] > 0.0:
        s[S_STRESS] = 1.0
    marks = i[I_MARKS]
    for _ in range(marks):
        gap(f, i, s, n, book, size / marks)


@kernel
def gap(f, i, s, n, book, size):
    """The outside price moves at once by the log `size`; whoever it passes is liquidated at the price after it."""
    before = s[S_LOG] + s[S_SHIFT]
    s[S_LOG] += size
    after = s[S_LOG] + s[S_SHIFT]
    side = LONG if size < 0.0 else SHORT
    level = _next_level(n, book, side)
    if (side == LONG and after <= level) or (side == SHORT and after >= level):
        price = math.exp(after)
        last, lasting = cascade(f, i, s, n, book, side, math.exp(before), price, price, time_ms(s[S_TIME]))
        _shift(s, price, lasting, last, 1.0)
    _low(s, s[S_LOG] + s[S_SHIFT])


@kernel
def _shift(s, price, lasting, last, kept):
    """Move the outside log by the lasting impact and the shift by the rest of the last walk, of which `kept` is
    left.
    """
    stays = math.log(max(price + lasting, 1e-9) / price)
    total = math.log(max(price + last, 1e-9) / price)
    s[S_LOG] += stays
    s[S_SHIFT] += (total - stays) * kept if abs(total) > abs(stays) else 0.0


@kernel
def diffuse(f, i, s, n, book, key, head, first_normal, length):
    """Let the outside price diffuse for `length` years; levels between its ends are found by bridge, or at the end
    only.
    """
    if length <= 0.0:
        return
    piece = n[N_PIECE]
    n[N_PIECE] += 1
    place = first_normal + piece
    u = head[place] if place < len(head) else uniform(key, DIFFUSION, piece)
    sigma = f[F_SIGMA] * (1.0 + f[F_STRESS_SIGMA] * s[S_STRESS])
    before = s[S_LOG] + s[S_SHIFT]
    variance = sigma * sigma * length
    s[S_LOG] += f[F_DRIFT] * length + math.sqrt(variance) * normal_quantile(u)
    s[S_TIME] += length
    if s[S_SHIFT] != 0.0:
        s[S_SHIFT] *= math.exp(-f[F_DECAY] * length)
    if s[S_STRESS] > 0.0:
        s[S_STRESS] *= math.exp(-f[F_STRESS_DECAY] * length)
    after = s[S_LOG] + s[S_SHIFT]
    if i[I_BRIDGE] == 1:
        _bridge(f, i, s, n, book, key, LONG, LOWEST, before, after, variance, length)
        _bridge(f, i, s, n, book, key, SHORT, HIGHEST, before, after, variance, length)
    else:
        _discrete(f, i, s, n, book, before, after)
    _low(s, s[S_LOG] + s[S_SHIFT])


@kernel
def _discrete(f, i, s, n, book, before, after):
    """What a mark at the end of a step sees: a gap of the whole step."""
    for side in (LONG, SHORT):
        level = _next_level(n, book, side)
        if (side == LONG and after <= level) or (side == SHORT and after >= level):
            price = math.exp(after)
            last, lasting = cascade(f, i, s, n, book, side, math.exp(before), price, price, time_ms(s[S_TIME]))
            _shift(s, price, lasting, last, 1.0)


@kernel
def _bridge(f, i, s, n, book, key, side, purpose, before, after, variance, length):
    """Liquidate the levels of one side that a Brownian bridge from `before` to `after` reaches.

    P(lowest <= b) = exp(-2 (before - b)(after - b) / variance), so the lowest is (before + after - sqrt((after -
    before)^2 - 2 variance ln u)) / 2. Lowest and highest have their exact laws, but are drawn independently of one
    another.
    """
    level = _next_level(n, book, side)
    sign = 1.0 if side == LONG else -1.0
    room = sign * (before - level)
    if room > 0.0 and sign * (after - level) > 0.0:
        if 2.0 * room * sign * (after - level) > NO_CROSSING * variance:
            return
        u = uniform(key, purpose, n[N_PIECE] - 1)
        exponent = 2.0 * room * sign * (after - level) / variance
        if u * (1.0 + exponent * (1.0 + exponent * (0.5 + exponent / 6.0))) >= 1.0 or -math.log(u) <= exponent:
            return
    else:
        u = uniform(key, purpose, n[N_PIECE] - 1)
    change = after - before
    extreme = 0.5 * (before + after - sign * math.sqrt(change * change - 2.0 * variance * math.log(u)))
    price = math.exp(extreme)
    last, lasting = cascade(
        f, i, s, n, book, side, math.exp(before), math.exp(before), price, time_ms(s[S_TIME] - 0.5 * length)
    )
    _low(s, extreme)
    _shift(s, price, lasting, last, math.exp(-f[F_DECAY] * 0.5 * length))


@kernel
def step(f, i, s, n, book, fresh, key, head, first_normal, times, sizes, first, count, number):
    """Carry a path over step number `number`; jumps `first` .. of `count` lie ahead. Returns the first one after it."""
    end = f[F_STEP] * (number + 1)
    replenish(i, n, time_ms(s[S_TIME]), f[F_STEP] * YEAR_MS)
    while first < count and times[first] <= end:
        diffuse(f, i, s, n, book, key, head, first_normal, times[first] - s[S_TIME])
        jump(f, i, s, n, book, sizes[first])
        first += 1
    diffuse(f, i, s, n, book, key, head, first_normal, end - s[S_TIME])
    s[S_TIME] = end
    if i[I_RENEWED] == 1:
        renew(f, s, n, book, fresh)
    return first
