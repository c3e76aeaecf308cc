"""The struct of arrays that kernels work on, and the columns of a market's lowered parameters.

A is the number of margin rows, M of markets, K of margin tiers, R of reasons. Everything is int64 unless said.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.kernels.structs import by_address

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]


@by_address
class AccountArrays(NamedTuple):
    """All margin rows. Equity of a row at `mark` is quote + sum over markets of lots * mark * tick_value."""

    quote: I64  # (A,) quanta, entry cost folded in
    lots: I64  # (A, M) + is long
    cost: I64  # (A, M) signed entry cost of the open position, quanta; for ADL scores and rules on entry value only
    flows: I64  # (A, R) change of equity at the then-current mark, by Reason
    marked_cost: I64  # (A,) sum of lots traded x mark then x tick_value; quote = sum(flows) - marked_cost
    open_bid: I64  # (A, M) lots resting on the bid
    open_ask: I64  # (A, M) lots resting on the ask
    initial_ppm: I64  # (A,) initial-margin rate the trader chose (1e6 / leverage, rounded up)
    wallet: I32  # (A,) row that pays fees and takes back released margin; a cross row is its own wallet
    market: I32  # (A,) the one market of an isolated row; -1 for cross and reserved rows
    mode: U8  # (A,) AccountMode
    flags: U8  # (A,) FLAG_* bits
    stamp: I64  # (A,) equals header[H_STAMP] once the row is in `touched`
    touched: I32  # (A,) rows changed in this cycle, header[H_N_TOUCHED] of them


@by_address
class LogArrays(NamedTuple):
    """Preallocated logs; the caller spills them to disk when they run full."""

    header: I64  # (HEADER_WIDTH,)
    transfers: I64  # (capacity, TRANSFER_WIDTH)
    fills: I64  # (capacity, FILL_WIDTH)


@by_address
class MarketArrays(NamedTuple):
    """What kernels need to know of the markets."""

    mark: I64  # (M,) ticks, the last published
    params: I64  # (M, PARAM_WIDTH)
    tiers: (
        I64  # (M, K, 4) floor quanta, maintenance ppm, deduction quanta, initial ppm; unused rows have floor INT64_MAX
    )


# Columns of MarketArrays.params.
(
    P_TICK_VALUE,  # quanta per tick per lot
    P_TAKER_PPM,
    P_MAKER_PPM,  # negative: rebate
    P_LIQUIDATION_FEE_PPM,
    P_MARGIN_BASE,  # MarginBase
    P_CLOSE_FEE_PPM,  # part of the requirement when the base is MARK_PLUS_FEE
    P_N_TIERS,
    P_NOTIONAL_CAP,  # quanta; largest position the last tier admits
    P_FUND_ROW,
    P_ENGINE_ROW,
    P_AT_OR_BELOW,  # 1: an account exactly at its requirement is distressed too
    P_LAST_TRADE,  # ticks of the last trade, 0 before the first (state, written by matching)
    P_LAST_TRADE_CALM,  # the same, liquidation trades left out
    P_NET_TAKER_LOTS,  # taker buys less taker sells since the start (state, written by matching)
) = range(14)
PARAM_WIDTH = 16

TIER_FLOOR, TIER_MAINTENANCE_PPM, TIER_DEDUCTION, TIER_INITIAL_PPM = range(4)

# Values of P_MARGIN_BASE: what the maintenance rate is applied to.
BASE_MARK, BASE_ENTRY, BASE_MARK_PLUS_FEE = range(3)

# Reserved rows; FUND and ENGINE of scope s are FIRST_SCOPE_ROW + 2*s and + 1, traders follow.
OUTSIDE, FEES, ROUNDING = range(3)
FIRST_SCOPE_ROW = 3
