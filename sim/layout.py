"""Every record that kernels and Python share, field by field, and the codes that fields hold. No logic, no numba.

A row of a log, a market's parameters, a stop order: each is one NumPy record, read and written by name, in kernels as
`fill.price`, in Python as `fills["price"]`. All fields are int64 unless said. `X_DTYPE` is one record; an array of one
record stands where there is only one (`log.header[0]` in kernels). A code is an integer that stands for a kind; it is
defined here and nowhere else.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
#: An array of records; its comment says of which.
Records = npt.NDArray[np.void]


def record(*names: str, kind: type = np.int64) -> np.dtype[np.void]:
    """The dtype of a record whose fields are all of one kind; its scalars have attributes, in Python too."""
    plain = np.dtype([(name, kind) for name in names], align=True)
    return np.dtype((np.record, plain))


def as_dict(row: np.void) -> dict[str, int]:
    """The fields of one record by name."""
    return dict(zip(row.dtype.names or (), row.item(), strict=True))


def sums_of(rows: Records) -> dict[str, int]:
    """The sum of each field over records, by name."""
    return {name: int(rows[name].sum()) for name in rows.dtype.names or ()}


# -- codes -------------------------------------------------------------------------------------------------------------


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
    SURPLUS = 10  # money left in a liquidated account that the rule book takes
    FUNDING = 11
    FUND_DRAW = 12  # FUND pays a deficit
    FUND_GAIN = 13  # ENGINE's gains, surplus and fee share into FUND
    SOCIALISED_LOSS = 14  # haircut of winners' gains
    ROUNDING = 15


N_REASONS = len(Reason)


class OrderKind(IntEnum):
    """Action that an intent asks of the book."""

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
    """Bits of an intent's `order_flags`."""

    REDUCE_ONLY = 1
    LIQUIDATION = 2  # bypasses the initial-margin check; fills carry Reason.LIQUIDATION
    UNWIND = 4  # order of ENGINE; fills carry Reason.UNWIND
    STOP = 8  # came from a triggered stop


class OrderStatus(IntEnum):
    """Outcome of an intent: its `status` after matching."""

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


class AccountMode(IntEnum):
    """Kind of a margin row."""

    CROSS = 0
    ISOLATED = 1
    RESERVED = 2


class AdlCause(IntEnum):
    """Why ADL closed a position that no layer before it took."""

    FUND_DRY = 0  # the fund, with ENGINE at mark, had no means left for it
    CAP = 1  # ENGINE's inventory had reached its cap
    ORDER = 2  # no takeover comes before ADL, whatever the fund has
    TRIGGER = 3  # the same, and the account was not even below zero: the trigger is `distressed`


# Bits of what stopped a takeover: FUND's means, ENGINE's cap, and which of two was tighter (means if tied).
STOPPED_BY_MEANS, STOPPED_BY_CAP, CAP_WAS_TIGHTER = 1, 2, 4

# Bits of AccountArrays.flags: events in the row's history (cleared only where stated).
FLAG_FROZEN = 1  # being liquidated now: its orders are refused (cleared when the liquidation ends)
FLAG_LIQUIDATED = 2
FLAG_DELEVERAGED = 4
FLAG_BANKRUPT = 8  # others paid its deficit
FLAG_STOPPED = 16  # one of its stop orders was triggered
FLAG_HAIRCUT = 32  # paid socialised loss

# Values of a market's `margin_base`: the base of the maintenance rate.
BASE_MARK, BASE_ENTRY, BASE_MARK_PLUS_FEE = range(3)

# Reserved rows; FUND and ENGINE of scope s are FIRST_SCOPE_ROW + 2*s and + 1, traders follow.
OUTSIDE, FEES, ROUNDING = range(3)
FIRST_SCOPE_ROW = 3

# -- the log -----------------------------------------------------------------------------------------------------------

#: An order on its way to the book. `order`: in, the order to cancel or amend, or the sequence number of the liquidation
#: that it carries out; out, the id of the order.
INTENT_DTYPE = record(
    "account", "market", "side", "kind", "tif", "price", "lots", "order_flags", "order", "arrival", "status", "filled",
    "value",  # quanta (ticks x lots without a clearing house) of what was filled
)  # fmt: skip

