"""Orders that meet accounts: every status, fees, reduce-only, freezing, head-room, logs that run full.

The venue: market 0 at mark 100, 3 quanta a tick and lot, 5% own initial margin; so one lot at mark is 300 quanta of
notional and 15 of margin. Taker fee 500 ppm, maker rebate 100 ppm.
"""

from pathlib import Path

import numpy as np
import pytest
from clearsim.kernels.book.levels import make_books
from clearsim.kernels.book.matching import cancel_account_orders, match_orders
from clearsim.kernels.exchange import make_exchange
from clearsim.layout import (
    FEES,
    FLAG_FROZEN,
    INTENT_DTYPE,
    OrderFlag,
    OrderKind,
    OrderStatus,
    Reason,
    Side,
    TimeInForce,
)
from clearsim.market.book import ClearingSide, OrderBook

from tests.worlds.book import FIRST, intent, make_log, make_markets, make_venue, open_accounts
from tests.worlds.records import as_records, fields

BUY, SELL = Side.BUY, Side.SELL
A, B, C = FIRST, FIRST + 1, FIRST + 2


def exchange(*, deposits=(100_000, 100_000, 100_000), capacity=32, **rules):
    """A book of market 0 with three funded rows."""
    log = make_log()
    markets = make_markets(make_venue(**rules))
    accounts = open_accounts(markets, log, deposits=deposits)
    return OrderBook(capacity=capacity, grid_bits=12, clearing=ClearingSide(accounts, markets, log)), accounts, markets


def send(packed, rows):
    rows = rows if isinstance(rows, np.ndarray) else as_records(rows, INTENT_DTYPE)
    done = match_orders(packed, rows, 0)
    return done, rows


def test_a_fill_moves_lots_and_money_and_fees():
    book, accounts, _ = exchange()
    book.limit(A, SELL, price=100, lots=10)
    book.limit(B, BUY, price=100, lots=10)
    value = 10 * 100 * 3
    assert accounts.lots[[A, B], 0].tolist() == [-10, 10]
    assert accounts.quote[A] == 100_000 + value  # the rebate of 0.3 quanta is rounded down: fee = ceil(-0.3) = 0
    assert accounts.quote[B] == 100_000 - value - 2  # 1.5 quanta rounded up
    assert accounts.quote[FEES] == 2
    assert accounts.open_ask[A, 0] == 0


def test_margin_is_refused_to_the_quantum():
    # 10 lots at mark: notional 3,000, margin 150, and no loss against the mark.
    book, _, _ = exchange(deposits=(150, 149))
    assert book.limit(A, BUY, price=100, lots=10).status == OrderStatus.DONE
    assert book.limit(B, BUY, price=100, lots=10).status == OrderStatus.REJECTED_MARGIN


def test_open_orders_count_toward_margin():
    book, _, _ = exchange(deposits=(299,))
    first = book.limit(A, BUY, price=100, lots=10)
    assert book.limit(A, BUY, price=99, lots=10).status == OrderStatus.REJECTED_MARGIN  # 20 lots would need 300
    assert book.limit(A, SELL, price=101, lots=10).is_accepted  # the other side is not worse
    book.cancel(A, first.order_id)
    assert book.limit(A, BUY, price=99, lots=10).is_accepted


def test_leverage_above_the_tier_and_size_above_the_last_tier_are_refused():
    book, accounts, _ = exchange(deposits=(10**9,), cap=300_000)
    accounts.initial_ppm[A] = 49_999  # the second tier, from 60,000 quanta, wants 5%
    assert book.limit(A, BUY, price=100, lots=199).is_accepted
    assert book.limit(A, BUY, price=100, lots=1).status == OrderStatus.REJECTED_TIER_CAP
    accounts.initial_ppm[A] = 50_000
    assert book.limit(A, BUY, price=100, lots=801).is_accepted
    assert book.limit(A, BUY, price=100, lots=1).status == OrderStatus.REJECTED_TIER_CAP


