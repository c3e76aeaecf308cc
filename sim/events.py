"""The nouns of the log: reasons money moves, kinds of orders, and the columns of every integer record.

Records are rows of int64 matrices, so that kernels can append them; the column constants below are their only schema.
"""

from enum import IntEnum


class Side(IntEnum):
    """Side of an order."""

    BUY = 0
    SELL = 1


class Reason(IntEnum):
    """Why money or contracts moved. One transfer has one reason; the flows of each reason sum to zero over accounts."""

    DEPOSIT = 0  # OUTSIDE -> account (seeding, top-ups); a withdrawal is a negative deposit
    OPENING = 1  # positions that stood before the run began, against OUTSIDE
    MARGIN_MOVE = 2  # between a trader's own rows: wallet <-> isolated position
    TRADE = 3  # ordinary fill
    LIQUIDATION = 4  # fill of a liquidation order
    TAKEOVER = 5  # ENGINE takes a position over at its bankruptcy price
    UNWIND = 6  # fill of an ENGINE order
    ADL = 7  # deleveraging at the bankruptcy price
    FEE = 8  # trading fee (negative: maker rebate)
    LIQUIDATION_FEE = 9  # penalty on the liquidated amount
    SURPLUS = 10  # what a liquidated account had left and the rule book takes
    FUNDING = 11
    FUND_DRAW = 12  # FUND pays a deficit
    FUND_GAIN = 13  # ENGINE's gains, surplus and fee share into FUND
    SOCIALISED_LOSS = 14  # haircut of winners' gains
    ROUNDING = 15


N_REASONS = 16


class OrderKind(IntEnum):
    """What an intent asks of the book."""

    LIMIT = 0
    MARKET = 1
    CANCEL = 2  # by order id
    CANCEL_ALL = 3  # all of the account's orders in the market
    AMEND = 4  # by order id: new lots (smaller keeps priority), new price (loses it)


class TimeInForce(IntEnum):
    """How long a limit order lives."""

    GTC = 0
    IOC = 1
    FOK = 2
    POST_ONLY = 3


class OrderFlag(IntEnum):
    """Bits of an intent's FLAGS column."""

    REDUCE_ONLY = 1
    LIQUIDATION = 2  # bypasses the initial-margin check; fills carry Reason.LIQUIDATION
    UNWIND = 4  # order of ENGINE; fills carry Reason.UNWIND
    STOP = 8  # came from a triggered stop


class OrderStatus(IntEnum):
    """What became of an intent: the STATUS column after matching."""

    PENDING = -1
    DONE = 0  # filled, rested, or cancelled as asked
    REJECTED_MARGIN = 1
    REJECTED_TIER_CAP = 2
    REJECTED_POST_ONLY = 3
    REJECTED_FOK = 4
    REJECTED_REDUCE_ONLY = 5
    REJECTED_PRICE = 6  # outside the book's grid, or not positive
    REJECTED_UNKNOWN_ORDER = 7
    REJECTED_FROZEN = 8  # account is being liquidated
    REJECTED_SIZE = 9  # lots not positive or beyond head-room
    REJECTED_CAPACITY = 10  # order pool is full


# Columns of an intent row, int64[n, INTENT_WIDTH]. I_ORDER: in, the order to cancel or amend, or the sequence number of
# the liquidation that it carries out; out, the id of the order.
I_ACCOUNT, I_MARKET, I_SIDE, I_KIND, I_TIF, I_PRICE, I_LOTS, I_FLAGS, I_ORDER, I_ARRIVAL, I_STATUS, I_FILLED = range(12)
INTENT_WIDTH = 12

# Columns of a transfer row, int64[n, TRANSFER_WIDTH].
T_SEQ, T_TIME_MS, T_CYCLE, T_CAUSE, T_REASON, T_PAYER, T_PAYEE, T_QUOTE, T_LOTS, T_MARKET, T_PRICE = range(11)
TRANSFER_WIDTH = 11

# Columns of a fill row, int64[n, FILL_WIDTH].
F_SEQ, F_TIME_MS, F_CYCLE, F_MARKET, F_PRICE, F_LOTS, F_MAKER, F_TAKER, F_MAKER_ORDER, F_TAKER_ORDER = range(10)
F_TAKER_SIDE, F_REASON = 10, 11
FILL_WIDTH = 12

# The header shared by all kernels, int64[HEADER_WIDTH].
(
    H_SEQ,  # next sequence number
    H_TIME_MS,
    H_CYCLE,
    H_CAUSE,  # sequence number of what caused the transfers now being written (-1: nothing)
    H_LOG_ON,  # 1: append transfers and fills to the logs
    H_N_TRANSFERS,
    H_N_FILLS,
    H_N_TOUCHED,
    H_STAMP,  # value that marks an account as touched in this cycle
    H_NEXT_ORDER,  # next order id
    H_FILLED_LOTS,  # counters since the start of the run
    H_FILL_COUNT,
    H_ORDER_COUNT,
    H_REJECT_COUNT,
    H_FEES,  # trading fees paid to FEES, net of rebates
    H_VOLUME,  # traded value, each trade once
) = range(16)
HEADER_WIDTH = 32


class AccountMode(IntEnum):
    """What a margin row is."""

    CROSS = 0
    ISOLATED = 1
    RESERVED = 2


# Bits of Accounts.flags: what ever happened to the row (cleared only where said).
FLAG_FROZEN = 1  # being liquidated now: its orders are refused (cleared when the liquidation ends)
FLAG_LIQUIDATED = 2
FLAG_DELEVERAGED = 4
FLAG_BANKRUPT = 8  # somebody else paid for its deficit
FLAG_STOPPED = 16  # a stop order of it was triggered
FLAG_HAIRCUT = 32  # paid socialised loss
