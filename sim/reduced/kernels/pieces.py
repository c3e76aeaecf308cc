"""The draws of a path made in advance: its pieces of diffusion, laid out and drawn all at once.

Steps are cut at jumps; a piece lies between two cuts. The outside world does not depend on the book, so the move of the
price in each piece, its variance, and the excursion of a bridge beyond both ends are computed in advance, in loops that
the compiler can vectorise. Leaves to others: their effects (`path.py`).
"""

import math

from ...kernels.elementary import exp
from ...kernels.jit import inlined_kernel, kernel
from .draw import BRIDGE, DIFFUSION, fill_exponentials, fill_uniforms, to_normals

#: What follows a piece if no jump does (else the number of the jump).
STEP_END = -1
#: Stress below this part of a jump's stress counts as over.
STRESS_OVER = 1e-3


@kernel
def lay_out(p, key, head, first_normal, first, count, start, stop):
    """Lay out and draw the pieces of steps start .. stop - 1 with jumps `first` .. of `count`; return how many.

    The numbers of draws continue from the ledger's `pieces` and advance it. Normals come from the uniforms in `head`,
    from `first_normal` on, as far as it holds them.
    """
    n_pieces = _cut(p, first, count, start, stop)
    base = p.ledger[0].pieces
    fill_uniforms(key, DIFFUSION, base, p.uniforms, n_pieces)
    for j in range(min(n_pieces, len(head) - first_normal - base)):
        p.uniforms[j] = head[first_normal + base + j]
    to_normals(p.uniforms, p.moves, p.places, n_pieces)
    params = p.params[0]
    variance, drift = params.sigma * params.sigma, params.drift
    if is_stressful(params):
        _stress(p, n_pieces)
    elif n_pieces == stop - start:  # no jump cuts a step: all pieces are alike
        _move_alike(p.moves, p.variances, n_pieces, drift * params.step, variance * params.step)
    else:
        for j in range(n_pieces):
            p.variances[j] = variance * p.lengths[j]
    if is_stressful(params) or n_pieces != stop - start:
        for j in range(n_pieces):
            p.moves[j] = drift * p.lengths[j] + math.sqrt(p.variances[j]) * p.moves[j]
    if params.bridge == 1:
        fill_exponentials(key, BRIDGE, base, p.lows, p.highs, n_pieces)
    p.ledger[0].pieces = base + n_pieces
    return n_pieces


@inlined_kernel
def _move_alike(moves, variances, n_pieces, drift, variance):
    """Turn standard normals into the moves of pieces of one length."""
    deviation = math.sqrt(variance)
    for j in range(n_pieces):
        variances[j] = variance
    for j in range(n_pieces):
        moves[j] = drift + deviation * moves[j]


@inlined_kernel
def is_stressful(params):
    """True if a jump puts the market under stress for a while."""
    return params.stress_sigma > 0.0 or params.stress_depth > 0.0


@inlined_kernel
def _cut(p, first, count, start, stop):
    """Write lengths and ends (years) of the pieces and what follows each; return how many."""
    step, times, lengths, ends, events = p.params[0].step, p.times, p.lengths, p.ends, p.events
    j, number = 0, start
    while number < stop:
        whole = stop if first == count else min(stop, max(number, int(times[first] / step) - 1))
        _whole_steps(p, j, number, whole, step)
        j, number = j + whole - number, whole
        if number == stop:
            break
        now, end = step * number, step * (number + 1)
        lengths[j] = step
        while first < count and times[first] <= end:
            time = max(times[first], now)
            lengths[j], ends[j], events[j] = time - now, time, first
            first, j, now = first + 1, j + 1, time
            lengths[j] = end - now
        ends[j], events[j] = end, STEP_END
        j, number = j + 1, number + 1
    return j


@inlined_kernel
def _whole_steps(p, j, number, stop, step):
    """Write the pieces from j on of steps that no jump cuts; loops of one store each are vector code."""
    lengths, events, ends, step_ends = p.lengths[j:], p.events[j:], p.ends[j:], p.step_ends[number:stop]
    for k in range(len(step_ends)):
        lengths[k] = step
    for k in range(len(step_ends)):
        events[k] = STEP_END
    for k in range(len(step_ends)):
        ends[k] = step_ends[k]


@kernel
def _stress(p, n_pieces):
    """Write each piece's variance and the stress at its end; a jump restarts the stress.

    Variance is sigma^2 x the integral of (1 + a e^(-d t))^2, which is
    length + 2 a (1 - e^(-d length)) / d + a^2 (1 - e^(-2 d length)) / (2 d).
    """
    params = p.params[0]
    variance, decay = params.sigma * params.sigma, params.stress_decay
    stress = p.state[0].stress
    for j in range(n_pieces):
        length = p.lengths[j]
        p.variances[j] = variance * length
        if stress > 0.0:
            excess, left = params.stress_sigma * stress, exp(-decay * length)
            longer = 2.0 * excess * (1.0 - left) / decay + excess * excess * (1.0 - left * left) / (2.0 * decay)
            p.variances[j] += variance * longer
            stress = stress * left if stress * left > STRESS_OVER else 0.0
        p.stresses[j] = stress
        if p.events[j] != STEP_END:
            stress = 1.0
