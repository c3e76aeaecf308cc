"""Columns of the arrays that the reduced engine's kernels share. Prices are relative to the opening price; a log is of
such a price; time is in years of 365 days; money is whole quanta; a quantity is its notional at the opening price.
"""

# Float parameters.
(
    F_HORIZON,  # years
    F_STEP,  # years
    F_SIGMA,  # per sqrt(year)
    F_DRIFT,  # of the log between jumps, per year
    F_IMPACT_BID,  # linear: 1 / (quanta that move the price by 100%); square root: impact of one quantum
    F_IMPACT_ASK,
    F_DECAY,  # ln 2 / half-life of the decaying impact, per year
    F_PERMANENT,  # share of the impact that stays
    F_STRESS_SIGMA,  # volatility right after a jump over the calm one, less 1; 0: no stress
    F_STRESS_DEPTH,  # 1 - depth at a jump over the calm one
    F_STRESS_DECAY,  # ln 2 / half-life of the stress, per year
    F_KEEP,  # share of the open interest that survives a step's renewal; 1: no renewal
    F_CELL,  # width of a cell of the renewed book, log
    F_RANGE,  # largest |log| on the renewed book's grid
    F_FADE,  # expm1(-decay x step): what a whole step takes of the decaying impact
    F_HALF_FADE,  # exp(-decay x step / 2): what is left of it after half a step
) = range(16)
F_WIDTH = 16

# Integer parameters.
(
    I_STEPS,
    I_BRIDGE,  # 1: thresholds crossed between steps are found by Brownian bridge
    I_IMPACT,  # 0 none, 1 linear, 2 square root
    I_INTERLEAVED,  # 1: an order reached by others' impact fills from its own liquidation price
    I_MARKS,  # equal log moves in which a jump is seen
    I_FEE_PPM,
    I_FEE_SHARE_PPM,  # the fund's part of the fee
    I_SURPLUS_FUND,  # 1: the fund keeps what is left, 0: the trader
    I_SEED,  # quanta
    I_FUND_PAYS,  # 0: no fund in the waterfall
    I_ADL,  # 1: winners close what the fund cannot pay
    I_SOCIALISE,  # 1: winners pay what nobody else did
    I_CAP,  # quanta, -1: none
    I_TRIGGER_PPM,  # drawdown from the peak at which ADL begins; 1_000_000: when empty
    I_LAG_MS,  # -1: no replenishment
    I_PER_DAY,  # quanta a day, -1: all at once
    I_RENEWED,  # 1: the book is a grid of its own for each path
    I_FIRST_LONG,  # first level of a renewed book that holds anything at the start
    I_FIRST_SHORT,
) = range(19)
I_WIDTH = 20

# Rows of a side of the book, levels in the order in which the price reaches them.
B_LOG, B_PRICE, B_LOTS, B_OWED = range(4)  # threshold; notional at the opening price; cost to close at bankruptcy
LONG, SHORT = range(2)

# Float state of a path.
S_LOG, S_SHIFT, S_TIME, S_STRESS, S_LOW, S_SCALE = range(6)  # outside log, log shift by impact, .., lowest log, ..
S_WIDTH = 8

# Integer state of a path: places, the fund, then flows in quanta since the start.
(
    N_LONG,  # first level not yet reached
    N_SHORT,
    N_PIECE,  # pieces of diffusion so far: the number of the draw
    N_FUND,
    N_PEAK,  # highest fund
    N_NEED,  # largest fall of the fund below its seed
    N_BELOW_MS,  # since when the fund is below its seed, -1: it is not
    N_FIRST_ADL,  # ms, -1: none
    N_FIRST_EMPTY,  # ms, -1: never
    N_NEVER_DRY,  # 1: the fund pays everything
    L_NOTIONAL,  # liquidated, at the price where each was triggered
    L_OWED,  # what closing at bankruptcy prices would have brought in (longs +, shorts -)
    L_BOOK,  # what the book paid in (longs +, shorts -)
    L_ADL_OWED,  # part of L_OWED closed against winners
    L_FEE,
    L_FEE_FUND,
    L_SURPLUS,
    L_SURPLUS_FUND,
    L_DRAW,
    L_ADL_NOTIONAL,  # at the price when triggered
    L_ADL_HARM,  # winners' loss against that price
    L_SOCIALISED,
    L_BAD_DEBT,
    L_INJECTED,
    L_WITHDRAWN,
    N_BUCKETS,  # levels liquidated
    N_BOOKED,  # first level of each side whose money has not been booked yet (see `chain.py`)
) = range(27)
N_WIDTH = 28

# Columns of a chain (see `chain.py`): flows from this level on until the book is empty.
(
    C_BUCKETS,
    C_NOTIONAL,
    C_OWED,
    C_BOOK,
    C_FEE,
    C_FEE_FUND,
    C_SURPLUS,
    C_SURPLUS_FUND,
    C_DRAW,
) = range(9)
C_WIDTH = 9

# Laws of jump sizes: kind, then its numbers. A two-sided law has falls beyond a threshold with a generalised Pareto
# tail (xi = 0: exponential) and exponential rises beyond another.
LAW_NONE, LAW_NORMAL, LAW_TWO_SIDED, LAW_FIXED = range(4)
J_KIND, J_DOWN_SHARE, J_DOWN_THRESHOLD, J_DOWN_XI, J_DOWN_BETA, J_UP_THRESHOLD, J_UP_BETA = range(7)
J_MEAN, J_SD, J_TIME = 1, 2, 2  # normal: mean, sd; fixed: size of the one jump, its time in years
J_WIDTH = 8

# Samplers.
CRUDE, IMPORTANCE, GIVEN = range(3)

# Results of a path: floats, then integers (and the ledger: the L_ columns of its state).
O_LOG_WEIGHT, O_LARGEST, O_LOW, O_CONTROL = range(4)
O_FLOATS = 4
O_REQUIRED, O_COUNT = range(2)
O_INTS = 2
