"""A story told by the product: the engine's own World, its balances read after every cycle, and the oracle's opening.

This file is the only one of the oracle that imports clearsim. It passes rules through a config (`story_config.py`),
sets the money of every row by a deposit, sends the resting orders, and runs cycles with the index at the marks of the
story.
"""

import json
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from clearsim.clearing.liquidation.orders import PRIORITY_RANDOM, risk_keys
from clearsim.config.load import config_from_text
from clearsim.engine.build import build_world
from clearsim.engine.cycle import run_cycle
from clearsim.engine.trading import match, refresh_quotes, spill_logs
from clearsim.engine.world import World
from clearsim.kernels.book.stops import add_stops
from clearsim.layout import (
    FEES,
    INTENT_DTYPE,
    OUTSIDE,
    ROUNDING,
    OrderFlag,
    OrderKind,
    OrderStatus,
    Reason,
    Side,
    TimeInForce,
)

from tests.oracle.story import Exchange, Order, Story
from tests.oracle.story_config import BALANCE, GRIDS, config_of, isolated_lots, owners_of
from tests.worlds.exchange import Capture


@dataclass(frozen=True)
class Balances:
    """All rows after a cycle, and the ADL closes so far: (market, counterparty, contracts, harm)."""

    quote: list[int]
    lots: list[list[int]]
    cost: list[list[int]]
    closes: Counter[tuple[str, int, int, int]]


