"""A small real exchange for tests that drive it by hand: the engine's own World, two markets, some traders, one fund.
fund.

Everything that moves is the engine's own code: orders go through `match`, the clock through `run_cycle`; the index is
what the test says. One tick on one lot is 1 quantum in BTC and 5 in ETH; a lot of either is worth 1,000 quanta.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from clearsim.config import RunConfig
from clearsim.config.load import config_from_text
from clearsim.engine.build import build_world
from clearsim.engine.clearing import close_touched
from clearsim.engine.cycle import run_cycle
from clearsim.engine.trading import match, refresh_quotes, spill_logs
from clearsim.engine.world import World
from clearsim.kernels.ledger.funding import apply_funding
from clearsim.kernels.margin.withdrawable import free_equity
from clearsim.layout import INTENT_DTYPE, OUTSIDE, OrderKind, OrderStatus, Reason, Side, TimeInForce

from tests.exchange_auditor import AuditedMarket, Auditor

LAYERS = {
    "takeover": {"kind": "takeover"},
    "fund": {"kind": "insurance_fund"},
    "adl": {"kind": "adl", "ranking": {"kind": "profit_leverage"}, "trigger": "bankrupt"},
    "adl_wallet": {
        "kind": "adl",
        "ranking": {"kind": "binance_wallet", "wallet_floor_quote": 1},
        "trigger": "distressed",
    },
    "socialised": {"kind": "socialised_loss", "basis": "unrealised_gain"},
    "socialised_change": {"kind": "socialised_loss", "basis": "equity_change"},
}
FLAT = {"kind": "flat", "base": "mark", "maintenance_ppm": 5000, "max_leverage": 50}
#: (floor in quote, maintenance ppm): 0.5% to 100 USDT, 2% to 300, 5% above, with the deductions that join them.
TIERS = ((0, 5_000, 0), (100_000, 20_000, 1_500), (300_000, 50_000, 10_500))
TIERED = {
    "kind": "tiered",
    "base": "mark",
    "tiers": [
        {"floor_quote": floor // 1000, "max_leverage": leverage, "maintenance_ppm": rate}
        for (floor, rate, _), leverage in zip(TIERS, (50, 20, 10), strict=True)
    ],
}
POSITIONS = {
    "c0": [("BTC", "long", "0.2", 10, "cross"), ("ETH", "short", "1", 10, "cross")],
    "c1": [("BTC", "short", "0.3", 20, "cross")],
    "c2": [("BTC", "long", "0.2", 50, "cross")],
    "c3": [("ETH", "long", "2", 5, "cross")],
    "i0": [("BTC", "long", "0.1", 20, "isolated"), ("ETH", "short", "1", 20, "isolated")],
    "i1": [("BTC", "short", "0.1", 10, "isolated")],
    "m0": [("BTC", "short", "0.11", 2, "cross")],
    "m1": [("BTC", "long", "0.01", 2, "cross")],
}
DEPOSITS = {"c0": 30, "c1": 25, "c2": 12, "c3": 40, "i0": 50, "i1": 20, "m0": 500, "m1": 200}
ENTRY = {"BTC": 1000, "ETH": 100}


class Capture:
    """An event sink that hands over what is new."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def append(self, table: str, columns: Mapping[str, Any]) -> None:
        lists = [np.asarray(column).tolist() for column in columns.values()]
        self.rows.setdefault(table, []).extend(dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True))

    def take(self, table: str) -> list[dict[str, Any]]:
        return self.rows.pop(table, [])


