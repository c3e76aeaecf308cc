"""Compile the kernels of clearing: `python -m clearsim.engine.warm`, which the first start runs in a second process.

It takes a toy exchange of one bankrupt trader and one winner through a round of clearing. Compiled code goes to the
cache; no result depends on it.
"""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

import numpy as np

from ..clearing.adl.layer import AdlLayer
from ..clearing.adl.queue import note_places
from ..clearing.adl.ranking import ProfitLeverageRanking
from ..clearing.fund import FundPolicy, InsuranceFundLayer
from ..clearing.house import ClearingHouse
from ..clearing.liquidation import FullLiquidation
from ..clearing.loss import SocialisedLossLayer
from ..clearing.takeover import TakeoverLayer
from ..clearing.waterfall import WaterfallLayer
from ..kernels.book.matching import cancel_account_orders
from ..kernels.book.stops import trigger_stops
from ..kernels.exchange import Exchange, make_exchange
from ..kernels.ledger.funding import apply_funding
from ..kernels.ledger.standing import stand_of_all
from ..kernels.ledger.totals import sum_accounts
from ..kernels.margin.withdrawable import free_equity
from ..kernels.samples import SampleArrays, write_samples
from ..kernels.step import REPORT_LOTS, TickArrays, settle_tick
from ..layout import INTENT_DTYPE, MARKET_DTYPE, TIER_DTYPE, MarketArrays
from ..ledger.accounts import Rows, make_accounts
from ..ledger.ledger import Ledger
from .build import make_log
from .recorder import SAMPLE_DTYPE

MARK, ENTRY, LOTS = 100, 120, 10


def toy_markets(rows: Rows) -> MarketArrays:
    """One market of one tier, mark 100 ticks."""
    params = np.zeros(1, MARKET_DTYPE)
    params["tick_value"][0], params["n_tiers"][0], params["notional_cap"][0] = 1, 1, 2**60
    params["fund_row"][0], params["engine_row"][0] = rows.fund(0), rows.engine(0)
    return MarketArrays(np.array([MARK], np.int64), params, np.array([[(0, 5_000, 0, 10_000)]], TIER_DTYPE))


@dataclass(frozen=True)
class Toy:
    """An exchange of one market with a long who is 200 quanta short, and a short who is in profit."""

    rows: Rows
    exchange: Exchange
    house: ClearingHouse

    @classmethod
    def build(cls, layers: Sequence[WaterfallLayer]) -> Self:
        """Both positions at MARK, and no others."""
        rows = Rows(("toy",))
        loser, winner = rows.first_trader, rows.first_trader + 1
        accounts, markets = make_accounts(n_rows=winner + 1, n_markets=1, scopes=["toy"]), toy_markets(rows)
        log = make_log(capacity=1, log_on=False)
        log.header["stamp"][0] = 1
        accounts.lots[[loser, winner], 0] = LOTS, -LOTS
        accounts.cost[[loser, winner], 0] = LOTS * ENTRY, -LOTS * ENTRY
        accounts.quote[[0, loser, winner]] = -1000, -LOTS * MARK - 200, LOTS * MARK + 1200
        exchange = make_exchange(accounts, markets, log)
        fund = FundPolicy(name="toy", markets=["toy"], seed_quote=Decimal(0), fee_share_ppm=0)
        house = ClearingHouse(
            exchange, liquidation=FullLiquidation(), funds=[fund], fund_of_market=[0], waterfall=layers,
            quantum=Decimal(1), spill=lambda: None,
        )  # fmt: skip
        return cls(rows, exchange, house)


def compile_ranking(toy: Toy) -> None:
    """Compile the places in the ADL queue, which the first tick shows to traders who watch theirs."""
    accounts, winner = toy.exchange.accounts, toy.rows.first_trader + 1
    scores = ProfitLeverageRanking().score_side(
        accounts, toy.exchange.markets, market=0, side=-1, only_profit=True, quantum=Decimal(1)
    )
    note_places(accounts, 0, scores, np.array([winner]), np.zeros(winner + 1))


