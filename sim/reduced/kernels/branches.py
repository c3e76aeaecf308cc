"""Paths that can be branched: every step draws all its randomness from a key of its own.

So a path is a row of keys. Two paths that share their first keys are equal until there, and continue with different
randomness: no state need be kept. Leaves to others: which rows are branched from which (`analysis/estimators/`).
"""

from ...kernels.jit import kernel
from ..layout import LAW_FIXED
from .draw import COUNT, SIZE, TIME, count_at, fill_shares, jump_size, sort_jumps, uniform
from .path import advance, start_path


@kernel
def jumps_within(key, law, counts, start, length, times, sizes):
    """The jumps of one step that begins at `start` (years), in order of time; return how many.

    counts: of their number in one step. Jumps are a Poisson process, so steps are independent.
    """
    if law.kind == LAW_FIXED:
        times[0], sizes[0] = law.time, law.log_mean
        return 1 if start < law.time <= start + length or (start == 0.0 and law.time == 0.0) else 0
    count = count_at(counts["cumulative"], uniform(key, COUNT, 0))
    for j in range(count):
        times[j] = start + length * uniform(key, TIME, j)
        sizes[j] = jump_size(law, uniform(key, SIZE, j))
    sort_jumps(times, sizes, count)
    return count


@kernel
def run_branches(p, laws, counts, keys, none, required):
    """Run paths with a fund that never runs dry: its largest fall by the end of each step, quanta (paths, steps).

    laws (1,) of jump sizes.  keys (paths, steps) uint64.  none: no given uniforms (0,).
    """
    step, ledger = p.params[0].step, p.ledger[0]
    for row in range(len(keys)):
        start_path(p, 1)
        for number in range(p.params[0].steps):
            key = keys[row, number]
            count = jumps_within(key, laws[0], counts, step * number, step, p.times, p.sizes)
            fill_shares(key, laws[0], p.shares, count)
            advance(p, key, none, 0, 0, count, number, number + 1)
            required[row, number] = ledger.need
