"""Columns of what clearing writes down: liquidations, deleveraging matches, and counters by market. Integers, no logic.

One liquidation row is one position (account, market) in one round of clearing. One match row is one counterparty
reduced. Prices that need not lie on the grid are kept as totals in quanta: price in ticks = quote / (lots x
tick_value), all signed.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.kernels.structs import by_address

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

# Columns of RecordArrays.liquidations.
(
    L_SEQ,
    L_TIME_MS,
    L_CYCLE,
    L_ACCOUNT,
    L_MARKET,
    L_LOTS,  # position before, + is long
    L_MARK,  # ticks
    L_BANKRUPTCY_QUOTE,  # quanta received (+) for the whole position at its bankruptcy price
    L_EQUITY,  # of the row, before
    L_MAINTENANCE,  # of the row, before
    L_MARKET_MAINTENANCE,  # of this position, before: the weight by which a deficit is split
    L_LOTS_BOOK,  # closed in the book, absolute
    L_LOTS_TAKEN_OVER,
    L_LOTS_ADL,  # closed against counterparties (ADL or tear-up), absolute
    L_FEE,
    L_SURPLUS,
    L_DEFICIT,  # paid by others to bring the account to zero
    L_OWED,  # still owed by the account in this market's scope (work column)
) = range(18)
LIQUIDATION_WIDTH = 18

# Columns of RecordArrays.matches.
(
    D_SEQ,
    D_TIME_MS,
    D_CYCLE,
    D_CAUSE,  # sequence number of the liquidation, -1 for ENGINE's inventory
    D_MARKET,
    D_BANKRUPT,
    D_COUNTERPARTY,
    D_RANK,  # place in the queue, 1 first
    D_LOTS,  # absolute
    D_QUOTE,  # quanta that changed hands: price in ticks = quote / (lots x tick_value), below zero if that is
    D_MARK,
    D_HARM,  # (mark - execution) x quantity given up by the counterparty; positive: it lost against the mark
    D_PARTIAL,  # 1: the counterparty kept part of its position
    D_SIDE,  # +1: the counterparty was long, -1: short
) = range(14)
MATCH_WIDTH = 14

# Columns of RecordArrays.counters, one row a market, all since the start of the run.
(
    C_LIQUIDATED_ACCOUNTS,  # rows liquidated for the first time
    C_LIQUIDATED_LONG,  # notional at mark closed by liquidation, each contract once (book, takeover or ADL)
    C_LIQUIDATED_SHORT,
    C_BOOK_NOTIONAL,
    C_TAKEN_OVER_NOTIONAL,
    C_ADL_NOTIONAL,  # one side, traders' positions and ENGINE's inventory
    C_ADL_MATCHES,
    C_ADL_ACCOUNTS,  # rows deleveraged for the first time
    C_ADL_HARM,
    C_TORN_UP_NOTIONAL,  # closed at mark by the last layer
    C_DEFICIT,  # what bankrupt accounts could not pay: covered by ENGINE, FUND, ADL counterparties or winners, or left
    C_FUND_DRAW,
    C_FUND_GAIN,  # ENGINE's gains, surplus and fee share
    C_SURPLUS,
    C_LIQUIDATION_FEES,
    C_SOCIALISED,
    C_BAD_DEBT,  # owed by flat accounts when the last layer had nothing more to give, and standing since
) = range(17)
COUNTER_WIDTH = 17

# Slots of RecordArrays.counts.
R_LIQUIDATIONS, R_MATCHES, R_ROUND_START = range(3)
COUNTS_WIDTH = 4


@by_address
class RecordArrays(NamedTuple):
    """What clearing writes down. Rows [0, counts[R_LIQUIDATIONS]) and [0, counts[R_MATCHES]) are filled."""

    liquidations: I64  # (capacity, LIQUIDATION_WIDTH)
    matches: I64  # (capacity, MATCH_WIDTH)
    scores: F64  # (capacity,) ranking score of each match
    counters: I64  # (M, COUNTER_WIDTH)
    counts: I64  # (COUNTS_WIDTH,)
    first_record: I64  # (A,) first liquidation row of an account in this round, -1 if none; its markets follow


@by_address
class WaitingArrays(NamedTuple):
    """What liquidation remembers of each row between cycles."""

    seen_cycle: I64  # (A,) last cycle in which the row was found distressed, -1 never
    seen_ms: I64  # (A,) when the present distress began
    attempt_ms: I64  # (A,) when its last liquidation order was sent
    attempts: I64  # (A,) liquidation steps since the present distress began
    last_market: I64  # (A,) market in which it was liquidated last, -1 never
    bad_debt: I64  # (A,) debt of a flat row that no layer could pay, quanta: it stands, and is not looked at again


def make_waiting(n_rows: int) -> WaitingArrays:
    """Return the state of rows that were never distressed."""
    return WaitingArrays(
        seen_cycle=np.full(n_rows, -2, np.int64),
        seen_ms=np.zeros(n_rows, np.int64),
        attempt_ms=np.full(n_rows, -(2**62), np.int64),
        attempts=np.zeros(n_rows, np.int64),
        last_market=np.full(n_rows, -1, np.int64),
        bad_debt=np.zeros(n_rows, np.int64),
    )


def make_records(*, n_rows: int, n_markets: int, capacity: int = 4096) -> RecordArrays:
    """Return empty records; the buffers grow when a round needs more."""
    return RecordArrays(
        liquidations=np.zeros((capacity, LIQUIDATION_WIDTH), np.int64),
        matches=np.zeros((capacity, MATCH_WIDTH), np.int64),
        scores=np.zeros(capacity, np.float64),
        counters=np.zeros((n_markets, COUNTER_WIDTH), np.int64),
        counts=np.zeros(COUNTS_WIDTH, np.int64),
        first_record=np.full(n_rows, -1, np.int64),
    )