class Product:
    """The story in the engine's World."""

    def __init__(self, story: Story) -> None:
        self.story, self.sink = story, Capture()
        config = config_from_text(json.dumps(config_of(story)))
        self.world: World = build_world(config, detail="events", sink=self.sink)
        world = self.world
        refresh_quotes(world)
        self.wallets = dict(
            zip([*owners_of(story), BALANCE], (int(row) for row in world.population.opening.agent_rows), strict=True)
        )
        self.ids = [self._id(row.owner, row.market) for row in story.rows]
        self._open()
        self.resting = self._rest()
        self._stop()
        self.step = 0

    def _id(self, owner: str, market: int | None) -> int:
        wallet, accounts = self.wallets[owner], self.world.accounts
        if market is None:
            return wallet
        rows = range(self.world.rows.first_trader, len(accounts.quote))
        return next(r for r in rows if r != wallet and accounts.wallet[r] == wallet and accounts.market[r] == market)

    def _open(self) -> None:
        """Open the cross positions, close those of the balancing account, and give every row its money."""
        rules, balance = self.story.rules, self.wallets[BALANCE]
        targets = {row: item.money for row, item in zip(self.ids, self.story.rows, strict=True)} | {balance: 0}
        for m, lots in enumerate(isolated_lots(self.story)):
            self._open_position(balance, m, lots, self.story.marks[0][m])
        for row, item in zip(self.ids, self.story.rows, strict=True):
            for m, lots, entry in item.positions:
                targets[row] -= lots * entry * rules.markets[m].tick_value
                if item.market is None:
                    self._open_position(row, m, lots, entry)
        for row, target in targets.items():
            missing = target - int(self.world.accounts.quote[row])
            payer, payee = (OUTSIDE, row) if missing > 0 else (row, OUTSIDE)
            if missing:
                self.world.ledger.transfer(payer=payer, payee=payee, quote=abs(missing), reason=Reason.DEPOSIT)

    def _open_position(self, row: int, m: int, lots: int, entry: int) -> None:
        value = lots * entry * self.story.rules.markets[m].tick_value
        if lots:
            self.world.ledger.transfer(
                payer=row, payee=OUTSIDE, quote=value, lots=lots, market=m, reason=Reason.OPENING
            )

    def _rest(self) -> list[Order]:
        """Send the resting orders; return those that the margin check admitted."""
        admitted = []
        for order in self.story.resting:
            row, buy = self.wallets[order.owner], order.side == "buy"
            rows = np.zeros(1, INTENT_DTYPE)
            for name, value in {
                "account": row,
                "market": order.market,
                "side": Side.BUY if buy else Side.SELL,
                "kind": OrderKind.LIMIT,
                "tif": TimeInForce.GTC,
                "price": order.price,
                "lots": order.lots,
                "order": -1,
                "status": OrderStatus.PENDING,
            }.items():
                rows[name] = value
            match(self.world, rows, 1, releases=True)
            assert rows["filled"][0] == 0, "orders of a story do not cross"
            if rows["status"][0] == OrderStatus.DONE:
                admitted.append(Order(row, order.market, buy, order.price, order.lots))
        refresh_quotes(self.world)
        return admitted

    def _stop(self) -> None:
        """Enter the stops, reduce-only as those of the opening book."""
        entries = [
            (self.ids[stop.row], stop.market, Side.SELL if stop.lots > 0 else Side.BUY, stop.trigger, abs(stop.lots))
            for stop in self.story.stops
        ]
        entered = np.array(entries, np.int64).reshape(-1, 5)
        assert add_stops(self.world.exchange.stops, entered, int(OrderFlag.REDUCE_ONLY)) == len(entries)

    def draws(self) -> dict[int, float]:
        """The numbers of all rows in the next cycle where priority is random (CLR-LIQ-005): the product's hash."""
        world, house = self.world, self.world.clearing
        rows = np.arange(len(world.accounts.quote), dtype=np.int64)
        keys = np.zeros(len(rows))
        risk_keys(world.accounts, world.markets, rows, PRIORITY_RANDOM, house._random_key + self.step + 1, keys)
        return dict(zip(rows.tolist(), keys.tolist(), strict=True))

    def opening(self) -> Exchange:
        """The oracle's state before the first cycle: rows of the story under the ids that the product gave them."""
        story, world = self.story, self.world
        n, n_markets = len(world.accounts.quote), len(story.rules.markets)
        exchange = Exchange(
            rules=story.rules,
            fees=FEES,
            rounding=ROUNDING,
            fund=[world.rows.fund(scope) for scope in range(len(story.rules.funds))],
            engine=[world.rows.engine(scope) for scope in range(len(story.rules.funds))],
            quote=dict.fromkeys(range(n), 0),
            lots={row: [0] * n_markets for row in range(n)},
            cost={row: [0] * n_markets for row in range(n)},
            owner={row: self.wallets[item.owner] for row, item in zip(self.ids, story.rows, strict=True)}
            | {self.wallets[BALANCE]: self.wallets[BALANCE]},
            mark=list(story.marks[0]),
            book=[Order(**vars(order)) for order in self.resting],
            stops=[replace(stop, row=self.ids[stop.row]) for stop in story.stops],
        )
        for fund, cash in zip(exchange.fund, story.seeds, strict=True):
            exchange.transfer(OUTSIDE, fund, cash)
        for row, item in zip(self.ids, story.rows, strict=True):
            exchange.transfer(OUTSIDE, row, item.money)
            for m, lots, entry in item.positions:
                exchange.transfer(row, OUTSIDE, lots * entry * story.rules.markets[m].tick_value, lots, m)
        exchange.start = {row: exchange.equity(row) for row in exchange.traders}
        return exchange

    def tick(self, marks: tuple[int, ...]) -> None:
        """One cycle of the engine with the index at these marks."""
        world = self.world
        self.step += 1
        for m, mark in enumerate(marks):
            world.paths.price[self.step :, m] = mark * GRIDS[self.story.rules.markets[m].name][0]
        run_cycle(world, self.step)
        spill_logs(world)
        assert tuple(world.markets.mark.tolist()) == marks

    def balances(self) -> Balances:
        accounts = self.world.accounts
        closes = Counter(
            (item["market"], item["counterparty"], item["lots"], item["harm_quanta"])
            for item in self.sink.rows.get("adl_matches", [])
        )
        return Balances(accounts.quote.tolist(), accounts.lots.tolist(), accounts.cost.tolist(), closes)


def balances_of(exchange: Exchange) -> Balances:
    """The oracle's balances in the same form."""
    rows = sorted(exchange.quote)
    closes: Counter[tuple[str, int, int, int]] = Counter()
    for market, row, size, harm in exchange.closes:
        closes[exchange.rules.markets[market].name, row, size, harm] += 1
    return Balances(
        [exchange.quote[row] for row in rows],
        [exchange.lots[row] for row in rows],
        [exchange.cost[row] for row in rows],
        closes,
    )
