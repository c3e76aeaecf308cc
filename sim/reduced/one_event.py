"""One event at a time: every jump that may come, alone and on the opening book, by the paths' own arithmetic.

P(M > u within T) = 1 - exp(-rate(u) T), with rate(u) the yearly number of jumps of which one alone draws more than u.
No diffusion, no renewal, no second jump: for these there are paths. Sizes and shares are taken at quantiles, so nothing
is random but the opening book.
"""

from dataclasses import dataclass

import numpy as np

from ..elementary import exp, log, log1p
from ..layout import F64
from . import layout as at
from .layout import EVENT_DTYPE, LONG, SHORT
from .lower import Lowered, path_arrays

#: Probability of the rarest jump of either side, number of sizes of each side, number of shares.
RAREST, SIZES, SHARES = 1e-9, 300, 8


@dataclass(frozen=True)
class Events:
    """Jumps of both sides, falls first.

    rate: (n,) a year, of each.  size: log.  share: that comes as a gap.  required, liquidated: quanta.  basis: log.
    """

    rate: F64
    size: F64
    share: F64
    required: F64
    liquidated: F64
    basis: F64

    def rates(self, amounts: F64) -> F64:
        """Yearly number of jumps of which one draws more than each amount, quanta."""
        order = np.argsort(-self.required, kind="stable")
        above = np.concatenate([[0.0], np.cumsum(self.rate[order])])
        return np.asarray(above[np.searchsorted(-self.required[order], -amounts, side="left")])


def has_events(lowered: Lowered) -> bool:
    """Whether jumps come at random, from a law with two sides."""
    return lowered.mean_count > 0 and int(lowered.jumps.law["kind"][0]) == at.LAW_TWO_SIDED


def one_event(
    lowered: Lowered,
    *,
    sizes: int = SIZES,
    shares: int = SHARES,
    has_impact: bool = True,
    further: float = 0.0,
    is_whole: bool = False,
) -> Events:
    """What each of `sizes` falls and rises with each of `shares` gap shares does.

    has_impact: within gaps.  further: basis that is added to each gap (.02: 2% of the price).  is_whole: all of a jump
    comes as its gap, whatever the concentration.
    """
    from .kernels.draw import gap_shares, jump_sizes
    from .kernels.events import run_events

    assert has_events(lowered)
    law = lowered.jumps.law[0]
    steps = log(np.array([1.0, RAREST]))
    edges = np.concatenate([exp(np.linspace(steps[0], steps[1], sizes + 1)), [0.0]])
    tails = np.sqrt(np.maximum(edges[:-1] * edges[1:], RAREST * RAREST))
    weights = edges[:-1] - edges[1:]
    shared = np.zeros(shares)
    gap_shares(law, (np.arange(shares) + 0.5) / shares, shared)
    if is_whole:
        shared[:] = 1.0
    parts = []
    for side, chance in ((LONG, float(law["down_share"])), (SHORT, 1.0 - float(law["down_share"]))):
        quantiles = chance * tails if side == LONG else 1.0 - chance * tails
        logs = np.zeros(len(tails))
        if chance > 0.0:
            jump_sizes(law, quantiles, logs)
        parts.append((np.repeat(chance * weights, shares) / shares, np.repeat(logs, shares)))
    rate, size = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    share = np.tile(shared, len(size) // shares)
    out = np.zeros(len(size), EVENT_DTYPE)
    beyond = np.array([float(log1p(-further)), float(log1p(further))])
    run_events(path_arrays(lowered, 0), size, share, beyond, not has_impact, out)
    return Events(
        rate=rate * lowered.jumps.per_year,
        size=size,
        share=share,
        required=out["required"].astype(np.float64),
        liquidated=out["notional"].astype(np.float64),
        basis=out["basis"].copy(),
    )
