"""Draws valid configs at random over every mechanism: market, clearing, and, in `randompopulation.py`, traders.

Config number n of a seed is always the same. Kinds of prices, liquidation and ranking take turns, so that ten configs
in a row have nearly all of them; the rest is drawn. Falls are deep and funds small, so that most of them liquidate and
many draw on a fund, deleverage or socialise losses; what was exercised is counted in the results, not assumed.
"""

from pathlib import Path
from random import Random
from typing import Any

from tests.guard.randompopulation import draw_agents, draw_population

Section = dict[str, Any]

MARKETS = (("BTC", 50_000, 0.1, 0.001), ("ETH", 4_000, 0.01, 0.01))
PRICE_KINDS = ("single_shock", "kou", "waypoints", "merton", "replay", "hawkes_jumps", "gbm", "bates")
PINNED = ("waypoints", "replay")
#: Seconds that the recorded prices span; no run lasts longer.
RECORDED_S = 700
AGENT = '''import sys

if "sim.agents.user" in sys.modules:  # the old layout; clearsim may be installed beside it
    from sim.agents.user import CancelAll, Order, UserAgent
else:
    from clearsim.agents.user import CancelAll, Order, UserAgent


class Ladder(UserAgent):
    """Bids below the index, sells above it."""

    def decide(self, view):
        market = view.markets["BTC"]
        low = market.index * 99 / 100
        high = market.index * 101 / 100
        held = view.account.positions["BTC"]
        orders = [CancelAll("BTC"), Order("BTC", "buy", "0.05", low - low % market.tick_size)]
        if held > 0:
            orders.append(Order("BTC", "sell", held, high - high % market.tick_size, reduce_only=True))
        return orders
'''
POSITIONS_HEADER = "account,market,side,quantity,entry,margin,mode,collateral,stop,stop_quantity"


