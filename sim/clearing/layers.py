"""Runs the configured layers of the waterfall in order.

What each means is written in `waterfall.py` and the kernels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import InvariantError
from ..kernels.clearing import adl as adl_kernels
from ..kernels.clearing import liquidation_records as liq
from ..kernels.clearing import loss as loss_kernels
from ..kernels.clearing import waterfall as wf
from .adl import AdlLayer
from .adl_queue import AdlQueue
from .loss import SocialisedLossLayer
from .waterfall import InsuranceFundLayer, TakeoverLayer, WaterfallLayer

if TYPE_CHECKING:
    from .house import ClearingHouse

I64 = npt.NDArray[np.int64]
NO_LIMIT = 2**62


@dataclass
class WaterfallOutcome:
    """What a run of the waterfall did to resting orders, and what it left."""

    reduced: list[tuple[int, I64]] = field(
        default_factory=list
    )  # (market, rows whose orders there are to be cancelled)
    left: I64 = field(default_factory=lambda: np.zeros(0, np.int64))  # rows still distressed or below zero: the backlog


class Layers:
    """The layers over one clearing house, with their scratch memory."""

    def __init__(
        self, house: ClearingHouse, waterfall: Sequence[WaterfallLayer], *, caps: I64, quantum: Decimal
    ) -> None:
        self._house = house
        self._waterfall = list(waterfall)
        self._caps = caps
        self._quantum = quantum
        self._scratch = np.zeros((0, 0), np.int64)  # (5, A), allocated when first needed
        self._scores = np.zeros(0, np.float64)
        self._gains = np.zeros((0, 0), np.int64)  # (scopes, A)
        self._adl_cycle = -1
        self._adl_left = NO_LIMIT
        self._postponed = False
        params = house.markets.params
        _, first = np.unique(params["fund_row"], return_index=True)
        #: (fund row, engine row, first market) of each scope
        self.scopes = [(int(params["fund_row"][m]), int(params["engine_row"][m]), int(m)) for m in first]

    def run(self, rows: I64, outcome: WaterfallOutcome) -> None:
        """Run every layer over `rows` and ENGINE's inventory, and write down what is left."""
        house = self._house
        self._postponed = False
        if len(rows) == 0 and self._owes_nothing():
            if house.may_draw:
                house.settle_engines()
            return
        for layer in self._waterfall:
            match layer:
                case TakeoverLayer():
                    self._take_over(rows)
                case InsuranceFundLayer():
                    self._draw_fund()
                case AdlLayer():
                    self._deleverage_all(layer, rows, outcome)
                case SocialisedLossLayer():
                    self._socialise(layer, rows, outcome)
        if len(rows) == 0:
            return
        wf.record_bad_debt(house.records, house.waiting)
        outcome.left = self._still(rows, only_below_zero=False)

    def _owes_nothing(self) -> bool:
        """True if, apart from accounts, no layer but the fund has anything to do: every ENGINE is solvent with its
        FUND, and none is flat below zero. So it is in nearly every cycle in which inventory is only unwound."""
        house = self._house
        if house.n_liquidations:
            return False
        for fund, engine, _ in self.scopes:
            worth, holds = house.engine_standing(engine)
            if worth < 0 and (not holds or worth + int(house.accounts.quote[fund]) < 0):
                return False
        return True

    def _still(self, rows: I64, *, only_below_zero: bool) -> I64:
        house = self._house
        out = np.empty(len(rows), np.int64)
        count = liq.gather_distressed(house.accounts, house.markets, rows, len(rows), int(only_below_zero), out)
        return out[:count]

    def _need_scratch(self) -> I64:
        n_rows = len(self._house.accounts.quote)
        if self._scratch.shape[1] != n_rows:
            self._scratch = np.zeros((5, n_rows), np.int64)
            self._scores = np.zeros(n_rows, np.float64)
            self._gains = np.zeros((len(self.scopes), n_rows), np.int64)
        return self._scratch

    # -- takeover, fund ------------------------------------------------------------------------------------------------

    def _take_over(self, rows: I64) -> None:
        house, start = self._house, 0
        while start < len(rows):
            reached = wf.take_over(
                house.accounts, house.markets, house.log, rows, start, len(rows), self._caps, house.records
            )
            start = house.spill_if_short(start, reached, len(rows))

    def _draw_fund(self) -> None:
        house, start = self._house, 0
        while start < house.n_liquidations:
            reached = wf.draw_fund(house.accounts, house.markets, house.log, start, house.records)
            start = house.spill_if_short(start, reached, house.n_liquidations)
        house.settle_engines()

    # -- auto-deleveraging ---------------------------------------------------------------------------------------------

    def _deleverage_all(self, layer: AdlLayer, rows: I64, outcome: WaterfallOutcome) -> None:
        house = self._house
        if len(rows) == 0 and not house.holds_inventory():
            return
        cycle = int(house.log.header["cycle"][0])
        if cycle != self._adl_cycle:
            self._adl_cycle = cycle
            self._adl_left = layer.matches_per_cycle or NO_LIMIT
        for market in range(house.accounts.lots.shape[1]):
            for side in (1, -1):
                targets, need = self._targets(rows, market, side, only_bankrupt=layer.trigger == "bankrupt")
                if need > 0:
                    before = house.n_matches
                    self._deleverage(layer, market, side, targets, need)
                    counterparties = house.records.matches["counterparty"][before : house.n_matches]
                    if len(counterparties):
                        outcome.reduced.append((market, np.unique(counterparties)))

    def _insolvent_engine(self, market: int) -> int:
        """ENGINE's row of the market's scope if FUND cash + ENGINE equity is below zero, else -1."""
        house = self._house
        fund, engine = (int(house.markets.params[name][market]) for name in ("fund_row", "engine_row"))
        return engine if house.engine_standing(engine)[0] + int(house.accounts.quote[fund]) < 0 else -1

    def _targets(self, rows: I64, market: int, side: int, *, only_bankrupt: bool) -> tuple[I64, int]:
        """Rows to be closed on one side of a market, ENGINE first; and how many contracts they hold."""
        house = self._house
        out = np.empty(len(rows) + 1, np.int64)
        engine = self._insolvent_engine(market)
        first = 0
        need = 0
        if engine >= 0 and house.accounts.lots[engine, market] * side > 0:
            out[0] = engine
            first = 1
            need = abs(int(house.accounts.lots[engine, market]))
        count, lots = adl_kernels.gather_targets(
            house.accounts, house.markets, rows, len(rows), market, side, int(only_bankrupt), out[first:]
        )
        return out[: first + count], need + int(lots)

    def _deleverage(self, layer: AdlLayer, market: int, side: int, targets: I64, need: int) -> None:
        house = self._house
        scratch = self._need_scratch()
        queue = AdlQueue(
            house.accounts, house.markets, market=market, side=-side, ranking=layer.ranking.lower(self._quantum),
            need=need, scores=self._scores,
        )  # fmt: skip
        work = np.zeros(adl_kernels.WORK_WIDTH, np.int64)
        work[adl_kernels.W_LEFT] = self._adl_left
        while True:
            status = adl_kernels.deleverage(
                house.accounts, house.markets, house.log, market, targets, len(targets), queue.ids, len(queue.ids),
                int(queue.complete), self._scores, work, scratch, house.records,
            )  # fmt: skip
            if status == adl_kernels.ADL_EXTEND:
                queue.extend()
            elif status == adl_kernels.ADL_ROOM:
                house.ensure_records(matches=int(work[adl_kernels.W_NEEDED]))
                house.reserve_log(int(work[adl_kernels.W_NEEDED]))
            else:
                self._postponed |= status == adl_kernels.ADL_LIMIT
                break
        self._adl_left = int(work[adl_kernels.W_LEFT])

    # -- socialised loss -----------------------------------------------------------------------------------------------

    def _socialise(self, layer: SocialisedLossLayer, rows: I64, outcome: WaterfallOutcome) -> None:
        house = self._house
        standing = self._still(rows, only_below_zero=True) if len(rows) and not self._postponed else rows[:0]
        insolvent = [scope for scope in self.scopes if self._insolvent_engine(scope[2]) >= 0]
        if len(standing) == 0 and not insolvent and not any(self._owed(scope) for scope in self.scopes):
            return
        self._need_scratch()
        if layer.basis_code == loss_kernels.BASIS_UNREALISED:
            for gains, (fund, _, _) in zip(self._gains, self.scopes, strict=True):
                loss_kernels.measure_gains(house.accounts, house.markets, fund, layer.basis_code, gains)
        if not self._postponed:
            self._tear_up_all(standing, outcome)
        wf.note_new_debts(house.accounts, house.records, house.waiting, rows, len(rows), house.work)
        if house.may_draw:
            self._draw_fund()
        for gains, scope in zip(self._gains, self.scopes, strict=True):
            if layer.basis_code == loss_kernels.BASIS_EQUITY_CHANGE:
                loss_kernels.measure_gains(house.accounts, house.markets, scope[0], layer.basis_code, gains)
            self._collect(gains, scope)

    def _owed(self, scope: tuple[int, int, int]) -> int:
        house = self._house
        return int(loss_kernels.owed_in_scope(house.accounts, house.markets, scope[0], scope[1], house.records))

    def _tear_up_all(self, standing: I64, outcome: WaterfallOutcome) -> None:
        house = self._house
        for market in range(house.accounts.lots.shape[1]):
            for side in (1, -1):
                targets, need = self._targets(standing, market, side, only_bankrupt=True)
                if need > 0:
                    holders = self._tear_up(market, side, targets, need)
                    outcome.reduced.append((market, holders))

    def _tear_up(self, market: int, side: int, targets: I64, need: int) -> I64:
        house = self._house
        holders, weights, parts, spare = self._scratch[:4]
        n = loss_kernels.share_tear_up(house.accounts, market, side, need, holders, weights, parts, spare)
        place = np.zeros(2, np.int64)
        while not loss_kernels.tear_up(
            house.accounts, house.markets, house.log, market, targets, len(targets), holders, parts, n, place,
            house.records,
        ):  # fmt: skip
            house.reserve_log(1)
        if place[0] < len(targets):
            raise InvariantError(
                f"tear-up in market {market} left {len(targets) - place[0]} positions: lots do not sum to 0"
            )
        torn: I64 = holders[:n].copy()
        return torn

    def _collect(self, gains: I64, scope: tuple[int, int, int]) -> None:
        """Winners pay what the scope owes, up to their gains; ENGINE's own debt comes last."""
        house, (fund, engine, market) = self._house, scope
        owed = self._owed(scope)
        amount = min(owed, int(gains.sum()))
        if amount == 0:
            return
        own = max(0, -int(house.accounts.quote[engine])) if not house.accounts.lots[engine].any() else 0
        payers, weights, parts, spare = self._scratch[:4]
        n = loss_kernels.share_loss(amount, gains, int(gains.sum()), payers, weights, parts, spare)
        start = 0
        while start < n:
            reached = loss_kernels.collect_loss(
                house.accounts, house.markets, house.log, market, payers, parts, start, n, house.records
            )
            start = house.spill_if_short(start, reached, n)
        pot, start = min(amount, owed - own), 0
        while start < house.n_liquidations:
            reached, pot = loss_kernels.distribute_loss(
                house.accounts, house.markets, house.log, fund, pot, start, house.records
            )
            start = house.spill_if_short(start, reached, house.n_liquidations)
