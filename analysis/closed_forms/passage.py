"""Liquidation as the first passage of a diffusion, monitored continuously or at steps; no jumps.

Continuous marks and an immediate fill at the liquidation price leave no shortfall at all. Marks every dt see the price
later and lower: the probability is that of a barrier moved away by beta sigma sqrt(dt), and the fill overshoots by as
much on average (Broadie, Glasserman & Kou, Math. Finance 7, 1997; Siegmund 1979). So a time step alone creates
shortfall.
"""

import math

from scipy import stats

#: -zeta(1/2) / sqrt(2 pi), mean overshoot of a Gaussian walk in standard deviations of one step.
BGK_BETA = 0.5825971579390107


def hit_probability(log_barrier: float, *, sigma: float, horizon: float, log_drift: float | None = None) -> float:
    """P(the log price falls to `log_barrier` < 0 within the horizon), monitored continuously.

    sigma: per sqrt(time unit of `horizon`).  log_drift: drift of the LOG price; by default -sigma^2/2, a price without
    drift. Reflection principle with drift (Harrison 1985, p. 14).
    """
    if log_barrier >= 0:
        raise ValueError(f"the barrier must be below the start: log barrier {log_barrier}")
    nu = -(sigma**2) / 2 if log_drift is None else log_drift
    spread = sigma * math.sqrt(horizon)
    direct = float(stats.norm.cdf((log_barrier - nu * horizon) / spread))
    mirrored = math.exp(2 * nu * log_barrier / sigma**2) * float(stats.norm.cdf((log_barrier + nu * horizon) / spread))
    return direct + mirrored


def discrete_hit_probability(
    log_barrier: float, *, sigma: float, horizon: float, step: float, log_drift: float | None = None
) -> float:
    """The same if the price is observed every `step` only: good to 1% with the barrier beyond 2 sigma sqrt(step)."""
    shifted = log_barrier - mean_overshoot(sigma=sigma, step=step)
    return hit_probability(shifted, sigma=sigma, horizon=horizon, log_drift=log_drift)


def mean_overshoot(*, sigma: float, step: float) -> float:
    """Mean distance (log) below the barrier at the first mark below it."""
    return BGK_BETA * sigma * math.sqrt(step)
