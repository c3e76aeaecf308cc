"""Gap risk alone, in closed form: the cost of the gap of one jump from the opening price, and its probability.

No diffusion, no impact, no cascade, no income, one jump at a time against the opening book: the part of the required
fund that needs no simulation. The difference from a simulated curve is the effect of everything else.
"""

import numpy as np

from ..config import RunConfig
from ..elementary import exp, expm1, log
from ..layout import F64, Records
from .jumps import expectation
from .layout import LONG, SHORT
from .lower import Lowered, lower

#: Probability of the rarest jump used, and number of quantiles of each half of the law.
RAREST, QUANTILES = 1e-12, 20_000
#: Quantiles of the part of a jump that comes as its gap.
SHARES = 16
#: Smallest fund of a curve above 0, as a part of the largest.
SMALLEST = 1e-6


def gap_losses(gaps: Records, log_sizes: F64) -> F64:
    """Unpaid debts of bankrupt positions after one jump of each log size, quanta.

    gaps: (2, K) GAP_DTYPE, in the order in which they are reached.
    """
    price = exp(log_sizes)
    falls = np.searchsorted(-gaps["log"][LONG], -log_sizes, side="left")  # longs bankrupt above the price
    rises = np.searchsorted(gaps["log"][SHORT], log_sizes, side="left")
    quantity, cost = (np.concatenate([np.zeros((2, 1)), gaps[name]], axis=1) for name in ("lots", "owed"))
    long_loss = cost[LONG, falls] - price * quantity[LONG, falls]
    short_loss = price * quantity[SHORT, rises] - cost[SHORT, rises]
    return np.asarray(np.maximum(np.where(log_sizes < 0, long_loss, short_loss), 0.0))


def shares_of(lowered: Lowered) -> F64:
    """Parts of a jump that come as its gap, at SHARES equally likely quantiles; one if all of it does."""
    from .kernels.draw import gap_shares

    law = lowered.jumps.law[0]
    count = 1 if law["share_low"] == law["share_high"] else SHARES
    out = np.zeros(count)
    gap_shares(law, (np.arange(count) + 0.5) / count, out)
    return out


def mean_gap_loss(lowered: Lowered) -> float:
    """Mean unpaid debt after the gap of one jump on the opening book, quanta."""
    law, gaps = lowered.jumps.law, lowered.index.gaps
    shares = shares_of(lowered)
    return expectation(law, lambda sizes: np.mean([gap_losses(gaps, sizes * share) for share in shares], axis=0))


def gap_risk_curve(config: RunConfig, *, points: int = 200, lowered: Lowered | None = None) -> tuple[F64, F64]:
    """(fund, probability): P(some jump of a path, alone and from the opening book, costs more than the fund).

    fund: quote units at venue scale, rising from 0.  1 - exp(-expected jumps x P(one costs more)).  Both are empty
    where prices have no random jumps.
    """
    from .kernels.draw import jump_sizes

    numbers = lowered or lower(config)
    if numbers.mean_count <= 0:
        return np.zeros(0), np.zeros(0)
    tail = exp(np.linspace(log(RAREST), log(0.5), QUANTILES))
    beyond = []
    for quantile in (tail, 1.0 - tail):
        sizes = np.zeros(QUANTILES)
        jump_sizes(numbers.jumps.law[0], quantile, sizes)
        # each falls as the tail probability rises
        beyond += [gap_losses(numbers.index.gaps, sizes * share) for share in shares_of(numbers)]
    largest = max(float(loss[np.searchsorted(tail, 1e-9)]) for loss in beyond)
    funds = np.concatenate([[0.0], largest * exp(np.linspace(log(SMALLEST), 0.0, points - 1))])
    probability = sum(_tail_probability(loss, tail, funds) for loss in beyond) / (len(beyond) / 2)
    scale = float(config.quantum / config.scale.simulated_share)
    return funds * scale, np.asarray(-expm1(-numbers.mean_count * probability))


def _tail_probability(loss: F64, tail: F64, funds: F64) -> F64:
    """P(loss > fund) of one half of the law: loss falls along the tail probabilities; log-linear in between."""
    place = np.searchsorted(-loss, -funds, side="left")  # number of quantiles that cost more
    inside = (place > 0) & (place < len(tail))
    right, left = np.minimum(place, len(tail) - 1), np.maximum(place - 1, 0)
    drop = np.where(inside, loss[left] - loss[right], 1.0)
    share = np.where(inside, (loss[left] - funds) / np.where(drop > 0, drop, 1.0), 0.0)
    between = exp(log(tail[left]) + share * (log(tail[right]) - log(tail[left])))
    return np.where(place == 0, 0.0, between)
