"""The model beside its null models: which of them is nearer to the record.

The record is a band, so the distance of a value to it is zero inside: a null model in the band meets the record as well
as the model can, and the record then does not speak for the model.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .spread import MeanSpread


@dataclass(frozen=True)
class NullValue:
    """What one null model says of a target: one value per run, in the order of the model's runs; or why it says
    nothing."""

    name: str
    values: tuple[float, ...]
    spread: MeanSpread | None
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """The model against the best of its null models.

    best: the null model whose mean is nearest to the band, the first of several.  nearer: whether the model's mean is
    nearer than that; None if either has no value.
    as_near: both are equally far.  runs_nearer: runs in which the model is nearer, on the same streams.
    """

    best: str
    nearer: bool | None
    as_near: bool
    met_by_null: bool
    runs_nearer: int
    n: int


def distance(value: float, low: float, high: float) -> float:
    """Distance of a value to the band [low, high]: 0 inside, NaN of NaN."""
    return value if math.isnan(value) else max(low - value, value - high, 0.0)


def beside_nulls(
    spread: MeanSpread | None, values: Sequence[float], nulls: Sequence[NullValue], *, low: float, high: float
) -> Verdict:
    """Compare the model's runs with those of every null model that has a value."""
    known = [(distance(null.spread.value, low, high), null) for null in nulls if null.spread is not None]
    if spread is None or not known:
        return Verdict("", None, as_near=False, met_by_null=False, runs_nearer=0, n=0)
    least, best = min(known, key=lambda pair: pair[0])
    pairs = list(zip(values, best.values, strict=True))
    closer = sum(distance(mine, low, high) < distance(its, low, high) for mine, its in pairs)
    own = distance(spread.value, low, high)
    return Verdict(best.name, own < least, own == least, least == 0, closer, len(pairs))
