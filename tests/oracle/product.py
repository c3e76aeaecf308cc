"""A story told by the product: the engine's own World, its balances read after every cycle, and the oracle's opening.

This file is the only one of the oracle that imports clearsim. It passes rules through a config, sets the money of
every row by a deposit, sends the resting orders, and runs cycles with the index at the marks of the story.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from clearsim.config.load import config_from_text
from clearsim.engine.build import build_world
from clearsim.engine.cycle import run_cycle
from clearsim.engine.trading import match, refresh_quotes, spill_logs
from clearsim.engine.world import World
from clearsim.layout import FEES, INTENT_DTYPE, OUTSIDE, ROUNDING, OrderKind, OrderStatus, Reason, Side, TimeInForce

from tests.oracle.story import Exchange, Layer, Liquidation, Market, Order, Story
from tests.worlds.exchange import Capture

BALANCE = "balance"
QUANTUM = 1000  # quanta in a quote unit
GRIDS = {"BTC": (1.0, "1", "0.001"), "ETH": (0.5, "0.5", "0.01")}
LOT = {"BTC": 1000, "ETH": 100}  # lots in a base unit
LEVERAGES = {5_000: 100, 20_000: 40, 40_000: 20, 50_000: 10}  # maximum leverage by maintenance ppm


def quote(quanta: int) -> str:
    """Quanta as quote units, exactly."""
    return f"{quanta / QUANTUM:.3f}"


def margin_of(market: Market) -> dict[str, Any]:
    common = {"base": market.base, "distressed_at_or_below": market.at_or_below}
    if len(market.tiers) == 1:
        rate = market.tiers[0][1]
        return {"kind": "flat", "maintenance_ppm": rate, "max_leverage": LEVERAGES[rate], **common}
    tiers = [
        {"floor_quote": quote(floor), "maintenance_ppm": rate, "max_leverage": LEVERAGES[rate]}
        for floor, rate, _ in market.tiers
    ]
    return {"kind": "tiered", "tiers": tiers, **common}


def market_of(market: Market, start: int, duration_s: int) -> dict[str, Any]:
    tick, tick_size, lot_size = GRIDS[market.name]
    points = [{"t_s": t, "price": start * tick} for t in (0, duration_s)]
    return {
        "name": market.name,
        "tick_size": tick_size,
        "lot_size": lot_size,
        "price": {"kind": "waypoints", "volatility_per_sqrt_s": 0, "points": points},
        "impact": {"kind": "exogenous"},
        "mark": {"kind": "index"},
        "funding": {"kind": "none"},
        "margin": margin_of(market),
        "fees": {
            "taker_ppm": market.taker_ppm,
            "maker_ppm": market.maker_ppm,
            "liquidation_ppm": market.penalty_ppm,
        },
    }


def liquidation_of(rules: Liquidation) -> dict[str, Any]:
    """The keys that the kind has."""
    keys = ["kind", "order", "band_ppm", "priority", "mode", "surplus", "rounds_max", "taker_fee", "penalty_base"]
    if rules.kind == "tier_down":
        keys += ["reduce_to"]
    if rules.kind == "fraction":
        keys += ["fraction_ppm", "rounding", "cooldown_ms", "then_whole"]
    found = {key: value for key, value in asdict(rules).items() if key in keys}
    if rules.kind == "fraction":
        found["whole_below_quote"] = quote(rules.whole_below)
    return found


def layer_of(layer: Layer) -> dict[str, Any]:
    if layer.kind == "adl":
        ranking: dict[str, Any] = {"kind": layer.ranking}
        if layer.ranking == "binance_wallet":
            ranking["wallet_floor_quote"] = quote(layer.wallet_floor)
        return {
            "kind": "adl",
            "ranking": ranking,
            "allocation": {"kind": layer.allocation},
            "trigger": layer.trigger,
            "matches_per_cycle": layer.matches,
        }
    return {"kind": "socialised_loss", "basis": layer.basis} if layer.kind == "socialised_loss" else {"kind": layer.kind}


def agents_of(story: Story) -> list[dict[str, Any]]:
    """One named account per owner with its isolated positions, and one that holds the other side of them all.

    All else is set later: a config would balance the open interest and name a market once per account.
    """
    found = []
    for owner in owners_of(story):
        rows = [row for row in story.rows if row.owner == owner and row.market is not None]
        found.append(agent_of(story, owner, [(*row.positions[0], "isolated") for row in rows]))
    rest = [(m, -lots, story.marks[0][m], "cross") for m, lots in enumerate(isolated_lots(story)) if lots]
    found.append(agent_of(story, BALANCE, rest))
    return found


def agent_of(story: Story, name: str, positions: list[tuple[int, int, int, str]]) -> dict[str, Any]:
    """A named account that does nothing by itself. positions: (market, lots, entry ticks, mode)."""
    items = []
    for m, lots, entry, mode in positions:
        market = story.rules.markets[m].name
        items.append(
            {
                "market": market,
                "side": "long" if lots > 0 else "short",
                "base": f"{abs(lots) / LOT[market]:.3f}",
                "entry_price": entry * GRIDS[market][0],
                "leverage": 2,
                "mode": mode,
            }
        )
    agent = {"kind": "whale", "name": name, "max_leverage": 10, "positions": items}
    return agent if items else {**agent, "programs": [idle_program(story)]}


def isolated_lots(story: Story) -> list[int]:
    """Sum of the isolated positions of each market."""
    net = [0] * len(story.rules.markets)
    for row in story.rows:
        if row.market is not None:
            net[row.market] += row.positions[0][1]
    return net


def idle_program(story: Story) -> dict[str, Any]:
    """What a named account without a position must have: a trade long after the last cycle of the story."""
    market = story.rules.markets[0].name
    return {"market": market, "side": "buy", "base": 1, "start_s": 1000, "duration_s": 1}


def owners_of(story: Story) -> list[str]:
    return list(dict.fromkeys(row.owner for row in story.rows))


def config_of(story: Story) -> dict[str, Any]:
    rules, duration_s = story.rules, 2000
    return {
        "name": f"story-{story.seed}",
        "seed": 1,
        "start_utc": "2025-01-01T00:00:00Z",
        "duration_s": duration_s,
        "clock": {"kind": "fixed", "tick_ms": 1000},
        "asset": {"name": "USDT", "quantum": "0.001"},
        "prices": {"kind": "independent"},
        "markets": [
            market_of(market, start, duration_s) for market, start in zip(rules.markets, story.marks[0], strict=True)
        ],
        "funds": [
            {
                "name": f"fund{scope}",
                "markets": [market.name for market in rules.markets if market.scope == scope],
                "seed_quote": quote(story.seeds[scope]),
                "fee_share_ppm": fund.share_ppm,
                "inventory_cap_quote": None if fund.cap is None else quote(fund.cap),
                "unwind": {
                    "fraction_ppm": fund.unwind_ppm,
                    "interval_ms": fund.unwind_ms,
                    "band_ppm": fund.unwind_band_ppm,
                },
            }
            for scope, fund in enumerate(rules.funds)
        ],
        "liquidation": liquidation_of(rules.liquidation),
        "waterfall": [layer_of(layer) for layer in rules.layers],
        "population": {"cohorts": []},
        "agents": agents_of(story),
    }


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

    def opening(self) -> Exchange:
        """The oracle's state before the first cycle: rows of the story under the ids that the product gave them."""
        story, world = self.story, self.world
        n, n_markets = len(world.accounts.quote), len(story.rules.markets)
        exchange = Exchange(
            rules=story.rules,
            outside=OUTSIDE,
            fees=FEES,
            rounding=ROUNDING,
            fund=[world.rows.fund(scope) for scope in range(len(story.rules.funds))],
            engine=[world.rows.engine(scope) for scope in range(len(story.rules.funds))],
            quote=dict.fromkeys(range(n), 0),
            lots={row: [0] * n_markets for row in range(n)},
            cost={row: [0] * n_markets for row in range(n)},
            owner={row: self.wallets[item.owner] for row, item in zip(self.ids, story.rows, strict=True)}
            | {self.wallets[BALANCE]: self.wallets[BALANCE]},
            isolated={row: item.market for row, item in zip(self.ids, story.rows, strict=True)},
            mark=list(story.marks[0]),
            book=[Order(**vars(order)) for order in self.resting],
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
