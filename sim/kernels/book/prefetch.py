"""Ask the processor to fetch memory for later orders while the present one is processed.

Orders of a batch touch rows and slots all over memory; waiting for memory costs more than the work. A prefetch changes
only timing: it reads no value, and any address is safe.
"""

import numpy as np

from ..jit import inlined_kernel, primitive
from .levels import first_order


@primitive(plain=lambda array, index: None)
def prefetch():
    """Start to fetch item `index` of a C-contiguous array, counted flat: prefetch(array, index)."""
    from .. import intrinsics

    return intrinsics.prefetch


@inlined_kernel
def fetch_row(accounts, market, row):
    """Fetch the memory that a trade of the row in `market` reads and writes."""
    n_markets = accounts.lots.shape[1]
    held = row * n_markets + market
    prefetch(accounts.quote, row)
    prefetch(accounts.lots, held)
    prefetch(accounts.cost, held)
    prefetch(accounts.open_bid, held)
    prefetch(accounts.open_ask, held)
    prefetch(accounts.marked_cost, row)
    prefetch(accounts.stamp, row)
    prefetch(accounts.wallet, row)
    prefetch(accounts.initial_ppm, row)
    prefetch(accounts.flags, row)
    flows = row * accounts.flows.shape[1]
    prefetch(accounts.flows, flows)
    prefetch(accounts.flows, flows + 8)


@inlined_kernel
def fetch_owner(books, market, row):
    """Fetch the head of the row's list of orders."""
    prefetch(books.newest, market * books.newest.shape[1] + row)


@inlined_kernel
def fetch_newest(books, market, row):
    """Fetch the row's newest order."""
    prefetch(books.orders, np.int64(books.newest[market, row]))


@inlined_kernel
def fetch_level(books, market, price):
    """Fetch a price level."""
    prefetch(books.levels, market * books.levels.shape[1] + price - books.tops[market].base_ticks)


@inlined_kernel
def fetch_surroundings(books, market, row):
    """Fetch the memory that a cancel of the row's newest order touches: its level and its neighbours there."""
    order = books.orders[books.newest[market, row]]
    fetch_level(books, market, np.int64(order["price"]))
    prefetch(books.orders, np.int64(order["next"]))
    prefetch(books.orders, np.int64(order["prev"]))


@inlined_kernel
def fetch_maker(books, accounts, market, side):
    """Fetch the row of the order of `side` that trades next."""
    fetch_row(accounts, market, np.int64(books.orders[first_order(books, market, side)]["owner"]))