def compile_tick(toy: Toy) -> None:
    """Compile the calls of a calm tick and a sample; the run compiles trading itself. Changes no account."""
    exchange, winner = toy.exchange, toy.rows.first_trader + 1
    accounts, markets = exchange.accounts, exchange.markets
    ledger = Ledger(exchange, n_scopes=1)
    report, open_interest = np.zeros(REPORT_LOTS + 1, np.int64), np.zeros(1, np.int64)
    ids, best = np.zeros(winner + 1, np.int64), np.zeros(1, np.int64)
    tick = TickArrays(
        quote_seen=ledger.quote_seen, lots_seen=ledger.lots_seen,
        open_interest=ledger.open_interest, reserved=ledger.reserved, rows=ids, report=report,
        best_bid=best, best_ask=best.copy(),
    )  # fmt: skip
    settle_tick(exchange, tick, False)
    sum_accounts(accounts.quote, accounts.lots.reshape(-1), np.zeros(1, np.int64), open_interest)
    stand_of_all(exchange, ledger.reserved, np.zeros((1, 3), np.int64))
    sampled = SampleArrays(
        index_path=np.zeros((1, 1)), tick_size=np.zeros(1), volatility=np.zeros(1), funding_ppb=report[:1],
        best_bid=best, best_ask=best, open_interest=open_interest, bands_ppm=np.array([1, 2, 3], np.int64),
        depth=np.zeros((2, 3), np.int64),
    )  # fmt: skip
    write_samples(exchange, sampled, 0, np.zeros(1, SAMPLE_DTYPE))
    free_equity(accounts, markets, winner)
    trigger_stops(exchange, np.zeros(8, INTENT_DTYPE))
    apply_funding(exchange, 0, 0, 0)


def toy_of_adl() -> Toy:
    """The exchange whose waterfall is ADL, and socialised loss for what that leaves."""
    return Toy.build([AdlLayer(ranking=ProfitLeverageRanking(), trigger="distressed"), SocialisedLossLayer()])


def compile_first() -> None:
    """Compile what the run needs before its first account is liquidated: the queue, the plan, the calls of a tick."""
    toy = toy_of_adl()
    compile_ranking(toy)
    due = toy.house.admit(np.array([toy.rows.first_trader], np.int64), now_ms=0)
    cancel_account_orders(toy.exchange, due, -1)
    toy.house.plan(due, np.zeros(8, INTENT_DTYPE))
    compile_tick(toy)


def compile_deleveraging() -> int:
    """Close a trader who is 200 quanta short by ADL; return the contracts that were deleveraged (all of them: 10)."""
    toy = toy_of_adl()
    loser = toy.rows.first_trader
    due = toy.house.admit(np.array([loser], np.int64), now_ms=0)
    _, still = toy.house.plan(due, np.zeros(8, INTENT_DTYPE))
    toy.house.run_waterfall(still)
    return LOTS - int(toy.exchange.accounts.lots[loser, 0])


def compile_takeover() -> None:
    """Settle the same trader, offer it to ENGINE and the fund (which is empty), and unwind ENGINE's inventory."""
    toy = Toy.build([TakeoverLayer(), InsuranceFundLayer()])
    loser, winner, engine = toy.rows.first_trader, toy.rows.first_trader + 1, toy.rows.engine(0)
    intents = np.zeros(8, INTENT_DTYPE)
    due = toy.house.admit(np.array([loser], np.int64), now_ms=0)
    count, still = toy.house.plan(due, intents)
    toy.house.run_waterfall(toy.house.settle(still, intents[:count]))
    toy.house.finish(due)
    toy.exchange.accounts.lots[[engine, winner], 0] = 1, -1
    toy.house.plan_unwind(intents, now_ms=10**6)
    toy.house.settle_engines()


if __name__ == "__main__":
    gc.disable()
    compile_first()
    compile_takeover()
    compile_deleveraging()  # last, because ADL comes when the fund is empty
