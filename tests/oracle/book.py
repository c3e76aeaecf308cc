"""Matching of the orders of the clearing house against the resting book, with the fees of the fills: CLR-FEE-###."""

from tests.oracle.story import Exchange, Order, share_ppm


def matching(exchange: Exchange, market: int, buy: bool, limit: int | None) -> list[Order]:
    """Orders on the other side at the limit or better, best price first, then by time."""
    sign = 1 if buy else -1
    found = [
        order
        for order in exchange.book
        if order.market == market and order.buy != buy and (limit is None or sign * order.price <= sign * limit)
    ]
    return sorted(found, key=lambda order: sign * order.price)


def take(
    exchange: Exchange, row: int, market: int, lots: int, limit: int | None, charged: bool, payer: int | None = None
) -> tuple[int, int]:
    """An IOC of `row` for signed lots; the filled contracts and their value, both positive.

    payer: of the fees of a trader's own order.
    """
    filled = paid = 0
    for order in matching(exchange, market, lots > 0, limit):
        size = min(abs(lots) - filled, order.lots)
        if size == 0:
            break
        if row in exchange.owner and exchange.owner[row] == exchange.owner[order.row]:
            order.lots = 0
            exchange.reached["self-trade"] += 1
            continue
        value = size * order.price * exchange.rules.markets[market].tick_value
        signed = size if lots > 0 else -size
        exchange.transfer(row, order.row, value if lots > 0 else -value, signed, market)
        order.lots -= size
        filled, paid = filled + size, paid + value
        charge_fees(exchange, row, order.row, market, value, charged, payer)
    exchange.book = [order for order in exchange.book if order.lots]
    return filled, paid


def take_as_trader(exchange: Exchange, row: int, market: int, lots: int, limit: int | None) -> int:
    """An IOC that a trader sent; the filled contracts. CLR-FEE-001: its wallet pays the fee of each fill."""
    return take(exchange, row, market, lots, limit, charged=True, payer=exchange.owner[row])[0]


def from_wallet(exchange: Exchange, wallet: int, due: int) -> int:
    """CLR-FEE-001: a wallet without positions pays at most what it has."""
    return due if due <= 0 or exchange.held(wallet) else min(due, max(0, exchange.quote[wallet]))


def charge_fees(
    exchange: Exchange, taker: int, maker: int, market: int, value: int, charged: bool, payer: int | None
) -> None:
    """CLR-FEE-001 to -003: the liquidated row pays out of its equity, traders (`payer`, the maker) from wallets."""
    rules = exchange.rules.markets[market]
    got = 0
    if payer is not None:
        got = from_wallet(exchange, payer, share_ppm(value, rules.taker_ppm))
    elif charged:
        got = min(share_ppm(value, rules.taker_ppm), max(0, exchange.equity(taker)))
        if got < share_ppm(value, rules.taker_ppm):
            exchange.reached["taker fee capped"] += 1
    if got:
        exchange.transfer(taker if payer is None else payer, exchange.fees, got)
        exchange.reached["taker fee"] += 1
    wallet = exchange.owner[maker]
    due = from_wallet(exchange, wallet, share_ppm(value, rules.maker_ppm))
    if due < -got:
        exchange.reached["rebate capped"] += 1
    due = max(due, -got)
    if due > 0:
        exchange.transfer(wallet, exchange.fees, due)
    elif due < 0:
        exchange.transfer(exchange.fees, wallet, -due)
        exchange.reached["rebate"] += 1


def cancel_all(exchange: Exchange, row: int) -> None:
    """Withdraw the resting orders of a row."""
    kept = [order for order in exchange.book if order.row != row]
    exchange.reached["orders of a distressed row"] += len(kept) < len(exchange.book)
    exchange.book = kept


def withdraw(exchange: Exchange, row: int, market: int) -> None:
    """CLR-ADL-001, CLR-LOS-001: whose position is reduced off the book loses its orders in that market."""
    kept = [order for order in exchange.book if order.row != row or order.market != market]
    exchange.reached["orders of the deleveraged"] += len(kept) < len(exchange.book)
    exchange.book = kept
