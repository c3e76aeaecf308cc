"""Levered traders: they hold their opening positions; some add margin when liquidation is near, some come back
after it.

Decides: each watching trader looks at its position every `attention_s` (not all the time, and at its own phase). If
the move of the mark that would liquidate it is smaller than `topup_below_ppm`, it adds what restores `topup_to_ppm`:
first from its wallet (isolated positions), then from outside within its budget, which arrives after a delay. A
liquidated trader may come back once, after a delay, with outside money, on the same side. Some close with a gain
(`profits.py`). Stop-losses are in the book of stops from the opening and need no decision here. Leaves to others:
all other changes of a position. Sources: shares and budgets are assumptions to sweep; that liquidated
traders return at all: Soska et al. (2021) see most accounts trade on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ...layout import OUTSIDE, WATCH_PARAMS_DTYPE, Reason
from ...policy import NonNegativeInt, PositiveDecimal, PositiveInt, SharePpm
from ..distributions import PpmRange
from ..view import ARRIVAL_SLOTS, CashMove, Intents, MarketView
from .base import BehaviourPolicy, CohortContext
from .profits import ProfitTakers


@dataclass
class LeveredState:
    """The watching traders."""

    arrays: Any  # WatchArrays
    started: bool
    kernel: Callable[..., Any] | None
    profits: ProfitTakers | None = None


class Levered(BehaviourPolicy):
    """Holders of levered positions, with optional top-ups and comebacks."""

    kind: Literal["levered"] = "levered"
    ordinary: ClassVar[bool] = True

    topup_accounts_ppm: SharePpm = Field(default=0, description="share of the traders that add margin when it runs low")
    topup_below_ppm: PositiveInt = Field(
        default=20_000, description="they add margin when a smaller move than this would liquidate them"
    )
    topup_to_ppm: PositiveInt = Field(default=50_000, description="distance to liquidation that a top-up restores")
    outside_budget_ppm: NonNegativeInt = Field(
        default=0,
        description="money a watching trader can bring from outside, as a share of its opening equity in the position",
    )
    transfer_delay_ms: NonNegativeInt = Field(default=60_000, description="money from outside arrives after this time")
    attention_s: PositiveDecimal = Field(
        default=Decimal(30), description="time between two looks of a watching trader, seconds"
    )
    profit_accounts_ppm: SharePpm = Field(
        default=0, description="share of the traders that close with a gain when the mark has moved far enough"
    )
    profit_distance: PpmRange = Field(
        default=PpmRange(low_ppm=20_000, high_ppm=100_000),
        description="distance of the target from the opening mark, on the gaining side",
    )
    comeback_accounts_ppm: SharePpm = Field(
        default=0, description="share of the traders that open again once after liquidation"
    )
    comeback_delay_s: PositiveInt = Field(
        default=300, description="time from seeing the liquidation to the new order, seconds"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.topup_to_ppm <= self.topup_below_ppm:
            raise ValueError(
                f"topup_to_ppm must exceed topup_below_ppm ({self.topup_to_ppm} <= {self.topup_below_ppm})"
            )
        if self.comeback_accounts_ppm and not self.outside_budget_ppm:
            raise ValueError(
                "comeback_accounts_ppm needs outside_budget_ppm: a liquidated trader has no money left on the venue"
            )
        return self

    def initial_state(self, context: CohortContext) -> LeveredState:
        """Return the state: the watching traders, in the order of rows. Positions are read at the first wake."""
        from ...kernels.agents.attention import WatchArrays, watch_positions
        from ...layout import COMES_BACK, TOPS_UP, WATCH_DTYPE

        n, n_markets = context.home.shape
        watching = np.asarray(context.rng.random(n) < self.topup_accounts_ppm / 1e6)
        returning = np.asarray(context.rng.random(n) < self.comeback_accounts_ppm / 1e6)
        member = np.flatnonzero(watching | returning)
        market = np.tile(np.arange(n_markets), len(member))
        who = np.repeat(member, n_markets)
        rows = np.column_stack([context.home[who, market], context.rows[who], market]).astype(np.int64)
        memory = np.zeros(len(rows), WATCH_DTYPE)
        memory["will"] = COMES_BACK * returning[who] + TOPS_UP * watching[who]
        kernel: Callable[..., Any] | None = watch_positions if len(rows) else None
        params = (
            self.topup_below_ppm / 1e6,
            self.topup_to_ppm / 1e6,
            self.outside_budget_ppm / 1e6,
            float(self.transfer_delay_ms),
            float(self.attention_s) * 1000.0,
            self.comeback_delay_s * 1000.0,
        )
        arrays = WatchArrays(
            watched=rows,
            memory=memory,
            clock=np.zeros(2),
            params=np.array([params], WATCH_PARAMS_DTYPE),
            moves=np.zeros((2 * len(rows), 4), np.int64),
        )
        profits = self._profit_takers(context) if self.profit_accounts_ppm else None
        return LeveredState(arrays, False, kernel, profits)

    def _profit_takers(self, context: CohortContext) -> ProfitTakers:
        """Draw the traders that take profits and their targets; last, so that no other draw depends on it."""
        who = np.flatnonzero(context.rng.random(len(context.rows)) < self.profit_accounts_ppm / 1e6)
        distances = self.profit_distance.quantile(context.rng.random(len(who)))
        keys = context.rng.integers(0, ARRIVAL_SLOTS, len(who))
        return ProfitTakers(context.home[who].astype(np.int64), distances, keys)

    def decide(self, state: LeveredState, view: MarketView, intents: Intents) -> None:
        """Append the top-ups (cash moves) and comebacks (market orders) of the traders that looked since the last
        wake."""
        if state.profits is not None:
            state.profits.decide(view, intents)
        if state.kernel is None:
            return
        if not state.started:
            self._read_opening(state, view)
        intents.reserve(len(state.arrays.watched))
        rows = intents.rows[intents.count :]
        written, moved = state.kernel(state.arrays, view.exchange, view.time_ms, rows)
        intents.count += written
        for payer, payee, quanta, due_ms in state.arrays.moves[:moved].tolist() if moved else ():
            reason = Reason.DEPOSIT if payer == OUTSIDE else Reason.MARGIN_MOVE
            intents.moves.append(CashMove(due_ms, payer, payee, quanta, reason))

    def _read_opening(self, state: LeveredState, view: MarketView) -> None:
        """Keep one watch per row that holds a position; budgets are a share of the row's equity."""
        accounts, markets = view.accounts, view.markets
        rows, memory = state.arrays.watched, state.arrays.memory
        held = accounts.lots[rows[:, 0], rows[:, 2]]
        holding = np.flatnonzero(held != 0)
        _, first = np.unique(rows[holding, 0], return_index=True)
        keep = holding[first]  # in the order of rows, which is random in size and near in memory
        rows, memory = np.ascontiguousarray(rows[keep]), np.ascontiguousarray(memory[keep])
        row = rows[:, 0]
        equity = accounts.quote[row] + accounts.lots[row] @ (view.mark * markets.params["tick_value"])
        memory["budget"] = np.maximum(0.0, np.floor(equity * state.arrays.params["budget"][0])).astype(np.int64)
        memory["side"] = np.sign(held[keep])
        state.arrays.replace(watched=rows, memory=memory)
        state.started = True
