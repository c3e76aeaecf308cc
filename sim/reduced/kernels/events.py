"""Single jumps on the opening book, one after another, each from the start: what one event does."""

from ...kernels.jit import kernel
from ..layout import IMPACT_NONE, LONG, SHORT
from .chain import book_chain
from .path import gap, glide, start_path


@kernel
def run_events(p, sizes, shares, further, is_plain, out):
    """Write what each jump of log size `sizes` does to a fund that never runs dry, of which `shares` comes as a gap.

    further (2,): added to the log of the gap, by side that is liquidated.  is_plain: the gap has no impact; what comes
    slowly has.  out: EVENT_DTYPE.
    """
    kind, params, state, ledger = p.params[0].impact, p.params[0], p.state[0], p.ledger[0]
    for j in range(len(sizes)):
        start_path(p, 1)
        size, slow = sizes[j] * shares[j], sizes[j] - sizes[j] * shares[j]
        first = slow * params.slow_first
        glide(p, first)
        if is_plain:
            params.impact = IMPACT_NONE
        gap(p, size + further[LONG if sizes[j] < 0.0 else SHORT])
        out[j].basis = state.shift
        params.impact = kind
        glide(p, slow - first)
        book_chain(p)
        out[j].required, out[j].notional = ledger.need, ledger.notional
