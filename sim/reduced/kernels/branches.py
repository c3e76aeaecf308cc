"""Paths that can be branched: every step draws all that is random in it from a key of its own.

So a path is a row of keys. One that shares the first keys with another is the same until there, and goes on with other
randomness: no state need be kept. Leaves to others: which rows are branched from which (`analysis/estimators/`).
"""

from ...kernels.jit import kernel
from .draw import COUNT, SIZE, TIME, count_at, jump_size, sort_jumps, uniform
from .layout import F_STEP, I_STEPS, J_KIND, J_MEAN, J_TIME, LAW_FIXED, N_NEED
from .path import advance, start_path


@kernel
def jumps_within(key, law, cumulative, start, length, times, sizes):
    """The jumps of one step that begins at `start` (years), in order of time; return how many.

    cumulative: probabilities of their number in one step. Jumps are a Poisson process, so steps are independent.
    """
    if int(law[J_KIND]) == LAW_FIXED:
        times[0], sizes[0] = law[J_TIME], law[J_MEAN]
        return 1 if start < law[J_TIME] <= start + length or (start == 0.0 and law[J_TIME] == 0.0) else 0
    count = count_at(cumulative, uniform(key, COUNT, 0))
    for j in range(count):
        times[j] = start + length * uniform(key, TIME, j)
        sizes[j] = jump_size(law, uniform(key, SIZE, j))
    sort_jumps(times, sizes, count)
    return count


@kernel
def run_branches(p, law, cumulative, keys, none, required):
    """Run paths with a fund that never runs dry: its largest fall by the end of each step, quanta (paths, steps).

    keys (paths, steps) uint64.  none: no given uniforms (0,).
    """
    step = p.f[F_STEP]
    for row in range(len(keys)):
        start_path(p, 1)
        for number in range(p.i[I_STEPS]):
            key = keys[row, number]
            count = jumps_within(key, law, cumulative, step * number, step, p.times, p.sizes)
            advance(p, key, none, 0, 0, count, number, number + 1)
            required[row, number] = p.n[N_NEED]
