"""The book without accounts: priority, amendments, depth, the edges of the grid, recentring, the pool of orders."""

import numpy as np
import pytest
from clearsim.kernels.book.levels import ASK, BID, depth_within, make_books, recentre
from clearsim.kernels.exchange import make_exchange
from clearsim.layout import OrderStatus, Side, TimeInForce
from clearsim.ledger.accounts import make_accounts
from clearsim.market.book import OrderBook

from tests.worlds.book import make_log, make_markets, make_venue

BUY, SELL = Side.BUY, Side.SELL
A, B, C, D = range(4)


def small_book(**changes):
    return OrderBook(**{"owners": 4, "capacity": 16, "lowest_price": 1, "grid_bits": 12, **changes})


def test_better_prices_trade_first_and_equal_prices_by_time():
    book = small_book()
    book.limit(A, SELL, price=101, lots=5)
    book.limit(B, SELL, price=100, lots=3)
    book.limit(C, SELL, price=100, lots=4)
    order = book.limit(D, BUY, price=101, lots=9)
    assert [(fill.maker, fill.price, fill.lots) for fill in order.fills] == [(B, 100, 3), (C, 100, 4), (A, 101, 2)]
    assert order.filled == 9
    assert (book.best_bid, book.best_ask, book.lots_at(101)) == (0, 101, 3)


def test_what_a_limit_order_cannot_trade_rests_at_its_limit():
    book = small_book()
    book.limit(A, SELL, price=100, lots=2)
    order = book.limit(B, BUY, price=103, lots=7)
    assert (order.filled, book.lots_left(order.order_id)) == (2, 5)
    assert (book.best_bid, book.best_ask) == (103, 0)


def test_a_smaller_amendment_keeps_its_place_and_a_larger_one_loses_it():
    book = small_book()
    first = book.limit(A, BUY, price=100, lots=5)
    book.limit(B, BUY, price=100, lots=5)
    assert book.amend(A, first.order_id, lots=2).order_id == first.order_id
    assert book.market_order(C, SELL, lots=1).fills[0].maker == A
    grown = book.amend(A, first.order_id, lots=6)
    assert grown.order_id != first.order_id
    assert [fill.maker for fill in book.market_order(C, SELL, lots=11).fills] == [B, A]


def test_an_amended_price_trades_at_once_when_it_crosses():
    book = small_book()
    book.limit(A, SELL, price=105, lots=4)
    bid = book.limit(B, BUY, price=100, lots=6)
    amended = book.amend(B, bid.order_id, lots=6, price=105)
    assert (amended.filled, book.best_bid, book.best_ask) == (4, 105, 0)


def test_a_refused_amendment_leaves_the_old_order():
    book = small_book()
    bid = book.limit(A, BUY, price=100, lots=6)
    assert book.amend(A, bid.order_id, lots=6, price=4097).status == OrderStatus.REJECTED_PRICE
    assert book.amend(A, bid.order_id, lots=0).status == OrderStatus.REJECTED_SIZE
    assert book.lots_left(bid.order_id) == 6


def test_an_order_id_is_dead_once_its_slot_is_used_again():
    book = small_book(capacity=1)
    old = book.limit(A, BUY, price=100, lots=1)
    book.cancel(A, old.order_id)
    new = book.limit(A, BUY, price=100, lots=1)
    assert book.cancel(A, old.order_id).status == OrderStatus.REJECTED_UNKNOWN_ORDER
    assert book.cancel(B, new.order_id).status == OrderStatus.REJECTED_UNKNOWN_ORDER
    assert book.cancel(A, 0).status == OrderStatus.REJECTED_UNKNOWN_ORDER
    assert book.cancel(A, 1 << 62).status == OrderStatus.REJECTED_UNKNOWN_ORDER
    assert book.lots_left(new.order_id) == 1


