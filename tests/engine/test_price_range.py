"""Index prices that no run can hold are refused, with market, time and key; nothing is bent to fit."""

import pytest
from clearsim.config import load_config
from clearsim.engine.simulation import simulate
from clearsim.errors import ConfigError

SHOCK = (
    "markets[0].price={{kind: single_shock, initial_price: 50000, annual_volatility: 0.6, shock_ms: 5000,"
    " shock_fraction: {}}}"
)


def run(*changes: str) -> None:
    simulate(load_config("base", ["duration_s=20", *changes]).config)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        # 50,000 x 1e-7 is 0.005, a twentieth of a tick
        (SHOCK.format(-0.9999999), r"BTCUSDT would be 0\.00\d+ at .* at least one tick, 0\.1"),
        # 800 BTC a side: 2**61 quanta of 1e-6 are 2.3e12 USDT, so 2.9e9 is the highest price that fits
        (SHOCK.format(100000), r"markets\[0\]\.price: .* would be 5\.?\d*e\+09 .* int64 head-room"),
        (SHOCK.format(100000000000), "int64 head-room"),
        ("markets[0].price={kind: gbm, initial_price: 0.01, annual_volatility: 1}", "at least one tick"),
    ],
)
def test_a_price_off_the_range_is_refused(change: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        run(change)


def test_an_index_driven_off_the_range_by_own_flow_is_refused() -> None:
    impact = "markets[0].impact.impact_ppm_per_million_quote=100000000000"
    with pytest.raises(ConfigError, match=r"markets\[0\]\.impact: the index of BTCUSDT would be"):
        run(SHOCK.format(-0.08), impact)


def test_the_lowest_price_that_fits_runs() -> None:
    run(SHOCK.format(-0.999))
