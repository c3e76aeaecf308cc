"""A batch of paths: draw the jumps, run the path with a fund that never runs dry, and again with the configured one
where that can differ.
"""

import math

import numpy as np

from sim.kernels.jit import kernel
from sim.reduced.kernels.draw import draw_crude, draw_given, draw_importance, path_key
from sim.reduced.kernels.layout import (
    CRUDE,
    F_HORIZON,
    I_CAP,
    I_FUND_PAYS,
    I_LAG_MS,
    I_SEED,
    I_STEPS,
    I_TRIGGER_PPM,
    IMPORTANCE,
    LONG,
    N_NEED,
    O_CONTROL,
    O_COUNT,
    O_LARGEST,
    O_LOG_WEIGHT,
    O_LOW,
    O_REQUIRED,
    S_LOW,
    SHORT,
)
from sim.reduced.kernels.path import start_path, step


@kernel
def run_path(f, i, s, n, opening, book, fresh, key, head, first_normal, times, sizes, count, never_dry):
    """Run one path from its beginning to its end."""
    start_path(f, i, s, n, opening, book, never_dry)
    first = 0
    for number in range(i[I_STEPS]):
        first = step(f, i, s, n, book, fresh, key, head, first_normal, times, sizes, first, count, number)


@kernel
def gap_shortfall(gaps, size):
    """Shortfall of the opening book after one gap of the log `size`, without impact.

    gaps (2, 3, K): log bankruptcy prices in the order in which a side reaches them, cumulated quantity and cost.
    """
    side = LONG if size < 0.0 else SHORT
    sign = 1.0 if side == LONG else -1.0
    low, high = 0, gaps.shape[2]
    while low < high:
        middle = (low + high) // 2
        if sign * (gaps[side, 0, middle] - size) > 0.0:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        return 0.0
    return sign * (gaps[side, 2, low - 1] - gaps[side, 1, low - 1] * math.exp(size))


@kernel
def may_differ(i, need):
    """True if the configured fund can make the path another one than the fund that never runs dry."""
    has_rules = i[I_CAP] >= 0 or i[I_LAG_MS] >= 0 or i[I_TRIGGER_PPM] < 1_000_000
    return has_rules or need >= i[I_SEED] or i[I_FUND_PAYS] == 0


@kernel
def run_batch(
    f, i, law, tilted, tables, shares, sampler, key, first_path, heads, n_sizes, first_normal,
    opening, book, fresh, gaps, times, sizes, s, n, floats, ints, ledger,
):  # fmt: skip
    """Run paths number `first_path` .. ; one row of floats, ints and ledger each.

    heads (paths, d): given uniforms, d = 0 for none.  times, sizes: room for the most jumps.  s, n: state of one path.
    """
    for row in range(len(floats)):
        own = path_key(key, first_path + row)
        weight = 0.0
        if sampler == CRUDE:
            count = draw_crude(own, law, tables[0], f[F_HORIZON], times, sizes)
        elif sampler == IMPORTANCE:
            count, weight = draw_importance(
                own, first_path + row, law, tilted, tables, f[F_HORIZON], shares, times, sizes
            )
        else:
            count = draw_given(own, law, tables[0], f[F_HORIZON], heads[row], n_sizes, times, sizes)
        run_path(f, i, s, n, opening, book, fresh, own, heads[row], first_normal, times, sizes, count, 1)
        ints[row, O_REQUIRED], ints[row, O_COUNT] = n[N_NEED], count
        if may_differ(i, n[N_NEED]):
            run_path(f, i, s, n, opening, book, fresh, own, heads[row], first_normal, times, sizes, count, 0)
        for column in range(len(n)):
            ledger[row, column] = n[column]
        largest, control = 0.0, 0.0
        for j in range(count):
            control += gap_shortfall(gaps, sizes[j])
            if abs(sizes[j]) > abs(largest):
                largest = sizes[j]
        floats[row, O_LOG_WEIGHT], floats[row, O_LARGEST] = weight, largest
        floats[row, O_LOW], floats[row, O_CONTROL] = s[S_LOW], control


@kernel
def draw_only(
    law, tilted, tables, shares, sampler, key, first_path, heads, n_sizes, horizon, times, sizes, counts, logs
):
    """The jumps of paths without running them: sizes (paths, most), in order of time; counts, log weights."""
    for row in range(len(counts)):
        own = path_key(key, first_path + row)
        logs[row] = 0.0
        if sampler == CRUDE:
            counts[row] = draw_crude(own, law, tables[0], horizon, times[row], sizes[row])
        elif sampler == IMPORTANCE:
            counts[row], logs[row] = draw_importance(
                own, first_path + row, law, tilted, tables, horizon, shares, times[row], sizes[row]
            )
        else:
            counts[row] = draw_given(own, law, tables[0], horizon, heads[row], n_sizes, times[row], sizes[row])


NO_HEADS = np.zeros((0, 0))
