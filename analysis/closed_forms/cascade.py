"""Liquidations that push the price into further liquidations: the fall at which a cascade stops, and its orders.

H(x) is the notional liquidated when the price has fallen by x; selling it moves the price by impact(H). A synchronous
batch stops at the SMALLEST fixed point of x = shock + impact(H(x)); the iteration from the shock climbs to it (Tarski).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special


class FixedPoint(NamedTuple):
    """The end of a cascade: total fall, rounds of the iteration, slope there (below 1: stable; the local R0)."""

    fall: float
    rounds: int
    slope: float


def smallest_fixed_point(
    response: Callable[[float], float], shock: float, *, tolerance: float = 1e-12, max_rounds: int = 100_000
) -> FixedPoint:
    """The smallest x with x = shock + response(x), response not decreasing; fall is inf if it passes 1.

    response: further fall caused by liquidating everything within x, e.g. H(x) / D for linear impact (D: notional per
    100% move). A fall of 1 or more has no price: the cascade does not stop. RuntimeError after `max_rounds`.
    """
    x = shock
    for rounds in range(1, max_rounds + 1):
        moved = shock + response(x)
        if moved >= 1:
            return FixedPoint(math.inf, rounds, math.inf)
        if moved - x <= tolerance:
            step = max(1e-7, 1e-6 * moved)
            slope = (response(moved + step) - response(max(moved - step, 0.0))) / (
                moved + step - max(moved - step, 0.0)
            )
            return FixedPoint(moved, rounds, slope)
        x = moved
    raise RuntimeError(f"the cascade from {shock} has not settled after {max_rounds} rounds: slope near 1")


def linear_uniform_fall(shock: float, branching: float) -> float:
    """Uniform thresholds and linear impact: shock / (1 - R0); infinite at R0 >= 1."""
    return shock / (1 - branching) if branching < 1 else math.inf


def bounded_basis(sold: float, *, cap: float, depth: float) -> float:
    """Basis after selling `sold` (share of open interest): cap (1 - exp(-sold / (depth cap))); depth per 100% move."""
    return -cap * math.expm1(-sold / (depth * cap))


def bounded_uniform_fall(shock: float, density: float, *, cap: float, depth: float) -> float:
    """Thresholds of even density h (share of open interest per unit of fall) and a bounded basis.

    X = X0 + (1 - X0) b(h X) has the smallest solution X = c + W(-a B k e^(-k c)) / k, with a = 1 - X0, c = X0 + a B,
    k = h / (depth B), W the principal branch. As B grows without bound it is X0 / (1 - a h / depth).
    """
    left = 1 - shock
    end, steep = shock + left * cap, density / (depth * cap)
    return float(end + np.real(special.lambertw(-left * cap * steep * math.exp(-steep * end))) / steep)


def depth_over_time(depth: float, *, half_life: float, duration: float) -> float:
    """Depth that a steady flow over `duration` meets if impact decays: D k t / (1 - e^(-k t)), k = ln 2 / half-life."""
    decay = math.log(2) * duration / half_life
    return depth * decay / -math.expm1(-decay)


def square_root_fall(shock: float, impact: float) -> float:
    """Uniform thresholds and square-root impact, x = shock + A sqrt(x): any shock moves the price by at least A^2."""
    return ((impact + math.sqrt(impact**2 + 4 * shock)) / 2) ** 2


def pareto_notional(fall: float, *, open_interest: float, alpha: float, maintenance: float) -> float:
    """H(x) of longs opened at the start price with P(L > l) = l^-alpha: those with 1/L <= x + m - x m."""
    return float(open_interest * min(1.0, fall + maintenance - fall * maintenance) ** alpha)


def borel_pmf(n: np.ndarray, branching: float) -> np.ndarray:
    """P(a cascade takes n orders), each causing Poisson(R0) more: e^(-R0 n) (R0 n)^(n-1) / n! (Borel 1942)."""
    size = np.asarray(n, np.float64)
    return np.asarray(np.exp(-branching * size + (size - 1) * np.log(branching * size) - special.gammaln(size + 1)))


def borel_tail(n: int, branching: float) -> float:
    """P(a cascade takes at least n orders), R0 <= 1."""
    return float(1 - borel_pmf(np.arange(1, n), branching).sum())


def borel_mean(branching: float) -> float:
    """1 / (1 - R0)."""
    return 1 / (1 - branching)


def borel_variance(branching: float) -> float:
    """R0 / (1 - R0)^3."""
    return branching / (1 - branching) ** 3
