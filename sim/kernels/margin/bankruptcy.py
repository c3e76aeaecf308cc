"""The price at which a close leaves nothing: as a total in quanta, for accounts with one or many positions.

The equity of an account is split over its positions by the maintenance margin each frees (dYdX v4). The quotient rounds
down, so the close is never worse than bankruptcy for the account: the fund or the counterparty pays the quantum
(CLR-LIQ-002).
"""

from ..jit import kernel
from ..ledger.transfer import entry_cost_after
from ..rounding import mul_div_floor
from .requirement import equity, maintenance, position_maintenance


@kernel
def count_positions(accounts, row):
    """Number of markets in which `row` holds contracts."""
    count = 0
    for market in range(accounts.lots.shape[1]):
        if accounts.lots[row, market] != 0:
            count += 1
    return count


@kernel
def lot_value(markets, market):
    """Quanta that one lot is worth at the mark."""
    return markets.mark[market] * markets.params[market].tick_value


@kernel
def bankruptcy_quote(accounts, markets, row, market, closed):
    """Quanta the row receives (+) or pays (-) when `closed` contracts (absolute) are closed at their bankruptcy price.

    -dNNV - floor(TNC x |dMMR| / TMMR): the value at mark of what is closed, less the equity that belongs to it.
    Closing the last position takes all equity, so the row then stands at exactly (0 quanta, 0 lots).
    Source: dYdX v4 x/clob/keeper/liquidations.go @84d4664b.
    """
    lots = accounts.lots[row, market]
    signed = closed if lots > 0 else -closed
    value = signed * lot_value(markets, market)
    total_equity = equity(accounts, markets, row)
    if signed == lots and count_positions(accounts, row) == 1:
        return value - total_equity
    cost = accounts.cost[row, market]
    mark, params, tiers = markets.mark[market], markets.params[market], markets.tiers[market]
    total = maintenance(accounts, markets, row)
    if total <= 0:
        return value
    cost_left = entry_cost_after(cost, lots, -signed, 0)
    before = position_maintenance(lots, cost, mark, params, tiers)
    after = position_maintenance(lots - signed, cost_left, mark, params, tiers)
    freed = before - after
    return value - mul_div_floor(total_equity, freed if freed > 0 else 0, total)


@kernel
def bankruptcy_limit(quote, lots, tick_value):
    """Limit in ticks of an order that closes `lots` (signed) for at least `quote` quanta; 0 if no price does.

    Sells round up and at least one tick, buys round down: filled at the limit, the account never ends below zero.
    """
    unit = abs(lots) * tick_value
    if lots > 0:
        ticks = -((-quote) // unit)
        return ticks if ticks > 1 else 1
    ticks = (-quote) // unit
    return ticks if ticks > 0 else 0
