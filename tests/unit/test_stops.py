"""Stop orders: what triggers them, what they send, and that a calm mark finds none by looking at bounds only."""

import numpy as np
import pytest
from clearsim.kernels.book.stops import BLOCK, add_stop, cancel_stop, make_stops, trigger_stops
from clearsim.kernels.exchange import make_exchange
from clearsim.layout import FLAG_STOPPED, INTENT_DTYPE, OrderFlag, OrderKind, Side
from clearsim.market.book import ClearingSide, OrderBook

from tests.worlds.book import FIRST, make_log, make_markets, make_venue, open_accounts
from tests.worlds.records import fields

A, B, C = FIRST, FIRST + 1, FIRST + 2
BUY, SELL = Side.BUY, Side.SELL
REDUCE_ONLY = int(OrderFlag.REDUCE_ONLY)


def world(n=3, marks=(100, 40)):
    log = make_log()
    markets = make_markets(make_venue(marks=list(marks)))
    return open_accounts(markets, log, deposits=[100_000] * n), markets, log


def triggered(table, markets, accounts, *, room=64):
    rows = np.zeros(room, INTENT_DTYPE)
    return rows[: trigger_stops(make_exchange(accounts, markets, make_log(), stops=table), rows, 0)]


@pytest.mark.parametrize(
    ("side", "mark", "fires"), [(SELL, 91, 0), (SELL, 90, 1), (SELL, 89, 1), (BUY, 89, 0), (BUY, 90, 1), (BUY, 91, 1)]
)
def test_sell_stops_trigger_at_or_below_and_buy_stops_at_or_above(side, mark, fires):
    accounts, markets, _ = world()
    accounts.lots[A, 0] = 5 if side == SELL else -5
    table = make_stops(2, 8)
    add_stop(table, A, 0, int(side), 90, 5, REDUCE_ONLY)
    markets.mark[0] = mark
    found = triggered(table, markets, accounts)
    assert len(found) == fires
    assert table.head[1] == 1 - fires
    if fires:
        expected = [A, side, OrderKind.MARKET, 5, OrderFlag.STOP | OrderFlag.REDUCE_ONLY]
        assert fields(found[:1], "account", "side", "kind", "lots", "order_flags") == [expected]
        assert accounts.flags[A] == FLAG_STOPPED
        assert len(triggered(table, markets, accounts)) == 0


def test_a_reduce_only_stop_without_a_position_vanishes():
    accounts, markets, _ = world()
    accounts.lots[A, 0], accounts.lots[B, 0] = -5, 5
    table = make_stops(2, 8)
    add_stop(table, A, 0, int(SELL), 90, 5, REDUCE_ONLY)  # short already
    add_stop(table, C, 0, int(SELL), 90, 5, 0)  # opens a position
    markets.mark[0] = 80
    assert triggered(table, markets, accounts)["account"].tolist() == [C]
    assert table.head[1] == 0


def test_stops_fire_by_market_and_then_in_slot_order():
    accounts, markets, _ = world()
    table = make_stops(2, 8)
    for row, market in ((C, 1), (B, 0), (A, 1), (A, 0)):
        add_stop(table, row, market, int(BUY), 30, 1, 0)
    assert triggered(table, markets, accounts)["account"].tolist() == [B, A, C, A]


def test_a_cancelled_stop_does_not_fire_and_its_slot_is_used_again():
    accounts, markets, _ = world()
    table = make_stops(2, 2)
    first = add_stop(table, A, 0, int(BUY), 100, 1, 0)
    assert cancel_stop(table, first)
    assert not cancel_stop(table, first)
    assert add_stop(table, B, 0, int(BUY), 101, 1, 0) == first
    assert add_stop(table, B, 0, int(BUY), 101, 1, 0) != first
    assert add_stop(table, B, 0, int(BUY), 101, 1, 0) == -1
    assert len(triggered(table, markets, accounts)) == 0


def test_a_full_buffer_leaves_the_rest_for_the_next_call():
    accounts, markets, _ = world()
    table = make_stops(2, 600)
    for _ in range(600):
        add_stop(table, A, 0, int(BUY), 100, 1, 0)
    counts = [len(triggered(table, markets, accounts, room=250)) for _ in range(4)]
    assert counts == [250, 250, 100, 0]
    assert table.head[1] == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_table_fires_what_a_plain_scan_fires(seed):
    rng = np.random.default_rng(seed)
    accounts, markets, _ = world(marks=(500, 500))
    table, plain = make_stops(2, 3 * BLOCK - 50), {}
    for _ in range(200):
        for _ in range(int(rng.integers(0, 20))):
            market, side, trigger = int(rng.integers(2)), int(rng.integers(2)), int(rng.integers(400, 600))
            slot = add_stop(table, A, market, side, trigger, 1, 0)
            if slot >= 0:
                plain[slot] = market, side, trigger
        for slot in rng.choice(list(plain), min(len(plain), 3), replace=False).tolist() if plain else []:
            assert cancel_stop(table, slot)
            del plain[slot]
        markets.mark[:] = rng.integers(420, 580, 2)
        due = [
            (market, slot)
            for slot, (market, side, trigger) in plain.items()
            if (markets.mark[market] <= trigger if side == SELL else markets.mark[market] >= trigger)
        ]
        assert len(triggered(table, markets, accounts, room=1000)) == len(due)
        for _, slot in due:
            del plain[slot]
        assert table.head[1] == len(plain)


def test_a_stop_in_the_book_closes_the_position_at_the_best_price():
    accounts, markets, log = world()
    book = OrderBook(capacity=16, grid_bits=12, clearing=ClearingSide(accounts, markets, log))
    book.limit(B, SELL, price=100, lots=5)
    book.limit(A, BUY, price=100, lots=5)
    book.limit(C, BUY, price=95, lots=3)
    book.limit(C, BUY, price=80, lots=9)
    book.stop_market(A, SELL, trigger=97, lots=50)
    kept = book.stop_market(A, SELL, trigger=60, lots=5)
    assert book.trigger_stops() == []
    markets.mark[0] = 96
    (order,) = book.trigger_stops()
    assert [(fill.price, fill.lots) for fill in order.fills] == [(95, 3), (80, 2)]  # no more than the position
    assert accounts.lots[A, 0] == 0
    assert book.cancel_stop(kept)
    assert not book.cancel_stop(kept)