def test_cancel_all_takes_out_the_owners_orders_and_no_others():
    book = small_book()
    for price in (90, 95, 95, 110):
        book.limit(A, BUY if price < 100 else SELL, price=price, lots=1)
    book.limit(B, BUY, price=95, lots=2)
    book.cancel_all(A)
    assert (book.best_bid, book.best_ask, book.lots_at(95)) == (95, 0, 2)


def test_an_own_resting_order_is_cancelled_instead_of_traded_with():
    book = small_book()
    book.limit(A, SELL, price=100, lots=5)
    book.limit(B, SELL, price=100, lots=5)
    order = book.limit(A, BUY, price=100, lots=4)
    assert [(fill.maker, fill.lots) for fill in order.fills] == [(B, 4)]
    assert book.lots_at(100) == 1


def test_fill_or_kill_does_not_count_the_owners_own_orders():
    book = small_book()
    book.limit(A, SELL, price=100, lots=5)
    book.limit(B, SELL, price=100, lots=5)
    assert book.limit(A, BUY, price=100, lots=6, tif=TimeInForce.FOK).status == OrderStatus.REJECTED_FOK
    assert book.lots_at(100) == 10
    assert book.limit(C, BUY, price=100, lots=6, tif=TimeInForce.FOK).filled == 6


def test_the_first_and_the_last_price_of_the_grid_trade_and_their_neighbours_are_refused():
    book = small_book(lowest_price=1000)
    assert book.limit(A, BUY, price=1000, lots=1).is_accepted
    assert book.limit(A, SELL, price=1000 + 4095, lots=1).is_accepted
    assert (book.best_bid, book.best_ask) == (1000, 5095)
    for price in (999, 5096, 0, -1):
        assert book.limit(B, BUY, price=price, lots=1).status == OrderStatus.REJECTED_PRICE
    assert book.limit(B, BUY, price=9999, lots=1, tif=TimeInForce.IOC).filled == 1  # need not rest: any price will do
    assert book.market_order(B, SELL, lots=1).fills[0].price == 1000


@pytest.mark.parametrize("grid_bits", [12, 16, 18, 20])
def test_best_prices_jump_over_any_gap_of_the_grid(grid_bits):
    size = 1 << grid_bits
    distances = sorted({d for d in (0, 1, 63, 64, 4095, 4096, 262_143, 262_144, 300_000, size - 2) if d < size - 1})
    book = small_book(grid_bits=grid_bits, capacity=64)
    for distance in distances:
        book.limit(A, BUY, price=1 + distance, lots=1)
    for distance in reversed(distances):
        assert book.market_order(B, SELL, lots=1).fills[0].price == 1 + distance
    assert book.best_bid == 0
    for distance in distances:
        book.limit(A, SELL, price=size - distance, lots=1)
    for distance in reversed(distances):
        assert book.market_order(B, BUY, lots=1).fills[0].price == size - distance
    assert book.best_ask == 0


def test_recentring_moves_the_grid_and_not_the_orders():
    rng = np.random.default_rng(5)
    book = small_book(capacity=400, lowest_price=10_000, owners=300)
    for owner in range(300):
        side = BUY if owner % 2 else SELL
        distance = int(rng.integers(1, 1500))
        book.limit(owner, side, price=12_000 - distance if side == BUY else 12_000 + distance, lots=owner + 1)
    assert book.limit(0, BUY, price=9_000, lots=1).status == OrderStatus.REJECTED_PRICE
    before = book.best_bid, book.best_ask, [book.lots_at(price) for price in range(10_000, 14_000)]
    assert recentre(book.books, 0, 9_500)
    assert (book.best_bid, book.best_ask, [book.lots_at(price) for price in range(10_000, 14_000)]) == before
    assert book.limit(0, BUY, price=9_500, lots=7).is_accepted
    # The whole book sells down in the order of its prices: links and bitmaps survived.
    prices = [fill.price for fill in book.market_order(0, SELL, lots=10**6).fills]
    assert prices == sorted(prices, reverse=True)
    assert len(prices) == 150
    assert book.best_bid == 0