def write_inputs(folder: Path) -> None:
    """Write the files that random configs name: recorded prices, opening positions, an agent."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = Random("inputs")
    for name, start, _, _ in MARKETS:
        prices = [
            start * (1 if t < 60 else 0.84 if t < 100 else 0.9) * (1 + rng.uniform(-2e-3, 2e-3)) for t in range(701)
        ]
        rows = [f"{1000 * t},{price:.2f}" for t, price in enumerate(prices)]
        (folder / f"prices-{name}.csv").write_text("\n".join(["ts_ms,price", *rows]) + "\n")
    (folder / "ladder.py").write_text(AGENT)
    (folder / "positions.csv").write_text("\n".join([POSITIONS_HEADER, *_positions(rng)]) + "\n")


def _positions(rng: Random) -> list[str]:
    rows = []
    for number in range(80):
        lots, leverage, is_isolated = rng.randint(20, 2_000), rng.uniform(2, 25), rng.random() < 0.4
        entry = 50_000 + rng.randint(-800, 800)
        margin = round(lots * 0.001 * entry / leverage + lots, 2)
        side, mode = rng.choice(("long", "short")), "isolated" if is_isolated else "cross"
        money = f"{margin},{mode},100" if is_isolated else f"0,{mode},{margin}"
        stop = f"{48_500 if side == 'long' else 51_500},{lots / 1000}" if rng.random() < 0.3 else ","
        rows.append(f"a{number},BTC,{side},{lots / 1000},{entry},{money},{stop}")
    return rows


def draw_config(seed: int, number: int) -> Section:
    """Config `number` of `seed`, as its YAML file says it."""
    rng = Random(f"{seed}/{number}")
    clock, duration_s = _clock(rng)
    names = MARKETS[: 2 if number % 3 == 2 else 1]
    kinds = [PRICE_KINDS[(number + 3 * place) % len(PRICE_KINDS)] for place in range(len(names))]
    markets = [_market(rng, kind, market, duration_s) for kind, market in zip(kinds, names, strict=True)]
    listed = len(names) == 1 and number % 10 == 7
    config: Section = {
        "name": f"random-{number}",
        "seed": rng.randint(1, 10**6),
        "start_utc": "2025-01-01T00:00:00Z",
        "duration_s": duration_s,
        "clock": clock,
        "asset": {"name": "USDT", "quantum": 0.000001},
        "scale": {"simulated_share": rng.choice((1, 1, 1, 0.5))},
        "prices": _prices(rng, kinds),
        "markets": markets,
        "funds": _funds(rng, [market[0] for market in names]),
        "liquidation": _liquidation(rng, number),
        "waterfall": _waterfall(rng, number),
        "population": draw_population(rng, names, opens=not listed),
        "agents": [] if listed else draw_agents(rng, names),
        "record": {
            "detail": "summary" if number % 4 == 3 else "events",
            "sample_ms": clock["tick_ms"] * rng.choice((1, 5)),
            "depth_bands_ppm": rng.choice(([10_000, 20_000, 50_000], [2_000, 8_000, 100_000])),
        },
    }
    if listed:
        config["positions"] = {"file": "positions.csv", "residual_account": "rest"}
    return config


def _clock(rng: Random) -> tuple[Section, int]:
    """A clock and a duration of 100 to 300 of its ticks, whole seconds."""
    tick_ms = rng.choice((500, 1_000, 1_000, 2_000))
    duration_s = rng.randrange(100, 301, 2) * tick_ms // 1000
    if rng.random() < 0.5:
        return {"kind": "fixed", "tick_ms": tick_ms}, duration_s
    return {"kind": "adaptive", "tick_ms": tick_ms, "min_tick_ms": tick_ms // 4, "min_step_ratio": 3}, duration_s


def _prices(rng: Random, kinds: list[str]) -> Section:
    if len(kinds) == 1 or rng.random() < 0.3:
        return {"kind": "independent"}
    rho = rng.choice((0.9, 0.5, -0.3, 1))
    prices: Section = {"kind": "correlated", "correlation": [[1, rho], [rho, 1]]}
    if not any(kind in PINNED for kind in kinds) and rng.random() < 0.7:
        prices["common_jumps"] = {"jumps_per_year": 200_000, "size": _jump_size(rng), "betas": [1, 1.3]}
    return prices


def _jump_size(rng: Random) -> Section:
    if rng.random() < 0.5:
        return {"kind": "normal", "log_mean": round(rng.uniform(-0.15, -0.03), 3), "log_sd": 0.05}
    return {"kind": "double_exponential", "down_share_ppm": 700_000, "down_eta": rng.randint(8, 25), "up_eta": 30}


def _price(rng: Random, kind: str, start: float, name: str, duration_s: int) -> Section:
    size = round(-rng.uniform(0.05, 0.4), 3) if rng.random() < 0.8 else round(rng.uniform(0.05, 0.3), 3)
    often, volatility = rng.randint(200_000, 600_000), round(rng.uniform(0.5, 6), 2)
    common = {"kind": kind, "initial_price": start}
    drawn = {**common, "annual_volatility": volatility}
    match kind:
        case "single_shock":
            return {**drawn, "shock_ms": 1000 * rng.randint(20, duration_s // 2 + 10), "shock_fraction": size}
        case "gbm":
            return {**common, "annual_volatility": rng.randint(10, 50), "annual_drift": rng.choice((0, -20_000))}
        case "merton":
            jumps = {"jump_log_mean": round(size / 2, 3), "jump_log_sd": 0.04, "compensate": rng.random() < 0.5}
            return {**drawn, "jumps_per_year": often, **jumps}
        case "kou":
            shape = {"down_share_ppm": 700_000, "down_eta": rng.randint(6, 25), "up_eta": 30}
            return {**drawn, "jumps_per_year": often, **shape, "compensate": False}
        case "hawkes_jumps":
            law = {"base_jumps_per_year": often // 2, "branching_ppm": 600_000, "excitation_half_life_s": 20}
            return {**drawn, **law, "size": _jump_size(rng), "compensate": False}
        case "bates":
            start_of = {"initial_annual_volatility": volatility, "long_run_annual_volatility": 5}
            law = {"reversion_per_year": 50_000, "volatility_of_variance": 300, "leverage_correlation": -0.5}
            return {**common, **start_of, **law, "jumps_per_year": often, "size": _jump_size(rng), "compensate": False}
        case "waypoints":
            times = (0, duration_s // 4, duration_s // 4 + 5, duration_s)
            levels = (1, 1.01, 1 + size, 1 + size / 2)
            points = [{"t_s": t, "price": round(start * level, 2)} for t, level in zip(times, levels, strict=True)]
            return {"kind": kind, "points": points, "volatility_per_sqrt_s": rng.choice((0, 0.0002))}
    between = rng.choice(("line", "last"))
    return {"kind": "replay", "file": f"prices-{name}.csv", "align": "first_row", "between": between}


def _market(rng: Random, kind: str, market: tuple[str, float, float, float], duration_s: int) -> Section:
    name, start, tick, lot = market
    impact = {"impact_ppm_per_million_quote": rng.randint(10, 200), "permanent_share_ppm": 200_000}
    return {
        "name": name,
        "tick_size": tick,
        "lot_size": lot,
        "price": _price(rng, kind, start, name, duration_s),
        "impact": rng.choice(({"kind": "exogenous"}, {"kind": "linear", **impact, "half_life_ms": 20_000})),
        "mark": _mark(rng),
        "funding": _funding(rng),
        "margin": _margin(rng),
        "fees": {
            "taker_ppm": rng.choice((0, 300, 500)),
            "maker_ppm": rng.choice((0, 200)),
            "liquidation_ppm": rng.choice((0, 5_000, 15_000)),
        },
    }


def _mark(rng: Random) -> Section:
    mark: Section = rng.choice(
        (
            {"kind": "index"},
            {"kind": "index_ema_basis", "half_life_ms": 10_000, "clamp_ppm": rng.choice((None, 5_000))},
            {"kind": "median_of_three", "window_ms": 30_000, "sample_ms": 2_000},
        )
    )
    return {**mark, "sees_liquidation_trades": rng.random() < 0.7}


def _funding(rng: Random) -> Section:
    if rng.random() < 0.3:
        return {"kind": "none"}
    funding: Section = {
        "kind": "premium_clamp",
        "interval_ms": rng.choice((20_000, 60_000)),
        "first_ms": rng.choice((None, 10_000)),
        "sample_ms": rng.choice((1_000, 5_000)),
        "weighting": rng.choice(("equal", "linear")),
        "divisor": rng.choice((1, 8)),
        "cap_ppm": 10_000,
    }
    if rng.random() < 0.4:
        funding |= {"premium": "impact", "impact_notional_quote": 20_000}
    return funding


def _margin(rng: Random) -> Section:
    rules = {"base": rng.choice(("mark", "entry", "mark_plus_fee")), "distressed_at_or_below": rng.random() < 0.5}
    first = rng.choice((4_000, 8_000, 15_000))
    if rng.random() < 0.5:
        return {"kind": "flat", **rules, "maintenance_ppm": first, "max_leverage": 50}
    tiers = [
        {"floor_quote": 0, "max_leverage": 50, "maintenance_ppm": first},
        {"floor_quote": rng.choice((50_000, 200_000)), "max_leverage": 40, "maintenance_ppm": first + 2_000},
        {"floor_quote": 1_000_000, "max_leverage": 20, "maintenance_ppm": first + 12_000},
    ]
    return {"kind": "tiered", **rules, "tiers": tiers, "notional_cap_quote": rng.choice((None, 100_000_000))}


def _funds(rng: Random, names: list[str]) -> list[Section]:
    groups = [names] if rng.random() < 0.5 else [[name] for name in names]
    return [
        {
            "name": f"fund-{place}",
            "markets": group,
            "seed_quote": rng.choice((0, 2_000, 30_000, 300_000, 3_000_000)),
            "fee_share_ppm": rng.choice((0, 400_000, 1_000_000)),
            "inventory_cap_quote": rng.choice((None, 0, 200_000, 2_000_000)),
            "unwind": {
                "fraction_ppm": rng.choice((50_000, 200_000, 1_000_000)),
                "interval_ms": rng.choice((1_000, 5_000)),
                "band_ppm": rng.choice((2_000, 20_000)),
            },
        }
        for place, group in enumerate(groups)
    ]


def _liquidation(rng: Random, number: int) -> Section:
    order = rng.choice(("bankruptcy_limit", "market"))
    rules: Section = {
        "order": order,
        "band_ppm": rng.choice((None, 30_000)) if order == "market" else None,
        "priority": rng.choice(("riskiest_first", "by_account_id", "random")),
        "mode": rng.choice(("batch", "interleaved")),
        "per_second": rng.choice((None, None, 3, 20)),
        "latency_ms": rng.choice((0, 0, 2_000)),
        "surplus": rng.choice(("fund", "trader")),
        "rounds_max": rng.choice((1, 3, 8)),
    }
    step = number % 4
    if step == 0:
        return {"kind": "full", **rules}
    if step < 3:
        return {"kind": "tier_down", "reduce_to": ("compliant", "tier_floor")[step - 1], **rules}
    pause = {"cooldown_ms": rng.choice((0, 10_000)), "whole_below_quote": rng.choice((0, 5_000))}
    fraction = {"fraction_ppm": rng.choice((100_000, 500_000)), "then_whole": rng.random() < 0.5}
    return {"kind": "fraction", **fraction, **pause, **rules}


def _waterfall(rng: Random, number: int) -> list[Section]:
    """Layers in any order; some without ADL, without takeover, or without socialised loss."""
    ranking = {"kind": "profit_leverage"} if number % 2 else {"kind": "binance_wallet", "wallet_floor_quote": 1}
    trigger, most = rng.choice(("bankrupt", "distressed")), rng.choice((None, None, 2, 10))
    layers: list[Section] = [{"kind": "insurance_fund"}]
    if number % 7 != 6:
        layers.append({"kind": "takeover"})
    if number % 5 != 4:
        layers.append({"kind": "adl", "ranking": ranking, "trigger": trigger, "matches_per_cycle": most})
    rng.shuffle(layers)
    if number % 4 != 2:
        layers.append({"kind": "socialised_loss", "basis": rng.choice(("unrealised_gain", "equity_change"))})
    return layers