TRANSFER_DTYPE = record(
    "seq", "time_ms", "cycle", "cause", "reason", "payer", "payee", "quote", "lots", "market", "price"
)

FILL_DTYPE = record(
    "seq", "time_ms", "cycle", "market", "price", "lots", "maker", "taker", "maker_order", "taker_order",
    "taker_side", "reason",
)  # fmt: skip

#: State that all kernels share.
HEADER_DTYPE = record(
    "seq",  # next sequence number
    "time_ms",
    "cycle",
    "cause",  # sequence number of the cause of the transfers being written (-1: none)
    "log_on",  # 1: append transfers and fills to the logs
    "n_transfers",
    "n_fills",
    "n_touched",
    "stamp",  # value that marks an account as touched in this cycle
    "next_order",  # next order id
    "filled_lots",  # counters since the start of the run
    "fill_count",
    "order_count",
    "reject_count",
    "fees",  # trading fees paid to FEES, net of rebates
    "volume",  # traded value, each trade once
)

# -- markets and accounts ----------------------------------------------------------------------------------------------

#: A market's parameters, and what matching keeps of it.
MARKET_DTYPE = record(
    "tick_value",  # quanta per tick per lot
    "taker_ppm",
    "maker_ppm",  # negative: rebate
    "liquidation_fee_ppm",
    "liquidation_pays_taker",  # 1: fills of liquidation orders pay the taker fee
    "penalty_on_fill",  # 1: the penalty is on the prices of the fills, 0: on the mark
    "order_band_ppm",  # orders without a price trade no worse than this distance from the mark; 0: no band
    "margin_base",  # BASE_...
    "close_fee_ppm",  # part of the requirement when the base is BASE_MARK_PLUS_FEE
    "maintenance_formula",  # address of a user's function in place of the tiers' rates, or 0
    "initial_formula",  # the same for the smallest initial rate
    "n_tiers",
    "notional_cap",  # quanta; maximum position that the last tier admits
    "fund_row",
    "engine_row",
    "at_or_below",  # 1: an account exactly at its requirement is distressed too
    "last_trade",  # ticks of the last trade, 0 before the first (state, written by matching)
    "last_trade_calm",  # the same, liquidation trades left out
    "net_taker_lots",  # taker buys less taker sells since the start (state, written by matching)
)

#: A margin tier: from this notional (quanta), rates in ppm; unused rows have floor INT64_MAX.
TIER_DTYPE = record("floor", "maintenance_ppm", "deduction", "initial_ppm")


class AccountArrays(NamedTuple):
    """All margin rows: A rows, M markets, R reasons.

    Equity of a row at `mark` is quote + sum over markets of lots * mark * tick_value.
    """

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
    stamp: I64  # (A,) equals the header's stamp once the row is in `touched`
    touched: I32  # (A,) rows changed in this cycle, the header's n_touched of them


class LogArrays(NamedTuple):
    """Preallocated logs; the caller spills them to disk when they are full."""

    header: Records  # (1,) HEADER_DTYPE
    transfers: Records  # (capacity,) TRANSFER_DTYPE
    fills: Records  # (capacity,) FILL_DTYPE


class MarketArrays(NamedTuple):
    """Markets as kernels read them: M markets, K tiers."""

    mark: I64  # (M,) ticks, the last published
    params: Records  # (M,) MARKET_DTYPE
    tiers: Records  # (M, K) TIER_DTYPE


# -- the book ----------------------------------------------------------------------------------------------------------

#: A resting order. Slot 0 of the pool means "none" in every link.
ORDER_DTYPE = np.dtype(
    [
        ("id", np.int64),  # 0: the slot is free
        ("lots", np.int64),  # remaining, > 0
        ("price", np.uint32),  # ticks
        ("owner", np.uint32),  # row
        ("next", np.uint32),  # in its level, by time
        ("prev", np.uint32),
        ("owner_next", np.uint32),  # among its owner's in the market, newest first
        ("owner_prev", np.uint32),
        ("market", np.uint16),
        ("side", np.uint8),
        ("flags", np.uint8),  # OrderFlag bits
    ],
    align=True,
)
#: A price level of a book: its oldest and newest order, and the lots of both sides of time.
LEVEL_DTYPE = np.dtype([("first", np.uint32), ("last", np.uint32), ("lots", np.int64)])

