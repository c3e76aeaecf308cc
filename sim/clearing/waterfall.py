"""The default waterfall: the layers that absorb what the book did not clear, in the order of the config.

Each layer absorbs positions, money, or both, and leaves the rest to the next:
- takeover (`takeover.py`): ENGINE takes positions at their bankruptcy price, within its cap and FUND's means.
- insurance_fund (`fund.py`): FUND pays the debts of flat accounts and ENGINE's negative equity, down to zero.
- adl (`adl/`): positions close against ranked winners; ENGINE's too, when it and FUND are below zero together.
- socialised_loss (`loss.py`): positions are torn up at mark, debts are taken from gains. The remainder is recorded as
  bad debt and stays on the flat account.

A layer is a policy with a method `run(desk, round_)`: it reads the arrays of the desk, decides on closes or payments,
and hands them to `desk.close` or `desk.pay`. The clearing house (`house.py`) calls `run_waterfall` once for every group
of rows that was liquidated together.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from ..kernels.clearing.debts import record_bad_debt
from ..kernels.clearing.liquidation_records import gather_distressed
from .adl.layer import AdlLayer
from .desk import Desk, Outcome, Round
from .fund import InsuranceFundLayer, settle_engines
from .loss import SocialisedLossLayer
from .takeover import TakeoverLayer

WaterfallLayer = Annotated[
    TakeoverLayer | InsuranceFundLayer | AdlLayer | SocialisedLossLayer, Field(discriminator="kind")
]


def _each_once(layers: tuple[WaterfallLayer, ...]) -> tuple[WaterfallLayer, ...]:
    kinds = [layer.kind for layer in layers]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise ValueError(f"layer {kind!r} appears {kinds.count(kind)} times; each layer may appear once")
    if "socialised_loss" in kinds and kinds[-1] != "socialised_loss":
        raise ValueError(f"socialised_loss must be the last layer: {kinds[-1]!r} would have nothing to do after it")
    return layers


#: The layers in the order in which they are tried.
DefaultWaterfall = Annotated[
    tuple[WaterfallLayer, ...],
    AfterValidator(_each_once),
    Field(description="layers of the waterfall, in order: takeover, insurance_fund, adl, socialised_loss"),
]


def run_waterfall(desk: Desk, layers: Sequence[WaterfallLayer], rows: np.typing.NDArray[np.int64]) -> Outcome:
    """Run every layer over `rows` and ENGINE's inventory, record unpaid debts as bad debt, and return what is left.

    Call it even if `rows` is empty, provided that ENGINE holds inventory.
    """
    round_ = Round(rows)
    if len(rows) == 0 and _owes_nothing(desk):
        if desk.may_draw:
            settle_engines(desk)
        return round_.outcome
    for layer in layers:
        layer.run(desk, round_)
    if len(rows):
        record_bad_debt(desk.exchange)
        out = np.empty(len(rows), np.int64)
        round_.outcome.left = out[: gather_distressed(desk.accounts, desk.markets, rows, 0, out)]
    return round_.outcome


def _owes_nothing(desk: Desk) -> bool:
    """True if, apart from accounts, only the fund has anything to do: every ENGINE is solvent with its FUND, and none
    is flat below zero. This holds in nearly every cycle in which inventory is only unwound."""
    if desk.n_liquidations:
        return False
    for scope in desk.scopes:
        worth, holds = desk.standing_of(scope.engine)
        if worth < 0 and (not holds or worth + int(desk.accounts.quote[scope.fund]) < 0):
            return False
    return True
