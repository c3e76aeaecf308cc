"""One path: coarse steps, each cut at its jumps, diffusion between them, and everything that liquidations do.

A step in order: 1. money that replenishes the fund, 2. for each jump in the step: diffusion up to it, then the jump,
3. diffusion to the end of the step, 4. renewal of the open interest. The state of a path is two small arrays, so a path
can be stopped, copied and continued with other randomness. `advance` keeps what a calm piece needs in registers and
goes back to the arrays only where something is reached. Leaves to others: cascades, money, the drawing of jumps.
"""

import math

from sim.kernels.jit import inlined_kernel, kernel
from sim.reduced.kernels.cascade import cascade
from sim.reduced.kernels.chain import PRICE_FLOOR, book_chain, follow
from sim.reduced.kernels.draw import DIFFUSION, HIGHEST, LOWEST, fill_uniforms, to_normals, uniform
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
#: Stress below this part of what a jump brings counts as over.
STRESS_OVER = 1e-3
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
    if p.f[F_STRESS_SIGMA] > 0.0 or p.f[F_STRESS_DEPTH] > 0.0:
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
    price = math.exp(after)
    last, lasting = cascade(p, side, math.exp(before), price, price, time_ms(s[S_TIME]))
    shift(s, price, lasting, last, 1.0)
    s[S_LOW] = min(s[S_LOW], s[S_LOG] + s[S_SHIFT])


@inlined_kernel
def shift(s, price, lasting, last, kept):
    """Move the outside log by the lasting impact and the shift by the rest of the last walk, of which `kept` is
    left.
    """
    stays = 0.0
    if lasting != 0.0:
        stays = math.log(max(price + lasting, PRICE_FLOOR) / price)
        s[S_LOG] += stays
    if last != 0.0:
        total = math.log(max(price + last, PRICE_FLOOR) / price)
        if abs(total) > abs(stays):
            add_shift(s, (total - stays) * kept)


@inlined_kernel
def add_shift(s, change):
    """Shift the log price by `change` for a while; a shift below NO_SHIFT is none."""
    total = s[S_SHIFT] + change
    s[S_SHIFT] = total if abs(total) >= NO_SHIFT else 0.0


@kernel
def reach(p, side, before, after, variance, u, length, left):
    """Liquidate the levels of one side that a Brownian bridge from `before` to `after` reaches at quantile u.

    Where it happened within the piece is not known, so impact has decayed for half of it: `left` remains.
    P(lowest <= b) = exp(-2 (before - b)(after - b) / variance), so the lowest is
    (before + after - sqrt((after - before)^2 - 2 variance ln u)) / 2.
    """
    s, sign = p.s, 1.0 if side == LONG else -1.0
    change = after - before
    extreme = 0.5 * (before + after - sign * math.sqrt(change * change - 2.0 * variance * math.log(u)))
    s[S_LOW] = min(s[S_LOW], extreme)
    if sign * (extreme - next_level(p, side)) > 0.0:
        return
    if p.chain.shape[1] > 0 and s[S_STRESS] * p.f[F_STRESS_DEPTH] == 0.0:
        head = follow(p, side, extreme)
        if head >= 0:
            s[S_LOW] = min(s[S_LOW], p.walks[side, 1, head])
            if p.walks[side, 0, head] != 0.0:
                add_shift(s, p.walks[side, 0, head] * left)
            return
    book_chain(p)
    end, start = math.exp(extreme), math.exp(before)
    last, lasting = cascade(p, side, start, start, end, time_ms(s[S_TIME] - 0.5 * length))
    s[S_LOW] = min(s[S_LOW], math.log(max(end + last, PRICE_FLOOR)))
    shift(s, end, lasting, last, left)


@inlined_kernel
def can_reach(x, u):
    """False if a bridge cannot reach a level at quantile u; x: 2 (room before)(room after) / variance.

    The exact test is u <= exp(-x); (1 + y + y^2/2 + y^3/6)^4, y = x / 4, stands for exp(x), which lets a few through
    that `reach` turns away.
    """
    y = 0.25 * x
    root = 1.0 + y * (1.0 + y * (0.5 + y * (1.0 / 6.0)))
    square = root * root
    return u * square * square <= 1.0


@kernel
def draw_diffusion(p, key, head, first_normal, count):
    """Write the next `count` pieces' normals: of given uniforms as far as `head` holds them, else hashed."""
    piece = p.n[N_PIECE]
    fill_uniforms(key, DIFFUSION, piece, p.uniforms, count)
    for j in range(min(count, len(head) - first_normal - piece)):
        p.uniforms[j] = head[first_normal + piece + j]
    to_normals(p.uniforms, p.normals, p.places, count)


@kernel
def advance(p, key, head, first_normal, first, count, start, stop):
    """Carry a path over steps start .. stop - 1; jumps `first` .. of `count` lie ahead. Returns the first one after
    it.
    """
    draw_diffusion(p, key, head, first_normal, stop - start + count - first)
    base, step = p.n[N_PIECE], p.f[F_STEP]
    plain = p.i[I_BRIDGE] == 1 and p.i[I_RENEWED] == 0 and p.i[I_LAG_MS] < 0
    number = start
    while number < stop:
        if plain and p.s[S_SHIFT] == 0.0 and p.s[S_STRESS] == 0.0:
            number = calm_steps(p, key, base, number, stop, p.times[first] if first < count else math.inf)
        if number < stop:
            first = busy_step(p, key, base, number, first, count)
            number += 1
    p.s[S_TIME] = step * stop
    book_chain(p)
    return first


