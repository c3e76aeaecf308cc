"""Trading fees of fills, liquidation fills included: CLR-FEE-### in sim/clearing/RULES.md."""

import pytest
from clearsim.kernels.book.matching import match_orders
from clearsim.layout import FEES, INTENT_DTYPE, OrderFlag, Side, TimeInForce
from clearsim.market.book import ClearingSide, OrderBook

from tests.worlds.book import FIRST, intent, make_log, make_markets, make_venue, open_accounts
from tests.worlds.records import as_records

BUY, SELL = Side.BUY, Side.SELL
A, B, C = FIRST, FIRST + 1, FIRST + 2
LIQUIDATION = int(OrderFlag.LIQUIDATION | OrderFlag.REDUCE_ONLY)


def venue(*, deposits, **rules):
    """A book of market 0, one quantum a tick and lot, mark 100; rows with these deposits at 10x."""
    log = make_log()
    markets = make_markets(make_venue(unit=[1, 1], tiers=[(0, 100_000)], cap=10**9, **rules))
    accounts = open_accounts(markets, log, deposits=deposits, own_ppm=100_000)
    return OrderBook(capacity=32, grid_bits=12, clearing=ClearingSide(accounts, markets, log)), accounts, markets


def test_taker_and_maker_pay_their_rates_rounded_up():
    """CLR-FEE-001: 90 lots at 100 are 9,000: 500 ppm are 4.5, rounded up 5; 200 ppm are 1.8, rounded up 2."""
    book, accounts, _ = venue(deposits=(100_000, 100_000), taker_ppm=500, maker_ppm=200)
    book.limit(A, SELL, price=100, lots=90)
    book.limit(B, BUY, price=100, lots=90)
    assert accounts.quote[[A, B, FEES]].tolist() == [100_000 + 9_000 - 2, 100_000 - 9_000 - 5, 7]


def test_a_rebate_is_paid_by_the_taker_of_the_same_fill():
    """CLR-FEE-002: on 9,000 the taker pays 9, the maker gets 2.25, rounded down 2."""
    book, accounts, _ = venue(deposits=(100_000, 100_000), taker_ppm=1_000, maker_ppm=-250)
    book.limit(A, SELL, price=100, lots=90)
    book.limit(B, BUY, price=100, lots=90)
    assert accounts.quote[[A, B, FEES]].tolist() == [100_000 + 9_000 + 2, 100_000 - 9_000 - 9, 7]


def test_a_rebate_is_never_more_than_the_taker_paid():
    """CLR-FEE-002: the taker's wallet has 1 left and no position: it pays 1, the maker gets 1 and not 2; FEES 0."""
    book, accounts, _ = venue(deposits=(1, 100_000, 100_000), taker_ppm=1_000, maker_ppm=-250)
    accounts.wallet[B] = A
    book.limit(C, SELL, price=100, lots=90)
    book.limit(B, BUY, price=100, lots=90)
    assert accounts.quote[[A, C, FEES]].tolist() == [0, 100_000 + 9_000 + 1, 0]


@pytest.mark.parametrize("flag", [LIQUIDATION, int(OrderFlag.UNWIND)])
def test_no_rebate_is_paid_where_the_taker_is_exempt(flag):
    """CLR-FEE-002, CLR-FEE-003: liquidation orders by default, and ENGINE's always; FEES stays at zero."""
    book, accounts, _ = venue(deposits=(100_000, 100_000), taker_ppm=1_000, maker_ppm=-250)
    hold(book, accounts, lots=90)
    before = int(accounts.quote[A])
    fees = int(accounts.quote[FEES])
    send(book, B, lots=90, flags=flag)
    assert accounts.quote[A] == before - 90 * 100
    assert accounts.quote[FEES] == fees


@pytest.mark.parametrize(("money", "fee"), [(10, 5), (2, 2), (0, 0), (-3, 0)])
def test_a_liquidated_account_pays_the_taker_fee_out_of_what_it_has_left(money, fee):
    """CLR-FEE-003: 500 ppm of 9,000 are 4.5, rounded up 5; with 2 left 2, with nothing left nothing."""
    book, accounts, markets = venue(deposits=(100_000, 100_000), taker_ppm=500, maker_ppm=0)
    hold(book, accounts, lots=90)
    markets.params["liquidation_pays_taker"] = 1
    move = int(accounts.quote[B]) + 90 * 100 - money  # so much is left after a close at 100
    accounts.quote[B] -= move
    accounts.quote[0] += move
    fees = int(accounts.quote[FEES])
    send(book, B, lots=90, flags=LIQUIDATION)
    assert accounts.quote[B] == money - fee
    assert accounts.quote[FEES] == fees + fee


def test_engines_orders_pay_no_taker_fee_even_where_liquidations_do():
    """CLR-FEE-003."""
    book, accounts, markets = venue(deposits=(100_000, 100_000), taker_ppm=500, maker_ppm=0)
    hold(book, accounts, lots=90)
    markets.params["liquidation_pays_taker"] = 1
    fees = int(accounts.quote[FEES])
    send(book, B, lots=90, flags=int(OrderFlag.UNWIND))
    assert accounts.quote[FEES] == fees


def hold(book, accounts, *, lots):
    """B buys from A, then A bids for as much at the same price."""
    book.limit(A, SELL, price=100, lots=lots)
    book.limit(B, BUY, price=100, lots=lots)
    assert accounts.lots[B, 0] == lots
    book.limit(A, BUY, price=100, lots=lots)


def send(book, row, *, lots, flags):
    """Sell at market under these flags."""
    order = [intent(row, SELL, price=100, lots=lots, tif=TimeInForce.IOC, flags=flags)]
    rows = as_records(order, INTENT_DTYPE)
    assert match_orders(book._exchange, rows, 0) == 1
    assert rows["filled"].tolist() == [lots]
