"""A story as the config of a run. All accounts are named ones that do nothing by themselves."""

from dataclasses import asdict
from typing import Any

from tests.oracle.story import Layer, Liquidation, Market, Story

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
        "order_band_ppm": market.order_band_ppm,
        "fees": {
            "taker_ppm": market.taker_ppm,
            "maker_ppm": market.maker_ppm,
            "liquidation_ppm": market.penalty_ppm,
        },
    }


def liquidation_of(rules: Liquidation) -> dict[str, Any]:
    """The keys that the kind has."""
    keys = [
        "kind",
        "order",
        "band_ppm",
        "priority",
        "mode",
        "surplus",
        "rounds_max",
        "taker_fee",
        "penalty_base",
        "latency_ms",
        "per_second",
    ]
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
    return (
        {"kind": "socialised_loss", "basis": layer.basis} if layer.kind == "socialised_loss" else {"kind": layer.kind}
    )


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
        "clock": {"kind": "fixed", "tick_ms": story.tick_ms},
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