def test_recentring_is_refused_when_an_order_would_fall_off():
    book = small_book(lowest_price=1000)
    book.limit(A, BUY, price=1200, lots=1)
    book.limit(B, SELL, price=5000, lots=1)
    assert not recentre(book.books, 0, 1201)
    assert not recentre(book.books, 0, 904)
    assert not recentre(book.books, 0, 0)
    assert (book.best_bid, book.best_ask, book.lots_at(1200)) == (1200, 5000, 1)
    assert recentre(book.books, 0, 1200)
    assert recentre(book.books, 0, 905)
    assert (book.best_bid, book.best_ask, book.lots_at(5000)) == (1200, 5000, 1)


def test_a_full_pool_refuses_to_rest_more_and_works_again_after_a_cancel():
    book = small_book(capacity=2)
    book.limit(A, BUY, price=100, lots=1)
    kept = book.limit(B, BUY, price=101, lots=1)
    assert book.limit(C, BUY, price=102, lots=1).status == OrderStatus.REJECTED_CAPACITY
    assert book.limit(C, SELL, price=101, lots=1, tif=TimeInForce.IOC).filled == 1  # rests nothing: still served
    assert book.lots_left(kept.order_id) == 0
    assert book.limit(C, BUY, price=102, lots=1).is_accepted


def test_depth_is_the_value_of_orders_within_each_band():
    venue = make_venue(unit=[3, 7])
    book = small_book()
    for side, price, lots in ((BUY, 99, 2), (BUY, 98, 1), (BUY, 90, 5), (SELL, 101, 4), (SELL, 110, 1), (SELL, 111, 9)):
        book.limit(A, side, price=price, lots=lots)
    bands = np.array([10_000, 20_000, 100_000])
    markets = make_markets(venue)
    accounts = make_accounts(n_rows=5, n_markets=2, scopes=["all"])
    bid, ask = out = np.zeros((2, 3), np.int64)
    depth_within(make_exchange(accounts, markets, make_log(), books=book.books), 0, 100, bands, out)
    assert bid.tolist() == [3 * 198, 3 * (198 + 98), 3 * (198 + 98 + 450)]
    assert ask.tolist() == [3 * 404, 3 * 404, 3 * (404 + 110)]


def test_books_of_impossible_sizes_are_refused():
    for changes in ({"grid_bits": 11}, {"grid_bits": 25}, {"capacity": 0}, {"capacity": 1 << 24}):
        with pytest.raises(ValueError, match="must lie in"):
            make_books(1, **{"capacity": 8, "n_rows": 2, "base_ticks": [1], "grid_bits": 12, **changes})


def test_requests_that_need_a_position_are_refused_without_accounts():
    book = small_book()
    with pytest.raises(ValueError, match="clearing="):
        book.limit(A, BUY, price=100, lots=1, reduce_only=True)
    with pytest.raises(ValueError, match="clearing="):
        book.stop_market(A, SELL, trigger=90, lots=1)
    with pytest.raises(ValueError, match="owner must be in"):
        book.limit(4, BUY, price=100, lots=1)


def test_both_sides_are_empty_again_once_everybody_has_cancelled():
    rng = np.random.default_rng(11)
    book = small_book(capacity=4000, owners=50, grid_bits=18)
    for _ in range(2000):
        side = BUY if rng.random() < 0.5 else SELL
        distance = int(rng.integers(1, 100_000))
        book.limit(int(rng.integers(50)), side, price=131_000 + (distance if side == SELL else -distance), lots=1)
    for owner in range(50):
        book.cancel_all(owner)
    arrays = book.books
    assert (book.best_bid, book.best_ask, int(arrays.n_free[0])) == (0, 0, 4000)
    assert not arrays.bits.any()
    assert not arrays.levels["lots"].any()
    assert not arrays.levels["first"].any()
    assert not arrays.newest.any()
    assert sorted(arrays.free.tolist()) == list(range(1, 4001))


def test_the_books_sides_are_the_sides_of_orders():
    assert int(BUY) == BID
    assert int(SELL) == ASK
