"""The ADL queue of a market as it stands: who would be deleveraged first on each side, and everybody's light."""

from typing import NamedTuple

import numpy as np

from ..clearing.adl import AdlRanking
from ..clearing.adl_queue import AdlQueue, adl_lights
from ..errors import ConfigError
from ..events import AccountMode
from .lights import ranking_of
from .world import World


class Place(NamedTuple):
    """One position in the queue of its side."""

    side: str  # long or short
    place: int  # 1 is first; those in loss come last, and are not deleveraged
    light: int  # 1: front fifth of the contracts of the side, its own included, to 5
    account: str
    cohort: str
    mode: str  # cross or isolated
    lots: int  # signed
    notional_quanta: int  # at mark
    profit_quanta: int  # at mark, against entry
    score: float


def queue_of(world: World, market: int, *, ranking: AdlRanking | None = None) -> list[Place]:
    """Every position of `market`, longs first, each side in the order of its queue.

    ranking: in place of the config's; ConfigError if there is neither that nor an ADL layer.

    A long is deleveraged when a short goes bankrupt and the other way round. Passed over in the event itself: a row of
    the bankrupt's own trader, and one that the close would put below zero.
    """
    rule = ranking_of(world) if ranking is None else ranking.lower(world.config.quantum)
    if rule is None:
        raise ConfigError("waterfall: has no layer of kind adl, so there is no queue")
    accounts, opening = world.accounts, world.population.opening
    names = [world.rows.name(row) for row in range(world.rows.first_trader)] + opening.account_names()
    lights = adl_lights(accounts, world.markets, market=market, ranking=rule)
    scores = np.empty(len(accounts.quote))
    value = world.unit_values()[market]
    places = []
    for side, word in ((1, "long"), (-1, "short")):
        queue = AdlQueue(
            accounts, world.markets, market=market, side=side, ranking=rule, need=2**62, scores=scores,
            only_profit=False,
        )  # fmt: skip
        for place, row in enumerate(queue.ids.tolist(), start=1):
            lots = int(accounts.lots[row, market])
            places.append(
                Place(
                    word, place, int(lights[row]), names[int(opening.wallet[row])],
                    opening.cohort_names[int(opening.cohort[row])], AccountMode(int(accounts.mode[row])).name.lower(),
                    lots, abs(lots) * value, lots * value - int(accounts.cost[row, market]), float(scores[row]),
                )
            )  # fmt: skip
    return places
