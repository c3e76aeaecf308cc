"""Who would be deleveraged if an account went bankrupt now: reads the world, changes nothing."""

from collections.abc import Sequence
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
    world: World,
    market: int,
    *,
    account: str | None = None,
    side: str | None = None,
    ranking: AdlRanking | None = None,
) -> list[WouldClose]:
    """Who is closed, and for how much, if all that `account` holds on `side` of a market has to be closed by ADL.

    account: None: the one with the largest position of `side`.  side: long or short; None: the account's, or long.
    ranking: in place of the config's.  Only positions in profit are closed, none of the account's own; if they do not
    suffice, less is closed. A row that the bankruptcy price would put below zero is passed over in an event, and not
    here. ConfigError for an account without such a position, and without an ADL layer and a ranking.
    """
    places = queue_of(world, market, ranking=ranking)
    targets = _targets(places, account, side)
    left = sum(abs(target.lots) for target in targets)
    closes = []
    for place in places:
        if (
            left > 0
            and place.side != targets[0].side
            and place.profit_quanta > 0
            and place.account != targets[0].account
        ):
            closed = min(abs(place.lots), left)
            closes.append(WouldClose(place, closed))
            left -= closed
    return closes


def _targets(places: Sequence[Place], account: str | None, side: str | None) -> list[Place]:
    """The positions to close, all of one account and one side."""
    if side not in (None, "long", "short"):
        raise ConfigError(f"side must be long or short, found {side!r}")
    if account is None:
        held = [place for place in places if place.side == (side or "long")]
        if not held:
            raise ConfigError(f"nobody holds a {side or 'long'} position at that time")
        return [max(held, key=lambda place: abs(place.lots))]
    held = [place for place in places if place.account == account and side in (None, place.side)]
    if not held:
        raise ConfigError(f"{account}: holds no {f'{side} ' if side else ''}position at that time")
    if len({place.side for place in held}) > 1:
        raise ConfigError(f"{account}: holds positions on both sides; name the side")
    return held
