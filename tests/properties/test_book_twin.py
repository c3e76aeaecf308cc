"""The compiled book and exchange against their plain-Python twin, request by request, under generated streams."""

from typing import Any

import numpy as np
import pytest
from clearsim.kernels.book.levels import BID, SLOT_BITS, BookArrays, best_prices, make_books
from clearsim.kernels.book.matching import match_orders
from clearsim.kernels.exchange import bare_books, make_exchange
from clearsim.layout import (
    FLAG_FROZEN,
    INTENT_DTYPE,
    AccountArrays,
    LogArrays,
    MarketArrays,
    OrderFlag,
    OrderKind,
    OrderStatus,
    Side,
    TimeInForce,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plain_book import PlainBook, PlainExchange
from tests.worlds.book import FIRST, intent, make_log, make_markets, make_plain, make_venue, open_accounts
from tests.worlds.records import as_records, fields

TRADERS = 6
RICH, POOR = 400_000, 2_000
FILL_COLUMNS = [
    "market", "price", "lots", "maker", "taker", "maker_order", "taker_order", "taker_side", "reason",
]  # fmt: skip

requests = st.tuples(
    st.sampled_from(
        [*[OrderKind.LIMIT] * 6, OrderKind.MARKET, OrderKind.CANCEL, OrderKind.CANCEL_ALL, OrderKind.AMEND]
    ),
    st.integers(FIRST, FIRST + TRADERS - 1),
    st.integers(0, 1),  # market
    st.sampled_from(list(Side)),
    st.sampled_from([*[TimeInForce.GTC] * 4, *list(TimeInForce)]),
    st.integers(-8, 8),  # ticks from the mark
    st.one_of(st.integers(-1, 30), st.integers(0, 400)),  # lots
    st.sampled_from([*[0] * 6, OrderFlag.REDUCE_ONLY, OrderFlag.REDUCE_ONLY, OrderFlag.LIQUIDATION, OrderFlag.UNWIND]),
    st.integers(0, 30),  # which earlier order to cancel or amend
)


class Exchanges:
    """One compiled exchange and its twin, side by side."""

    def __init__(self, *, capacity: int, frozen: int | None) -> None:
        venue = make_venue(capacity=capacity)
        self.log: LogArrays = make_log()
        self.markets: MarketArrays = make_markets(venue)
        deposits = [RICH, RICH, RICH, POOR, RICH, 20_000]
        self.accounts: AccountArrays = open_accounts(self.markets, self.log, deposits=deposits)
        self.accounts.wallet[FIRST + 1] = FIRST  # two rows of one trader
        self.accounts.initial_ppm[FIRST + 2] = 10_000  # 100x: capped by the second tier
        self.books: BookArrays = make_books(
            2, capacity=capacity, n_rows=FIRST + TRADERS, base_ticks=[1, 1], grid_bits=12
        )
        self.exchange = make_exchange(self.accounts, self.markets, self.log, books=self.books)
        self.plain: PlainExchange = make_plain(venue, self.accounts)
        if frozen is not None:
            self.accounts.flags[frozen] |= FLAG_FROZEN
            self.plain.frozen.add(frozen)
        self.ids: list[int] = [0]
        self.lines: list[list[int]] = []

    def send(self, request: tuple[Any, ...]) -> None:
        kind, row, market, side, tif, offset, lots, flags, pick = request
        price = int(self.markets.mark[market]) + offset
        order = self.ids[pick % len(self.ids)]
        line = intent(
            row, side, kind=kind, tif=tif, price=price, lots=lots, market=market, flags=int(flags), order=order
        )
        self.lines.append(line)
        rows = as_records([line], INTENT_DTYPE)
        assert match_orders(self.exchange, rows, 0) == 1
        serial = order >> SLOT_BITS
        if kind == OrderKind.CANCEL_ALL:
            self.plain.books[market].cancel_all(row)
            expected = (OrderStatus.DONE, 0, serial)
        elif kind == OrderKind.CANCEL:
            expected = (self.plain.cancel(row, serial), 0, serial)
        elif kind == OrderKind.AMEND:
            expected = self.plain.amend(row, serial, price, lots)
        else:
            expected = self.plain.place(row, market, int(side), int(kind), int(tif), price, lots, int(flags))
        found = OrderStatus(int(rows["status"][0])), int(rows["filled"][0]), int(rows["order"][0]) >> SLOT_BITS
        assert found == expected, request
        if kind in (OrderKind.LIMIT, OrderKind.AMEND) and found[0] == OrderStatus.DONE:
            self.ids.append(int(rows["order"][0]))

    def compare(self) -> None:
        plain, accounts = self.plain, self.accounts
        fills = fields(self.log.fills[: self.log.header["n_fills"][0]], *FILL_COLUMNS)
        assert [tuple(line) for line in fills] == plain.fills
        assert accounts.quote.tolist() == plain.quote
        assert accounts.lots.tolist() == plain.lots
        for row in range(len(plain.quote)):
            for market in range(2):
                assert accounts.open_bid[row, market] == plain.open_lots(row, market, Side.BUY)
                assert accounts.open_ask[row, market] == plain.open_lots(row, market, Side.SELL)
        for market in range(2):
            compare_books(self.books, market, plain.books[market])
        assert accounts.quote.sum() == 0
        assert not accounts.lots.sum(axis=0).any()
        assert (accounts.quote == accounts.flows.sum(axis=1) - accounts.marked_cost).all()


def queue(books: BookArrays, market: int, side: int) -> list[tuple[int, int, int, int]]:
    """Serial, owner, price and lots of one side of the compiled book, level by level along its links."""
    base, levels = int(books.tops["base_ticks"][market]), books.levels[market]
    found = []
    occupied = np.flatnonzero(levels["first"])
    for index in occupied[::-1] if side == BID else occupied:
        slot = int(levels["first"][index])
        if books.orders["side"][slot] != side:
            continue
        total = 0
        while slot:
            order = books.orders[slot]
            assert order["price"] == base + index
            found.append((int(order["id"]) >> SLOT_BITS, int(order["owner"]), int(order["price"]), int(order["lots"])))
            total += int(order["lots"])
            slot = int(order["next"])
        assert total == levels["lots"][index]
    return found


def compare_books(books: BookArrays, market: int, plain: PlainBook) -> None:
    for side in Side:
        assert queue(books, market, side) == [(o.serial, o.owner, o.price, o.lots) for o in plain.in_turn(side)]
    bid, ask = plain.first(Side.BUY), plain.first(Side.SELL)
    assert best_prices(books, market) == (bid.price if bid else 0, ask.price if ask else 0)


@pytest.mark.parametrize("frozen", [None, FIRST + 4])
@given(stream=st.lists(requests, max_size=60), capacity=st.sampled_from([3, 64]))
@settings(max_examples=150, deadline=None)
def test_exchange_equals_its_plain_twin(stream: list[tuple[Any, ...]], capacity: int, frozen: int | None) -> None:
    exchanges = Exchanges(capacity=capacity, frozen=frozen)
    for request in stream:
        exchanges.send(request)
    exchanges.compare()


@pytest.mark.parametrize("seed", range(4))
def test_exchange_equals_its_plain_twin_over_a_long_stream(seed: int) -> None:
    rng = np.random.default_rng(seed)
    exchanges = Exchanges(capacity=40, frozen=None)
    kinds = [*[OrderKind.LIMIT] * 7, OrderKind.MARKET, OrderKind.CANCEL, OrderKind.CANCEL_ALL, OrderKind.AMEND]
    flags = [*[0] * 8, OrderFlag.REDUCE_ONLY, OrderFlag.REDUCE_ONLY, OrderFlag.LIQUIDATION]
    tifs = [*[TimeInForce.GTC] * 5, *list(TimeInForce)]
    seen = set()
    for _ in range(2000):
        pick = int(rng.integers(0, 2000))
        exchanges.send((
            kinds[rng.integers(len(kinds))], int(rng.integers(FIRST, FIRST + TRADERS)), int(rng.integers(2)),
            Side(int(rng.integers(2))), tifs[rng.integers(len(tifs))], int(rng.integers(-8, 9)),
            int(rng.integers(1, 40)), flags[rng.integers(len(flags))], -1 - pick % 6,
        ))  # fmt: skip
        seen.add(exchanges.plain.fills[-1][-1] if exchanges.plain.fills else None)
        if exchanges.log.header["n_fills"][0] > 900 or exchanges.log.header["n_transfers"][0] > 3000:
            exchanges.compare()
            exchanges.log.header["n_fills"] = exchanges.log.header["n_transfers"] = 0
            exchanges.plain.fills.clear()
    exchanges.compare()
    assert len(seen - {None}) >= 2, "the stream must hold liquidations and ordinary trades"
    batch = Exchanges(capacity=40, frozen=None)
    batch.log.header["log_on"][0] = 0
    rows = as_records(exchanges.lines, INTENT_DTYPE)
    assert match_orders(batch.exchange, rows, 0) == len(rows)
    assert (batch.accounts.quote == exchanges.accounts.quote).all()
    assert (batch.accounts.flows == exchanges.accounts.flows).all()
    for market, side in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert queue(batch.books, market, side) == queue(exchanges.books, market, side)


@given(stream=st.lists(requests, max_size=60))
@settings(max_examples=100, deadline=None)
def test_book_without_accounts_equals_the_plain_book(stream: list[tuple[Any, ...]]) -> None:
    """Same traders, nobody short of money: the book alone trades as the plain exchange with boundless rows."""
    venue = make_venue(taker_ppm=0, maker_ppm=0, tiers=[(0, 1)], cap=2**60, unit=[1, 1])
    plain = PlainExchange(venue, quote=[2**50] * 20, own_ppm=[1] * 20, wallet=list(range(20)))
    books = make_books(2, capacity=64, n_rows=20, base_ticks=[1, 1], grid_bits=12)
    log = make_log()
    exchange = bare_books(books, log)
    for kind, row, market, side, tif, offset, lots, _, _ in stream:
        if kind not in (OrderKind.LIMIT, OrderKind.MARKET):
            continue
        price = venue.marks[market] + offset
        line = intent(row, side, kind=kind, tif=tif, price=price, lots=lots, market=market)
        rows = as_records([line], INTENT_DTYPE)
        assert match_orders(exchange, rows, 0) == 1
        expected = plain.place(row, market, int(side), int(kind), int(tif), price, lots, 0)
        assert (rows["status"][0], rows["filled"][0], rows["order"][0] >> SLOT_BITS) == expected
    fills = fields(log.fills[: log.header["n_fills"][0]], *FILL_COLUMNS)
    assert [tuple(line) for line in fills] == plain.fills
    for market in range(2):
        compare_books(books, market, plain.books[market])
