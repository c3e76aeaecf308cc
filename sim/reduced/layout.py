"""Every record of the reduced engine, field by field, and the codes that fields hold. No logic, no numba.

They are here and not in `clearsim.layout`, which the full engine's kernels and policies share: no code outside the
reduced engine and its readers needs them, and no record of one engine is a record of the other. Written and read as
there. Prices are relative to the opening price; a log is of such a price; time is in years of 365 days; money is whole
quanta; a quantity (lots) is its notional at the opening price.
"""

from typing import Any

import numpy as np

from ..layout import record


def mixed(*fields: tuple[Any, ...]) -> np.dtype[np.void]:
    """The dtype of a record whose fields are of several kinds; its scalars have attributes, in Python too."""
    return np.dtype((np.record, np.dtype(list(fields), align=True)))


def _of(kind: type, *names: str) -> list[tuple[str, type]]:
    return [(name, kind) for name in names]


# Sides of the book: longs are liquidated as the price falls.
LONG, SHORT = range(2)

# Values of `impact`.
IMPACT_NONE, IMPACT_LINEAR, IMPACT_BOUNDED = range(3)

#: Numbers of a config.
PARAMS_DTYPE = mixed(
    *_of(
        np.float64,
        "horizon",  # years
        "step",  # years
        "sigma",  # per sqrt(year)
        "drift",  # of the log between jumps, per year
        "impact_bid",  # slope of the curve: 1 / (quanta that move the price by 100%)
        "impact_ask",
        "impact_cap",  # bounded: largest relative move
        "gap_depth",  # bounded: depth within a gap over the calm one
        "decay",  # ln 2 / half-life of the decaying impact, per year
        "stress_sigma",  # volatility right after a jump over the calm one, less 1; 0: no stress
        "stress_depth",  # 1 - depth at a jump over the calm one
        "stress_decay",  # ln 2 / half-life of the stress, per year
        "keep",  # share of the open interest that survives a step's renewal; 1: no renewal
        "cell",  # width of a cell of the renewed book, log
        "reach",  # largest |log| on the renewed book's grid
        "fade",  # expm1(-decay x step): what a whole step takes of the decaying impact
        "half_fade",  # exp(-decay x step / 2): what is left of it after half a step
        "slow_first",  # part of the slow share of a jump that comes before its gap
    ),
    *_of(
        np.int64,
        "steps",
        "bridge",  # 1: thresholds crossed between steps are found by Brownian bridge
        "impact",  # IMPACT_...
        "interleaved",  # 1: an order reached by others' impact fills from its own liquidation price
        "jump_marks",  # equal log moves in which a jump is seen
        "fee_ppm",
        "fee_share_ppm",  # the fund's part of the fee
        "fund_keeps",  # 1: the fund keeps what is left of a level's margin, 0: the trader
        "seed",  # quanta
        "fund_pays",  # 0: no fund in the waterfall
        "adl",  # 1: winners close what the fund cannot pay
        "socialise",  # 1: winners pay the remaining debt
        "cap",  # quanta, -1: none
        "trigger_ppm",  # drawdown from the peak at which ADL begins; 1_000_000: when empty
        "lag_ms",  # -1: no replenishment
        "per_day",  # quanta a day, -1: all at once
        "renewed",  # 1: the book is a grid of its own for each path
    ),
    ("first", np.int64, (2,)),  # by side: first level of a renewed book that holds anything at the start
)

# -- open interest -----------------------------------------------------------------------------------------------------

#: A level of one side of the book: threshold, quantity, cost to close it at bankruptcy. Kernels read the columns.
LEVEL_DTYPE = record("log", "price", "lots", "owed", kind=np.float64)
#: Newly opened positions at one distance from the price.
FRESH_DTYPE = record("lots", "owed", kind=np.float64)
#: A log bankruptcy price, with quantity and cost of all that the price has passed there.
GAP_DTYPE = record("log", "lots", "owed", kind=np.float64)

