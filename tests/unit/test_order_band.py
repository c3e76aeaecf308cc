"""The price band of traders' orders without a limit: CLR-MRG-015 in sim/clearing/RULES.md."""

import pytest
from clearsim.config import load_config
from clearsim.errors import ConfigError
from clearsim.kernels.book.matching import match_orders
from clearsim.layout import INTENT_DTYPE, OrderFlag, OrderKind, Side, TimeInForce
from clearsim.market.book import ClearingSide, OrderBook

from tests.worlds.book import FIRST, intent, make_log, make_markets, make_venue, open_accounts
from tests.worlds.records import as_records

BUY, SELL = Side.BUY, Side.SELL
A, B = FIRST, FIRST + 1


def venue(band_ppm, *, mark=45_000):
    """A holds 500 lots (0.5 BTC) long from the mark; B bids for 200 at the band's edge of 5%, for 300 a tick below."""
    log = make_log()
    rules = {"marks": [mark, 40], "unit": [1, 1], "taker_ppm": 0, "maker_ppm": 0, "tiers": [(0, 10_000)], "cap": 10**12}
    markets = make_markets(make_venue(**rules))
    accounts = open_accounts(markets, log, deposits=(10**9, 10**9))
    clearing = ClearingSide(accounts, markets, log)
    book = OrderBook(capacity=32, lowest_price=40_000, grid_bits=14, clearing=clearing)
    book.limit(B, SELL, price=mark, lots=500)
    book.limit(A, BUY, price=mark, lots=500)
    book.limit(B, BUY, price=42_750, lots=200)
    book.limit(B, BUY, price=42_749, lots=300)
    markets.params["order_band_ppm"] = band_ppm
    return book, accounts


@pytest.mark.parametrize(("band_ppm", "sold"), [(0, 500), (50_000, 200), (50_023, 500)])
def test_a_stop_sells_within_the_band_and_the_rest_is_cancelled(band_ppm, sold):
    """CLR-MRG-015: 45,000 less 5% is 42,750: 200 lots; a band of 2,251.035 ticks reaches 42,749 too."""
    book, accounts = venue(band_ppm)
    book.stop_market(A, SELL, trigger=45_000, lots=500)
    (order,) = book.trigger_stops()
    assert order.filled == sold
    assert accounts.lots[A, 0] == 500 - sold
    assert accounts.open_ask[A, 0] == 0


def test_a_market_order_to_buy_stops_at_the_band_above_the_mark():
    """CLR-MRG-015: 10 ppm of 45,000 is less than a tick: it trades at the mark, not a tick above."""
    book, accounts = venue(10)
    book.limit(B, SELL, price=45_000, lots=5)
    book.limit(B, SELL, price=45_001, lots=5)
    assert book.market_order(A, BUY, lots=10).filled == 5
    assert accounts.lots[A, 0] == 505


def test_limit_orders_and_liquidations_have_limits_of_their_own():
    """CLR-MRG-015: neither a limit below the band nor a liquidation at market is cut off by it."""
    book, accounts = venue(50_000)
    assert book.limit(A, SELL, price=42_749, lots=250, tif=TimeInForce.IOC).filled == 250
    flags = int(OrderFlag.LIQUIDATION | OrderFlag.REDUCE_ONLY)
    rows = as_records([intent(A, SELL, kind=OrderKind.MARKET, lots=250, flags=flags)], INTENT_DTYPE)
    assert match_orders(book._exchange, rows, 0) == 1
    assert rows["filled"].tolist() == [250]
    assert accounts.lots[A, 0] == 0


def test_the_config_says_the_band_of_a_market():
    """CLR-MRG-015: null is no band, and a config without one has the hash it had."""
    config = load_config("base", ["markets[0].order_band_ppm=50000"]).config
    assert config.markets[0].order_band_ppm == 50_000
    with pytest.raises(ConfigError, match="order_band_ppm"):
        load_config("base", ["markets[0].order_band_ppm=0"])
