"""The money a row can withdraw without coming closer to liquidation than its own leverage allows."""

from ..jit import kernel
from .requirement import equity, initial_requirement, worst_lots


@kernel
def free_equity(accounts, markets, row):
    """Equity beyond the initial margin of positions and open orders, and never more than the quote of a flat row; >=
    0, quanta."""
    free = equity(accounts, markets, row)
    for market in range(accounts.lots.shape[1]):
        size = worst_lots(accounts, row, market, 0, 0)
        if size != 0:
            notional = size * markets.mark[market] * markets.params[market].tick_value
            free -= initial_requirement(
                size, notional, accounts.initial_ppm[row], markets.params[market], markets.tiers[market]
            )
    return free if free > 0 else 0