# -- a path ------------------------------------------------------------------------------------------------------------

#: Position of a path.
STATE_DTYPE = record(
    "log",  # of the outside price
    "shift",  # of the log by impact
    "time",
    "stress",
    "low",  # lowest log so far
    "scale",  # share of the opening interest that renewal has left
    kind=np.float64,
)

# Flows of money from a level under diffusion (see `kernels/chain.py`).
_FLOWS = (
    "levels",  # liquidated
    "notional",  # liquidated, at the price where each was triggered
    "owed",  # income from closing at bankruptcy prices (longs +, shorts -)
    "book",  # payments of the book (longs +, shorts -)
    "fee",
    "fee_fund",
    "surplus",
    "surplus_fund",
    "draw",
)

#: Places of a path, its fund, then flows in quanta since the start.
LEDGER_DTYPE = mixed(
    ("reached", np.int64, (2,)),  # by side: first level not yet reached
    ("booked", np.int64, (2,)),  # by side: first level whose money has not been booked yet (see `kernels/chain.py`)
    *_of(
        np.int64,
        "pieces",  # of diffusion so far: the number of the draw
        "fund",
        "peak",  # highest fund
        "need",  # largest fall of the fund below its seed
        "below_ms",  # since when the fund is below its seed, -1: it is not
        "first_adl_ms",  # -1: none
        "first_empty_ms",  # -1: never
        "never_dry",  # 1: the fund pays everything
        *_FLOWS,
        "adl_owed",  # part of `owed` closed against winners
        "adl_notional",  # at the price when triggered
        "adl_harm",  # winners' loss against that price
        "socialised",
        "bad_debt",
        "injected",
        "withdrawn",
    ),
)

#: A row of a chain: flows from this level on until the book is empty.
CHAIN_DTYPE = record(*_FLOWS)

#: Results of a path, in addition to its ledger.
OUTCOME_DTYPE = mixed(
    *_of(np.float64, "log_weight", "largest_jump", "low", "control"),  # low: of the price; control: quanta
    *_of(np.int64, "required", "n_jumps"),  # required: largest fall of a fund that never runs dry
)

#: What one jump does.
EVENT_DTYPE = mixed(
    ("basis", np.float64),  # log shift of the price by impact, right after the gap
    *_of(np.int64, "required", "notional"),  # largest fall of the fund; liquidated, quanta
)

# -- jumps -------------------------------------------------------------------------------------------------------------

# Kinds of a law of jump sizes. A two-sided law has falls beyond a threshold and rises beyond another, each with a
# generalised Pareto tail (xi = 0: exponential).
LAW_NONE, LAW_NORMAL, LAW_TWO_SIDED, LAW_FIXED = range(4)

LAW_DTYPE = mixed(
    ("kind", np.int64),  # LAW_...
    *_of(
        np.float64,
        "log_mean",  # normal; fixed: size of the one jump
        "log_sd",  # normal
        "time",  # fixed: of the one jump
        "down_share",  # two-sided, and what follows
        "down_threshold",
        "down_xi",
        "down_beta",
        "up_threshold",
        "up_xi",
        "up_beta",
        "share_low",  # part of a jump that comes as a gap: smallest, median, largest; even between them
        "share_middle",
        "share_high",
    ),
)

#: Probability of each number of jumps, 0 first: cumulative and its log, plain and tilted.
COUNT_DTYPE = record("cumulative", "log", "tilted_cumulative", "tilted_log", kind=np.float64)

# Samplers.
CRUDE, IMPORTANCE, GIVEN = range(3)

#: How a batch is drawn. Of ten paths, `crude_tenths` are crude, `all_tenths` tilt all jumps, the rest one.
SAMPLING_DTYPE = record(
    "sampler",  # CRUDE ...
    "crude_tenths",
    "all_tenths",
    "n_sizes",  # jumps whose size and time are among a path's given uniforms
    "first_normal",  # given uniform that the first piece of diffusion takes
)
