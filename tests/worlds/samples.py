"""The `series`, `runs` and event tables of the made-up runs, told after their `accounts` table."""

from typing import Any

import numpy as np
import numpy.typing as npt
from clearsim.results import TABLES

from tests.worlds.accounts import (
    DURATION_MS,
    END_PRICE,
    ENGINE,
    FEES,
    FIRST,
    FUND,
    I64,
    LOT,
    MARKETS,
    QUANTUM,
    START_PRICE,
)

#: Counters that a payment raises in one market only.
ONCE = ("fund_draw_quanta", "fund_gain_quanta", "socialised_loss_quanta")


def make_series(markets: tuple[str, ...], *, crash: bool, accounts: dict[str, Any]) -> dict[str, Any]:
    time = np.arange(0, DURATION_MS + 1, 1_000, dtype=np.int64)
    n, m = len(time), len(markets)
    table: dict[str, Any] = {
        c.name: np.zeros(n * m, np.int64 if c.kind == "int64" else float) for c in TABLES["series"]
    }
    table["time_ms"], table["cycle"] = np.repeat(time, m), np.repeat(np.arange(n), m)
    table["market"] = list(markets) * n
    progress = 1 / (1 + np.exp(-(time - 1_800_000) / 120_000)) if crash else np.zeros(n)
    fund = int(accounts["equity_initial_quanta"][FUND])
    moved = {
        name: int(np.abs(accounts[f"{name}_quanta"]).sum()) // 2
        for name in ("fund", "liquidation_fee", "socialised_loss")
    }
    harmed = int(accounts["notional_initial_quanta"][accounts["deleveraged"]].sum())
    broke = accounts["notional_initial_quanta"][accounts["liquidated"]]
    late = np.clip((progress - 0.35) / 0.65, 0, 1)
    running = {
        "fund_draw_quanta": moved["fund"] * late**2,
        "fund_gain_quanta": moved["liquidation_fee"] * progress,
        "liquidated_long_quanta": int(broke.sum()) // m * progress,
        "liquidated_short_quanta": int(broke.sum()) // 40 * late**3,
        "adl_notional_quanta": harmed // m * late**2,
        "socialised_loss_quanta": moved["socialised_loss"] * late**4,
        "liquidated_accounts": len(broke) // m * progress,
        "volume_quanta": 4 * int(broke.sum()) * (progress + time / DURATION_MS),
    }
    running = {name: np.floor(values - values[0]).astype(np.int64) for name, values in running.items()}
    cash = np.maximum(fund + running["fund_gain_quanta"] - running["fund_draw_quanta"], 0)
    for i, market in enumerate(markets):
        rows = slice(i, None, m)
        paid = {name: values if i == 0 or name not in ONCE else 0 * values for name, values in running.items()}
        for name, values in {**paid, **_market_samples(market, time, progress, crash)}.items():
            table[name][rows] = values
        table["fund_quanta"][rows] = cash
        value = table["inventory_lots"][rows] * LOT[market] * table["mark_price"][rows] * QUANTUM
        table["fund_equity_quanta"][rows] = cash - (0.02 * value).astype(np.int64)
    return table


def _market_samples(market: str, time: I64, progress: npt.NDArray[np.float64], crash: bool) -> dict[str, Any]:
    rng = np.random.default_rng(len(market) + ord(market[0]))
    wiggle = np.cumsum(rng.normal(0, 1e-4, len(time))) if crash else np.zeros(len(time))
    dip = 0.05 * np.exp(-(((time - 2_000_000) / 150_000) ** 2)) if crash else 0 * wiggle
    start, end = START_PRICE[market], END_PRICE[market] if crash else START_PRICE[market]
    index = (start + (end - start) * progress) * np.exp(wiggle - wiggle[0] - dip)
    mark = index * (1 - 0.35 * dip)
    thin = np.exp(-45 * dip)
    depth = {
        f"depth_{side}_{band}_quanta": np.floor(size * thin * lean * 1e6 * QUANTUM / 10).astype(np.int64)
        for side, lean in (("bid", 1.0), ("ask", np.exp(8 * dip)))
        for band, size in (("near", 12), ("mid", 30), ("far", 80))
    }
    if crash:
        depth["depth_bid_near_quanta"][(time > 1_990_000) & (time < 2_010_000)] = 0
    lots = np.floor(2_000_000 * (1 - 0.4 * progress)).astype(np.int64)
    inventory = np.floor(9_000 * np.exp(-(((time - 2_100_000) / 200_000) ** 2))).astype(np.int64) if crash else 0 * lots
    return {
        "index_price": index,
        "mark_price": mark,
        "best_bid": mark - 0.1,
        "best_ask": mark + 0.1,
        **depth,
        "open_interest_lots": lots,
        "inventory_lots": inventory,
        "volatility": 1e-4 + dip / 100,
        "funding_rate_ppm": 100.0 + 0 * mark,
    }


