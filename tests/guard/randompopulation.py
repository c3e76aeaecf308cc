"""Draws the traders of a random config: every behaviour, every law of sizes and leverage, whales and a user's agent."""

from collections.abc import Sequence
from random import Random
from typing import Any

Section = dict[str, Any]
Market = tuple[str, float, float, float]


def draw_population(rng: Random, markets: Sequence[Market], *, opens: bool) -> Section:
    """Cohorts in all markets, 200 to 500 traders; `opens`: they hold positions at the start."""
    cohorts = [cohort for market in markets for cohort in _flow_traders(rng, market[0])]
    holders = _holders(rng, [market[0] for market in markets])
    return {
        "open_interest": [{"market": market[0], "quote": rng.choice((5_000_000, 20_000_000))} for market in markets],
        "cohorts": [*cohorts, *(holders if opens else [])],
        "minimum_margin_ratio_ppm": rng.choice((1_050_000, 1_200_000)),
    }


def draw_agents(rng: Random, markets: Sequence[Market]) -> list[Section]:
    """Up to two whales and at times a user's agent."""
    agents = [_whale(rng, number, markets[0][0]) for number in range(rng.choice((0, 1, 2)))]
    if rng.random() < 0.25:
        user = {"kind": "user", "name": "ladder", "file": "ladder.py", "class": "Ladder", "interval_ms": 5_000}
        agents.append({**user, "deposit_quote": 50_000, "max_leverage": 5})
    return agents


def _whale(rng: Random, number: int, market: str) -> Section:
    side, mode = rng.choice(("long", "short")), rng.choice(("cross", "isolated"))
    position = {
        "market": market,
        "side": side,
        "quote": rng.choice((200_000, 1_500_000)),
        "leverage": rng.randint(3, 18),
    }
    program = {"market": market, "side": rng.choice(("buy", "sell")), "base": rng.randint(1, 8), "start_s": 10}
    return {
        "kind": "whale",
        "name": f"whale-{number}",
        "deposit_quote": rng.choice((0, 20_000)),
        "max_leverage": 20,
        "positions": [{**position, "mode": mode}],
        "programs": [{**program, "duration_s": 40, "reduce_only": rng.random() < 0.5}] if rng.random() < 0.6 else [],
    }


def _flow_traders(rng: Random, market: str) -> list[Section]:
    """Makers and noise nearly always, each other behaviour at times."""
    cohorts = [_makers(rng, market)] if rng.random() < 0.9 else []
    noise = {"kind": "noise", "market": market, "orders_per_s": rng.choice((3, 15)), "volume_quote_per_s": 15_000}
    cohorts.append(_cohort(f"noise-{market}", 50, noise, 500_000, {"kind": "lognormal", "sigma": 1}))
    look = {"market": market, "decision_interval_s": 10}
    band = {"threshold": {"low_ppm": 3_000, "high_ppm": 40_000}}
    others = [
        _cohort("momentum", 15, {"kind": "momentum", **look, "horizons_s": [5, 30], **band}, 200_000),
        _cohort("fundamentalists", 10, {"kind": "fundamentalist", **look, **band}, 300_000),
        _cohort("dip-buyers", 10, {"kind": "dip_buyer", **look, **band}, 300_000, {"kind": "pareto", "exponent": 1.5}),
        _cohort("arbitrageurs", 5, _arbitrageur(look), 500_000),
    ]
    for cohort in others:
        cohort["name"] += f"-{market}"
    return cohorts + [cohort for cohort in others if rng.random() < 0.6]


def _arbitrageur(look: Section) -> Section:
    pace = {"transfer_delay_ms": 20_000, "outside_quote": 500_000}
    return {"kind": "arbitrageur", **look, "entry_ppm": 1_500, "exit_ppm": 300, **pace}


def _cohort(name: str, traders: int, behaviour: Section, quote: float, split: Section | None = None) -> Section:
    capital = {"quote": quote, "split": split or {"kind": "equal"}}
    return {"name": name, "traders": traders, "behaviour": behaviour, "capital": capital, "max_leverage": 5}


