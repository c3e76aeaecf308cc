"""The default waterfall: what happens to positions and debts that the book did not clear, layer by layer as configured.

How `engine/cycle.py` calls the pieces (`house = ClearingHouse(...)` from `sim/clearing/house.py`; rows are int64 ids):

     8. margin     rows = find_distressed(...)                  (MARGIN's kernel)
                   due = house.admit(rows[:n], now_ms=...)      latency, cooldown, throttle; riskiest first
     9. cancel     cancel_account_orders(books, ..., due, len(due), -1)
    10. liquidate  n, due = house.plan(due, intents)            retests, writes records and IOC orders
                   match_orders(books, ..., intents, 0, n)
                   left = house.settle(due, intents, n)         penalty, surplus, debts; who goes on
    11. waterfall  outcome = house.run_waterfall(left)          the layers below in order
                   for market, reduced in outcome.reduced: cancel_account_orders(..., reduced, len(reduced), market)
                   house.finish(due)                            unfreezes
    12. unwind     n = house.plan_unwind(intents, now_ms=...)   then match_orders(...)
                   house.settle_engines()                       draws and sweeps
    15. record     house.records.liquidations[: house.n_liquidations], .matches, .scores; then house.clear_records()
                   counters: house.records.counters (M, COUNTER_DTYPE), since the start of the run

In `interleaved` mode call plan .. run_waterfall for due[i:i+1] one after the other. Steps 8-11 cost nothing when
nobody is distressed. Everything that moves money does so by `post_transfer`; `house` spills the log through the
engine's callback.

Layers, each absorbing positions, money, or both:
- takeover: ENGINE of the market's scope takes the position at its bankruptcy price, while its inventory at mark stays
  within the cap and FUND cash + ENGINE equity does not fall below zero. A row taken whole ends at (0 quanta, 0 lots).
- insurance_fund: FUND pays the debts of flat accounts and ENGINE's negative equity, down to zero, never below.
- adl: see `adl.py`. ENGINE's own inventory is closed too when FUND cash + ENGINE equity is below zero.
- socialised_loss: see `loss.py`. What even that cannot cover is recorded as bad debt and stands on the flat account.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..policy import Policy
from .adl import AdlLayer
from .loss import SocialisedLossLayer


class TakeoverLayer(Policy):
    """ENGINE takes positions over at their bankruptcy price, within its cap and FUND's means."""

    kind: Literal["takeover"] = "takeover"


class InsuranceFundLayer(Policy):
    """FUND pays deficits with its cash, down to zero."""

    kind: Literal["insurance_fund"] = "insurance_fund"


WaterfallLayer = Annotated[
    TakeoverLayer | InsuranceFundLayer | AdlLayer | SocialisedLossLayer, Field(discriminator="kind")
]


def _each_once(layers: list[WaterfallLayer]) -> list[WaterfallLayer]:
    kinds = [layer.kind for layer in layers]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise ValueError(f"layer {kind!r} appears {kinds.count(kind)} times; each layer may appear once")
    if "socialised_loss" in kinds and kinds[-1] != "socialised_loss":
        raise ValueError(f"socialised_loss must be the last layer: {kinds[-1]!r} would find nothing to do after it")
    return layers


#: The layers in the order in which they are tried.
DefaultWaterfall = Annotated[
    list[WaterfallLayer],
    AfterValidator(_each_once),
    Field(description="layers of the waterfall, in order: takeover, insurance_fund, adl, socialised_loss"),
]