def make_runs(
    accounts: dict[str, Any], series: dict[str, Any], events: dict[str, Any], *, n_traders: int
) -> dict[str, Any]:
    row: dict[str, Any] = {column.name: 0 for column in TABLES["runs"]}
    fund = series["fund_quanta"]
    first = np.array(series["market"]) == MARKETS[0]
    adl = events.get("adl_matches", {"harm_quanta": np.zeros(0, np.int64), "lots": np.zeros(0)})
    row |= {
        "run_id": "made-up",
        "name": "made-up",
        "config_hash": "0123456789abcdef" * 4,
        "seed": 7,
        "status": "done",
        "n_traders": n_traders,
        "n_cycles": 3_601,
        "duration_ms": DURATION_MS,
        "index_low": series["index_price"][first].min(),
        "mark_low": series["mark_price"][first].min(),
        "dislocation_max": np.abs(series["mark_price"] / series["index_price"] - 1).max(),
        "liquidated_accounts": int(accounts["liquidated"].sum()),
        "adl_accounts": int(accounts["deleveraged"].sum()),
        "liquidated_notional_quanta": int(accounts["notional_initial_quanta"][accounts["liquidated"]].sum()),
        "adl_matches": len(adl["harm_quanta"]),
        "adl_harm_quanta": int(accounts["adl_harm_quanta"].sum()),
        "adl_notional_quanta": int(accounts["notional_initial_quanta"][accounts["deleveraged"]].sum()),
        "fund_initial_quanta": int(fund[0]),
        "fund_final_quanta": int(fund[-1]),
        "fund_min_quanta": int(fund.min()),
        "required_fund_quanta": int(fund[0] - fund.min()),
        "required_fund_is_bound": bool(fund.min() == 0),
        "required_fund_bound_by": "fund" if fund.min() == 0 else "none",
        "adl_fund_dry_quanta": int(accounts["notional_initial_quanta"][accounts["deleveraged"]].sum()),
        "fund_draw_quanta": int(series["fund_draw_quanta"].max()),
        "fund_gain_quanta": int(series["fund_gain_quanta"].max()),
        "socialised_loss_quanta": int(series["socialised_loss_quanta"].max()),
        "step_ratio_worst": 3.4,
        "step_ms_at_worst": 250,
        "first_adl_ms": -1,
        "first_fund_empty_ms": -1,
    }
    for minutes, share in (("1m", 90), ("10m", 70), ("60m", 40), ("close", 35)):
        row[f"adl_forgone_{minutes}_quanta"] = row["adl_harm_quanta"] * share // 100
        row[f"adl_forgone_{minutes}_gained_quanta"] = 0
    return {name: [value] for name, value in row.items()}


def make_events(accounts: dict[str, Any], series: dict[str, Any]) -> dict[str, Any]:
    return {"adl_matches": _adl_matches(accounts), "transfers": _transfers(accounts, series)}


def _adl_matches(accounts: dict[str, Any]) -> dict[str, Any]:
    rows = np.flatnonzero(accounts["deleveraged"])
    n = len(rows)
    notional, harm = accounts["notional_initial_quanta"][rows] / QUANTUM, accounts["adl_harm_quanta"][rows]
    market = np.where(np.arange(n) % 4 == 3, "ETHUSDT", "BTCUSDT")
    mark = np.where(market == "ETHUSDT", 3_900.0, 112_000.0)
    lots = np.maximum((notional * 0.75 / mark / np.where(market == "ETHUSDT", 0.01, 0.001)).astype(np.int64), 1)
    return {
        "seq": np.arange(n),
        "time_ms": np.full(n, 2_000_000),
        "cycle": np.full(n, 2_000),
        "cause_seq": np.zeros(n, np.int64),
        "market": market,
        "bankrupt": np.full(n, FIRST),
        "counterparty": rows,
        "rank": np.arange(1, n + 1),
        "score": np.exp(np.linspace(5, -1, n)),
        "lots": lots,
        "price": mark * 1.004,
        "mark_price": mark,
        "harm_quanta": harm,
        "partial": np.arange(n) == n - 1,
        "why": ["fund_dry"] * n,
        "waited": np.zeros(n, bool),
    }


def _transfers(accounts: dict[str, Any], series: dict[str, Any]) -> dict[str, Any]:
    """Money that pairs with the components of fees, penalties, fund and socialised loss, and the contracts of the
    series: the first trader long and the second short, who close at every sample as much as open interest fell."""
    legs: list[tuple[int, str, int, int, int, int, str]] = []
    for name, reason, pool in (
        ("fee", "FEE", FEES),
        ("liquidation_fee", "LIQUIDATION_FEE", FUND),
        ("fund", "FUND_DRAW", ENGINE),
        ("socialised_loss", "SOCIALISED_LOSS", ENGINE),
    ):
        column = accounts[f"{name}_quanta"]
        rows = np.flatnonzero(column < 0).tolist()
        legs += [(2_000_000, reason, row, pool, -int(column[row]), 0, "") for row in rows]
    for market in dict.fromkeys(series["market"]):
        own = np.array(series["market"]) == market
        lots, time = series["open_interest_lots"][own], series["time_ms"][own]
        legs.append((0, "OPENING", FIRST, FIRST + 1, 0, int(lots[0]), market))
        falls = -np.diff(lots)
        legs += [(int(time[i + 1]), "TRADE", FIRST + 1, FIRST, 0, int(falls[i]), market) for i in np.flatnonzero(falls)]
    legs.sort(key=lambda leg: leg[0])
    n = len(legs)
    time_ms, reason, payer, payee, quote, moved, market_of = (list(part) for part in zip(*legs, strict=True))
    return {
        "seq": np.arange(n),
        "time_ms": time_ms,
        "cycle": np.array(time_ms) // 1000,
        "cause_seq": np.full(n, -1),
        "reason": reason,
        "payer": payer,
        "payee": payee,
        "quote_quanta": quote,
        "lots": moved,
        "market": market_of,
        "price": np.full(n, np.nan),
    }
