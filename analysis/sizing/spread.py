"""How far the required fund moves with what all runs share: the opening book, the values of the uncertainties.

An interval from paths that share one book says nothing of other books. So the fund is found again, from fewer runs, on
other draws of what is shared, and the range is told beside the interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.estimators.estimate import RefusedError
from analysis.sizing.curve import fund_for
from analysis.sizing.draws import World
from analysis.sizing.runner import CRUDE_LAW, Runner, tilted

#: Runs of each draw, and the target from which on they are crude.
RUNS, CRUDE_FROM = 131_072, 1e-2


@dataclass(frozen=True)
class Spread:
    """Required funds over draws of `what`, quote units, rising; refused: draws whose runs did not bear one."""

    what: str
    funds: tuple[float, ...]
    refused: int

    @property
    def middle(self) -> float:
        """The median."""
        return self.funds[len(self.funds) // 2] if self.funds else math.nan

    @property
    def relative_range(self) -> float:
        """Range over median; NaN below two draws."""
        if len(self.funds) < 2 or not self.middle:
            return math.nan
        return (self.funds[-1] - self.funds[0]) / self.middle


def spread_over(what: str, worlds: Sequence[World], p: float, *, level: float = 0.95) -> Spread:
    """The required fund in each world. The worlds' funds must not feed back."""
    funds, refused = [], 0
    for world in worlds:
        law = CRUDE_LAW if p >= CRUDE_FROM or not world.facts.can_tilt else tilted(p)
        try:
            funds.append(fund_for(Runner(world).draws(RUNS, law), p, level=level).value)
        except RefusedError:
            refused += 1
    return Spread(what, tuple(sorted(funds)), refused)