@kernel
def calm_steps(p, key, base, number, stop, next_jump):
    """Carry a path over whole steps while nothing but diffusion is at work; return the first step not taken.

    The same as `busy_step`, with the state in registers.
    """
    s, step = p.s, p.f[F_STEP]
    variance = p.f[F_SIGMA] * p.f[F_SIGMA] * step
    drift, spread, scale = p.f[F_DRIFT] * step, math.sqrt(variance), 2.0 / variance if variance > 0.0 else math.inf
    log_price, low, piece = s[S_LOG], s[S_LOW], p.n[N_PIECE]
    below, above, left = next_level(p, LONG), next_level(p, SHORT), math.exp(-0.5 * p.f[F_DECAY] * step)
    while number < stop and step * (number + 1) < next_jump and s[S_SHIFT] == 0.0:
        before = log_price
        log_price += drift + spread * p.normals[piece - base]
        low = min(low, log_price)
        down = (before - below) * (log_price - below) * scale
        up = (above - before) * (above - log_price) * scale
        if down < NO_CROSSING or up < NO_CROSSING or log_price <= below or log_price >= above:
            u = uniform(key, LOWEST, piece) if down < NO_CROSSING or log_price <= below else 1.0
            v = uniform(key, HIGHEST, piece) if up < NO_CROSSING or log_price >= above else 1.0
            fell = log_price <= below or can_reach(down, u)
            rose = log_price >= above or can_reach(up, v)
            if fell or rose:
                s[S_LOG], s[S_LOW], s[S_TIME] = log_price, low, step * (number + 1)
                if fell:
                    reach(p, LONG, before, log_price, variance, u, step, left)
                if rose:
                    reach(p, SHORT, before, log_price, variance, v, step, left)
                log_price, low = s[S_LOG], s[S_LOW]
                below, above = next_level(p, LONG), next_level(p, SHORT)
        number, piece = number + 1, piece + 1
    s[S_LOG], s[S_LOW], s[S_TIME], p.n[N_PIECE] = log_price, low, step * number, piece
    return number


@kernel
def busy_step(p, key, base, number, first, count):
    """Carry a path over one step with all there can be in it; return the first jump after it."""
    step = p.f[F_STEP]
    if p.i[I_LAG_MS] >= 0:
        book_chain(p)
        replenish(p.i, p.n, time_ms(p.s[S_TIME]), step * YEAR_MS)
    end = step * (number + 1)
    if first >= count or p.times[first] > end:
        diffuse(p, key, base, step)
    else:
        while first < count and p.times[first] <= end:
            diffuse(p, key, base, p.times[first] - p.s[S_TIME])
            jump(p, p.sizes[first])
            first += 1
        diffuse(p, key, base, end - p.s[S_TIME])
    p.s[S_TIME] = end
    if p.i[I_RENEWED] == 1:
        renew(p)
    return first


@kernel
def diffuse(p, key, base, length):
    """Let the outside price diffuse for `length` years and liquidate what it reaches."""
    if length <= 0.0:
        return
    s, piece = p.s, p.n[N_PIECE]
    before = s[S_LOG] + s[S_SHIFT]
    variance = p.f[F_SIGMA] * p.f[F_SIGMA] * stressed_time(p, length)
    s[S_LOG] += p.f[F_DRIFT] * length + math.sqrt(variance) * p.normals[piece - base]
    if s[S_SHIFT] != 0.0:
        add_shift(s, s[S_SHIFT] * math.expm1(-p.f[F_DECAY] * length))
    s[S_TIME] += length
    p.n[N_PIECE] = piece + 1
    after = s[S_LOG] + s[S_SHIFT]
    if p.i[I_BRIDGE] == 0:
        see_mark(p, before)
        return
    s[S_LOW] = min(s[S_LOW], after)
    below, above = next_level(p, LONG), next_level(p, SHORT)
    if variance <= 0.0:
        see_mark(p, before)
        return
    left = math.exp(-0.5 * p.f[F_DECAY] * length)
    down = 2.0 * (before - below) * (after - below) / variance
    up = 2.0 * (above - before) * (above - after) / variance
    if down < NO_CROSSING or before <= below or after <= below:
        u = uniform(key, LOWEST, piece)
        if before <= below or after <= below or can_reach(down, u):
            reach(p, LONG, before, after, variance, u, length, left)
    if up < NO_CROSSING or before >= above or after >= above:
        u = uniform(key, HIGHEST, piece)
        if before >= above or after >= above or can_reach(up, u):
            reach(p, SHORT, before, after, variance, u, length, left)


@inlined_kernel
def stressed_time(p, length):
    """Years of calm diffusion that `length` years are worth in the stress of the moment, which fades meanwhile.

    The integral of (1 + a e^(-d t))^2: length + 2 a (1 - e^(-d length)) / d + a^2 (1 - e^(-2 d length)) / (2 d).
    """
    s = p.s
    if s[S_STRESS] == 0.0:
        return length
    excess, decay = p.f[F_STRESS_SIGMA] * s[S_STRESS], p.f[F_STRESS_DECAY]
    left = math.exp(-decay * length)
    s[S_STRESS] = s[S_STRESS] * left if s[S_STRESS] * left > STRESS_OVER else 0.0
    return length + 2.0 * excess * (1.0 - left) / decay + excess * excess * (1.0 - left * left) / (2.0 * decay)
