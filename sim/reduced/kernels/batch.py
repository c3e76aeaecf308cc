"""A batch of paths: draw the jumps, run the path with a fund that never runs dry, and again with the configured one
where that can differ.
"""

from ...kernels.elementary import exp
from ...kernels.jit import kernel
from ..layout import CRUDE, IMPORTANCE, LONG, SHORT
from .draw import draw_crude, draw_given, draw_importance, fill_shares, path_key
from .path import advance, start_path


@kernel
def gap_shortfall(gaps, size):
    """Shortfall of the opening book after one gap of the log `size`, without impact.

    gaps (2, K) GAP_DTYPE, in the order in which the price reaches them.
    """
    side = LONG if size < 0.0 else SHORT
    sign = 1.0 if side == LONG else -1.0
    reached, left = 0, gaps.shape[1] + 1  # number of levels reached: one of `left` numbers from `reached` on
    while left > 1:
        half = left >> 1
        reached += half if sign * (gaps[side, reached + half - 1].log - size) > 0.0 else 0
        left -= half
    if reached == 0:
        return 0.0
    gap = gaps[side, reached - 1]
    return sign * (gap.owed - gap.lots * exp(size))


@kernel
def may_differ(params, need):
    """True if the path with the configured fund can differ from that with a fund that never runs dry."""
    has_rules = params.cap >= 0 or params.lag_ms >= 0 or params.trigger_ppm < 1_000_000
    return has_rules or (need > 0 and (need >= params.seed or params.fund_pays == 0))


@kernel
def draw_jumps(p, key, path, law, laws, counts, sampling, head):
    """Draw the jumps of one path: (how many, log weight)."""
    horizon = p.params[0].horizon
    if sampling.sampler == CRUDE:
        return draw_crude(key, law, counts, horizon, p.times, p.sizes), 0.0
    if sampling.sampler == IMPORTANCE:
        return draw_importance(key, path, law, laws, counts, horizon, sampling, p.times, p.sizes)
    return draw_given(key, law, counts, horizon, head, sampling.n_sizes, p.times, p.sizes), 0.0


@kernel
def run_batch(p, law, laws, counts, sampling, key, first_path, heads, gaps, outcomes, ledgers):
    """Run paths number `first_path` .. ; one record of outcomes and ledgers each.

    law (1,), laws (2,) LAW_DTYPE.  counts (n,) COUNT_DTYPE.  sampling (1,).  heads (paths, d): given uniforms, d = 0
    for none: number of jumps, sizes, times, then pieces of diffusion.
    """
    params, ledger, sizes, first_normal = p.params[0], p.ledger[0], p.sizes, sampling[0].first_normal
    for row in range(len(outcomes)):
        own, head, outcome = path_key(key, first_path + row), heads[row], outcomes[row]
        count, weight = draw_jumps(p, own, first_path + row, law[0], laws, counts, sampling[0], head)
        fill_shares(own, law[0], p.shares, count)
        start_path(p, 1)
        advance(p, own, head, first_normal, 0, count, 0, params.steps)
        outcome.required, outcome.n_jumps = ledger.need, count
        if may_differ(params, ledger.need):
            start_path(p, 0)
            advance(p, own, head, first_normal, 0, count, 0, params.steps)
        ledgers[row] = ledger
        largest, control = 0.0, 0.0
        for j in range(count):
            control += gap_shortfall(gaps, sizes[j] * p.shares[j])
            if abs(sizes[j]) > abs(largest):
                largest = sizes[j]
        outcome.log_weight, outcome.largest_jump = weight, largest
        outcome.low, outcome.control = exp(p.state[0].low), control
