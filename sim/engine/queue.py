"""The present ADL queue of a market: the order of deleveraging on each side, and every account's light."""

from typing import NamedTuple

from ..clearing.adl.queue import EVERYBODY, AdlQueue, adl_lights
from ..clearing.adl.ranking import Ranking
from ..config.places import error_at
from ..layout import AccountMode
from .lights import ranking_of
from .world import World


class Place(NamedTuple):
    """One position in the queue of its side."""

    side: str  # long or short
    place: int  # 1 is first; positions in loss come last, and are not deleveraged
    light: int  # 1: front fifth of the contracts of the side, its own included, to 5
    account: str
    cohort: str
    mode: str  # cross or isolated
    lots: int  # signed
    notional_quanta: int  # at mark
    profit_quanta: int  # at mark, against entry
    score: float


def queue_of(world: World, market: int, *, ranking: Ranking | None = None) -> list[Place]:
    """Every position of `market`, longs first, each side in the order of its queue.

    ranking: in place of the config's.  ConfigError if it is None and there is no ADL layer. A long is deleveraged
    when a short goes bankrupt, and the reverse. In the event itself two kinds of rows are skipped: rows of the
    bankrupt's own trader, and rows that the close would put below zero.
    """
    return list(places_of_rows(world, market, ranking=ranking).values())


def places_of_rows(world: World, market: int, *, ranking: Ranking | None = None) -> dict[int, Place]:
    """The places of `queue_of` by margin row, in the same order."""
    rule = ranking_of(world) if ranking is None else ranking.ready()
    if rule is None:
        raise error_at(world.config, "has no layer of kind adl, so there is no queue", "waterfall")
    accounts, opening, quantum = world.accounts, world.population.opening, world.config.quantum
    names = [world.rows.name(row) for row in range(world.rows.first_trader)] + opening.account_names()
    lights = adl_lights(accounts, world.markets, market=market, ranking=rule, quantum=quantum)
    value = world.unit_values()[market]
    places = {}
    for side, word in ((1, "long"), (-1, "short")):
        queue = AdlQueue(
            accounts, world.markets, market=market, side=side, ranking=rule, quantum=quantum, need=EVERYBODY,
            only_profit=False,
        )  # fmt: skip
        for place, row in enumerate(queue.ids.tolist(), start=1):
            lots = int(accounts.lots[row, market])
            places[row] = Place(
                word, place, int(lights[row]), names[int(opening.wallet[row])],
                opening.cohort_names[int(opening.cohort[row])], AccountMode(int(accounts.mode[row])).name.lower(),
                lots, abs(lots) * value, lots * value - int(accounts.cost[row, market]), float(queue.scores[row]),
            )  # fmt: skip
    return places
