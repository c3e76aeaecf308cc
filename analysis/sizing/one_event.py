"""The fund for one event at a time: jumps that come alone, on the opening book. No simulation, so it answers first.

P(M > u within T) = 1 - exp(-T rate(u)); rate(u) is the yearly number of jumps of which one alone draws more than u,
averaged over opening books. It leaves out diffusion, renewal, and several jumps within the horizon. The draw of each
jump lies between that without impact and that of a gap deeper by the whole cap of the basis.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..money import format_percent, format_short

F64 = npt.NDArray[np.float64]
YEAR_DAYS = 365.0
#: rate (n,) a year, size (n,) log, draw and liquidated (books, n) in quote units, basis (books, n) log.
Jumps = Mapping[str, F64]


@dataclass(frozen=True)
class OneEvent:
    """Funds for a target, quote units.

    low, high: smallest and largest of single opening books.  no_impact, at_cap: of the closed forms around it, None
    where there are none.  years: between jumps as rare as the target.  fall: the fall that is as rare, a fraction; None
    if falls are rarer.  basis: largest median basis of a jump at least as rare.
    """

    p: float
    days: float
    fund: float
    low: float
    high: float
    books: int
    no_impact: float | None
    at_cap: float | None
    years: float
    fall: float | None
    basis: float


def yearly_rate(p: float, days: float) -> float:
    """Yearly rate of an event that comes within `days` with probability p: -ln(1 - p) / T."""
    return -math.log1p(-p) * YEAR_DAYS / days


def fund_at(rate: F64, draw: F64, wanted: float) -> float:
    """Smallest fund that jumps exceed at most `wanted` times a year; rows of draw are equally likely books."""
    books = len(draw)
    flat, weight = draw.ravel(), np.tile(rate / books, books)
    order = np.argsort(-flat, kind="stable")
    reached = np.cumsum(weight[order])
    place = int(np.searchsorted(reached, wanted * (1 + 1e-12), side="right"))
    return float(flat[order][place]) if place < len(flat) else 0.0


def probability_beyond(rate: F64, draw: F64, fund: F64, days: float) -> F64:
    """P(M > fund) of each fund: 1 - exp(-T rate(fund))."""
    flat, weight = draw.ravel(), np.tile(rate / len(draw), len(draw))
    order = np.argsort(-flat, kind="stable")
    above = np.concatenate([[0.0], np.cumsum(weight[order])])
    found = above[np.searchsorted(-flat[order], -fund, side="left")]
    return np.asarray(-np.expm1(-found * days / YEAR_DAYS))


def answer_one_event(draws_of: Callable[..., Jumps | None], p: float, days: float) -> OneEvent | None:
    """The answer of a world; None where its jumps have no law.  draws_of: `one_event` of the world."""
    jumps = draws_of()
    if jumps is None:
        return None
    rate, size, draw, basis = (jumps[name] for name in ("rate", "size", "draw", "basis"))
    wanted = yearly_rate(p, days)
    each = [fund_at(rate, row[None, :], wanted) for row in draw]
    around = [draws_of(has_impact=False), draws_of(at_cap=True)]
    no_impact, at_cap = (None if other is None else fund_at(other["rate"], other["draw"], wanted) for other in around)
    falls = size < 0
    fall = fund_at(rate[falls], -size[None, falls], wanted)
    is_rare = np.abs(size) >= fall
    return OneEvent(
        p=p,
        days=days,
        fund=fund_at(rate, draw, wanted),
        low=min(each),
        high=max(each),
        books=len(draw),
        no_impact=no_impact,
        at_cap=at_cap,
        years=1 / wanted,
        fall=-math.expm1(-fall) if fall > 0 else None,
        basis=float(np.max(np.median(np.abs(np.expm1(basis[:, is_rare])), axis=0))) if is_rare.any() else 0.0,
    )


def one_event_lines(found: OneEvent | None, unit: str) -> list[str]:
    """The lines that stand first in an answer."""
    if found is None:
        return []
    low, high = format_short(found.low, unit), format_short(found.high, unit)
    lines = [f"one event at a time: {format_short(found.fund, unit)}, {low} to {high} over {found.books} opening books"]
    if found.no_impact is not None and found.at_cap is not None:
        ends = format_short(found.no_impact, unit), format_short(found.at_cap, unit)
        lines.append(f"between {ends[0]} (no impact) and {ends[1]} (the basis at its cap, all at once)")
    if found.fall is not None:
        lines.append(
            f"P = {found.p:g} in {found.days:g} days is the fall of {format_percent(100 * found.fall)} within an hour"
            f" that comes once in {found.years:.3g} years"
        )
    return lines


def one_event_data(found: OneEvent | None) -> dict[str, Any] | None:
    """The same as plain data."""
    return None if found is None else dict(vars(found))
