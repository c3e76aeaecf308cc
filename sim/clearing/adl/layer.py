"""The ADL layer: positions that remain are closed against ranked opposing winners. Rules: CLR-ADL-### in RULES.md.

Decides when the layer acts and on which accounts. The ranking (`ranking.py`) is made once per cycle for every market
and side, before the first close of the cycle; the allocation (`allocation.py`) decides which winners are closed.
"""

from functools import partial
from typing import ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ...layout import Reason
from ...policy import PositiveInt
from ..desk import Desk, LayerBase, Round
from ..targets import targets_of
from .allocation import AllocationPolicy, Greedy
from .ranking import RankingPolicy
from .who import who_would_be_deleveraged

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


class AdlLayer(LayerBase):
    """Close the positions that remain against ranked opposing winners, at their bankruptcy price (CLR-ADL-001)."""

    ADDED_FIELDS: ClassVar[frozenset[str]] = frozenset({"allocation"})

    kind: Literal["adl"] = "adl"
    ranking: RankingPolicy = Field(description="order in which counterparties are reduced")
    allocation: AllocationPolicy = Field(
        default=Greedy(), description="which counterparties are reduced, and by how much"
    )
    trigger: Literal["bankrupt", "distressed"] = Field(
        default="bankrupt",
        description="bankrupt: only accounts below zero; solvent accounts wait (dYdX, Hyperliquid);"
        " distressed: every account that the book and ENGINE did not take (BitMEX, Binance)",
    )
    matches_per_cycle: PositiveInt | None = Field(
        default=None,
        description="maximum number of counterparties reduced in one cycle; the rest waits; null: no limit",
    )

    def ready(self) -> Self:
        """Return the layer with the code of rankings and allocations of your own loaded."""
        return self.model_copy(update={"ranking": self.ranking.ready(), "allocation": self.allocation.ready()})

    def run(self, desk: Desk, round_: Round) -> None:
        """Close the rows of the round that the trigger names, and ENGINE's inventory if it is insolvent."""
        if len(round_.rows) == 0 and not desk.holds_inventory():
            return
        only_bankrupt = self.trigger == "bankrupt"
        chosen = [
            (market, side, targets_of(desk, round_.rows, market, side, only_bankrupt=only_bankrupt)[0])
            for market in desk.markets_by_name
            for side in (1, -1)
        ]
        if not any(len(targets) for _, _, targets in chosen):
            return
        desk.matches_left.of_cycle(desk.cycle, self.matches_per_cycle)
        queues = desk.queues_of_cycle.of_cycle(desk.cycle, partial(self._rank, desk), desk.n_markets)
        for market, side, targets in chosen:
            held = targets[desk.accounts.lots[targets, market] * side > 0]  # some may have given theirs as winners
            if len(held):
                self._deleverage(desk, round_, market, held, queues[market, -side])

    def _rank(self, desk: Desk, market: int, side: int) -> F64:
        return self.ranking.score_side(
            desk.accounts, desk.markets, market=market, side=side, only_profit=True, quantum=desk.quantum
        )

    def _deleverage(self, desk: Desk, round_: Round, market: int, targets: I64, scores: F64) -> None:
        decision = who_would_be_deleveraged(
            desk.accounts, desk.markets, targets, market=market, ranking=self.ranking, allocation=self.allocation,
            quantum=desk.quantum, matches_left=desk.matches_left.left, scores=scores,
        )  # fmt: skip
        desk.matches_left.left -= decision.matches
        round_.is_postponed |= decision.is_postponed
        desk.close(decision.closes, Reason.ADL)
        if decision.matches:
            round_.outcome.reduced.append((market, np.unique(decision.reduced)))
