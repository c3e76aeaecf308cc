"""The exchange as kernels take it: one argument, packed once.

A kernel that reads more than one account's surroundings, or that changes anything, takes the Exchange. A formula over
accounts that is also asked of drafts of them takes `accounts, markets` and no other part. No kernel takes three parts
side by side. The steps of the book take `books, accounts`, or the exchange with `accounts` beside it: the accounts are
None in a book without a clearing house, which is packed as `BareBooks`.
"""

import numpy as np

from ..layout import AccountArrays, LogArrays, MarketArrays, RecordArrays, WaitingArrays, make_records, make_waiting
from .book.levels import BookArrays, make_books
from .book.stops import StopArrays, make_stops
from .margin.thresholds import Thresholds, make_thresholds, reindex
from .packed import Packed


class Exchange(Packed):
    """Everything that kernels change, and the markets' rules: A margin rows, M markets."""

    accounts: AccountArrays
    markets: MarketArrays
    log: LogArrays  # with the header: counters, time, cycle
    books: BookArrays
    stops: StopArrays
    thresholds: Thresholds
    records: RecordArrays  # replaced when a round needs more room
    waiting: WaitingArrays


class BareBooks(Packed):
    """Books and their log, without accounts: orders only meet."""

    accounts: None
    markets: None
    log: LogArrays
    books: BookArrays


def make_exchange(
    accounts: AccountArrays,
    markets: MarketArrays,
    log: LogArrays,
    *,
    books: BookArrays | None = None,
    stops: StopArrays | None = None,
) -> Exchange:
    """Return the exchange of these accounts and markets.

    Its thresholds and records are empty, and so are, with room for one order, books and stops that are not given.
    """
    n_rows, n_markets = accounts.lots.shape
    if books is None:
        books = make_books(n_markets, capacity=1, n_rows=n_rows, base_ticks=[1] * n_markets, grid_bits=12)
    return Exchange(
        accounts=accounts,
        markets=markets,
        log=log,
        books=books,
        stops=make_stops(n_markets, 1) if stops is None else stops,
        thresholds=make_thresholds(n_markets, n_rows),
        records=make_records(n_rows=n_rows, n_markets=n_markets),
        waiting=make_waiting(n_rows, n_markets),
    )


def bare_books(books: BookArrays, log: LogArrays) -> BareBooks:
    """Return books without a clearing house."""
    return BareBooks(accounts=None, markets=None, log=log, books=books)


def reindex_all(exchange: Exchange) -> None:
    """Recompute the thresholds of all rows."""
    reindex(exchange, np.arange(len(exchange.accounts.quote), dtype=np.int32))
