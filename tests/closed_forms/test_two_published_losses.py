"""Two published losses of funds as exact arithmetic of the waterfall: the price jumps, nobody bids, the fund pays.

dYdX v3, YFI, 17 November 2023: 38 m USD of longs at 5x, a fall of 44%. The fund loses 38 x (.44 - 1/5) = 9.12 m; it
paid 9 of 22.5 m. Hyperliquid, JELLY, 26 March 2025: a short of 398 m coins with .703 m of margin at .0095, bankrupt at
.0095 + .703 / 398 = .01127; at .037555 the vault has lost 398 x (.037555 - .0095) - .703 = 10.46 m (published: 10.6).
Sources: press of both days, two to four independent texts each, read 2026-11.
"""

import pytest
from clearsim.config.load import load_config
from clearsim.engine.simulation import simulate

CONFIG = """extends: simple-flat
name: jump
seed: 1
start_utc: 2025-01-01T00:00:00Z
duration_s: 10
clock: {{kind: fixed, tick_ms: 1000}}
prices: {{kind: independent}}
markets:
  - name: BTCUSDT
    tick_size: {tick}
    lot_size: 1
    price:
      kind: waypoints
      volatility_per_sqrt_s: 0
      points:
        - {{t_s: 0, price: {start}}}
        - {{t_s: 5, price: {start}}}
        - {{t_s: 6, price: {end}}}
        - {{t_s: 10, price: {end}}}
funds:
  - {{name: main, seed_quote: {fund}}}
population: {{cohorts: []}}
agents:
  - {{kind: whale, name: large, deposit_quote: 0, positions: [
      {{market: BTCUSDT, side: {side}, base: {base}, entry_price: {start}, leverage: {leverage}}}]}}
  - {{kind: whale, name: other, deposit_quote: 1000000000, positions: [
      {{market: BTCUSDT, side: {other}, base: {base}, entry_price: {start}, leverage: 1}}]}}
"""
YFI = {
    "tick": 1, "start": 10_000, "end": 5_600, "fund": 22_500_000, "side": "long", "other": "short", "base": 3_800,
    "leverage": 5,
}  # fmt: skip
JELLY = {
    "tick": 0.000001, "start": 0.0095, "end": 0.037555, "fund": 230_000_000, "side": "short", "other": "long",
    "base": 398_000_000, "leverage": "'5.378378378378378378'",  # 398 m x .0095 / .703 m = 3,781 / 703
}  # fmt: skip


@pytest.mark.parametrize(
    ("world", "loss", "tolerance"),
    [
        pytest.param(YFI, 9_120_000, 0.0, id="yfi"),
        # 11,165,890 - 703,000; the leverage is written to 19 digits, so the margin is exact to the quantum
        pytest.param(JELLY, 10_462_890, 0.000002, id="jelly"),
    ],
)
def test_the_fund_loses_what_arithmetic_says(world, loss, tolerance, tmp_path):
    path = tmp_path / "jump.yaml"
    path.write_text(CONFIG.format(**world))
    result = simulate(load_config(path).config, detail="series", progress=None, event_sink=None)
    equity = [int(value) for value in result.series["fund_equity_quanta"]]
    assert equity[0] == world["fund"] * 1_000_000
    assert (equity[0] - equity[-1]) / 1e6 == pytest.approx(loss, abs=tolerance)
    assert int(result.runs["adl_notional_quanta"]) == 0
    assert int(result.runs["bad_debt_quanta"]) == 0
