"""Result folders made up by rule, without a simulator, for the tests of `analysis/`.

`write_rich` has every layer of the waterfall: two markets under one fund, a crash, liquidations in the book and by takeover,
a fund that runs empty, ADL, socialised loss. `write_quiet` is a run in which nothing happened. Both obey the schema and conserve:
components add up row by row and sum to zero each. The same arguments give the same folder.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sim.results import ATTRIBUTION, EVENT_TABLES, SCHEMA_VERSION, TABLES

I64 = npt.NDArray[np.int64]
QUANTUM = 1_000_000  # quanta per USDT
MARKETS = ("BTCUSDT", "ETHUSDT")
LOT = {"BTCUSDT": 0.001, "ETHUSDT": 0.01}
START_PRICE = {"BTCUSDT": 116_000.0, "ETHUSDT": 4_100.0}
END_PRICE = {"BTCUSDT": 111_000.0, "ETHUSDT": 3_800.0}
DURATION_MS = 3_600_000
OUTSIDE, FEES, ROUNDING, FUND, ENGINE, FIRST = range(6)
RESERVED = ("OUTSIDE", "FEES", "ROUNDING", "FUND:shared", "ENGINE:shared")
RESERVED_ROLES = ("outside", "fees", "rounding", "insurance fund", "engine")
COHORTS = (("makers", 12), ("noise", 80), ("momentum", 60), ("levered longs", 170), ("levered shorts", 110), ("whale", 1))
_ARROW = {"int64": pa.int64(), "int32": pa.int32(), "float64": pa.float64(), "bool": pa.bool_(), "string": pa.string()}


def write_rich(folder: Path, *, detail: str = "events", **manifest: Any) -> Path:
    """A run with every layer of the waterfall; `manifest` entries replace the usual ones."""
    accounts = _rich_accounts()
    series = _series(MARKETS, crash=True, accounts=accounts)
    events = _events(accounts) if detail == "events" else {}
    runs = _runs(accounts, series, events, n_traders=sum(count for _, count in COHORTS))
    tables = {"runs": runs, "accounts": accounts, "series": series, **events}
    return write_folder(folder, tables, detail=detail, markets=MARKETS, **manifest)


def write_quiet(folder: Path, **manifest: Any) -> Path:
    """A run in which the price stood still and nobody traded."""
    accounts = _blank_accounts([("traders", 40)])
    traders = np.arange(FIRST, FIRST + 40)
    accounts["equity_initial_quanta"][traders] = 1_000 * QUANTUM
    accounts["equity_initial_quanta"][FUND] = 5_000 * QUANTUM
    accounts["equity_initial_quanta"][OUTSIDE] = -45_000 * QUANTUM
    accounts["equity_final_quanta"] = accounts["equity_initial_quanta"].copy()
    for when in ("initial", "final"):
        accounts[f"notional_{when}_quanta"][traders[:20]] = 3_000 * QUANTUM
    accounts["role"][FIRST:] = ["winners"] * 40
    series = _series(("BTCUSDT",), crash=False, accounts=accounts)
    tables = {"runs": _runs(accounts, series, {}, n_traders=40), "accounts": accounts, "series": series}
    return write_folder(folder, tables, detail="events", markets=("BTCUSDT",), **manifest)


def write_folder(folder: Path, tables: dict[str, Any], *, detail: str, markets: tuple[str, ...], **manifest: Any) -> Path:
    """Write tables, manifest and config as a run does; an event table without rows is not written."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = [name for name in tables if detail != "summary" or name in ("runs", "accounts")]
    for name in kept:
        write_part(folder, name, tables[name])
    text = {
        "schema_version": SCHEMA_VERSION, "name": "made-up", "title": "A made-up crash", "seed": 7, "detail": detail,
        "config_hash": "0123456789abcdef" * 4, "start_utc": "2025-10-10T20:30:00Z", "asset": "USDT", "quantum": "0.000001",
        "simulated_share": "0.05", "markets": list(markets), "tick_sizes": {name: "0.1" for name in markets},
        "lot_sizes": {name: str(LOT[name]) for name in markets}, "depth_bands_ppm": [10_000, 20_000, 50_000],
        "sample_ms": 1_000, "versions": {"clearsim": "0.1.0"}, "git_commit": None,
        "row_counts": {name: len(next(iter(tables[name].values()))) for name in kept},
    } | manifest  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(text, indent=1, sort_keys=True))
    (folder / "config.yaml").write_text(_config(markets))
    return folder


