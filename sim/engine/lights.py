"""Queries of the ADL queue by agents and reports: every account's light, and the places of accounts that watch theirs.

Decides how often watchers look: a place changes with the mark, and a query costs a pass over all rows.
"""

import numpy as np
import numpy.typing as npt

from ..clearing.adl.layer import AdlLayer
from ..clearing.adl.queue import adl_lights, note_places
from ..clearing.adl.ranking import Ranking
from .world import World

#: Maximum age of the places that watchers see, and maximum distance of the mark at which they were taken.
LOOK_MS = 300_000
LOOK_MOVE = 0.0025


def ranking_of(world: World) -> Ranking | None:
    """The ranking of the waterfall's ADL layer; None if there is no such layer."""
    for layer in world.clearing.layers:
        if isinstance(layer, AdlLayer):
            return layer.ranking
    return None


def queue_lights(world: World, market: int) -> npt.NDArray[np.uint8]:
    """Every row's light in `market`: 1 (front fifth of the queue by contracts) to 5, 0 without a position or without
    ADL."""
    ranking = ranking_of(world)
    if ranking is None:
        return np.zeros(len(world.accounts.quote), np.uint8)
    return adl_lights(world.accounts, world.markets, market=market, ranking=ranking, quantum=world.config.quantum)


def watching_rows(world: World) -> npt.NDArray[np.int64]:
    """Rows of the cohorts whose behaviour watches its place in the queue; empty if there is no ADL."""
    if ranking_of(world) is None:
        return np.zeros(0, np.int64)
    opening = world.population.opening
    watching = [number for number, member in enumerate(world.population.cohorts) if member.policy.watches_adl_queue()]
    return np.flatnonzero(np.isin(opening.cohort, watching) & (opening.mode != 2))


def _is_look_due(world: World) -> bool:
    seen = world.marks_looked_at
    if world.time_ms >= world.next_look_ms or not seen:
        return True
    for mark, before in zip(world.markets.mark.tolist(), seen, strict=True):
        if abs(mark - before) > LOOK_MOVE * before:
            return True
    return False


def look_at_queue(world: World) -> None:
    """Refresh the watchers' places in the view if the last look is old: 1 is first in the queue, 0 not in it."""
    places = world.view.adl_quantile
    if places is None or not _is_look_due(world):
        return
    world.next_look_ms = world.time_ms + LOOK_MS
    world.marks_looked_at = world.markets.mark.tolist()
    ranking = ranking_of(world)
    assert ranking is not None
    places[world.watchers] = 0.0
    for market in range(len(world.instruments)):
        for side in (1, -1):
            scores = ranking.score_side(
                world.accounts, world.markets, market=market, side=side, only_profit=True, quantum=world.config.quantum
            )
            note_places(world.accounts, market, scores, world.watchers, places)
