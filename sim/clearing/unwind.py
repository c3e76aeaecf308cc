"""Unwinding of ENGINE's inventory through the book: a share at a time, within a band around the mark (CLR-FND-005)."""

from typing import Annotated

from pydantic import Field

from ..kernels.jit import kernel
from ..kernels.packed import Packed
from ..kernels.rounding import rate_ceil, rate_floor
from ..layout import I64, OrderFlag, OrderKind, OrderStatus, Side, TimeInForce
from ..policy import NonNegativeInt, Policy, PositiveInt, SharePpm

_SCALE = 1_000_000
_FLAGS = int(OrderFlag.UNWIND) | int(OrderFlag.REDUCE_ONLY)
_IOC, _LIMIT, _PENDING = int(TimeInForce.IOC), int(OrderKind.LIMIT), int(OrderStatus.PENDING)
_BUY, _SELL = int(Side.BUY), int(Side.SELL)


class UnwindPolicy(Policy):
    """Parameters by which ENGINE's inventory is unwound through the book (CLR-FND-005)."""

    fraction_ppm: Annotated[SharePpm, Field(gt=0)] = Field(
        default=100_000, description="share of the inventory offered per step, at least one lot"
    )
    interval_ms: PositiveInt = Field(default=1_000, description="time between steps")
    band_ppm: NonNegativeInt = Field(
        default=5_000, le=1_000_000, description="worst price, as a distance from the mark"
    )


class UnwindArrays(Packed):
    """The policies of the markets' funds, and when each market's inventory was last offered. M markets."""

    fraction_ppm: I64  # (M,)
    band_ppm: I64  # (M,)
    interval_ms: I64  # (M,)
    last_ms: I64  # (M,) long before the run if never


@kernel
def plan_unwind(exchange, unwind, now_ms, intents):
    """Write one order per market whose ENGINE holds contracts and is due, and note the time; return how many orders.

    Lots: the share of the inventory, rounded up. Limit: mark less (more) the band for a sale (purchase), at least a
    tick. intents: INTENT_DTYPE (>= M,).
    """
    accounts, markets = exchange.accounts, exchange.markets
    count = 0
    for market in range(accounts.lots.shape[1]):
        engine = markets.params[market].engine_row
        lots = accounts.lots[engine, market]
        if lots == 0 or now_ms - unwind.last_ms[market] < unwind.interval_ms[market]:
            continue
        unwind.last_ms[market] = now_ms
        mark = markets.mark[market]
        band = rate_floor(mark, unwind.band_ppm[market], _SCALE)
        intent = intents[count]
        intent.account = engine
        intent.market = market
        intent.side = _SELL if lots > 0 else _BUY
        intent.kind = _LIMIT
        intent.tif = _IOC
        intent.price = max(1, mark - band) if lots > 0 else mark + band
        intent.lots = rate_ceil(lots if lots > 0 else -lots, unwind.fraction_ppm[market], _SCALE)
        intent.order_flags = _FLAGS
        intent.order = -1
        intent.arrival = count
        intent.status = _PENDING
        intent.filled = 0
        count += 1
    return count