def write_part(folder: Path, table: str, columns: dict[str, Any], part: int = 0) -> Path:
    """Write one Parquet part of a table."""
    schema = pa.schema([pa.field(column.name, _ARROW[column.kind], nullable=False) for column in TABLES[table]])
    path = folder / ("events" if table in EVENT_TABLES else "") / table / f"part-{part:04d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({field.name: pa.array(columns[field.name], field.type) for field in schema}, schema=schema), path)
    return path


def _config(markets: tuple[str, ...]) -> str:
    lines = ["name: made-up", "description: Numbers made up by rule, for tests.", "scale: {simulated_share: '0.05'}", "markets:"]
    lines += [f"- {{name: {name}, impact: {{kind: exogenous}}, fees: {{taker_ppm: 500}}}}" for name in markets]
    lines += [
        f"funds: [{{name: shared, markets: [{', '.join(markets)}], seed_quote: '120000'}}]",
        "provenance:",
        "- {path: 'markets[0].fees', status: fact, source: made up & shown <as text>, date: '2025-10-10'}",
        "- {path: scale.simulated_share, status: assumption, source: chosen, note: any share would do}",
        "- {path: 'funds[0].seed_quote', status: scaled, source: venue fund x share}",
    ]
    return "\n".join(lines) + "\n"


def _blank_accounts(cohorts: list[tuple[str, int]]) -> dict[str, Any]:
    names = [name for name, count in cohorts for _ in range(count)]
    n = FIRST + len(names)
    table: dict[str, Any] = {f"{name}_quanta": np.zeros(n, np.int64) for name in ATTRIBUTION}
    for name in ("equity_initial", "equity_final", "notional_initial", "notional_final", "adl_harm"):
        table[f"{name}_quanta"] = np.zeros(n, np.int64)
    for name in ("liquidated", "deleveraged", "bankrupt"):
        table[name] = np.zeros(n, bool)
    table["account"] = np.arange(n, dtype=np.int32)
    table["trader"] = np.arange(n, dtype=np.int32)
    table["name"] = list(RESERVED) + ["whale" if name == "whale" else "" for name in names]
    table["cohort"] = [""] * FIRST + names
    table["mode"] = ["reserved"] * FIRST + ["cross"] * len(names)
    table["role"] = list(RESERVED_ROLES) + ["other losers"] * len(names)
    table["market"] = [""] * n
    table["side"] = ["flat"] * n
    return table


def _rows_of(accounts: dict[str, Any], *cohorts: str) -> I64:
    return np.flatnonzero(np.isin(np.array(accounts["cohort"]), cohorts))


