"""The clearing house: runs steps 8-12 of the cycle on the arrays, in the order written in `waterfall.py`.

It decides nothing of its own: policies say what, kernels do it. It owns what clearing remembers (waiting rows,
throttle, unwind clocks), the records, and scratch memory. `engine/` calls it; policies never import it.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import InvariantError
from ..kernels.clearing import liquidation as liq
from ..kernels.clearing import waterfall as wf
from ..kernels.clearing.unwind import plan_unwind
from ..layout import AccountArrays, LogArrays, MarketArrays, RecordArrays, Records, make_records, make_waiting
from .fund import FundPolicy
from .layers import Layers, WaterfallOutcome
from .liquidation import PRIORITIES, LiquidationBase
from .waterfall import WaterfallLayer

I64 = npt.NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)


class Throttle:
    """Lets `per_second` things through per second of simulated time, with bursts of at most one second's worth."""

    def __init__(self, per_second: int | None) -> None:
        self._per_second = per_second
        self._milli = 1000 * (per_second or 0)
        self._last_ms = 0

    def take(self, wanted: int, now_ms: int) -> int:
        """Return how many of `wanted` may pass now."""
        if self._per_second is None:
            return wanted
        gained = (now_ms - self._last_ms) * self._per_second
        self._milli = min(1000 * self._per_second, self._milli + gained)
        self._last_ms = now_ms
        passed = min(wanted, self._milli // 1000)
        self._milli -= 1000 * passed
        return passed


def grow(array: npt.NDArray[Scalar], rows: int) -> npt.NDArray[Scalar]:
    """Return `array` with at least `rows` rows, contents kept."""
    if len(array) >= rows:
        return array
    bigger = np.zeros((max(rows, 2 * len(array)), *array.shape[1:]), array.dtype)
    bigger[: len(array)] = array
    return bigger


class ClearingHouse:
    """Liquidation, waterfall and unwind over the arrays of World.

    fund_of_market[m] is the index in `funds` of market m's scope.  caps, shares: lowered by the caller's `scale`.
    spill: empties the transfer log (sets header[H_N_TRANSFERS] to 0); called when a kernel runs out of room.
    random_key: key of the `random` priority. Reserved rows P_FUND_ROW / P_ENGINE_ROW are read from markets.params.
    """

    def __init__(
        self,
        accounts: AccountArrays,
        markets: MarketArrays,
        log: LogArrays,
        *,
        liquidation: LiquidationBase,
        funds: Sequence[FundPolicy],
        fund_of_market: Sequence[int],
        waterfall: Sequence[WaterfallLayer],
        quantum: Decimal,
        spill: Callable[[], None],
        scale: Decimal = Decimal(1),
        random_key: int = 0,
    ) -> None:
        self.accounts, self.markets, self.log = accounts, markets, log
        self.policy = liquidation
        self._plan = liquidation.lower(quantum)
        self._spill = spill
        self._random_key = random_key
        n_rows, n_markets = accounts.lots.shape
        scopes = [funds[i] for i in fund_of_market]
        self._shares = np.array([fund.fee_share_ppm for fund in scopes], np.int64)
        self._unwind_ppm = np.array([fund.unwind.fraction_ppm for fund in scopes], np.int64)
        self._unwind_band = np.array([fund.unwind.band_ppm for fund in scopes], np.int64)
        self._unwind_every = np.array([fund.unwind.interval_ms for fund in scopes], np.int64)
        self._unwound_ms = np.full(n_markets, -(2**62), np.int64)
        caps = np.array([fund.inventory_cap_quanta(quantum, scale) for fund in scopes], np.int64)
        self.records: RecordArrays = make_records(n_rows=n_rows, n_markets=n_markets)
        self.waiting = make_waiting(n_rows)
        self._throttle = Throttle(liquidation.per_second)
        self.work = np.zeros((4, max(n_markets, 2)), np.int64)
        engines, first = np.unique(markets.params["engine_row"], return_index=True)
        self._engines = list(zip(engines.tolist(), first.tolist(), strict=True))  # rows, and a market of their scope
        self._layers = Layers(self, waterfall, caps=caps, quantum=quantum)
        self.may_draw = any(layer.kind == "insurance_fund" for layer in waterfall)
        self.backlog: I64 = np.zeros(0, np.int64)
        self.backlog_peak = 0

    # -- step 8: who is liquidated now -------------------------------------------------------------------------------

    def admit(self, rows: I64, *, now_ms: int) -> I64:
        """Return those of the distressed `rows` whose liquidation starts now, first one first.

        The rest is `backlog`.
        """
        if len(rows) == 0:
            self._note_backlog(rows)
            return rows
        rows = self._without_known_bad_debt(np.asarray(rows, np.int64))
        cycle = int(self.log.header["cycle"][0])
        waiting = self.waiting
        new = rows[waiting.seen_cycle[rows] < cycle - 1]
        waiting.seen_ms[new] = now_ms
        waiting.attempts[new] = 0
        waiting.seen_cycle[rows] = cycle
        ready = now_ms - waiting.seen_ms[rows] >= self.policy.latency_ms
        if self.policy.cooldown > 0:
            ready &= (now_ms - waiting.attempt_ms[rows] >= self.policy.cooldown) | self._below_zero(rows)
        due = self._in_order(rows[ready])
        passed = self._throttle.take(len(due), now_ms)
        self._note_backlog(np.concatenate([rows[~ready], due[passed:]]))
        return due[:passed]

    def _in_order(self, rows: I64) -> I64:
        keys = np.empty(len(rows), np.float64)
        priority = PRIORITIES.index(self.policy.priority)
        liq.risk_keys(
            self.accounts,
            self.markets,
            rows,
            len(rows),
            priority,
            self._random_key + int(self.log.header["cycle"][0]),
            keys,
        )
        ordered: I64 = rows[np.lexsort((rows, keys))]
        return ordered

    def _below_zero(self, rows: I64) -> npt.NDArray[np.bool_]:
        value = self.markets.mark * self.markets.params["tick_value"]
        below: npt.NDArray[np.bool_] = self.accounts.quote[rows] + self.accounts.lots[rows] @ value < 0
        return below

    def _without_known_bad_debt(self, rows: I64) -> I64:
        debt = self.waiting.bad_debt[rows]
        if not debt.any():
            return rows
        market = np.maximum(np.maximum(self.waiting.last_market[rows], self.accounts.market[rows]), 0)
        fund_cash = self.accounts.quote[self.markets.params["fund_row"][market]]
        stands: npt.NDArray[np.bool_] = (
            (debt > 0) & (self.accounts.quote[rows] == -debt) & ~((fund_cash > 0) & self.may_draw)
        )
        others: I64 = rows[~stands]
        return others

    def _note_backlog(self, rows: I64) -> None:
        self.backlog = rows
        self.backlog_peak = max(self.backlog_peak, len(rows))

    # -- steps 9, 10: orders into the book, then what they left --------------------------------------------------------

    def plan(self, rows: I64, intents: Records) -> tuple[int, I64]:
        """Write liquidation orders to `intents`; return (how many, the rows that are still distressed).

        `intents` needs room for one order per position of `rows`: at most len(rows) x markets.
        """
        n_markets = self.accounts.lots.shape[1]
        self.ensure_records(liquidations=len(rows) * n_markets)
        rows = rows.copy()
        count, kept = liq.plan_liquidations(
            self.accounts,
            self.markets,
            self.log.header,
            rows,
            len(rows),
            self._plan,
            self.waiting,
            self.records,
            intents,
        )
        return int(count), rows[:kept]

    def settle(self, rows: I64, intents: Records, n_intents: int) -> I64:
        """Charge penalties on what was filled, settle flat rows, and return the rows that go on to the waterfall."""
        start = 0
        while start < n_intents:
            start = self.spill_if_short(
                start,
                liq.charge_liquidation_fees(
                    self.accounts, self.markets, self.log, intents, start, n_intents, self._shares, self.records
                ),
                n_intents,
            )
        out = np.empty(len(rows), np.int64)
        start, n_out = 0, 0
        while start < len(rows):
            reached, n_out = wf.settle_flat(
                self.accounts, self.markets, self.log, rows, start, len(rows), int(self.policy.surplus == "fund"),
                int(self.policy.cooldown > 0), self.records, self.waiting, out, n_out, self.work,
            )  # fmt: skip
            start = self.spill_if_short(start, reached, len(rows))
        return out[:n_out]

    # -- steps 11, 12 --------------------------------------------------------------------------------------------------

    def run_waterfall(self, rows: I64) -> WaterfallOutcome:
        """Run the configured layers, in order, over what the book left.

        Call it even if `rows` is empty and ENGINE holds.
        """
        outcome = WaterfallOutcome()
        self._layers.run(rows, outcome)
        if len(outcome.left):
            self._note_backlog(np.concatenate([self.backlog, outcome.left]))
        return outcome

    def finish(self, rows: I64) -> None:
        """Let the rows of this cycle's liquidations trade again."""
        wf.release_frozen(self.accounts, rows, len(rows))

    def plan_unwind(self, intents: Records, *, now_ms: int) -> int:
        """Write ENGINE's orders that are due to `intents` (room for one per market); return how many.

        To be asked only while `holds_inventory`.
        """
        due = (now_ms - self._unwound_ms >= self._unwind_every).astype(np.int64)
        self._unwound_ms[due == 1] = now_ms
        return int(plan_unwind(self.accounts, self.markets, due, self._unwind_ppm, self._unwind_band, intents))

    def holds_inventory(self) -> bool:
        """True if an ENGINE holds contracts."""
        return any(any(self.accounts.lots[engine].tolist()) for engine, _ in self._engines)

    def engine_standing(self, engine: int) -> tuple[int, bool]:
        """Equity of an ENGINE at mark, quanta, and whether it holds contracts."""
        lots: list[int] = self.accounts.lots[engine].tolist()
        values = (self.markets.mark * self.markets.params["tick_value"]).tolist()
        worth = int(self.accounts.quote[engine]) + sum(held * unit for held, unit in zip(lots, values, strict=True))
        return worth, any(lots)

    def settle_engines(self) -> None:
        """FUND pays ENGINE's negative equity (if the waterfall has that layer); gains of a flat ENGINE go to FUND."""
        for engine, market in self._engines:
            worth, holds = self.engine_standing(engine)
            if worth < 0 or (worth > 0 and not holds):
                self.reserve_log(1)
                wf.settle_engine(self.accounts, self.markets, self.log, market, int(self.may_draw), self.records)

    # -- records and logs ----------------------------------------------------------------------------------------------

    @property
    def n_liquidations(self) -> int:
        """Rows filled in records.liquidations."""
        return int(self.records.counts["liquidations"][0])

    @property
    def n_matches(self) -> int:
        """Rows filled in records.matches and records.scores."""
        return int(self.records.counts["matches"][0])

    def clear_records(self) -> None:
        """Forget the rows that the recorder has taken; counters stay."""
        self.records.counts[:] = 0

    def ensure_records(self, *, liquidations: int = 0, matches: int = 0) -> None:
        """Make room for that many more rows."""
        records = self.records
        self.records = records._replace(
            liquidations=grow(records.liquidations, self.n_liquidations + liquidations),
            matches=grow(records.matches, self.n_matches + matches),
            scores=grow(records.scores, self.n_matches + matches),
        )

    def reserve_log(self, n_transfers: int) -> None:
        """Spill the transfer log unless `n_transfers` more fit."""
        if not wf.has_room(self.log, n_transfers):
            self._spill()

    def spill_if_short(self, before: int, reached: int, end: int) -> int:
        """Spill after a kernel stopped early; InvariantError if it cannot make progress even with an empty log."""
        if reached < end:
            self._spill()
            if reached == before and not wf.has_room(self.log, 2 * self.accounts.lots.shape[1] + 2):
                raise InvariantError("the transfer log is too small for one account's liquidation; enlarge it")
        return int(reached)
