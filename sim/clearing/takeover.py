"""Takeover: ENGINE of the market's scope takes a position at its bankruptcy price. Rules CLR-FND-002, CLR-FND-003.

Decides how much of each position ENGINE may take, by its cap and by FUND's means. An account that is taken over in full
ends at exactly (0 quanta, 0 lots).
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from ..kernels.clearing.closes import Closes, first_closes, make_closes
from ..kernels.clearing.liquidation_records import find_record
from ..kernels.exchange import Exchange
from ..kernels.jit import kernel
from ..kernels.ledger.draft import make_draft, move
from ..kernels.margin.bankruptcy import bankruptcy_quote, count_positions, lot_value
from ..kernels.margin.requirement import equity
from ..kernels.rounding import mul_div_floor
from ..layout import Reason
from .desk import Desk, LayerBase, Round

I64 = npt.NDArray[np.int64]


class TakeoverLayer(LayerBase):
    """ENGINE takes positions over at their bankruptcy price, within its cap and FUND's means (CLR-FND-002)."""

    kind: Literal["takeover"] = "takeover"

    def run(self, desk: Desk, round_: Round) -> None:
        """Take over as much of the round's rows as allowed, in their order."""
        if len(round_.rows):
            closes = plan_takeover(desk.exchange, round_.rows, caps=desk.caps)
            desk.close(closes, Reason.TAKEOVER)


def plan_takeover(exchange: Exchange, rows: I64, *, caps: I64) -> Closes:
    """Return the closes by which ENGINE takes over as much of `rows` as allowed, in order; nothing is changed.

    A position is taken in part only if it is the row's only one; otherwise each is taken in full or not at all.
    Positions without a liquidation record of this round are left. caps: int64 (M,) maximum inventory of the market's
    ENGINE at mark, quanta.
    """
    draft, ids = make_draft(exchange.accounts, rows)
    first = len(ids) - len(rows)
    closes = make_closes(len(rows) * draft.lots.shape[1])
    n = _plan_takeover(exchange, draft, ids, first, caps, closes)
    return first_closes(closes, n)


@kernel
def inventory_notional(accounts, markets, engine):
    """Sum over markets of |ENGINE's lots| x mark."""
    total = 0
    for market in range(accounts.lots.shape[1]):
        total += abs(accounts.lots[engine, market]) * lot_value(markets, market)
    return total


@kernel
def lots_acceptable(accounts, markets, row, market, cap):
    """How many contracts (absolute) of the position ENGINE may take over, by inventory cap and by solvency.

    After it, ENGINE's inventory at mark is at most `cap` quanta, and FUND's cash plus ENGINE's equity is not below
    zero (CLR-FND-003).
    """
    engine, fund = markets.params[market].engine_row, markets.params[market].fund_row
    lots = accounts.lots[row, market]
    size = abs(lots)
    unit = lot_value(markets, market)
    held = accounts.lots[engine, market]
    same_way = held if lots > 0 else -held
    others = inventory_notional(accounts, markets, engine) - abs(held) * unit
    by_cap = (cap - others) // unit - same_way if cap >= others else -same_way
    gain = lots * unit - bankruptcy_quote(accounts, markets, row, market, size)
    means = accounts.quote[fund] + equity(accounts, markets, engine)
    by_means = size
    if gain >= 0:
        by_means = size if means + gain >= 0 else 0
    elif means <= 0:
        by_means = 0
    elif means < -gain:
        by_means = mul_div_floor(means, size, -gain)
    return max(0, min(size, by_cap, by_means))


@kernel
def _plan_takeover(exchange, draft, ids, first, caps, closes):
    """Write the closes of draft rows [first, end) to `closes`; return how many. ids: account row of each."""
    markets, records = exchange.markets, exchange.records
    n = 0
    for row in range(first, draft.lots.shape[0]):
        for market in range(draft.lots.shape[1]):
            held = draft.lots[row, market]
            if held == 0 or find_record(records, ids[row], market) < 0:
                continue
            lots = lots_acceptable(draft, markets, row, market, caps[market])
            size = abs(held)
            if lots == 0 or (lots < size and count_positions(draft, row) > 1):
                continue
            quote = bankruptcy_quote(draft, markets, row, market, size)
            if lots < size:
                quote = mul_div_floor(quote, lots, size)
            engine = markets.params[market].engine_row
            move(draft, engine, row, quote, lots if held > 0 else -lots, market)
            closes.target[n] = ids[row]
            closes.counterparty[n] = engine
            closes.market[n] = market
            closes.lots[n] = lots
            closes.quote[n] = quote
            n += 1
    return n
