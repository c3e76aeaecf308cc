"""P(a fund of size F is exhausted) for every F from one set of runs, and the fund for a target, crude or weighted.

Exact order-statistic intervals for funds and Clopper-Pearson for probabilities if runs are crude; normal intervals,
effective sample and largest weight if they were drawn under another law, with a refusal if the weights are bad.
It is valid only if nothing before the first exhaustion depends on the fund's size: `choose_method.py` decides that.
"""

import math

import numpy as np
import pandas as pd

from ..estimators.estimate import Estimate, RefusedError
from ..estimators.importance_sampling import WeightedCurve, WeightLimits, weighted_probability
from ..estimators.intervals import probability
from ..estimators.quantiles import exceedance_curve, required_fund
from .draws import Draws

#: Columns of a sufficiency curve; the chart reads the first six.
CURVE = (
    "fund",
    "probability",
    "low",
    "high",
    "events",
    "n",
    "effective_sample_size",
    "largest_weight_share",
    "refused",
)
_POINTS = 200


def sufficiency_curve(draws: Draws, *, level: float = 0.95, points: int = _POINTS) -> pd.DataFrame:
    """The whole curve by rising fund, columns `CURVE`. refused: the reason not to quote a point, empty if there is
    none.

    Probabilities fall with the fund. The interval is valid at each fund separately, not for the whole curve at once.
    """
    if not draws.is_weighted:
        curve = exceedance_curve(draws.required, level=level, max_points=points)
        curve = curve.assign(effective_sample_size=curve["events"].astype(float), refused="")
        share = np.where(curve["events"] > 0, 1.0 / np.maximum(curve["events"], 1), np.nan)
        return curve.assign(largest_weight_share=share)[list(CURVE)]
    weighted = WeightedCurve(draws.required, draws.log_weight)
    counts = np.unique(np.geomspace(1, weighted.n, points).astype(np.int64))
    funds = np.append(weighted.fund[counts - 1], 0.0)
    return weighted.table(np.unique(funds), level=level)[list(CURVE)]


def fund_for(draws: Draws, p: float, *, level: float = 0.95, unit: str = "", seconds: float = math.nan) -> Estimate:
    """The smallest fund exhausted with probability at most p. RefusedError with the missing runs if they do not
    suffice."""
    if not draws.is_weighted:
        return required_fund(draws.required, p, level=level, unit=unit, seconds=seconds)
    curve = WeightedCurve(draws.required, draws.log_weight)
    return curve.required_fund(p, level=level, unit=unit, seconds=seconds)


def chance(
    draws: Draws,
    event: np.ndarray,
    *,
    level: float = 0.95,
    limits: WeightLimits | None = None,
    seconds: float = math.nan,
) -> Estimate:
    """The probability of an event of these runs (n,) bool: Clopper-Pearson, or weighted and checked."""
    hits = np.asarray(event, bool)
    if draws.is_weighted:
        return weighted_probability(hits, draws.log_weight, level=level, limits=limits, seconds=seconds)
    return probability(int(np.count_nonzero(hits)), draws.n, level=level, seconds=seconds)


def smallest_probability(draws: Draws, *, level: float = 0.95) -> float:
    """About the smallest target that these runs support: the result reached if a target was not.

    Crude: the p for which the largest draw is an upper bound. Weighted: the smallest on the curve that is not refused.
    """
    if not draws.is_weighted:
        return -math.expm1(math.log((1 - level) / 2) / draws.n)
    curve = sufficiency_curve(draws, level=level)
    stands = curve[(curve["refused"] == "") & (curve["probability"] > 0)]
    if stands.empty:
        raise RefusedError("every point of the weighted curve is refused")
    return float(stands["probability"].min())
