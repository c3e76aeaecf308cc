"""Result folders made up by rule, without a simulator, for the tests of `analysis/`.

`write_rich` has every layer of the waterfall: two markets under one fund, a crash, liquidations in the book and by
takeover, a fund that runs empty, ADL, socialised loss. `write_quiet` is a run in which nothing happened. Both obey the
schema and conserve: components add up row by row and sum to zero each. The same arguments give the same folder.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from clearsim.results import EVENT_TABLES, SCHEMA_VERSION, TABLES

from tests.worlds.accounts import FIRST, FUND, LOT, MARKETS, OUTSIDE, QUANTUM, make_blank_accounts, make_rich_accounts
from tests.worlds.samples import make_events, make_runs, make_series

_ARROW = {"int64": pa.int64(), "int32": pa.int32(), "float64": pa.float64(), "bool": pa.bool_(), "string": pa.string()}


def write_rich(folder: Path, *, detail: str = "events", **manifest: Any) -> Path:
    """A run with every layer of the waterfall; `manifest` entries replace the usual ones."""
    accounts = make_rich_accounts()
    series = make_series(MARKETS, crash=True, accounts=accounts)
    events = make_events(accounts, series)
    runs = make_runs(accounts, series, events, n_traders=len(set(accounts["trader"][FIRST:])))
    tables = {"runs": runs, "accounts": accounts, "series": series, **(events if detail == "events" else {})}
    return write_folder(folder, tables, detail=detail, markets=MARKETS, **manifest)


def write_quiet(folder: Path, **manifest: Any) -> Path:
    """A run in which the price stood still and nobody traded."""
    accounts = make_blank_accounts([("traders", 40)])
    traders = np.arange(FIRST, FIRST + 40)
    accounts["equity_initial_quanta"][traders] = 1_000 * QUANTUM
    accounts["equity_initial_quanta"][FUND] = 5_000 * QUANTUM
    accounts["equity_initial_quanta"][OUTSIDE] = -45_000 * QUANTUM
    accounts["equity_final_quanta"] = accounts["equity_initial_quanta"].copy()
    for when in ("initial", "final"):
        accounts[f"notional_{when}_quanta"][traders[:20]] = 3_000 * QUANTUM
    accounts["role"][FIRST:] = ["flat or unchanged"] * 40
    series = make_series(("BTCUSDT",), crash=False, accounts=accounts)
    tables = {"runs": make_runs(accounts, series, {}, n_traders=40), "accounts": accounts, "series": series}
    return write_folder(folder, tables, detail="events", markets=("BTCUSDT",), **manifest)


def write_folder(
    folder: Path, tables: dict[str, Any], *, detail: str, markets: tuple[str, ...], **manifest: Any
) -> Path:
    """Write tables, manifest and config as a run does; an event table without rows is not written."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = [name for name in tables if detail != "summary" or name in ("runs", "accounts")]
    for name in kept:
        write_part(folder, name, tables[name])
    text = {
        "schema_version": SCHEMA_VERSION,
        "name": "made-up",
        "title": "A made-up crash",
        "seed": 7,
        "detail": detail,
        "config_hash": "0123456789abcdef" * 4,
        "start_utc": "2025-10-10T20:30:00Z",
        "asset": "USDT",
        "quantum": "0.000001",
        "simulated_share": "0.05",
        "markets": list(markets),
        "tick_sizes": {name: "0.1" for name in markets},
        "lot_sizes": {name: str(LOT[name]) for name in markets},
        "depth_bands_ppm": [10_000, 20_000, 50_000],
        "sample_ms": 1_000,
        "versions": {"clearsim": "0.1.0"},
        "git_commit": None,
        "row_counts": {name: len(next(iter(tables[name].values()))) for name in kept},
    } | manifest
    (folder / "manifest.json").write_text(json.dumps(text, indent=1, sort_keys=True))
    (folder / "config.yaml").write_text(_config(markets))
    return folder


def write_part(folder: Path, table: str, columns: dict[str, Any], part: int = 0) -> Path:
    """Write one Parquet part of a table."""
    schema = pa.schema([pa.field(column.name, _ARROW[column.kind], nullable=False) for column in TABLES[table]])
    path = folder / ("events" if table in EVENT_TABLES else "") / table / f"part-{part:04d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.table({field.name: pa.array(columns[field.name], field.type) for field in schema}, schema=schema), path
    )
    return path


def _config(markets: tuple[str, ...]) -> str:
    lines = [
        "name: made-up",
        "description: Numbers made up by rule, for tests.",
        "scale: {simulated_share: '0.05'}",
        "markets:",
    ]
    lines += [f"- {{name: {name}, impact: {{kind: exogenous}}, fees: {{taker_ppm: 500}}}}" for name in markets]
    lines += [
        f"funds: [{{name: shared, markets: [{', '.join(markets)}], seed_quote: '120000'}}]",
        "provenance:",
        "- {path: 'markets[0].fees', status: fact, source: made up & shown <as text>, date: '2025-10-10'}",
        "- {path: scale.simulated_share, status: assumption, source: chosen, note: any share would do}",
        "- {path: 'funds[0].seed_quote', status: scaled, source: venue fund x share}",
    ]
    return "\n".join(lines) + "\n"