def test_post_only_is_refused_when_it_would_take_and_rests_otherwise():
    book, _, _ = exchange()
    book.limit(A, SELL, price=101, lots=1)
    assert book.limit(B, BUY, price=101, lots=1, tif=TimeInForce.POST_ONLY).status == OrderStatus.REJECTED_POST_ONLY
    assert book.limit(B, BUY, price=100, lots=1, tif=TimeInForce.POST_ONLY).is_accepted
    assert (book.best_bid, book.best_ask) == (100, 101)


def test_fill_or_kill_trades_all_or_nothing():
    book, accounts, _ = exchange()
    book.limit(A, SELL, price=100, lots=3)
    book.limit(B, SELL, price=101, lots=3)
    assert book.limit(C, BUY, price=101, lots=7, tif=TimeInForce.FOK).status == OrderStatus.REJECTED_FOK
    assert book.limit(C, BUY, price=100, lots=4, tif=TimeInForce.FOK).status == OrderStatus.REJECTED_FOK
    assert accounts.lots[C, 0] == 0
    assert book.limit(C, BUY, price=101, lots=6, tif=TimeInForce.FOK).filled == 6


def test_immediate_or_cancel_drops_what_does_not_trade():
    book, accounts, _ = exchange()
    book.limit(A, SELL, price=100, lots=3)
    assert book.limit(B, BUY, price=100, lots=5, tif=TimeInForce.IOC).filled == 3
    assert (book.best_bid, accounts.open_bid[B, 0]) == (0, 0)


def test_reduce_only_needs_a_position_and_never_flips_it():
    book, accounts, _ = exchange()
    assert book.limit(A, SELL, price=100, lots=5, reduce_only=True).status == OrderStatus.REJECTED_REDUCE_ONLY
    book.limit(B, SELL, price=100, lots=4)
    book.limit(A, BUY, price=100, lots=4)
    assert book.limit(A, BUY, price=100, lots=5, reduce_only=True).status == OrderStatus.REJECTED_REDUCE_ONLY
    book.limit(B, BUY, price=100, lots=9)
    assert book.market_order(A, SELL, lots=9, reduce_only=True).filled == 4
    assert accounts.lots[A, 0] == 0


def test_resting_reduce_only_orders_shrink_with_the_position():
    book, accounts, _ = exchange()
    book.limit(B, SELL, price=100, lots=10)
    book.limit(A, BUY, price=100, lots=10)
    far = book.limit(A, SELL, price=120, lots=10, reduce_only=True)
    near = book.limit(A, SELL, price=110, lots=8, reduce_only=True)
    free = book.limit(A, SELL, price=130, lots=1)
    book.limit(C, BUY, price=110, lots=6)  # A holds 4 now
    assert [book.lots_left(order.order_id) for order in (near, far, free)] == [2, 4, 1]
    assert accounts.open_ask[A, 0] == 2 + 4 + 1
    book.limit(B, BUY, price=100, lots=9)
    book.limit(A, SELL, price=100, lots=4)  # as a taker, to flat
    assert [book.lots_left(order.order_id) for order in (near, far, free)] == [0, 0, 1]
    assert accounts.open_ask[A, 0] == 1


def test_a_frozen_row_trades_only_by_liquidation_orders():
    book, accounts, _ = exchange()
    book.limit(B, SELL, price=100, lots=5)
    book.limit(A, BUY, price=100, lots=5)
    book.limit(B, BUY, price=90, lots=5)
    accounts.flags[A] |= FLAG_FROZEN
    assert book.limit(A, SELL, price=90, lots=5).status == OrderStatus.REJECTED_FROZEN
    assert book.market_order(A, SELL, lots=5, reduce_only=True).status == OrderStatus.REJECTED_FROZEN
    _, rows = send(
        book._exchange,
        [intent(A, SELL, price=90, lots=5, tif=TimeInForce.IOC, flags=OrderFlag.LIQUIDATION | OrderFlag.REDUCE_ONLY)],
    )  # fmt: skip
    assert fields(rows[:1], "status", "filled") == [[OrderStatus.DONE, 5]]


