"""What a fund and its ENGINE are worth at mark."""

from ..jit import kernel


@kernel
def engine_standing(exchange, engine):
    """Equity of an ENGINE at mark, the value of its positions at mark without their signs, quanta; and whether it holds
    contracts."""
    accounts, markets = exchange.accounts, exchange.markets
    equity, inventory, holds = accounts.quote[engine], 0, False
    for market in range(markets.mark.shape[0]):
        lots = accounts.lots[engine, market]
        if lots != 0:
            worth = lots * markets.mark[market] * markets.params[market].tick_value
            equity += worth
            inventory += abs(worth)
            holds = True
    return equity, inventory, holds


@kernel
def stand_of(exchange, fund, engine):
    """Cash of a fund, its equity with ENGINE's at mark, and ENGINE's inventory at mark, quanta."""
    cash = exchange.accounts.quote[fund]
    equity, inventory, _ = engine_standing(exchange, engine)
    return cash, cash + equity, inventory


@kernel
def stand_of_all(exchange, reserved, out):
    """Write `stand_of` of every scope to out, int64 (S, 3). reserved: (2, S) rows of FUND and ENGINE."""
    for scope in range(reserved.shape[1]):
        out[scope, 0], out[scope, 1], out[scope, 2] = stand_of(exchange, reserved[0, scope], reserved[1, scope])
