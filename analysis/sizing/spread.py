"""Sensitivity of the required fund to inputs that all runs share: the values of the uncertainties.

An interval from paths that share them is valid for them only. So the fund is recomputed, from fewer runs, on
other draws of the shared inputs. Reported are the range, and the fund for the average over all draws with an interval
by leaving out one draw at a time (jackknife over draws, the independent units).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..estimators.estimate import Estimate, RefusedError
from ..estimators.intervals import tail_mass
from .curve import fund_for
from .draws import Compute, World, one_by_one
from .world_runs import CRUDE_LAW, draws_of_worlds, tilted

F64 = npt.NDArray[np.float64]

#: Minimum number of draws for an interval of the average.
_MIN_DRAWS = 4
#: Runs of each draw, and the target from which on they are crude.
RUNS, CRUDE_FROM = 131_072, 1e-2
#: Draws whose runs are in memory at the same time, 10 MB each.
_TOGETHER = 16


@dataclass(frozen=True)
class Spread:
    """Required funds over draws of `what`, quote units, rising; refused: draws whose runs did not suffice."""

    what: str
    funds: tuple[float, ...]
    refused: int
    averaged: Estimate | None = None  # the fund at which the probability, averaged over draws, is the target

    @property
    def middle(self) -> float:
        """The median."""
        return self.funds[len(self.funds) // 2] if self.funds else math.nan


def spread_over(
    what: str, worlds: Sequence[World], p: float, *, level: float = 0.95, compute: Compute = one_by_one
) -> Spread:
    """The required fund in each world. The worlds' funds must not feed back.  compute: makes their blocks."""
    funds, parts, refused = [], [], 0
    for first in range(0, len(worlds), _TOGETHER):
        group = worlds[first : first + _TOGETHER]
        laws = [CRUDE_LAW if p >= CRUDE_FROM or not world.facts.can_tilt else tilted(p) for world in group]
        for draws in draws_of_worlds(group, RUNS, laws, compute):
            try:
                funds.append(fund_for(draws, p, level=level).value)
                parts.append((draws.required, draws.weights))
            except RefusedError:
                refused += 1
    unit = worlds[0].facts.unit if worlds else ""
    averaged = _averaged(parts, p, level=level, unit=unit) if len(parts) >= _MIN_DRAWS and not refused else None
    return Spread(what, tuple(sorted(funds)), refused, averaged)


def _averaged(parts: Sequence[tuple[F64, F64]], p: float, *, level: float, unit: str) -> Estimate:
    """The fund for the average over draws; t interval from pseudo-values of leaving out one draw."""
    owner = np.repeat(np.arange(len(parts)), [len(required) for required, _ in parts])
    required, weight = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    order = np.argsort(-required, kind="stable")
    required, weight, owner = required[order], weight[order], owner[order]

    def quantile(keep: npt.NDArray[np.bool_]) -> float:
        beyond = np.cumsum(np.where(keep, weight, 0.0)) / np.count_nonzero(keep)
        return float(required[max(int(np.searchsorted(beyond, p, side="right")) - 1, 0)])

    count = len(parts)
    whole = quantile(np.ones(len(required), bool))
    left_out = np.array([quantile(owner != number) for number in range(count)])
    error = math.sqrt((count - 1) / count * float(np.square(left_out - left_out.mean()).sum()))
    half = float(stats.t.isf(tail_mass(level, "two")[1], count - 1)) * error
    return Estimate(
        value=whole,
        low=max(0.0, whole - half),
        high=whole + half,
        level=level,
        method="averaged over draws, jackknife",
        n=len(required),
        events=-1,
        unit=unit,
        note=f"{count} draws",
    )
