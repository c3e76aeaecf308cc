"""A batch of paths: draw the jumps, run the path with a fund that never runs dry, and again with the configured one
where that can differ.
"""

from ...kernels.elementary import exp
from ...kernels.jit import kernel
from .draw import draw_crude, draw_given, draw_importance, path_key
from .layout import (
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
from .path import advance, start_path


@kernel
def gap_shortfall(gaps, size):
    """Shortfall of the opening book after one gap of the log `size`, without impact.

    gaps (2, 3, K): log bankruptcy prices in the order in which a side reaches them, cumulated quantity and cost.
    """
    side = LONG if size < 0.0 else SHORT
    sign = 1.0 if side == LONG else -1.0
    reached, left = 0, gaps.shape[2] + 1  # how many levels are reached: one of `left` numbers from `reached` on
    while left > 1:
        half = left >> 1
        reached += half if sign * (gaps[side, 0, reached + half - 1] - size) > 0.0 else 0
        left -= half
    if reached == 0:
        return 0.0
    return sign * (gaps[side, 2, reached - 1] - gaps[side, 1, reached - 1] * exp(size))


@kernel
def may_differ(i, need):
    """True if the configured fund can make the path another one than the fund that never runs dry."""
    has_rules = i[I_CAP] >= 0 or i[I_LAG_MS] >= 0 or i[I_TRIGGER_PPM] < 1_000_000
    return has_rules or (need > 0 and (need >= i[I_SEED] or i[I_FUND_PAYS] == 0))


@kernel
def draw_jumps(key, path, law, laws, tables, shares, sampler, head, n_sizes, horizon, times, sizes):
    """The jumps of one path by the sampler: (how many, log weight)."""
    if sampler == CRUDE:
        return draw_crude(key, law, tables[0], horizon, times, sizes), 0.0
    if sampler == IMPORTANCE:
        return draw_importance(key, path, law, laws, tables, horizon, shares, times, sizes)
    return draw_given(key, law, tables[0], horizon, head, n_sizes, times, sizes), 0.0


@kernel
def run_batch(
    p, law, laws, tables, shares, sampler, key, first_path, heads, n_sizes, first_normal, gaps, floats, ints, ledger
):
    """Run paths number `first_path` .. ; one row of floats, ints and ledger each.

    heads (paths, d): given uniforms, d = 0 for none: number of jumps, sizes, times, then pieces from `first_normal` on.
    """
    i, n, sizes = p.i, p.n, p.sizes
    for row in range(len(floats)):
        own, head = path_key(key, first_path + row), heads[row]
        count, weight = draw_jumps(
            own, first_path + row, law, laws, tables, shares, sampler, head, n_sizes, p.f[F_HORIZON], p.times, sizes
        )
        start_path(p, 1)
        advance(p, own, head, first_normal, 0, count, 0, i[I_STEPS])
        ints[row, O_REQUIRED], ints[row, O_COUNT] = n[N_NEED], count
        if may_differ(i, n[N_NEED]):
            start_path(p, 0)
            advance(p, own, head, first_normal, 0, count, 0, i[I_STEPS])
        for column in range(len(n)):
            ledger[row, column] = n[column]
        largest, control = 0.0, 0.0
        for j in range(count):
            control += gap_shortfall(gaps, sizes[j])
            if abs(sizes[j]) > abs(largest):
                largest = sizes[j]
        floats[row, O_LOG_WEIGHT], floats[row, O_LARGEST] = weight, largest
        floats[row, O_LOW], floats[row, O_CONTROL] = exp(p.s[S_LOW]), control


@kernel
def draw_only(law, laws, tables, shares, sampler, key, first_path, heads, n_sizes, horizon, times, sizes, counts, logs):
    """The jumps of paths without running them: sizes (paths, most), in order of time; counts, log weights."""
    for row in range(len(counts)):
        counts[row], logs[row] = draw_jumps(
            path_key(key, first_path + row), first_path + row, law, laws, tables, shares, sampler, heads[row],
            n_sizes, horizon, times[row], sizes[row],
        )  # fmt: skip