def test_sizes_and_prices_out_of_range_are_refused():
    book, _, _ = exchange()
    for lots in (0, -1, 2**61, 2**63 - 1):
        assert book.limit(A, BUY, price=100, lots=lots).status == OrderStatus.REJECTED_SIZE
        assert book.market_order(A, BUY, lots=lots).status == OrderStatus.REJECTED_SIZE
    for price in (0, -5, 4097, 2**31, 2**62):
        assert book.limit(A, BUY, price=price, lots=1).status == OrderStatus.REJECTED_PRICE


def test_an_order_whose_value_leaves_int64_is_refused_before_any_product():
    book, _, _ = exchange(cap=2**61)
    largest = 2**61 // (4097 * 3)  # at the top of the grid
    rows = [
        intent(A, BUY, price=100, lots=lots, flags=OrderFlag.LIQUIDATION, tif=TimeInForce.IOC)
        for lots in (largest, largest + 1)
    ]
    _, rows = send(book._exchange, rows)
    assert rows["status"].tolist() == [OrderStatus.DONE, OrderStatus.REJECTED_SIZE]


def test_unknown_orders_and_a_full_pool_are_refused():
    book, _, _ = exchange(capacity=1)
    assert book.cancel(A, 77).status == OrderStatus.REJECTED_UNKNOWN_ORDER
    assert book.amend(A, 77, lots=1).status == OrderStatus.REJECTED_UNKNOWN_ORDER
    book.limit(A, BUY, price=100, lots=1)
    assert book.limit(B, BUY, price=100, lots=1).status == OrderStatus.REJECTED_CAPACITY


def test_a_refused_order_leaves_no_trace():
    book, accounts, _ = exchange(deposits=(149, 10_000))
    book.limit(B, SELL, price=100, lots=10)
    before = accounts.quote.copy(), int(book._log.header["n_transfers"][0])
    assert book.limit(A, BUY, price=100, lots=10).order_id == 0
    assert (accounts.quote == before[0]).all()
    assert int(book._log.header["n_transfers"][0]) == before[1]
    assert book.lots_at(100) == 10


def test_every_status_has_a_test_in_this_file():
    text = Path(__file__).read_text(encoding="utf-8")
    missing = [s.name for s in OrderStatus if s != OrderStatus.PENDING and f"OrderStatus.{s.name}" not in text]
    assert missing == []


def test_a_trader_does_not_trade_with_itself_through_another_of_its_rows():
    book, accounts, _ = exchange()
    accounts.wallet[B] = A  # B is an isolated position of A's
    book.limit(A, SELL, price=100, lots=5)
    book.limit(C, SELL, price=100, lots=5)
    order = book.limit(B, BUY, price=100, lots=5)
    assert [fill.maker for fill in order.fills] == [C]
    assert accounts.open_ask[A, 0] == 0


def test_fees_come_from_the_wallet_and_a_flat_wallet_pays_no_more_than_it_has():
    book, accounts, _ = exchange(deposits=(2, 100_000, 100_000), taker_ppm=10_000, maker_ppm=0)
    accounts.wallet[B] = A
    book.limit(C, SELL, price=100, lots=1)
    book.limit(B, BUY, price=100, lots=1)  # fee 3 quanta, the wallet holds 2 and no position
    assert accounts.quote[[A, B, FEES]].tolist() == [0, 100_000 - 300, 2]
    accounts.lots[A, 1], accounts.lots[0, 1] = 1, -1
    book.limit(C, SELL, price=100, lots=1)
    book.limit(B, BUY, price=100, lots=1)  # a wallet with a position owes its fee
    assert accounts.quote[[A, FEES]].tolist() == [-3, 5]
    assert book._log.header["fees"][0] == 5


