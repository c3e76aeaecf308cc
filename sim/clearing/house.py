"""The clearing house: admits liquidations, plans their orders, settles what they leave, and unwinds ENGINE's inventory.

It keeps what clearing remembers from cycle to cycle (waiting rows, throttle, unwind clocks) and calls the rules in
order. `engine/clearing.py` calls it; rows are int64 ids:

     8. margin     due = house.admit(rows, now_ms=...)          latency, cooldown, throttle; riskiest first
    10. liquidate  n, due = house.plan(due, intents)            retests, writes records and IOC orders
                   left = house.settle(due, intents[:n])         after matching: penalty, surplus, debts; what remains
    11. waterfall  outcome = house.run_waterfall(left)          the layers in order, see `waterfall.py`
                   house.finish(due)                            unfreezes
    12. unwind     n = house.plan_unwind(intents, now_ms=...)
                   house.settle_engines()                       after matching: draws and sweeps
    15. record     house.records, then house.clear_records()    counters: since the start of the run
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from ..kernels.exchange import Exchange
from ..layout import FLAG_FROZEN, RecordArrays, Records, WaitingArrays
from .desk import Desk, Outcome
from .fund import FundPolicy, settle_engines
from .liquidation import PRIORITIES, LiquidationBase
from .liquidation.orders import plan_liquidations, risk_keys
from .settlement import settle
from .unwind import UnwindArrays, plan_unwind
from .waterfall import WaterfallLayer, run_waterfall

I64 = npt.NDArray[np.int64]


class Throttle:
    """Admits `per_second` items per second of simulated time, with bursts of at most one second's worth."""

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


