"""Small configs for the reduced engine, each a story: who holds what, at which leverage, under which prices."""

import json
from typing import Any

from clearsim.config import RunConfig, config_from_text

ADL = {"kind": "adl", "ranking": {"kind": "profit_leverage"}}
WATERFALL = [{"kind": "takeover"}, {"kind": "insurance_fund"}, ADL]
KOU = {
    "kind": "kou",
    "initial_price": 10000,
    "annual_volatility": 0.5,
    "jumps_per_year": 50,
    "down_share_ppm": 600_000,
    "down_eta": 25,
    "up_eta": 30,
    "compensate": False,
}
DAY_S = 86_400


def shock(size: float, *, volatility: float = 0.0) -> dict[str, Any]:
    """One jump by the fraction `size` after a minute."""
    return {
        "kind": "single_shock",
        "initial_price": 10000,
        "annual_volatility": volatility,
        "shock_ms": 60_000,
        "shock_fraction": size,
    }


def holders(
    name: str, *, long: float, short: float, leverage: dict[str, Any] | float, traders: int = 1
) -> dict[str, Any]:
    """A cohort that holds `long` and `short` parts of the open interest, all opened at the present price."""
    if not isinstance(leverage, dict):
        leverage = {"kind": "fixed", "leverage": leverage}
    opening = {
        "market": "BTC",
        "long_weight": long,
        "short_weight": short,
        "size": {"kind": "equal"},
        "largest_share_ppm": 1_000_000,
        "leverage": {"weight": "notional", "at": "entry", **leverage},
        "ageing": {"mean_age_days": 0, "volatility_per_day_ppm": 0},
    }
    return {"name": name, "traders": traders, "behaviour": {"kind": "levered"}, "opening": [opening]}


def longs_of(*parts: tuple[float, float], short_leverage: float = 1) -> list[dict[str, Any]]:
    """One account for each (leverage, share of long open interest), and one short of all of it."""
    cohorts = [holders(f"long-{n}", long=share, short=0, leverage=lev) for n, (lev, share) in enumerate(parts)]
    return [*cohorts, holders("short", long=0, short=1, leverage=short_leverage)]


def config(
    price: dict[str, Any],
    cohorts: list[dict[str, Any]],
    *,
    reduced: dict[str, Any] | None = None,
    maintenance_ppm: int = 5_000,
    max_leverage: float = 125,
    liquidation_ppm: int = 0,
    seed_quote: float = 0,
    open_interest: float = 1_000_000,
    days: float = 7,
    **changes: Any,
) -> RunConfig:
    """A one-market config; `changes` replace whole top-level keys."""
    text = {
        "name": "reduced",
        "seed": 1,
        "start_utc": "2025-01-01T00:00:00Z",
        "duration_s": int(days * DAY_S),
        "clock": {"kind": "fixed", "tick_ms": 1000},
        "asset": {"name": "USDT", "quantum": 0.000001},
        "prices": {"kind": "independent"},
        "markets": [
            {
                "name": "BTC",
                "tick_size": 0.0001,
                "lot_size": 0.01,
                "price": price,
                "impact": {"kind": "exogenous"},
                "mark": {"kind": "index"},
                "funding": {"kind": "none"},
                "margin": {"kind": "flat", "maintenance_ppm": maintenance_ppm, "max_leverage": max_leverage},
                "fees": {"taker_ppm": 0, "maker_ppm": 0, "liquidation_ppm": liquidation_ppm},
            }
        ],
        "funds": [{"name": "main", "markets": ["BTC"], "seed_quote": seed_quote, "fee_share_ppm": 1_000_000}],
        "liquidation": {"kind": "full"},
        "waterfall": WATERFALL,
        "population": {
            "minimum_margin_ratio_ppm": 1_000_000,
            "open_interest": [{"market": "BTC", "quote": open_interest}],
            "cohorts": cohorts,
        },
        "reduced": {"steps": 1, **(reduced or {})},
        **changes,
    }
    return config_from_text(json.dumps(text))
