"""Small worlds for clearing tests: traders, a house, and a book that fills what the test says."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from clearsim.clearing.desk import Outcome
from clearsim.clearing.fund import FundPolicy
from clearsim.clearing.house import ClearingHouse
from clearsim.clearing.liquidation import FullLiquidation, LiquidationBase
from clearsim.clearing.waterfall import WaterfallLayer
from clearsim.kernels.exchange import make_exchange
from clearsim.kernels.ledger.transfer import post_transfer
from clearsim.layout import INTENT_DTYPE, OUTSIDE, AccountMode, Reason, Side
from clearsim.ledger.accounts import Rows, make_accounts

from tests.worlds.margin import make_log, make_markets


class ClearingWorld:
    """One tick on one lot is one quantum unless said. `t(i)` is the row of trader i; all markets are in scope 0."""

    def __init__(
        self,
        waterfall: Sequence[WaterfallLayer],
        *,
        marks: Sequence[int] = (100,),
        tick_values: Sequence[int] | None = None,
        tiers: Sequence[Sequence[int]] = ((0, 5_000, 0, 10_000),),
        traders: int = 8,
        liquidation: LiquidationBase | None = None,
        fee_ppm: int = 0,
        fee_share_ppm: int = 0,
        cap: int | None = None,
        scope_of: Sequence[int] | None = None,
        log_capacity: int = 1000,
        at_or_below: bool = False,
        names: Sequence[str] = (),
    ) -> None:
        n_markets = len(marks)
        self.scope_of = list(scope_of or [0] * n_markets)
        scopes = [f"scope{i}" for i in range(max(self.scope_of) + 1)]
        self.rows = Rows(tuple(scopes))
        self.accounts = make_accounts(n_rows=self.rows.first_trader + traders, n_markets=n_markets, scopes=scopes)
        self.markets = make_markets(
            marks=marks, tick_values=tick_values or [1] * n_markets, tiers=[tiers] * n_markets, at_or_below=at_or_below
        )
        for market, scope in enumerate(self.scope_of):
            self.markets.params["fund_row"][market] = self.rows.fund(scope)
            self.markets.params["engine_row"][market] = self.rows.engine(scope)
        self.markets.params["liquidation_fee_ppm"] = fee_ppm
        self.log = make_log(capacity=log_capacity)
        self.log.header["stamp"][0] = 1
        self.spilled: list[np.ndarray] = []
        fund = FundPolicy(
            name="f", markets=["m"], seed_quote=Decimal(0), fee_share_ppm=fee_share_ppm,
            inventory_cap_quote=None if cap is None else Decimal(cap),
        )  # fmt: skip
        self.exchange = make_exchange(self.accounts, self.markets, self.log)
        self.house = ClearingHouse(
            self.exchange, liquidation=liquidation or FullLiquidation(),
            funds=[fund] * len(scopes), fund_of_market=self.scope_of, waterfall=waterfall, quantum=Decimal(1),
            spill=self.spill, names=names,
        )  # fmt: skip
        self.intents = np.zeros(len(self.accounts.quote) * n_markets, INTENT_DTYPE)
        self.n_intents = 0

    def spill(self) -> None:
        self.spilled.append(self.log.transfers[: self.log.header["n_transfers"][0]].copy())
        self.log.header["n_transfers"][0] = 0
        self.log.header["n_touched"][0] = 0
        self.log.header["stamp"][0] += 1

    # -- set the scene -------------------------------------------------------------------------------------------------

    def t(self, i: int) -> int:
        return self.rows.first_trader + i

    @property
    def fund(self) -> int:
        return self.rows.fund(0)

    @property
    def engine(self) -> int:
        return self.rows.engine(0)

    def transfer(self, payer: int, payee: int, quote: int, lots: int, market: int, reason: Reason) -> None:
        if self.log.header["n_transfers"][0] == len(self.log.transfers):
            self.spill()
        post_transfer(self.exchange, payer, payee, quote, lots, market, int(reason), 0)

    def deposit(self, row: int, quote: int) -> None:
        self.transfer(OUTSIDE, row, quote, 0, 0, Reason.DEPOSIT)

    def open(self, row: int, lots: int, price: int, *, market: int = 0) -> None:
        value = lots * price * int(self.markets.params["tick_value"][market])
        self.transfer(row, OUTSIDE, value, lots, market, Reason.OPENING)

    def trader(self, i: int, *, money: int, lots: int = 0, price: int = 0, market: int = 0) -> int:
        self.deposit(self.t(i), money)
        if lots:
            self.open(self.t(i), lots, price, market=market)
        return self.t(i)

    def isolate(self, i: int, *, owner: int, market: int = 0) -> int:
        self.accounts.mode[self.t(i)] = AccountMode.ISOLATED
        self.accounts.wallet[self.t(i)] = owner
        self.accounts.market[self.t(i)] = market
        return self.t(i)

    # -- play ----------------------------------------------------------------------------------------------------------

    def at(self, now_ms: int) -> None:
        self.log.header["time_ms"][0] = now_ms
        self.log.header["cycle"][0] += 1

    def plan(self, *rows: int) -> np.ndarray:
        """Admit and plan; returns the orders."""
        due = self.house.admit(np.array(rows, np.int64), now_ms=int(self.log.header["time_ms"][0]))
        self.n_intents, self.due = self.house.plan(due, self.intents)
        return self.intents[: self.n_intents]

    def fill(self, index: int, *, lots: int, price: int, against: int) -> None:
        """The book fills `lots` of order `index` at `price` against a row."""
        row, market = int(self.intents["account"][index]), int(self.intents["market"][index])
        assert lots <= self.intents["lots"][index]
        signed = -lots if self.intents["side"][index] == Side.SELL else lots
        value = signed * price * int(self.markets.params["tick_value"][market])
        self.transfer(row, against, value, signed, market, Reason.LIQUIDATION)
        self.intents["filled"][index] += lots
        self.intents["value"][index] += abs(value)

    def finish(self) -> Outcome:
        """Settle and run the waterfall."""
        left = self.house.settle(self.due, self.intents[: self.n_intents])
        outcome = self.house.run_waterfall(left)
        self.house.finish(self.due)
        return outcome

    def clear(self, *rows: int) -> Outcome:
        """One round of clearing in which the book fills nothing."""
        self.plan(*rows)
        return self.finish()

    # -- look ----------------------------------------------------------------------------------------------------------

    def money(self, row: int) -> int:
        return int(self.accounts.quote[row])

    def lots(self, row: int, market: int = 0) -> int:
        return int(self.accounts.lots[row, market])

    def equity(self, row: int) -> int:
        value = self.markets.mark * self.markets.params["tick_value"]
        return int(self.accounts.quote[row] + self.accounts.lots[row] @ value)

    def liquidations(self, field: str) -> list[int]:
        return self.house.records.liquidations[field][: self.house.n_liquidations].tolist()

    def matches(self, field: str) -> list[int]:
        return self.house.records.matches[field][: self.house.n_matches].tolist()

    def counter(self, field: str) -> int:
        return int(self.house.records.counters[field].sum())

    def assert_conserved(self) -> None:
        assert self.accounts.quote.sum() == 0
        assert not self.accounts.lots.sum(axis=0).any()
        for scope in range(len(self.rows.scopes)):
            assert self.accounts.quote[self.rows.fund(scope)] >= 0