@pytest.mark.parametrize(
    ("flag", "reason", "fee"),
    [(0, Reason.TRADE, 149), (OrderFlag.LIQUIDATION, Reason.LIQUIDATION, 0), (OrderFlag.UNWIND, Reason.UNWIND, 0)],
)
def test_liquidations_and_unwinding_are_told_apart_and_pay_no_taker_fee(flag, reason, fee):
    book, accounts, markets = exchange(maker_ppm=0)
    book.limit(A, BUY, price=99, lots=1_000)
    _, rows = send(book._exchange, [intent(B, SELL, kind=OrderKind.MARKET, lots=1_000, flags=int(flag))])
    assert rows["filled"][0] == 1_000
    assert accounts.quote[FEES] == fee
    assert accounts.flows[A, reason] == 3_000  # bought one tick below the mark
    assert accounts.flows[B, [reason, Reason.FEE]].tolist() == [-3_000, -fee]
    assert markets.params["net_taker_lots"][0] == -1_000
    assert markets.params["last_trade"][0] == 99
    assert markets.params["last_trade_calm"][0] == (0 if reason == Reason.LIQUIDATION else 99)


def test_cancelling_a_rows_orders_leaves_none_open():
    log, markets = make_log(), make_markets(make_venue())
    accounts = open_accounts(markets, log, deposits=(100_000, 100_000))
    books = make_books(2, capacity=32, n_rows=len(accounts.quote), base_ticks=[1, 1], grid_bits=12)
    rows = [intent(row, BUY, price=30 + i, lots=2, market=m) for row in (A, B) for m in (0, 1) for i in range(3)]
    packed = make_exchange(accounts, markets, log, books=books)
    send(packed, rows)
    assert cancel_account_orders(packed, np.array([A]), 1) == 3
    assert accounts.open_bid[A].tolist() == [6, 0]
    assert cancel_account_orders(packed, np.array([A, B]), -1) == 3 + 6
    assert not accounts.open_bid.any()


def stream(n, seed=3):
    rng = np.random.default_rng(seed)
    rows = as_records([
        intent(
            int(rng.integers(FIRST, FIRST + 6)), Side(int(rng.integers(2))), price=int(rng.integers(95, 106)),
            lots=int(rng.integers(1, 30)), kind=OrderKind.CANCEL_ALL if rng.random() < 0.1 else OrderKind.LIMIT,
        )
        for _ in range(n)
    ], INTENT_DTYPE)  # fmt: skip
    return rows


def run_stream(*, transfers, fills, log_on=True):
    """Send a stream with logs of these sizes; everything it changed, the log's rows joined, and the calls it took."""
    log, markets = make_log(capacity=transfers, fills=fills), make_markets(make_venue())
    log.header["log_on"][0] = 0
    accounts = open_accounts(markets, log, deposits=[50_000] * 6)
    log.header["log_on"][0] = int(log_on)
    books = make_books(2, capacity=64, n_rows=len(accounts.quote), base_ticks=[1, 1], grid_bits=12)
    packed = make_exchange(accounts, markets, log, books=books)
    rows = stream(600)
    done, calls, spilled = 0, 0, []
    while done < len(rows):
        reached = match_orders(packed, rows, done)
        spilled += log.transfers[: log.header["n_transfers"][0]].tolist()
        assert reached > done or log.header["n_fills"][0] > 0, "an empty log must have room for any order"
        log.header["n_transfers"] = log.header["n_fills"] = 0
        done, calls = reached, calls + 1
    return (
        (accounts.quote.tolist(), accounts.lots.tolist(), fields(rows, "status", "filled", "order")),
        spilled,
        calls,
    )


def test_a_full_log_stops_between_orders_and_the_next_call_goes_on():
    whole, log, calls = run_stream(transfers=6_000, fills=2_000)
    parts, same_log, many = run_stream(transfers=3 * 64, fills=64)
    assert calls == 1
    assert many > 5
    assert parts == whole
    assert same_log == log
    by_fills, _, many = run_stream(transfers=6_000, fills=64)
    assert many > 5
    assert by_fills == whole


def test_a_switched_off_log_changes_nothing_but_the_log():
    whole, _, _ = run_stream(transfers=6_000, fills=2_000)
    silent, log, calls = run_stream(transfers=1, fills=1, log_on=False)
    assert silent == whole
    assert (log, calls) == ([], 1)
