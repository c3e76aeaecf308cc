"""Previews who would be deleveraged if an account went bankrupt now, by the rules of the ADL layer. Changes nothing."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..clearing.adl import AdlLayer, Greedy, who_would_be_deleveraged
from ..clearing.adl.case import Allocating
from ..clearing.adl.ranking import Ranking
from ..errors import ConfigError
from .lights import ranking_of
from .queue import Place, places_of_rows
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
    ranking: Ranking | None = None,
    allocation: Allocating | None = None,
) -> list[WouldClose]:
    """Return the counterparties and their contracts if ADL had to close all of `account`'s `side` of a market.

    account: None: the one with the largest position on `side`.  side: long or short; None: the account's, or long.
    ranking, allocation: in place of the config's.  The decision is that of the ADL layer, in the order of the queue.
    ConfigError for an account without such a position, and without an ADL layer and a ranking.
    """
    places = places_of_rows(world, market, ranking=ranking)
    rule = ranking_of(world) if ranking is None else ranking
    assert rule is not None  # or there would be no places
    decision = who_would_be_deleveraged(
        world.accounts,
        world.markets,
        np.array(_targets(places, account, side), np.int64),
        market=market,
        ranking=rule,
        allocation=allocation or _allocation_of(world),
        quantum=world.config.quantum,
    )
    closed: dict[int, int] = {}
    for row, lots in zip(
        decision.reduced.tolist(), decision.closes.lots[decision.closes.rank > 0].tolist(), strict=True
    ):
        closed[row] = closed.get(row, 0) + lots
    return [WouldClose(place, closed[row]) for row, place in places.items() if row in closed]


def _allocation_of(world: World) -> Allocating:
    """The allocation of the config's ADL layer; greedy without such a layer."""
    layers = (layer for layer in world.clearing.layers if isinstance(layer, AdlLayer))
    return next((layer.allocation for layer in layers), Greedy())


def _targets(places: Mapping[int, Place], account: str | None, side: str | None) -> list[int]:
    """Rows of the positions to close, all of one account and one side."""
    if side not in (None, "long", "short"):
        raise ConfigError(f"side must be long or short, found {side!r}")
    if account is None:
        held = {row: place for row, place in places.items() if place.side == (side or "long")}
        if not held:
            raise ConfigError(f"no account holds a {side or 'long'} position at that time")
        return [max(held, key=lambda row: abs(held[row].lots))]
    held = {row: place for row, place in places.items() if place.account == account and side in (None, place.side)}
    if not held:
        raise ConfigError(f"{account}: holds no {f'{side} ' if side else ''}position at that time")
    if len({place.side for place in held.values()}) > 1:
        raise ConfigError(f"{account}: holds positions on both sides; name the side")
    return sorted(held)