#: The ends of a market's grid: index of the best bid (-1: none) and ask (grid size: none), ticks of index 0.
TOP_DTYPE = record("bid", "ask", "base_ticks")

#: A stop order waiting for the mark. `next_free` links empty slots.
STOP_DTYPE = record("account", "market", "side", "lots", "order_flags", "next_free")

# -- clearing ----------------------------------------------------------------------------------------------------------

#: One position (account, market) in one round of clearing. Prices that need not lie on the grid are kept as totals in
#: quanta: price in ticks = quote / (lots x tick_value), all signed.
LIQUIDATION_DTYPE = record(
    "seq",
    "time_ms",
    "cycle",
    "account",
    "market",
    "lots",  # position before, + is long
    "mark",  # ticks
    "bankruptcy_quote",  # quanta received (+) for the whole position at its bankruptcy price
    "equity",  # of the row, before
    "maintenance",  # of the row, before
    "market_maintenance",  # of this position, before: the weight by which a deficit is split
    "lots_book",  # closed in the book, absolute
    "lots_taken_over",
    "lots_adl",  # closed against counterparties (ADL or tear-up), absolute
    "fee",
    "surplus",
    "deficit",  # paid by others to bring the account to zero
    "owed",  # still owed by the account in this market's scope (work column)
    "is_old",  # 1 if that was recorded as bad debt before: only FUND pays it (work column)
)

#: One match of ADL: a counterparty that is reduced.
MATCH_DTYPE = record(
    "seq",
    "time_ms",
    "cycle",
    "cause",  # sequence number of the liquidation, -1 for ENGINE's inventory
    "market",
    "bankrupt",
    "counterparty",
    "rank",  # place in the queue, 1 first
    "lots",  # absolute
    "quote",  # quanta that changed hands: price in ticks = quote / (lots x tick_value), below zero if that is
    "mark",
    "harm",  # (mark - execution) x quantity given up by the counterparty; positive: it lost against the mark
    "partial",  # 1: the counterparty kept part of its position
    "side",  # +1: the counterparty was long, -1: short
    "why",  # AdlCause
    "waited",  # 1: a limit had held the account closed out back
)

#: Counters of a market since the start of the run; notional at mark, quanta.
COUNTER_DTYPE = record(
    "liquidated_accounts",  # rows liquidated for the first time
    "liquidated_long",  # closed by liquidation, each contract once (book, takeover or ADL)
    "liquidated_short",
    "book_notional",
    "taken_over_notional",
    "adl_notional",  # one side, traders' positions and ENGINE's inventory
    "adl_matches",
    "adl_accounts",  # rows deleveraged for the first time
    "adl_harm",
    "torn_up_notional",  # closed at mark by the last layer
    "deficit",  # what bankrupt accounts could not pay: covered by ENGINE, FUND, ADL counterparties or winners, or left
    "fund_draw",
    "fund_gain",  # ENGINE's gains, surplus and fee share
    "surplus",
    "liquidation_fees",
    "socialised",
    "bad_debt",  # owed by flat accounts after the last layer, and unpaid since
)

#: How many rows of the records are filled, and where this round's liquidations begin.
COUNTS_DTYPE = record("liquidations", "matches", "round_start")

#: The liquidation policy as kernels read it.
PLAN_DTYPE = record("step", "fraction_ppm", "whole_below", "then_whole", "round_down", "style", "band_ppm")
# Values of a plan's `step` and `style`.
STEP_FULL, STEP_COMPLIANT, STEP_TIER_FLOOR, STEP_FRACTION = range(4)
STYLE_BANKRUPTCY_LIMIT, STYLE_MARKET = range(2)


class RecordArrays(NamedTuple):
    """Records of clearing. counts[0] holds the numbers of rows filled."""

    liquidations: Records  # (capacity,) LIQUIDATION_DTYPE
    matches: Records  # (capacity,) MATCH_DTYPE
    scores: F64  # (capacity,) ranking score of each match
    counters: Records  # (M,) COUNTER_DTYPE
    paid: I64  # (M, R) payments of clearing since the start of the run, quanta
    counts: Records  # (1,) COUNTS_DTYPE
    first_record: I64  # (A,) first liquidation row of an account in this round, -1 if none; its markets follow


