"""Ruin of a Cramer-Lundberg fund with exponential claims by exponential tilting: 1e-6 from 10,000 runs.

Under the tilt by theta claims come at rate lam M(theta), with mean mu / (1 - theta mu), and a run weighs
exp(-theta S + kappa(theta) tau) at the time tau when claims less premiums S pass the fund. At theta = R, where
kappa(R) = 0, ruin is certain and the relative error is bounded in u (Siegmund, Ann. Statist. 4, 1976; Asmussen & Glynn,
Stochastic Simulation 2007, VI.2). One tilted sample weighs every fund at its own passage: the whole curve at once.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .estimate import Estimate
from .importance_sampling import weighted_mean

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClaimFund:
    """Poisson claims at `rate` with exponential sizes of mean `mean_claim`, paid from `premium` per unit of time."""

    rate: float
    mean_claim: float = 1.0
    premium: float = 1.0

    @property
    def adjustment(self) -> float:
        """Lundberg's R = 1/mu - rate/premium; not positive if ruin is certain."""
        return 1 / self.mean_claim - self.rate / self.premium

    def exponent(self, theta: float) -> float:
        """kappa(theta) = rate (M(theta) - 1) - premium theta."""
        return self.rate * (1 / (1 - theta * self.mean_claim) - 1) - self.premium * theta

    def best_tilt(self, fund: float, horizon: float) -> float:
        """R, or the tilt whose drift reaches `fund` exactly at the horizon if that is larger."""
        speed = fund / horizon if math.isfinite(horizon) else 0.0
        root = (1 - math.sqrt(self.rate * self.mean_claim / (speed + self.premium))) / self.mean_claim
        return max(self.adjustment, root)


def tilted_ruin(
    fund: ClaimFund,
    funds: npt.ArrayLike,
    *,
    horizon: float = math.inf,
    runs: int = 10_000,
    seed: int = 0,
    theta: float | None = None,
    level: float = 0.95,
    seconds: float = math.nan,
) -> list[Estimate]:
    """P(claims less premiums pass each of `funds` within the horizon), in the order given, all from one sample.

    theta: the tilt; by default the best for the largest fund. ValueError for an invalid tilt.
    """
    sizes = np.asarray(funds, np.float64).ravel()
    tilt = fund.best_tilt(float(sizes.max()), horizon) if theta is None else theta
    if not 0 <= tilt * fund.mean_claim < 1:
        raise ValueError(f"the tilt must be in [0, {1 / fund.mean_claim:g}), found {tilt:g}")
    if math.isinf(horizon) and tilt < fund.adjustment * (1 - 1e-9):
        raise ValueError(f"without a horizon the tilt must be at least R = {fund.adjustment:g}, found {tilt:g}")
    log_weight = _passages(fund, np.sort(sizes), horizon, runs, tilt, np.random.default_rng(seed))
    place = np.searchsorted(np.sort(sizes), sizes)
    ones = np.ones(runs)
    return [
        weighted_mean(ones, log_weight[:, i], level=level, seconds=seconds, note=f"tilted by {tilt:.4g}; fund {size:g}")
        for i, size in zip(place, sizes, strict=True)
    ]


def _passages(
    fund: ClaimFund, sizes: F64, horizon: float, runs: int, tilt: float, generator: np.random.Generator
) -> F64:
    """log weight at the passage of each rising fund size (runs, sizes); -inf if it is not passed in time."""
    rate = fund.rate / (1 - tilt * fund.mean_claim)
    mean = fund.mean_claim / (1 - tilt * fund.mean_claim)
    kappa = fund.exponent(tilt)
    log_weight = np.full((runs, len(sizes)), -np.inf)
    active, time, surplus = np.arange(runs), np.zeros(runs), np.zeros(runs)
    passed = np.zeros(runs, np.int64)  # number of sizes passed
    while len(active):
        wait = generator.exponential(1 / rate, len(active))
        time[active] += wait
        surplus[active] += generator.exponential(mean, len(active)) - fund.premium * wait
        active = active[time[active] <= horizon]
        reached = np.searchsorted(sizes, surplus[active], side="left")  # sizes strictly below
        for run, new in zip(active[reached > passed[active]], reached[reached > passed[active]], strict=True):
            log_weight[run, passed[run] : new] = kappa * time[run] - tilt * surplus[run]
            passed[run] = new
        active = active[passed[active] < len(sizes)]
    return log_weight
