"""The fund as an insurer's surplus: starts at u, earns premiums c per unit of time, pays claims at Poisson times.

rho = rate x mean claim / c. At rho >= 1 ruin is certain in infinite time, and only finite horizons are meaningful. A
fund that is capped or drained from above is certain to be ruined for any u: these formulas do not apply to it.
Source unless stated otherwise: Asmussen & Albrecher, Ruin Probabilities, 2nd ed. 2010.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import integrate, optimize


def ruin_probability(u: float, *, rho: float, mean_claim: float = 1.0) -> float:
    """Probability of eventual ruin, exponential claims: rho e^(-(1-rho) u / mean); 1 at rho >= 1."""
    return 1.0 if rho >= 1 else rho * math.exp(-(1 - rho) * u / mean_claim)


def fund_for_ruin(p: float, *, rho: float, mean_claim: float = 1.0) -> float:
    """The fund whose probability of eventual ruin is p, exponential claims: mean / (1-rho) ln(rho / p); 0 if p >=
    rho."""
    if rho >= 1:
        raise ValueError(f"rho {rho} >= 1: ruin is certain in infinite time for any fund")
    return max(0.0, mean_claim / (1 - rho) * math.log(rho / p))


def ruin_by(u: float, horizon: float, *, rate: float, mean_claim: float = 1.0, premium: float = 1.0) -> float:
    """Ruin within a horizon, exponential claims (Asmussen 1984; Prop. V.1.3). Any rho except 1 exactly."""
    lam = rate * mean_claim / premium
    x, t = u / mean_claim, horizon * premium / mean_claim
    root = math.sqrt(lam)

    def integrand(angle: float) -> float:
        cos, sin = math.cos(angle), math.sin(angle)
        f1 = lam * math.exp(2 * root * t * cos - (1 + lam) * t + x * (root * cos - 1))
        f2 = math.cos(x * root * sin) - math.cos(x * root * sin + 2 * angle)
        return f1 * f2 / (1 + lam - 2 * root * cos)

    # The integrand oscillates x sqrt(lam) / 2 times and peaks at 0: quad needs room for it.
    value, _ = integrate.quad(integrand, 0, math.pi, limit=400, epsabs=1e-14, epsrel=1e-11)
    ever = lam * math.exp(-(1 - lam) * x) if lam < 1 else 1.0
    return float(ever - value / math.pi)


def adjustment_coefficient(
    moment: Callable[[float], float], *, rate: float, premium: float, upper: float, lower: float = 1e-9
) -> float:
    """Lundberg's R > 0: rate (M(R) - 1) = premium R; eventual ruin has probability at most e^(-R u).

    moment: M(x) = E[e^(x claim)], finite below `upper` (its pole, or any point past the root).
    """

    def gap(x: float) -> float:
        return rate * (moment(x) - 1) - premium * x

    return float(optimize.brentq(gap, lower, upper * (1 - 1e-12), xtol=1e-14))


def ruin_brackets(
    u: float, *, rho: float, ladder_tail: Callable[[np.ndarray], np.ndarray], step: float
) -> tuple[float, float]:
    """Rigorous (lower, upper) bounds of the probability of eventual ruin, any claims, rho < 1 (Pollaczek-Khinchine).

    ladder_tail: P(ladder height > x), the integrated tail of the claims: int_x^inf P(X > y) dy / mean. Rounding each
    ladder height down or up to the grid bounds their compound geometric sum from below and above; Panjer's recursion.
    """
    cells = round(u / step)
    if not math.isclose(cells * step, u, rel_tol=1e-9, abs_tol=1e-12):
        raise ValueError(f"u must be a multiple of the step, found {u} and {step}")
    tail = ladder_tail(np.arange(cells + 2) * step)
    mass = tail[:-1] - tail[1:]
    return 1 - _geometric_cdf(mass, rho), 1 - _geometric_cdf(np.append(0.0, mass[:-1]), rho)


def _geometric_cdf(mass: np.ndarray, rho: float) -> float:
    """P(sum of a geometric number of lattice variables <= last cell): p_k = rho / (1 - rho f0) sum_j f_j p_(k-j)."""
    out = np.zeros(len(mass))
    out[0] = (1 - rho) / (1 - rho * mass[0])
    factor = rho / (1 - rho * mass[0])
    for k in range(1, len(mass)):
        out[k] = factor * np.dot(mass[1 : k + 1], out[k - 1 :: -1])
    return float(out.sum())


def total_claim_brackets(
    u: float, *, mean_count: float, claim_tail: Callable[[np.ndarray], np.ndarray], step: float
) -> tuple[float, float]:
    """Rigorous (lower, upper) bounds of P(sum of a Poisson number of claims > u): no premium, only the sum matters."""
    cells = round(u / step)
    tail = claim_tail(np.arange(cells + 2) * step)
    mass = tail[:-1] - tail[1:]
    return 1 - _poisson_cdf(mass, mean_count), 1 - _poisson_cdf(np.append(0.0, mass[:-1]), mean_count)


def _poisson_cdf(mass: np.ndarray, mean_count: float) -> float:
    """The same for a Poisson number: p_k = mean / k sum_j j f_j p_(k-j) (Panjer 1981)."""
    out = np.zeros(len(mass))
    out[0] = math.exp(-mean_count * (1 - mass[0]))
    weighted = mass * np.arange(len(mass))
    for k in range(1, len(mass)):
        out[k] = mean_count / k * np.dot(weighted[1 : k + 1], out[k - 1 :: -1])
    return float(out.sum())


def heavy_tail_ruin(ladder_tail_at_u: float, *, rho: float) -> float:
    """Probability of eventual ruin with subexponential claims, for large u: rho / (1 - rho) times the ladder tail.

    Embrechts & Veraverbeke (Insurance: Math. Econ. 1, 1982). Half the true value at moderate u: use it for p <= 1e-3
    and rho <= 0.5.
    """
    return rho / (1 - rho) * ladder_tail_at_u


def lomax_tail(x: np.ndarray, *, alpha: float, scale: float) -> np.ndarray:
    """P(X > x) = (1 + x / scale)^-alpha; mean scale / (alpha - 1)."""
    return (1 + np.asarray(x, np.float64) / scale) ** -alpha


def lomax_ladder_tail(x: np.ndarray, *, alpha: float, scale: float) -> np.ndarray:
    """The integrated tail of Lomax claims: again Lomax, with alpha - 1."""
    return lomax_tail(x, alpha=alpha - 1, scale=scale)
