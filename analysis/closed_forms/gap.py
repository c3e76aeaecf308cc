"""One leveraged position and one gap in the price: the probability that it ends below bankruptcy, and its shortfall.

Linear perpetual, entry price 1, quantity 1, nothing filled inside the gap. The shortfall is (bankruptcy price - price
after the gap)+ per unit for a long. Coin-margined contracts lose 1/price - 1 coins: none of these formulas applies
there.
"""

import math
from typing import NamedTuple

from scipy import stats


class GapLoss(NamedTuple):
    """The effect of one gap on a position: P(price ends below bankruptcy), and the mean shortfall per unit."""

    probability: float
    expected_shortfall: float


def bankruptcy_price(leverage: float) -> float:
    """Price at which a long's margin is used up, entry 1: 1 - 1/L."""
    return 1 - 1 / leverage


def liquidation_price(leverage: float, maintenance: float) -> float:
    """Price at which a long's equity equals `maintenance` (a share of its value at that price), entry 1."""
    return (1 - 1 / leverage) / (1 - maintenance)


def lognormal_gap(bankruptcy: float, *, log_mean: float, log_sd: float, price: float = 1.0) -> GapLoss:
    """A long against one gap with normal log size (Merton 1976): a Black (1976) put on the price after it."""
    d = (math.log(bankruptcy / price) - log_mean) / log_sd
    probability = float(stats.norm.cdf(d))
    mean_price = price * math.exp(log_mean + log_sd**2 / 2)
    return GapLoss(probability, bankruptcy * probability - mean_price * float(stats.norm.cdf(d - log_sd)))


def exponential_gap(bankruptcy: float, *, down_share: float, down_eta: float, price: float = 1.0) -> GapLoss:
    """A long against one gap that is downward with probability q, with an exponential log size of mean 1/eta.

    P = q (p_b / S)^eta and ES = p_b P / (eta + 1): the overshoot of an exponential is again that exponential (Kou 2002,
    Management Science 48:1086). ValueError if the price starts below bankruptcy.
    """
    if bankruptcy > price:
        raise ValueError(f"the position must start above bankruptcy: price {price}, bankruptcy price {bankruptcy}")
    probability = down_share * (bankruptcy / price) ** down_eta
    return GapLoss(probability, bankruptcy * probability / (down_eta + 1))