def _makers(rng: Random, market: str) -> Section:
    thick = rng.choice((100_000, 500_000, 2_000_000))
    bands = [
        {"within_ppm": 10_000, "bid_quote": thick, "ask_quote": thick},
        {"within_ppm": 50_000, "bid_quote": 3 * thick, "ask_quote": 2 * thick},
    ]
    behaviour = {
        "kind": "market_maker",
        "market": market,
        "depth": bands,
        "levels_per_band": rng.choice((2, 4)),
        "half_spread_ppm": rng.choice((20, 100)),
        "calm_volatility_ppm": rng.choice((120, 400)),
        "withdrawal_power": rng.choice((0, 1, 2)),
        "skew_volatility_power": rng.choice((0, 0.5)),
        "mark_weight_ppm": rng.choice((0, 500_000)),
        "adl_aversion": rng.choice((0, 1)),
        "inventory_limit_quote": 5_000_000,
    }
    return {
        "name": f"makers-{market}",
        "traders": rng.choice((3, 8)),
        "max_leverage": 20,
        "capital": {"quote": 2_000_000},
        "behaviour": behaviour,
    }


def _holders(rng: Random, markets: list[str]) -> list[Section]:
    """Two cohorts of levered traders over all markets, and at times carry traders who are short in the first."""
    cohorts: list[Section] = []
    for name, traders in (("many", rng.choice((100, 250))), ("few", 60)):
        opening = [_opening(rng, market) for market in markets]
        money = {"quote": rng.choice((0, 100_000))}
        cohorts.append(
            {"name": name, "traders": traders, "behaviour": _levered(rng), "capital": money, "opening": opening}
        )
    if rng.random() < 0.3:
        carry = {
            "kind": "carry",
            "market": markets[0],
            "unwind_ppm": 500,
            "rebuild_ppm": 500,
            "decision_interval_s": 10,
        }
        opening = [{**_opening(rng, markets[0]), "long_weight": 0, "long_accounts_ppm": 0, "stops": None}]
        cohorts.append({"name": "carry", "traders": 40, "behaviour": carry, "opening": opening})
    return cohorts


def _levered(rng: Random) -> Section:
    behaviour: Section = {"kind": "levered"}
    if rng.random() < 0.6:
        budget = {"outside_budget_ppm": 500_000, "transfer_delay_ms": rng.choice((0, 10_000)), "attention_s": 5}
        behaviour |= {"topup_accounts_ppm": 300_000, **budget}
        behaviour |= {"comeback_accounts_ppm": 200_000, "comeback_delay_s": 15}
    if rng.random() < 0.4:
        behaviour |= {"profit_accounts_ppm": 200_000, "profit_distance": {"low_ppm": 5_000, "high_ppm": 60_000}}
    return behaviour


def _opening(rng: Random, market: str) -> Section:
    stops = {"accounts_ppm": 300_000, "distance": {"low_ppm": 8_000, "high_ppm": 80_000}}
    return {
        "market": market,
        "long_weight": rng.choice((1, 2)),
        "short_weight": rng.choice((1, 2)),
        "accounts_ppm": rng.choice((1_000_000, 800_000)),
        "long_accounts_ppm": rng.choice((400_000, 600_000)),
        "size": rng.choice(({"kind": "pareto", "exponent": 1.2}, {"kind": "lognormal", "sigma": 1}, {"kind": "equal"})),
        "largest_share_ppm": 200_000,
        "leverage": _leverage(rng),
        "isolated_ppm": rng.choice((0, 300_000, 800_000)),
        "capital_share_per_position": {"low_ppm": rng.choice((300_000, 900_000)), "high_ppm": 1_000_000},
        "ageing": {"mean_age_days": rng.choice((0, 2)), "volatility_per_day_ppm": 25_000},
        "stops": stops if rng.random() < 0.5 else None,
    }


def _leverage(rng: Random) -> Section:
    counted = {"weight": rng.choice(("notional", "account")), "at": rng.choice(("entry", "now"))}
    kind = rng.choice(("fixed", "pareto", "buckets"))
    if kind == "fixed":
        return {"kind": kind, **counted, "leverage": rng.choice((8, 20))}
    if kind == "pareto":
        return {"kind": kind, **counted, "exponent": 1.2, "minimum": 2, "maximum": 50}
    buckets = [
        {"low": 1, "high": 3, "share_ppm": 200_000},
        {"low": 3, "high": 10, "share_ppm": 400_000},
        {"low": 10, "high": 45, "share_ppm": 400_000},
    ]
    return {"kind": kind, **counted, "buckets": buckets}
