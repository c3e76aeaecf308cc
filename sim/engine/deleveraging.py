"""Who would be deleveraged if a stated number of contracts had to be closed now: reads the world, changes nothing."""

from typing import NamedTuple

from ..clearing.adl import AdlRanking
from ..errors import ConfigError
from .queue import Place, queue_of
from .world import World


class WouldClose(NamedTuple):
    """One counterparty: its place in the queue, and how many of its contracts would be closed (absolute)."""

    place: Place
    lots: int


def would_be_deleveraged(
    world: World, market: int, *, side: str, lots: int | None = None, ranking: AdlRanking | None = None
) -> list[WouldClose]:
    """Counterparties of a bankrupt `side` position, in the order of their queue, until `lots` are closed.

    lots: absolute; None: the largest position of that side.  ranking: in place of the config's.  Only positions in
    profit are closed; if they do not suffice, the list closes less. Two things that an event also looks at need a
    bankrupt account and are left out: rows of its own trader, and rows that its bankruptcy price would put below zero.
    ConfigError without an ADL layer and without a ranking.
    """
    if side not in ("long", "short"):
        raise ConfigError(f"side must be long or short, found {side!r}")
    places = queue_of(world, market, ranking=ranking)
    left = max((abs(p.lots) for p in places if p.side == side), default=0) if lots is None else lots
    closes = []
    for place in places:
        if left <= 0:
            break
        if place.side != side and place.profit_quanta > 0:
            closed = min(abs(place.lots), left)
            closes.append(WouldClose(place, closed))
            left -= closed
    return closes
