"""Impact prices, worked by hand."""

import numpy as np
import pytest
from clearsim.kernels.book.impact_price import impact_price
from clearsim.kernels.book.levels import ASK, BID
from clearsim.kernels.exchange import make_exchange
from clearsim.layout import MARKET_DTYPE, TIER_DTYPE, MarketArrays, Side
from clearsim.ledger.accounts import make_accounts
from clearsim.market.book import OrderBook

from tests.worlds.book import make_log


@pytest.fixture(scope="module")
def world():
    book = OrderBook(owners=8, lowest_price=1, grid_bits=12)
    for side, price, lots in [(Side.BUY, 100, 10), (Side.BUY, 99, 10), (Side.SELL, 102, 5), (Side.SELL, 110, 100)]:
        book.limit(5, side, price=price, lots=lots)
    params = np.zeros(1, MARKET_DTYPE)
    params["tick_value"][0] = 2
    markets = MarketArrays(np.array([100]), params, np.zeros((1, 1), TIER_DTYPE))
    return make_exchange(make_accounts(n_rows=8, n_markets=1, scopes=["all"]), markets, make_log(), books=book.books)


@pytest.mark.parametrize(
    ("side", "notional", "expected"),
    [
        (BID, 2 * 990, 100.0),  # inside the first level of 1,000 ticks x lots
        (BID, 2 * 1990, 1990 / 20),  # both levels, all of them
        (BID, 2 * 1495, 1495 / 15),  # ten lots at 100, five at 99
        (BID, 2 * 1991, 0.0),  # more than rests
        (ASK, 2 * (510 + 1100), 1610 / 15),  # five at 102, ten at 110
    ],
)
def test_the_average_price_of_a_notional(world, side, notional, expected):
    assert impact_price(world, 0, side, notional) == pytest.approx(expected, rel=1e-12)
