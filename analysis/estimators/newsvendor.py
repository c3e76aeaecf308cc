"""The fund that costs least: capital held against shortfall left, cost(F) = r F + b E[(required - F)+].

r: cost of a quote unit held over the horizon (0.10 a year for 30 days: 0.0082).  b: cost of a quote unit of shortfall
(1 is the money itself; more for the harm that deleveraging does).  The best fund is exhausted with probability r / b
(Arrow, Harris & Marschak, Econometrica 19, 1951), so its interval is that of a quantile. No target probability enters.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .estimate import Estimate, RefusedError
from .importance import WeightedCurve, WeightLimits, as_weights, weighted_mean
from .intervals import normal_quantile
from .quantiles import as_required, required_fund

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Costs:
    """Cost of a quote unit of capital over the horizon, and of a quote unit of shortfall."""

    capital: float
    shortfall: float = 1.0

    def __post_init__(self) -> None:
        """Refuse costs for which no fund, or an endless one, is best."""
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
    """The fund of least expected cost. Refused like the quantile that it is: too few runs, or bad weights."""
    note = f"least cost at P(exhausted) = {costs.target:.3g}"
    if log_weight is None:
        return required_fund(required, costs.target, level=level, unit=unit, seconds=seconds, note=note)
    curve = WeightedCurve(required, log_weight)
    return curve.required_fund(costs.target, level=level, unit=unit, seconds=seconds, note=note)


def expected_cost(
    required: npt.ArrayLike,
    fund: float,
    costs: Costs,
    *,
    log_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    unit: str = "",
    seconds: float = math.nan,
) -> Estimate:
    """Expected cost of holding `fund`; normal interval. Refused where too few runs are exhausted to bear a mean."""
    sample = as_required(required)
    shortfall = costs.shortfall * np.maximum(sample - fund, 0.0)
    logs = np.zeros(len(sample)) if log_weight is None else np.asarray(log_weight, np.float64)
    limits = WeightLimits(largest_share=0.1, effective_sample=30.0)
    try:
        part = weighted_mean(shortfall, logs, level=level, limits=limits, unit=unit, seconds=seconds)
    except RefusedError as refusal:
        raise RefusedError(f"the expected shortfall beyond {fund:g} is refused: {refusal}") from refusal
    held = costs.capital * fund
    changes = {"value": part.value + held, "low": part.low + held, "high": part.high + held}
    method = "newsvendor" + (", crude" if log_weight is None else ", importance sampling")
    return Estimate(**(part.row() | changes | {"method": method}))


def cost_curve(
    required: npt.ArrayLike,
    funds: npt.ArrayLike,
    costs: Costs,
    *,
    log_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Columns fund, capital, shortfall, cost, low, high over fund sizes: for a chart, so nothing is refused."""
    sample, at = as_required(required), np.sort(np.asarray(funds, np.float64).ravel())
    weight = np.ones(len(sample)) if log_weight is None else as_weights(log_weight)
    means, errors = np.empty(len(at)), np.empty(len(at))
    for i, fund in enumerate(at):
        parts = costs.shortfall * weight * np.maximum(sample - fund, 0.0)
        means[i], errors[i] = parts.mean(), parts.std(ddof=1) / math.sqrt(len(sample))
    capital = costs.capital * at
    half = normal_quantile(level) * errors
    return pd.DataFrame(
        {
            "fund": at,
            "capital": capital,
            "shortfall": means,
            "cost": capital + means,
            "low": capital + np.maximum(means - half, 0.0),
            "high": capital + means + half,
        }
    )
