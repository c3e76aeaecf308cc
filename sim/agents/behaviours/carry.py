"""Cash-and-carry holders: short the perpetual against coins held elsewhere, and unwind when the perpetual is cheap.

Decides: each holder looks every `decision_interval_s` at a phase of its own. When the best offer lies `unwind_ppm` or
more below the index, it buys back a step of its short, at that discount or better, and sells its coins outside at the
index: the difference is its profit, at once. When the best bid lies `rebuild_ppm` or more above the index it sells
again, up to the short it opened with, never more. Leaves to others: the market of the coins (whose
thinness is a reason for a small `step_ppm`). The coins are not simulated: a fall is a gain of its account here.
Sources: carry is closed early when the spread beyond trading costs is offered, He, Manela, Ross and von Wachter (2022,
arXiv 2212.06888); as fast as the other leg allows, Shleifer and Vishny (1997). Costs and pace are assumptions.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ...layout import FLAG_FROZEN, I64, OrderFlag, OrderKind, Side, TimeInForce
from ...policy import PositiveDecimal, PositiveInt, SharePpm
from ...units import PPM
from ..view import ARRIVAL_SLOTS, Intents, MarketView
from .base import BehaviourPolicy, CohortContext


@dataclass
class CarryState:
    """Opening position of each holder, and the phase of its looks. n holders."""

    market: int
    rows: I64  # (n,)
    opened: I64  # (n,) lots short at the first wake; empty before it
    phase_ms: I64  # (n,)
    keys: I64  # (n,) arrival key of each
    last_ms: int  # of the last wake


class Carry(BehaviourPolicy):
    """Holders of the short side of cash-and-carry."""

    kind: Literal["carry"] = "carry"
    ordinary: ClassVar[bool] = True
    is_hedged: ClassVar[bool] = True

    market: str = Field(description="name of the market")
    unwind_ppm: PositiveInt = Field(description="discount of the best offer to the index from which it buys back")
    rebuild_ppm: PositiveInt = Field(description="premium of the best bid from which it sells again")
    decision_interval_s: PositiveDecimal = Field(
        description="time between two looks of a holder, seconds; each has its own phase"
    )
    step_ppm: SharePpm = Field(default=10_000, description="share of its opening short traded per look")

    def initial_state(self, context: CohortContext) -> CarryState:
        """Return the state; shorts are read at the first wake."""
        market, n = context.market(self.market), len(context.rows)
        return CarryState(
            market=market,
            rows=context.home[:, market].astype(np.int64),
            opened=np.zeros(0, np.int64),
            phase_ms=np.floor(context.rng.random(n) * self.interval_ms).astype(np.int64),
            keys=context.rng.integers(0, ARRIVAL_SLOTS, n),
            last_ms=0,
        )

    @property
    def interval_ms(self) -> int:
        """Time between two looks of a holder, ms."""
        return max(1, int(self.decision_interval_s * 1000))

    def decide(self, state: CarryState, view: MarketView, intents: Intents) -> None:
        """Append the orders of the holders that looked since the last wake."""
        if not len(state.opened):
            state.opened = np.maximum(0, -view.accounts.lots[state.rows, state.market])
        last_ms, state.last_ms = state.last_ms, view.time_ms
        side, limit = self.wanted_side(
            int(view.index[state.market]), int(view.best_bid[state.market]), int(view.best_ask[state.market])
        )
        if side is None:
            return
        interval_ms = self.interval_ms
        looks = (view.time_ms + state.phase_ms) // interval_ms > (last_ms + state.phase_ms) // interval_ms
        held = np.maximum(0, -view.accounts.lots[state.rows, state.market])
        room = held if side is Side.BUY else state.opened - held
        lots = np.minimum(room, np.maximum(1, state.opened * self.step_ppm // PPM))
        free = view.accounts.flags[state.rows] & FLAG_FROZEN == 0
        for i in np.flatnonzero(looks & free & (lots > 0)).tolist():
            intents.append(
                account=int(state.rows[i]),
                market=state.market,
                side=side,
                kind=OrderKind.LIMIT,
                lots=int(lots[i]),
                price=limit,
                tif=TimeInForce.IOC,
                flags=OrderFlag.REDUCE_ONLY if side is Side.BUY else 0,
                arrival=int(state.keys[i]),
            )

    def wanted_side(self, index: int, best_bid: int, best_ask: int) -> tuple[Side | None, int]:
        """Return the side to trade now and the worst price, ticks; no side while the basis is within both bounds."""
        dearest = index * (PPM - self.unwind_ppm) // PPM
        cheapest = -(-index * (PPM + self.rebuild_ppm) // PPM)
        if 0 < best_ask <= dearest:
            return Side.BUY, dearest
        if best_bid >= cheapest:
            return Side.SELL, cheapest
        return None, 0