class ClearingHouse:
    """Liquidation, waterfall and unwind over the arrays of an exchange.

    fund_of_market[m] is the index in `funds` of market m's scope.  caps, shares: lowered by the caller's `scale`.
    spill: empties the transfer log (sets the header's n_transfers to 0); called when closes or payments need the room.
    names: of the markets, by which ADL orders them; without names their numbers do.
    random_key: key of the `random` priority. Reserved rows are read from markets.params (fund_row, engine_row).
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        liquidation: LiquidationBase,
        funds: Sequence[FundPolicy],
        fund_of_market: Sequence[int],
        waterfall: Sequence[WaterfallLayer],
        quantum: Decimal,
        spill: Callable[[], None],
        names: Sequence[str] = (),
        scale: Decimal = Decimal(1),
        random_key: int = 0,
    ) -> None:
        self.exchange = exchange
        self.accounts, self.markets, self.log = exchange.accounts, exchange.markets, exchange.log
        self.policy = liquidation
        self._plan = liquidation.lower(quantum)
        self._random_key = random_key
        scopes = [funds[i] for i in fund_of_market]
        self._shares = np.array([fund.fee_share_ppm for fund in scopes], np.int64)
        self._unwind = UnwindArrays(
            fraction_ppm=np.array([fund.unwind.fraction_ppm for fund in scopes], np.int64),
            band_ppm=np.array([fund.unwind.band_ppm for fund in scopes], np.int64),
            interval_ms=np.array([fund.unwind.interval_ms for fund in scopes], np.int64),
            last_ms=np.full(len(scopes), -(2**62), np.int64),
        )
        caps = np.array([fund.inventory_cap_quanta(quantum, scale) for fund in scopes], np.int64)
        self._throttle = Throttle(liquidation.per_second)
        self.layers = [layer.ready() for layer in waterfall]
        self.may_draw = any(layer.kind == "insurance_fund" for layer in waterfall)
        self.desk = Desk(exchange, caps=caps, quantum=quantum, may_draw=self.may_draw, spill=spill, names=names)
        self.backlog: I64 = np.zeros(0, np.int64)

    # -- step 8: who is liquidated now -------------------------------------------------------------------------------

    def admit(self, rows: I64, *, now_ms: int) -> I64:
        """Return the distressed `rows` whose liquidation starts now, in order of liquidation.

        The rest is `backlog`.
        """
        if len(rows) == 0:
            self._note_backlog(rows)
            return rows
        rows = np.asarray(rows, np.int64)
        cycle = int(self.log.header["cycle"][0])
        waiting = self.waiting
        new = rows[waiting.seen_cycle[rows] < cycle - 1]
        self._forget_limits(new, cycle)
        waiting.seen_ms[new] = now_ms
        waiting.attempts[new] = 0
        waiting.seen_cycle[rows] = cycle
        rows = self._without_known_bad_debt(rows)
        ready = now_ms - waiting.seen_ms[rows] >= self.policy.latency_ms
        if self.policy.cooldown > 0:
            ready &= (now_ms - waiting.attempt_ms[rows] >= self.policy.cooldown) | self._below_zero(rows)
        due = self._in_order(rows[ready])
        passed = self._throttle.take(len(due), now_ms)
        self.hold_back(np.concatenate([rows[~ready], due[passed:]]))
        return due[:passed]

    def hold_back(self, rows: I64) -> None:
        """Let `rows` wait for a limit (latency, cooldown, liquidations per second, rounds): they are the backlog."""
        self.desk.limits.held_cycle[rows] = int(self.log.header["cycle"][0])
        self._note_backlog(rows)

    def _forget_limits(self, new: I64, cycle: int) -> None:
        """Rows whose distress is new have waited for no limit, unless one held them back in the cycle before."""
        held = self.desk.limits.held_cycle
        held[new[held[new] < cycle - 1]] = -1

    def _in_order(self, rows: I64) -> I64:
        keys = np.empty(len(rows), np.float64)
        priority = PRIORITIES.index(self.policy.priority)
        key = self._random_key + int(self.log.header["cycle"][0])
        risk_keys(self.accounts, self.markets, rows, priority, key, keys)
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
        fund_cash = self.accounts.quote[self.markets.params["fund_row"]]
        can_be_paid = ((debt > 0) & (fund_cash > 0)).any(axis=1) & self.may_draw
        total = debt.sum(axis=1)
        stands: npt.NDArray[np.bool_] = (total > 0) & (self.accounts.quote[rows] == -total) & ~can_be_paid
        others: I64 = rows[~stands]
        return others

    def _note_backlog(self, rows: I64) -> None:
        self.backlog = rows

    # -- steps 9, 10: orders into the book, then what they left --------------------------------------------------------

    def plan(self, rows: I64, intents: Records) -> tuple[int, I64]:
        """Write liquidation orders to `intents`; return (how many, the rows that are still distressed).

        `intents` needs room for one order per position of `rows`: at most len(rows) x markets.
        """
        n_markets = self.accounts.lots.shape[1]
        self.desk.ensure_records(liquidations=len(rows) * n_markets)
        rows = rows.copy()
        count, kept = plan_liquidations(self.exchange, rows, self._plan, intents)
        return int(count), rows[:kept]

    def settle(self, rows: I64, intents: Records) -> I64:
        """Charge penalties on what was filled, settle flat rows, and return the rows that go to the waterfall."""
        policy = self.policy
        return settle(
            self.desk, rows, intents,
            fund_share_ppm=self._shares, surplus=policy.surplus, may_wait=policy.cooldown > 0,
        )  # fmt: skip

    # -- steps 11, 12 --------------------------------------------------------------------------------------------------

    def run_waterfall(self, rows: I64) -> Outcome:
        """Run the configured layers, in order, over what the book left.

        Call it even if `rows` is empty, provided that ENGINE holds inventory.
        """
        outcome = run_waterfall(self.desk, self.layers, rows)
        if len(outcome.left):
            self._note_backlog(np.concatenate([self.backlog, outcome.left]))
        return outcome

    def finish(self, rows: I64) -> None:
        """Let the rows of this cycle's liquidations trade again."""
        self.accounts.flags[rows] &= ~np.uint8(FLAG_FROZEN)

    def plan_unwind(self, intents: Records, *, now_ms: int) -> int:
        """Write ENGINE's orders that are due to `intents` (room for one per market); return how many.

        Call it only while `holds_inventory`.
        """
        return int(plan_unwind(self.exchange, self._unwind, now_ms, intents))

    def holds_inventory(self) -> bool:
        """True if an ENGINE holds contracts."""
        return self.desk.holds_inventory()

    def settle_engines(self) -> None:
        """FUND pays ENGINE's negative equity (if the waterfall has that layer); gains of a flat ENGINE go to FUND."""
        settle_engines(self.desk)

    # -- records -------------------------------------------------------------------------------------------------------

    @property
    def records(self) -> RecordArrays:
        """The records of clearing."""
        return self.exchange.records

    @property
    def waiting(self) -> WaitingArrays:
        """The state that liquidation keeps for each row between cycles."""
        return self.exchange.waiting

    @property
    def n_liquidations(self) -> int:
        """Rows filled in records.liquidations."""
        return self.desk.n_liquidations

    @property
    def n_matches(self) -> int:
        """Rows filled in records.matches and records.scores."""
        return self.desk.n_matches

    def clear_records(self) -> None:
        """Clear the rows that the recorder has taken; counters stay."""
        self.records.counts[:] = 0