def make_config(
    *,
    waterfall: tuple[str, ...] = ("takeover", "fund", "adl", "socialised"),
    liquidation: Mapping[str, Any] | None = None,
    margin: Mapping[str, Any] = FLAT,
    liquidation_fee_ppm: int = 1_250,
    fund_quote: int = 3,
    cap_quote: int | None = None,
    duration_s: int = 120,
) -> RunConfig:
    """The exchange's config; everybody is a named account that does nothing by itself."""
    market = {
        "impact": {"kind": "exogenous"},
        "mark": {"kind": "index"},
        "funding": {"kind": "none"},
        "margin": margin,
        "fees": {"taker_ppm": 530, "maker_ppm": -110, "liquidation_ppm": liquidation_fee_ppm},
    }
    path = {"kind": "waypoints", "volatility_per_sqrt_s": 0}
    grids = {"BTC": (1, "0.001"), "ETH": ("0.5", "0.01")}
    text = {
        "name": "exchange",
        "seed": 1,
        "start_utc": "2025-01-01T00:00:00Z",
        "duration_s": duration_s,
        "clock": {"kind": "fixed", "tick_ms": 1000},
        "asset": {"name": "USDT", "quantum": "0.001"},
        "prices": {"kind": "independent"},
        "markets": [
            {
                **market,
                "name": name,
                "tick_size": tick,
                "lot_size": lot,
                "price": {**path, "points": [{"t_s": t, "price": ENTRY[name]} for t in (0, duration_s)]},
            }
            for name, (tick, lot) in grids.items()
        ],
        "funds": [
            {
                "name": "main",
                "markets": ["BTC", "ETH"],
                "seed_quote": fund_quote,
                "fee_share_ppm": 700_000,
                "inventory_cap_quote": cap_quote,
            }
        ],
        "liquidation": liquidation or {"kind": "full", "order": "bankruptcy_limit", "surplus": "fund"},
        "waterfall": [LAYERS[name] for name in waterfall],
        "population": {"cohorts": []},
        "agents": [
            {
                "kind": "whale",
                "name": name,
                "deposit_quote": DEPOSITS[name],
                "positions": [
                    {"market": m, "side": side, "base": base, "entry_price": ENTRY[m], "leverage": lev, "mode": mode}
                    for m, side, base, lev, mode in positions
                ],
            }
            for name, positions in POSITIONS.items()
        ],
    }
    return config_from_text(json.dumps(text))


