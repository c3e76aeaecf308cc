"""The integer grid of a market, worked by hand."""

from decimal import Decimal

import pytest
from clearsim.errors import ConfigError
from clearsim.instrument import Instrument, to_quanta

BTC = dict(name="BTCUSDT", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"), quantum=Decimal("0.000001"))


def test_one_tick_on_one_lot_is_a_whole_number_of_quanta():
    # 0.1 USDT x 0.001 BTC = 0.0001 USDT = 100 quanta of 1e-6.
    assert Instrument.build(**BTC).tick_value == 100


def test_a_tick_that_does_not_fit_the_quantum_is_refused():
    with pytest.raises(ConfigError, match=r"0.01 quanta.*smaller quantum"):
        Instrument.build(**{**BTC, "quantum": Decimal("0.01")})


@pytest.mark.parametrize("field", ["tick_size", "lot_size", "quantum"])
@pytest.mark.parametrize("bad", ["0", "-1", "NaN", "Infinity"])
def test_sizes_must_be_positive_numbers(field, bad):
    with pytest.raises(ConfigError, match=f"{field} must be positive"):
        Instrument.build(**{**BTC, field: Decimal(bad)})


def test_prices_and_sizes_convert_both_ways():
    market = Instrument.build(**BTC)
    assert market.to_ticks_exact(Decimal("113621.1")) == 1136211
    assert market.price(1136211) == Decimal("113621.1")
    assert market.to_lots_exact(Decimal("0.2")) == 200
    assert market.size(-200) == Decimal("-0.200")


def test_a_size_is_rounded_toward_zero():
    market = Instrument.build(**BTC)
    assert (market.to_lots(Decimal("0.0019")), market.to_lots(Decimal("-0.0019"))) == (1, -1)


def test_a_price_off_the_grid_is_refused():
    with pytest.raises(ConfigError, match="not a whole multiple"):
        Instrument.build(**BTC).to_ticks_exact(Decimal("113621.15"))


def test_a_position_beyond_the_head_room_is_refused():
    market = Instrument.build(**BTC)
    # 2**61 quanta = 2.3e12 USDT; 20 million BTC at 120,000 is 2.4e12.
    market.require_headroom(lots=19_000_000_000, ticks=1_200_000, what="open interest")
    with pytest.raises(ConfigError, match=r"open interest.*head-room"):
        market.require_headroom(lots=20_000_000_000, ticks=1_200_000, what="open interest")


def test_money_is_exact_or_refused():
    assert to_quanta(Decimal("1.23"), Decimal("0.000001")) == 1_230_000
    with pytest.raises(ConfigError, match="whole multiple"):
        to_quanta(Decimal("0.0000001"), Decimal("0.000001"))
    with pytest.raises(ConfigError, match="head-room"):
        to_quanta(Decimal("3e12"), Decimal("0.000001"))