def _share(amount: int, weights: I64) -> I64:
    """Split `amount` >= 0 over weights: whole parts that sum to it, the rest to the first."""
    parts = np.array([amount * int(weight) // int(weights.sum()) for weight in weights], np.int64)
    parts[0] += amount - int(parts.sum())
    return parts


def _rich_accounts() -> dict[str, Any]:
    table = _blank_accounts(list(COHORTS))
    rng = np.random.default_rng(20251010)
    traders = np.arange(FIRST, len(table["account"]))
    equity = (np.exp(rng.normal(7.6, 1.1, len(traders))) * QUANTUM).astype(np.int64)
    leverage = np.ones(len(traders))
    cohort = np.array(table["cohort"])[FIRST:]
    for name, low, high in (("noise", 1, 4), ("momentum", 2, 8), ("levered longs", 6, 60), ("levered shorts", 3, 25),
                            ("whale", 4, 5), ("makers", 0.5, 2)):  # fmt: skip
        leverage[cohort == name] = rng.uniform(low, high, int((cohort == name).sum()))
    equity[cohort == "makers"] *= 30
    equity[cohort == "whale"] = 400_000 * QUANTUM
    table["equity_initial_quanta"][traders] = equity
    table["equity_initial_quanta"][FUND] = 120_000 * QUANTUM
    table["equity_initial_quanta"][OUTSIDE] = -int(equity.sum()) - 120_000 * QUANTUM
    table["notional_initial_quanta"][traders] = (equity * leverage).astype(np.int64)
    _isolate(table)
    _tell_story(table, rng)
    table["equity_final_quanta"] = table["equity_initial_quanta"] + sum(table[f"{name}_quanta"] for name in ATTRIBUTION)
    _assign_roles(table)
    return table


def _isolate(table: dict[str, Any]) -> None:
    """Every third levered long row becomes an isolated position of the row before it."""
    for row in _rows_of(table, "levered longs")[2::3]:
        table["mode"][row], table["market"][row] = "isolated", "BTCUSDT"
        table["trader"][row] = row - 1


def _tell_story(table: dict[str, Any], rng: np.random.Generator) -> None:
    longs, shorts = _rows_of(table, "levered longs", "momentum"), _rows_of(table, "levered shorts", "whale", "noise")
    makers = _rows_of(table, "makers")
    table["side"] = np.array(table["side"], dtype=object)
    table["side"][longs], table["side"][shorts] = "long", "short"
    notional, equity = table["notional_initial_quanta"], table["equity_initial_quanta"]
    fall = notional[longs] * 45 // 1_000
    _move(table, "price", longs, fall, shorts)
    broke = longs[equity[longs] - fall < notional[longs] // 100]
    table["liquidated"][broke] = True
    notional_final = notional.copy()
    notional_final[broke] = 0
    _move(table, "liquidation_slippage", broke, notional[broke] * 9 // 1_000, makers)
    _move(table, "trade_slippage", shorts, notional[shorts] // 3_000, makers)
    _move(table, "fee", np.concatenate([longs, shorts]), notional[np.concatenate([longs, shorts])] // 2_000, np.array([FEES]))
    _move(table, "liquidation_fee", broke, notional[broke] // 500, np.array([FUND]))
    _move(table, "funding", longs, notional[longs] // 10_000, shorts)
    _move(table, "rounding", np.array([ROUNDING]), np.array([17]), makers[:1])
    top_up = longs[~table["liquidated"][longs]][:5]
    _move(table, "deposit", np.array([OUTSIDE]), np.array([250 * QUANTUM]), top_up)
    _cover(table, broke, shorts)
    notional_final[table["deleveraged"]] //= 4
    table["notional_final_quanta"] = notional_final * 94 // 100


def _move(table: dict[str, Any], name: str, payers: I64, amounts: I64, payees: I64) -> None:
    column = table[f"{name}_quanta"]
    np.subtract.at(column, payers, amounts)
    weights = np.maximum(table["notional_initial_quanta"][payees], 1)
    np.add.at(column, payees, _share(int(amounts.sum()), weights))


def _cover(table: dict[str, Any], broke: I64, shorts: I64) -> None:
    """Deficits: a third closed out by ADL, the rest taken over; the engine's loss is paid by fund, then by winners."""
    standing = table["equity_initial_quanta"] + sum(table[f"{name}_quanta"] for name in ATTRIBUTION)
    deficit = np.maximum(-standing[broke], 0)
    table["bankrupt"][broke] = deficit > 0
    by_adl = np.arange(len(broke)) % 3 == 0
    table["takeover_quanta"][broke] += np.where(by_adl, 0, deficit)
    taken = int(deficit[~by_adl].sum())
    table["takeover_quanta"][ENGINE] -= taken
    _move(table, "unwind", np.array([ENGINE]), np.array([taken // 9]), _rows_of(table, "makers"))
    table["adl_quanta"][broke] += np.where(by_adl, deficit, 0)
    winners = shorts[np.argsort(-table["notional_initial_quanta"][shorts], kind="stable")][:60]
    table["deleveraged"][winners] = True
    parts = _share(int(deficit[by_adl].sum()), table["notional_initial_quanta"][winners])
    table["adl_quanta"][winners] -= parts
    table["adl_harm_quanta"][winners] = parts
    owed = taken + taken // 9
    from_fund = min(owed * 2 // 3, 120_000 * QUANTUM + int(table["liquidation_fee_quanta"][FUND]))
    _move(table, "fund", np.array([FUND]), np.array([from_fund]), np.array([ENGINE]))
    rest = owed - from_fund
    table["socialised_loss_quanta"][ENGINE] += rest
    table["socialised_loss_quanta"][shorts] -= _share(rest, table["notional_initial_quanta"][shorts])


def _assign_roles(table: dict[str, Any]) -> None:
    roles = np.array(table["role"], dtype=object)
    result = table["equity_final_quanta"] - table["equity_initial_quanta"] - table["deposit_quanta"]
    owner = np.array(table["trader"])
    per_owner = np.zeros(len(owner), np.int64)
    np.add.at(per_owner, owner, result)
    for row in range(FIRST, len(roles)):
        mates = owner == owner[row]
        cohort = table["cohort"][owner[row]]
        roles[row] = (
            "named agents" if cohort == "whale"
            else "makers" if cohort == "makers"
            else "liquidated traders" if table["liquidated"][mates].any()
            else "deleveraged traders" if table["deleveraged"][mates].any()
            else "winners" if per_owner[owner[row]] >= 0 else "other losers"
        )  # fmt: skip
    table["role"] = roles


def _series(markets: tuple[str, ...], *, crash: bool, accounts: dict[str, Any]) -> dict[str, Any]:
    time = np.arange(0, DURATION_MS + 1, 1_000, dtype=np.int64)
    n, m = len(time), len(markets)
    table: dict[str, Any] = {c.name: np.zeros(n * m, np.int64 if c.kind == "int64" else float) for c in TABLES["series"]}
    table["time_ms"], table["cycle"] = np.repeat(time, m), np.repeat(np.arange(n), m)
    table["market"] = list(markets) * n
    progress = 1 / (1 + np.exp(-(time - 1_800_000) / 120_000)) if crash else np.zeros(n)
    fund = int(accounts["equity_initial_quanta"][FUND])
    moved = {name: int(np.abs(accounts[f"{name}_quanta"]).sum()) // 2 for name in ("fund", "liquidation_fee", "socialised_loss")}
    harmed = int(accounts["notional_initial_quanta"][accounts["deleveraged"]].sum())
    broke = accounts["notional_initial_quanta"][accounts["liquidated"]]
    late = np.clip((progress - 0.35) / 0.65, 0, 1)
    running = {
        "fund_draw_quanta": moved["fund"] * late**2, "fund_gain_quanta": moved["liquidation_fee"] * progress,
        "liquidated_long_quanta": int(broke.sum()) // m * progress, "liquidated_short_quanta": int(broke.sum()) // 40 * late**3,
        "adl_notional_quanta": harmed // m * late**2, "socialised_loss_quanta": moved["socialised_loss"] * late**4,
        "liquidated_accounts": len(broke) // m * progress, "volume_quanta": 4 * int(broke.sum()) * (progress + time / DURATION_MS),
    }  # fmt: skip
    running = {name: np.floor(values - values[0]).astype(np.int64) for name, values in running.items()}
    cash = np.maximum(fund + running["fund_gain_quanta"] - running["fund_draw_quanta"], 0)
    for i, market in enumerate(markets):
        rows = slice(i, None, m)
        for name, values in {**running, **_market_samples(market, time, progress, crash)}.items():
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
        "index_price": index, "mark_price": mark, "best_bid": mark - 0.1, "best_ask": mark + 0.1, **depth,
        "open_interest_lots": lots, "inventory_lots": inventory, "volatility": 1e-4 + dip / 100, "funding_rate_ppm": 100.0 + 0 * mark,
    }  # fmt: skip


def _runs(accounts: dict[str, Any], series: dict[str, Any], events: dict[str, Any], *, n_traders: int) -> dict[str, Any]:
    row: dict[str, Any] = {column.name: 0 for column in TABLES["runs"]}
    fund = series["fund_quanta"]
    adl = events.get("adl_matches", {"harm_quanta": np.zeros(0, np.int64), "lots": np.zeros(0)})
    row |= {
        "run_id": "made-up", "name": "made-up", "config_hash": "0123456789abcdef" * 4, "seed": 7, "status": "done",
        "n_traders": n_traders, "n_cycles": 3_601, "duration_ms": DURATION_MS, "index_low": series["index_price"].min(),
        "mark_low": series["mark_price"].min(), "dislocation_max": np.abs(series["mark_price"] / series["index_price"] - 1).max(),
        "liquidated_accounts": int(accounts["liquidated"].sum()), "adl_accounts": int(accounts["deleveraged"].sum()),
        "liquidated_notional_quanta": int(accounts["notional_initial_quanta"][accounts["liquidated"]].sum()),
        "adl_matches": len(adl["harm_quanta"]), "adl_harm_quanta": int(accounts["adl_harm_quanta"].sum()),
        "adl_notional_quanta": int(accounts["notional_initial_quanta"][accounts["deleveraged"]].sum()),
        "fund_initial_quanta": int(fund[0]), "fund_final_quanta": int(fund[-1]), "fund_min_quanta": int(fund.min()),
        "fund_draw_quanta": int(series["fund_draw_quanta"][-1]), "fund_gain_quanta": int(series["fund_gain_quanta"][-1]),
        "socialised_loss_quanta": int(series["socialised_loss_quanta"][-1]), "step_ratio_worst": 3.4, "step_ms_at_worst": 250,
        "first_adl_ms": -1, "first_fund_empty_ms": -1,
    }  # fmt: skip
    for minutes, share in (("1m", 90), ("10m", 70), ("60m", 40), ("close", 35)):
        row[f"adl_forgone_{minutes}_quanta"] = row["adl_harm_quanta"] * share // 100
    return {name: [value] for name, value in row.items()}


def _events(accounts: dict[str, Any]) -> dict[str, Any]:
    return {"adl_matches": _adl_matches(accounts), "transfers": _transfers(accounts)}


def _adl_matches(accounts: dict[str, Any]) -> dict[str, Any]:
    rows = np.flatnonzero(accounts["deleveraged"])
    n = len(rows)
    notional, harm = accounts["notional_initial_quanta"][rows] / QUANTUM, accounts["adl_harm_quanta"][rows]
    market = np.where(np.arange(n) % 4 == 3, "ETHUSDT", "BTCUSDT")
    mark = np.where(market == "ETHUSDT", 3_900.0, 112_000.0)
    lots = np.maximum((notional * 0.75 / mark / np.where(market == "ETHUSDT", 0.01, 0.001)).astype(np.int64), 1)
    return {
        "seq": np.arange(n), "time_ms": np.full(n, 2_000_000), "cycle": np.full(n, 2_000), "cause_seq": np.zeros(n, np.int64),
        "market": market, "bankrupt": np.full(n, FIRST), "counterparty": rows, "rank": np.arange(1, n + 1),
        "score": np.exp(np.linspace(5, -1, n)), "lots": lots, "price": mark * 1.004, "mark_price": mark,
        "harm_quanta": harm, "partial": np.arange(n) == n - 1,
    }  # fmt: skip


def _transfers(accounts: dict[str, Any]) -> dict[str, Any]:
    """Money-only transfers that pair with the components of fees, penalties, fund and socialised loss."""
    legs: list[tuple[str, int, int, int]] = []
    for name, reason, pool in (("fee", "FEE", FEES), ("liquidation_fee", "LIQUIDATION_FEE", FUND),
                               ("fund", "FUND_DRAW", ENGINE), ("socialised_loss", "SOCIALISED_LOSS", ENGINE)):  # fmt: skip
        column = accounts[f"{name}_quanta"]
        legs += [(reason, int(row), pool, -int(column[row])) for row in np.flatnonzero(column < 0)]
    n = len(legs)
    reason, payer, payee, quote = (list(part) for part in zip(*legs, strict=True))
    return {
        "seq": np.arange(n), "time_ms": np.full(n, 2_000_000), "cycle": np.full(n, 2_000), "cause_seq": np.full(n, -1),
        "reason": reason, "payer": payer, "payee": payee, "quote_quanta": quote, "lots": np.zeros(n, np.int64),
        "market": [""] * n, "price": np.full(n, np.nan),
    }  # fmt: skip
