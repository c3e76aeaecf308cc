"""A small world for users' own files: BTCUSDT at 50,000 for 60 s, at 43,000 from 61 s on; no fees, no makers."""

from pathlib import Path

HEADER = "account,market,side,quantity,entry,margin,mode,collateral"
#: One 10x isolated long of 0.2, one cross short of 0.2, both from 50,000.
BOOK = ("a,BTCUSDT,long,0.2,50000,1000,isolated,0", "b,BTCUSDT,short,0.2,50000,0,cross,10000")
CONFIG = """extends: simple-flat
name: one-fall
seed: 1
start_utc: 2025-01-01T00:00:00Z
duration_s: 70
clock: {kind: fixed, tick_ms: 1000}
prices: {kind: independent}
markets:
  - name: BTCUSDT
    price:
      kind: waypoints
      volatility_per_sqrt_s: 0
      points: [{t_s: 0, price: 50000}, {t_s: 60, price: 50000}, {t_s: 61, price: 43000}, {t_s: 70, price: 43000}]
funds:
  - {name: main, seed_quote: 1000000}
population: {cohorts: []}
record: {detail: events, sample_ms: 1000}
"""


def write_world(folder: Path, *lines: str, header: str = HEADER, config: str = CONFIG) -> tuple[Path, Path]:
    """Write the config, and a positions file of these lines (BOOK by default); return both paths."""
    (folder / "one-fall.yaml").write_text(config)
    (folder / "book.csv").write_text("\n".join([header, *(lines or BOOK)]) + "\n")
    return folder / "one-fall.yaml", folder / "book.csv"