class Exchange:
    """The engine's World and the auditor beside it. Every method is one step; afterwards `audit` compares the two."""

    def __init__(self, config: RunConfig) -> None:
        self.sink = Capture()
        self.world: World = build_world(config, detail="events", sink=self.sink)
        world = self.world
        self.traders = list(range(world.rows.first_trader, len(world.accounts.quote)))
        self.isolated = [row for row in self.traders if world.accounts.wallet[row] != row]
        self.names = list(config.market_names)
        self.auditor = Auditor(
            [self._published(config, number) for number in range(2)],
            {row: int(world.accounts.wallet[row]) for row in self.traders},
            world.rows.fund(0),
            world.rows.engine(0),
        )
        self.step = 0
        refresh_quotes(world)
        self.audit()

    def _published(self, config: RunConfig, number: int) -> AuditedMarket:
        item = config.markets[number]
        tiers = TIERS if item.margin.kind == "tiered" else ((0, 5_000, 0),)
        return AuditedMarket(
            item.name,
            (1, 5)[number],
            tiers,
            base=item.margin.base,
            close_fee_ppm=item.fees.taker_ppm,
            at_or_below=item.margin.distressed_at_or_below,
        )

    def row(self, name: str, market: int | None = None) -> int:
        """The wallet row of a named account, or its isolated row in a market."""
        wallet = int(self.world.population.opening.agent_rows[list(POSITIONS).index(name)])
        if market is None:
            return wallet
        accounts = self.world.accounts
        return next(r for r in self.isolated if accounts.wallet[r] == wallet and accounts.market[r] == market)

    # -- steps ---------------------------------------------------------------------------------------------------------

    def deposit(self, row: int, quanta: int) -> None:
        self.world.ledger.transfer(payer=OUTSIDE, payee=row, quote=quanta, reason=Reason.DEPOSIT)
        self.audit()

    def withdraw(self, row: int, wanted: int) -> int:
        """Take out at most what is free; return what was taken."""
        quanta = min(wanted, int(free_equity(self.world.accounts, self.world.markets, row)))
        if quanta > 0:
            self.world.ledger.transfer(payer=row, payee=OUTSIDE, quote=quanta, reason=Reason.DEPOSIT)
        self.audit()
        return quanta

    def move_margin(self, payer: int, payee: int, wanted: int) -> int:
        """Move at most what is free from one of a trader's rows to another."""
        quanta = min(wanted, int(free_equity(self.world.accounts, self.world.markets, payer)))
        if quanta > 0:
            self.world.ledger.transfer(payer=payer, payee=payee, quote=quanta, reason=Reason.MARGIN_MOVE)
        self.audit(top_up=payee in self.isolated)
        return quanta

    def order(
        self,
        row: int,
        market: int,
        side: Side,
        lots: int,
        price: int = 0,
        *,
        kind: OrderKind = OrderKind.LIMIT,
        tif: TimeInForce = TimeInForce.GTC,
        flags: int = 0,
        order: int = -1,
    ) -> OrderStatus:
        """Send one order; return what became of it."""
        rows = np.zeros(1, INTENT_DTYPE)
        rows[0] = (row, market, side, kind, tif, price, lots, flags, order, 0, OrderStatus.PENDING, 0, 0)
        match(self.world, rows, 1, releases=True)
        refresh_quotes(self.world)
        self.audit()
        return OrderStatus(int(rows["status"][0]))

    def quote_ladder(self, marks: tuple[int, int], *, lots: int) -> None:
        """m0 and m1 replace their orders by five levels a side within 4% of the marks."""
        for name in ("m0", "m1"):
            row = self.row(name)
            for market, mark in enumerate(marks):
                self.order(row, market, Side.BUY, 0, kind=OrderKind.CANCEL_ALL)
                for away in (4, 9, 15, 25, 40):
                    self.order(row, market, Side.BUY, lots, mark * (1000 - away) // 1000)
                    self.order(row, market, Side.SELL, lots, -(-mark * (1000 + away) // 1000))

    def pay_funding(self, market: int, rate_ppb: int) -> None:
        world, end = self.world, 2 * len(self.world.accounts.quote)
        position = 0
        while position < end:
            position = apply_funding(world.exchange, market, rate_ppb, position)
            if position < end:
                spill_logs(world)
        self.audit()

    def tick(self, marks: tuple[int, int]) -> None:
        """Run one whole cycle of the engine with the index at these ticks."""
        world = self.world
        self.step += 1
        for market, mark in enumerate(marks):
            world.paths.price[self.step :, market] = mark * (1.0, 0.5)[market]
        run_cycle(world, self.step)
        assert world.markets.mark.tolist() == list(marks)
        self.audit()

    # -- the audit -----------------------------------------------------------------------------------------------------

    def audit(self, *, top_up: bool = False) -> None:
        """Replay what was logged since the last step, and compare balances, entry costs and sums exactly."""
        world, auditor = self.world, self.auditor
        spill_logs(world)
        marks: list[int] = world.markets.mark.tolist()
        auditor.mark = dict(zip(self.names, marks, strict=True))
        matches = {row["seq"]: row["counterparty"] for row in self.sink.take("adl_matches")}
        auditor.take(self.sink.take("transfers"), matches, top_up)
        auditor.check_sums()
        for row in range(len(world.accounts.quote)):
            assert world.accounts.quote[row] == auditor.quote[row], f"quote of row {row}"
            for market, name in enumerate(self.names):
                assert world.accounts.lots[row, market] == auditor.lots[row, name], f"lots of row {row} in {name}"
                assert world.accounts.cost[row, market] == auditor.cost[row, name], f"cost of row {row} in {name}"
        close_touched(world)

    def found(self, marks: tuple[int, int]) -> set[int]:
        """The rows that the engine's index of thresholds calls distressed at these marks."""
        from clearsim.kernels.margin.thresholds import find_distressed

        world = self.world
        before = world.markets.mark.copy()
        world.markets.mark[:] = marks
        count = find_distressed(world.exchange, world.tick.rows)
        rows: list[int] = world.tick.rows[:count].tolist()
        world.markets.mark[:] = before
        assert len(set(rows)) == len(rows), "each row once"
        return set(rows)

    def dense(self, marks: tuple[int, int]) -> set[int]:
        """The rows that the auditor calls distressed at these marks."""
        before = self.auditor.mark
        self.auditor.mark = dict(zip(self.names, marks, strict=True))
        rows = self.auditor.distressed()
        self.auditor.mark = before
        return rows

    def resting(self) -> list[dict[str, int]]:
        """All resting orders, read from the order pool."""
        orders = self.world.books.orders
        return [
            {name: int(orders[slot][name]) for name in ("id", "lots", "price", "owner", "market", "side")}
            for slot in np.flatnonzero(orders["id"])
        ]
