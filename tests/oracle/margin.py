"""Margin of a row: CLR-MRG-001 to -003, -010, -013, and the bankruptcy totals of CLR-LIQ-002."""

from tests.oracle.story import Exchange, Market, share_ppm


def tier_of(market: Market, base: int) -> tuple[int, int, int]:
    """CLR-MRG-001: a base on a floor belongs to the higher tier."""
    return [tier for tier in market.tiers if tier[0] <= base][-1]


def base_of(exchange: Exchange, row: int, m: int) -> int:
    """CLR-MRG-002: notional at mark, or at entry."""
    if exchange.rules.markets[m].base == "entry":
        return abs(exchange.cost[row][m])
    return abs(exchange.value(row, m))


def requirement_on(market: Market, base: int) -> int:
    """CLR-MRG-001: ceil(base x rate) - deduction, never below 0."""
    if base == 0:
        return 0
    _, rate, deduction = tier_of(market, base)
    if market.base == "mark_plus_fee":
        rate += market.taker_ppm
    return max(0, share_ppm(base, rate) - deduction)


def maintenance(exchange: Exchange, row: int, m: int) -> int:
    """Maintenance margin of one position, quanta."""
    if not exchange.lots[row][m]:
        return 0
    return requirement_on(exchange.rules.markets[m], base_of(exchange, row, m))


def requirement(exchange: Exchange, row: int) -> int:
    """CLR-MRG-010: requirements add up without netting."""
    return sum(maintenance(exchange, row, m) for m in exchange.held(row))


def is_short_of(exchange: Exchange, row: int, equity: int, needed: int) -> bool:
    """CLR-MRG-003."""
    at_or_below = any(exchange.rules.markets[m].at_or_below for m in exchange.held(row))
    return equity < needed or (at_or_below and equity == needed)


def is_distressed(exchange: Exchange, row: int) -> bool:
    """CLR-MRG-003, CLR-MRG-013."""
    return is_short_of(exchange, row, exchange.equity(row), requirement(exchange, row))


def bankruptcy_total(exchange: Exchange, row: int, m: int) -> int:
    """CLR-LIQ-002: what the row gets for its whole position at bankruptcy; negative for most shorts."""
    needed = requirement(exchange, row)
    if exchange.held(row) == [m]:
        share = exchange.equity(row)
    else:
        share = exchange.equity(row) * maintenance(exchange, row, m) // needed if needed else 0
    return exchange.value(row, m) - share
