"""Small exchanges for tests of the book: the compiled one and its plain twin, made from the same rules and money."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from clearsim.kernels.exchange import make_exchange
from clearsim.kernels.ledger.transfer import post_transfer
from clearsim.layout import (
    FILL_DTYPE,
    HEADER_DTYPE,
    MARKET_DTYPE,
    OUTSIDE,
    TIER_DTYPE,
    TRANSFER_DTYPE,
    AccountArrays,
    LogArrays,
    MarketArrays,
    OrderKind,
    Reason,
    Side,
    TimeInForce,
)
from clearsim.ledger.accounts import make_accounts
from clearsim.units import INT64_MAX

from tests.plain_book import PlainExchange, Venue

FIRST = 5  # rows 0..4: OUTSIDE, FEES, ROUNDING, FUND, ENGINE


def make_venue(**changes: Any) -> Venue:
    """Two markets at 100 and 40 ticks, 3 and 7 quanta a tick; 1% initial margin, 5% from 60,000 quanta."""
    rules: dict[str, Any] = {
        "marks": [100, 40],
        "unit": [3, 7],
        "taker_ppm": 500,
        "maker_ppm": -100,
        "tiers": [(0, 10_000), (60_000, 50_000)],
        "cap": 2_000_000,
        "capacity": 64,
        "grid": (1, 4096),
    }
    return Venue(**{**rules, **changes})


def make_log(*, capacity: int = 4096, fills: int = 1024) -> LogArrays:
    """Empty logs, switched on."""
    header = np.zeros(1, HEADER_DTYPE)
    header["log_on"][0], header["cause"][0], header["next_order"][0], header["stamp"][0] = 1, -1, 1, 1
    return LogArrays(header, np.zeros(capacity, TRANSFER_DTYPE), np.zeros(fills, FILL_DTYPE))


def make_markets(venue: Venue) -> MarketArrays:
    """The venue's rules as kernels read them; maintenance is half of initial margin."""
    n_markets = len(venue.marks)
    params = np.zeros(n_markets, MARKET_DTYPE)
    params["tick_value"] = venue.unit
    params["taker_ppm"], params["maker_ppm"] = venue.taker_ppm, venue.maker_ppm
    params["notional_cap"], params["n_tiers"] = venue.cap, len(venue.tiers)
    tiers = np.zeros((n_markets, len(venue.tiers) + 1), TIER_DTYPE)
    tiers["floor"][:, -1] = INT64_MAX
    for number, (floor, initial_ppm) in enumerate(venue.tiers):
        tiers[:, number] = (floor, initial_ppm // 2, 0, initial_ppm)
    return MarketArrays(mark=np.array(venue.marks, np.int64), params=params, tiers=tiers)


def open_accounts(
    markets: MarketArrays, log: LogArrays, *, deposits: Sequence[int], own_ppm: int = 50_000
) -> AccountArrays:
    """Cross rows with these deposits."""
    accounts = make_accounts(n_rows=FIRST + len(deposits), n_markets=len(markets.mark), scopes=["all"])
    accounts.initial_ppm[FIRST:] = own_ppm
    exchange = make_exchange(accounts, markets, log)
    for row, deposit in enumerate(deposits, FIRST):
        if deposit:
            post_transfer(exchange, OUTSIDE, row, deposit, 0, 0, int(Reason.DEPOSIT), 0)
    return accounts


def make_plain(venue: Venue, accounts: AccountArrays) -> PlainExchange:
    """The plain twin of these rows."""
    return PlainExchange(
        venue, quote=accounts.quote.tolist(), own_ppm=accounts.initial_ppm.tolist(), wallet=accounts.wallet.tolist()
    )


def intent(
    row: int,
    side: Side = Side.BUY,
    *,
    kind: OrderKind = OrderKind.LIMIT,
    tif: TimeInForce = TimeInForce.GTC,
    price: int = 0,
    lots: int = 0,
    market: int = 0,
    flags: int = 0,
    order: int = 0,
) -> list[int]:
    """One intent row."""
    return [row, market, int(side), int(kind), int(tif), price, lots, flags, order, 0, 0, 0, 0]