class WaitingArrays(NamedTuple):
    """State that liquidation keeps for each row between cycles."""

    seen_cycle: I64  # (A,) last cycle in which the row was found distressed, -1 never
    seen_ms: I64  # (A,) when the present distress began
    attempt_ms: I64  # (A,) when its last liquidation order was sent
    attempts: I64  # (A,) liquidation steps since the present distress began
    closed_market: I64  # (A,) market whose position, closed in full, last left the row below zero, -1 never
    bad_debt: I64  # (A, M) debt of a flat row that no layer could pay, quanta, by market: only FUND pays it later


def make_waiting(n_rows: int, n_markets: int) -> WaitingArrays:
    """Return the state of rows that were never distressed."""
    return WaitingArrays(
        seen_cycle=np.full(n_rows, -2, np.int64),
        seen_ms=np.zeros(n_rows, np.int64),
        attempt_ms=np.full(n_rows, -(2**62), np.int64),
        attempts=np.zeros(n_rows, np.int64),
        closed_market=np.full(n_rows, -1, np.int64),
        bad_debt=np.zeros((n_rows, n_markets), np.int64),
    )


def make_records(*, n_rows: int, n_markets: int, capacity: int = 4096) -> RecordArrays:
    """Return empty records; the buffers grow when a round needs more."""
    return RecordArrays(
        liquidations=np.zeros(capacity, LIQUIDATION_DTYPE),
        matches=np.zeros(capacity, MATCH_DTYPE),
        scores=np.zeros(capacity, np.float64),
        counters=np.zeros(n_markets, COUNTER_DTYPE),
        paid=np.zeros((n_markets, N_REASONS), np.int64),
        counts=np.zeros(1, COUNTS_DTYPE),
        first_record=np.full(n_rows, -1, np.int64),
    )


# -- cohorts -----------------------------------------------------------------------------------------------------------

#: State of a market maker.
MAKER_DTYPE = record(
    "next_ms",  # when it looks next
    "seen_ms",  # when it last looked
    "middle",  # middle of its standing quotes, ticks; 0: none
    "taken_bid",  # share of its bid side taken and not refilled
    "taken_ask",
    "lots",  # its position when it last looked
    kind=np.float64,
)
#: How the makers of a cohort quote.
MAKER_PARAMS_DTYPE = record(
    "calm",  # fraction per sqrt(second)
    "tolerance",  # ratio of volatility from which size shrinks
    "power",
    "widening",
    "skew",  # fraction at full inventory
    "mark_weight",
    "aversion",
    "half_life_ms",
    "requote_move",  # fraction
    "requote_size",  # share
    "max_leverage",
    "interval_ms",
    kind=np.float64,
)
#: State of a watching trader. `will`: bits COMES_BACK, TOPS_UP; `phase`: PHASE_...
WATCH_DTYPE = record("budget", "busy_ms", "phase", "side", "will", "safe")
COMES_BACK, TOPS_UP = 1, 2
PHASE_HOLDING, PHASE_FUNDED, PHASE_DONE = range(3)
#: When watching traders act.
WATCH_PARAMS_DTYPE = record("below", "target", "budget", "delay_ms", "attention_ms", "comeback_ms", kind=np.float64)
#: An arbitrageur's holdings outside: quanta, lots, quanta in transit and their arrival time.
OUTSIDE_DTYPE = record("cash", "hedge", "sent", "due_ms")
#: How arbitrageurs trade.
ARBITRAGE_PARAMS_DTYPE = record("entry", "exit", "step", "low_water", "delay_ms", "leverage", "per_ms", kind=np.float64)
#: Time of a cohort's next arrival and of its members' last wake, ms.
CLOCK_DTYPE = record("next_ms", "last_ms", kind=np.float64)
#: How noise traders order.
NOISE_PARAMS_DTYPE = record(
    "size_scale",  # of the geometric size, lots; 0: always one
    "market_share",  # of market orders
    "distance",  # mean, fraction of the mark
    "lifetime_ms",
    "per_ms",  # arrivals
    kind=np.float64,
)
#: How trend followers and value traders trade. `direction`: +1 trend, -1 value; `step`: share of the maximum position.
SIGNAL_PARAMS_DTYPE = record("direction", "long_only", "step", "slippage", "per_ms", kind=np.float64)
