"""Central clearing versus bilateral netting, and the coverage of "cover two".

Duffie & Zhu (Review of Asset Pricing Studies 1:74, 2011): exposures are independent normals with deviation sigma per
pair and class. Cover-n: losses over margin are independent exponentials; the real objection to cover two is that
defaults are correlated, which these formulas ignore (Murphy & Nahai-Williamson, Bank of England FSP 30, 2014).
"""

import math

from scipy import stats


def bilateral_exposure(members: int, classes: int, *, sigma: float = 1.0) -> float:
    """Expected exposure of a member without a clearing house: (N-1) sigma sqrt(K / 2 pi)."""
    return (members - 1) * sigma * math.sqrt(classes / (2 * math.pi))


def cleared_exposure(members: int, classes: int, *, sigma: float = 1.0) -> float:
    """The same with one of the classes cleared: K - 1 bilateral ones and one netted over all members."""
    netted = sigma * math.sqrt((members - 1) / (2 * math.pi))
    return bilateral_exposure(members, classes - 1, sigma=sigma) + netted


def members_needed(classes: int) -> int:
    """Smallest number of members for which clearing one class lowers exposure: K < N^2 / (4 (N-1)), that is 4K - 1."""
    members = 2
    while classes * 4 * (members - 1) >= members**2:
        members += 1
    return members


def expected_largest_loss(members: int, *, mean_loss: float = 1.0) -> float:
    """Mean of the largest of n exponential losses: theta H_n."""
    return mean_loss * math.fsum(1 / i for i in range(1, members + 1))


def expected_largest_two_losses(members: int, *, mean_loss: float = 1.0) -> float:
    """Mean of the two largest together: theta (2 H_n - 1)."""
    return 2 * expected_largest_loss(members, mean_loss=mean_loss) - mean_loss


def chance_of_defaults(at_least: int, members: int, *, default_probability: float) -> float:
    """P(at least this many of n independent members default)."""
    return float(stats.binom.sf(at_least - 1, members, default_probability))
