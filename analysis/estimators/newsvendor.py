"""The fund of least cost: capital held versus remaining shortfall, cost(F) = r F + b E[(required - F)+].

r: cost of a quote unit held over the horizon (0.10 a year for 30 days: 0.0082).  b: cost of a quote unit of shortfall
(1 is the money itself; more for the harm that deleveraging does).  The best fund is exhausted with probability r / b
(Arrow, Harris & Marschak, Econometrica 19, 1951), so its interval is that of a quantile. No target probability enters.
"""

import math
from dataclasses import dataclass

import numpy.typing as npt

from .estimate import Estimate
from .importance_sampling import WeightedCurve
from .quantiles import required_fund


@dataclass(frozen=True)
class Costs:
    """Cost of a quote unit of capital over the horizon, and of a quote unit of shortfall."""

    capital: float
    shortfall: float = 1.0

    def __post_init__(self) -> None:
        """Refuse costs for which no fund, or an unlimited one, is best."""
        if not 0 < self.capital < self.shortfall:
            raise ValueError(f"capital must cost more than 0 and less than shortfall: {self.capital}, {self.shortfall}")

    @property
    def target(self) -> float:
        """Probability of exhaustion at the cheapest fund."""
        return self.capital / self.shortfall


def best_fund(
    required: npt.ArrayLike,
    costs: Costs,
    *,
    log_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    unit: str = "",
    seconds: float = math.nan,
) -> Estimate:
    """The fund of least expected cost. Refused like any quantile: too few runs, or bad weights."""
    note = f"least cost at P(exhausted) = {costs.target:.3g}"
    if log_weight is None:
        return required_fund(required, costs.target, level=level, unit=unit, seconds=seconds, note=note)
    curve = WeightedCurve(required, log_weight)
    return curve.required_fund(costs.target, level=level, unit=unit, seconds=seconds, note=note)
