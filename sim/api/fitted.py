"""The config that a calibration writes: the cohorts without opening positions, and one fitted to the book."""

import math
from decimal import Decimal
from typing import Any

import yaml

from ..config import LoadedConfig
from ..config.canonical import plain
from ..config.shipped import list_shipped
from ..units import allocate_largest_remainder
from . import _analysis as analysis

PPM = 1_000_000


def fitted_yaml(fit: "analysis.BookFit", loaded: LoadedConfig, *, weight: str, comment: list[str]) -> str:
    """A config over `loaded` whose population opens with a book drawn from the fitted laws; `comment` comes first."""
    kept = [plain(cohort) for cohort in loaded.config.population.cohorts if not cohort.opening]
    population = {
        "open_interest": [
            {"market": market.market, "base": _number(max(market.long_size, market.short_size), 12)}
            for market in fit.markets
        ],
        "cohorts": [*kept, fitted_cohort(fit, weight)],
    }
    body = yaml.safe_dump({"population": population}, sort_keys=False, allow_unicode=True, width=110)
    body = body.replace("population:\n", "population: !replace\n", 1)
    notes = [
        "Open interest is the larger side of the book, in base units; it is multiplied by scale.simulated_share.",
        "Not in the book, so not fitted: ageing of entry prices, stop-losses, behaviour of the traders.",
    ]
    head = [f"# {line}".rstrip() for line in [*comment, "", *notes]]
    return "\n".join([*head, f"extends: {_source(loaded)}", "name: fitted-book", "positions: null", body])


def _source(loaded: LoadedConfig) -> str:
    """The config to extend: a shipped one by its name, another by its absolute path."""
    shipped = {name for name, _, _ in list_shipped()}
    return loaded.path.stem if loaded.path.stem in shipped else str(loaded.path.resolve())


def fitted_cohort(fit: "analysis.BookFit", weight: str) -> dict[str, Any]:
    """The cohort that holds the book's markets, as a mapping of the config."""
    traders = max(market.accounts for market in fit.markets)
    return {
        "name": "fitted",
        "traders": traders,
        "behaviour": {"kind": "levered"},
        "opening": [_opening(market, weight, traders) for market in fit.markets],
    }


def _opening(market: "analysis.MarketFit", weight: str, traders: int) -> dict[str, Any]:
    low, high = market.capital_share
    return {
        "market": market.market,
        "long_weight": 1,
        "short_weight": 1,
        "accounts_ppm": max(1, round(market.accounts / traders * PPM)),
        "long_accounts_ppm": round(market.long_accounts * PPM),
        "size": _size(market.size),
        "largest_share_ppm": min(PPM, max(1, math.ceil(market.size.largest_share * PPM))),
        "leverage": _leverage(market.leverage[weight]),
        "isolated_ppm": round(market.isolated * PPM),
        "capital_share_per_position": {"low_ppm": max(1, round(low * PPM)), "high_ppm": max(1, round(high * PPM))},
        "ageing": {"mean_age_days": 0, "volatility_per_day_ppm": 0},
    }


def _size(size: "analysis.SizeFit") -> dict[str, Any]:
    if size.kind == "pareto":
        return {"kind": "pareto", "exponent": _number(size.exponent)}
    return {"kind": "lognormal", "sigma": _number(size.sigma)} if size.kind == "lognormal" else {"kind": "equal"}


def _leverage(law: "analysis.LeverageFit") -> dict[str, Any]:
    head = {"kind": law.kind, "weight": law.counts, "at": "entry"}
    if law.kind == "fixed":
        return head | {"leverage": _number(law.minimum)}
    if law.kind == "pareto":
        ends = {"minimum": _number(law.minimum), "maximum": _number(law.maximum)}
        return head | {"exponent": _number(law.exponent)} | ends
    held = [bucket for bucket in law.buckets if bucket[2] > 0]
    shares = allocate_largest_remainder(PPM, [round(share * 10**12) for _, _, share in held])
    edges = [(_number(low, 8), _number(high, 8)) for low, high, _ in held]
    return head | {
        "buckets": [
            {"low": low, "high": high, "share_ppm": int(share)}
            for (low, high), share in zip(edges, shares, strict=True)
        ]
    }


def _number(value: float, digits: int = 6) -> float | int:
    """The value to some significant digits, as YAML writes it."""
    rounded = float(Decimal(f"{value:.{digits}g}"))
    return int(rounded) if rounded.is_integer() else rounded
