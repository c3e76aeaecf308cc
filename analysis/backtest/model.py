"""What a model says about windows: its largest draws, liquidations and falls, as the panel takes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..estimators.intervals import clopper_pearson
from .binomial import Probability
from .windows import Windows

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """Simulated windows of a model, crude paths of equal weight.

    required: (paths,) largest draw on a fund that never runs dry, quote units.  liquidated: (paths,) notional, both
    sides.  days: length of a window.  p, fund: target and the fund found for it, NaN if none.  falls_per_year: of a
    fraction g: expected number of hours a year that fall further than g; None if prices have no such law.
    half_a_side: P(one event liquidates half of a side).  rivals:
    other models as (fund, probability) of their curves, fund rising.
    """

    required: F64
    liquidated: F64
    open_interest: float
    unit: str
    days: float
    p: float
    fund: float
    falls_per_year: Callable[[float], float] | None = None
    half_a_side: float | None = None
    rivals: Mapping[str, tuple[F64, F64]] = field(default_factory=dict)

    def scale(self, windows: Windows) -> float:
        """Divisor of amounts that makes them comparable with these windows."""
        return self.open_interest if windows.are_shares else 1.0

    def draws(self, windows: Windows) -> F64:
        """The largest draws in the unit of the windows."""
        return self.required / self.scale(windows)

    def exceedance(self, size: float, windows: Windows) -> Probability:
        """P(largest draw > size) with its 95% interval from the number of paths; size in the unit of the windows."""
        n, events = len(self.required), int(np.count_nonzero(self.draws(windows) > size))
        low, high = clopper_pearson(events, n)
        return Probability(events / n, float(low), float(high))

    def rival(self, name: str, size: float, windows: Windows) -> Probability:
        """The same of a rival, by its curve; 0 beyond its end."""
        fund, probability = self.rivals[name]
        found = float(np.interp(size * self.scale(windows), fund, probability, right=0.0))
        return Probability.exact(found)
