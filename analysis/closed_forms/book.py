"""A book of longs against one gap g: shortfall per notional, its mean over jumps, and the required fund.

All positions open at the price before the gap and are filled at the price after it: no impact, no cascade. The
shortfall of a long with leverage L is (g - 1/L)+ of its notional.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import special, stats


@dataclass(frozen=True)
class ParetoLeverage:
    """P(L > l) = (l / smallest)^-alpha by notional, for l >= smallest; `largest` truncates the law and rescales it."""

    alpha: float
    smallest: float = 1.0
    largest: float = math.inf

    def shortfall(self, gap: float) -> float:
        """Shortfall per notional: the integral of P(L > l) / l^2 from 1/gap upwards.

        C g^(a+1) / (a+1) with C = smallest^a, if gap < 1/smallest and the law is not truncated.
        """
        if gap <= 0 or gap * self.largest <= 1:
            return 0.0
        start = max(1 / gap, self.smallest)
        all_of_it = gap - 1 / start  # leverages that every position exceeds
        power = self.alpha + 1
        scale = float(self.smallest**self.alpha)
        lost = scale * float(start**-power - self.largest**-power) / power
        beyond = scale * float(self.largest**-self.alpha)  # truncated mass
        return all_of_it + (lost - beyond * (1 / start - 1 / self.largest)) / (1 - beyond)

    def mean_shortfall(self, eta: float) -> float:
        """E[shortfall] per down-jump of exponential log size (mean 1/eta): eta B(a + 2, eta) / (a + 1).

        Only for smallest 1 and no truncation, so that the power law is valid for every gap; otherwise ValueError.
        """
        if self.smallest != 1 or self.largest != math.inf:
            raise ValueError("the closed form needs the untruncated law from leverage 1")
        return float(eta * special.beta(self.alpha + 2, eta) / (self.alpha + 1))


def lognormal_shortfall(gap: float, *, median: float, log_sd: float) -> float:
    """Shortfall per notional with lognormal leverage: a put on 1/L."""
    d = (math.log(gap) + math.log(median)) / log_sd
    inverse_mean = math.exp(-math.log(median) + log_sd**2 / 2)
    return float(gap * stats.norm.cdf(d) - inverse_mean * stats.norm.cdf(d - log_sd))


def discrete_shortfall(gap: float, shares: Mapping[float, float]) -> float:
    """Shortfall per notional of a book given as leverage -> share of notional."""
    return sum(share * max(gap - 1 / leverage, 0.0) for leverage, share in shares.items())


def with_slippage(gap: float, slippage: float) -> float:
    """The effective gap of a fill this share below the price after the gap: g + s (1 - g)."""
    return gap + slippage * (1 - gap)


def sizing_gap(p: float, *, expected_jumps: float, eta: float) -> float:
    """The gap exceeded with probability p when `expected_jumps` exponential down-jumps are expected in the horizon.

    g* = 1 - (p / n)^(1/eta): the chance that any of them is larger, to first order in p. 0 if p >= n.
    """
    return max(0.0, 1 - float((p / expected_jumps) ** (1 / eta)))


def sizing_rule(p: float, *, expected_jumps: float, eta: float, leverage: ParetoLeverage) -> float:
    """Fund per long open interest for target p by one big jump: the shortfall of the sizing gap.

    A few percent too low at p = 1e-3, where two jumps can combine; more accurate for smaller p. It assumes one eta for
    the whole tail, and gap risk alone: quote it as a baseline, never as the answer.
    """
    return leverage.shortfall(sizing_gap(p, expected_jumps=expected_jumps, eta=eta))
