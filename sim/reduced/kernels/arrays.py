"""The struct of arrays of one path: K levels per side, at most C jumps. `layout.py` has the records."""

from typing import NamedTuple

from ...kernels.structs import by_address
from ...layout import F64, I64, Records


class Path(NamedTuple):
    """Numbers of the config, the path's book and state, and room for its draws."""

    params: Records  # (1,) PARAMS_DTYPE
    opening_lots: F64  # (2, K) of the book at the start
    opening_owed: F64  # (2, K)
    logs: F64  # (2, K) thresholds, in the order in which the price reaches them
    prices: F64  # (2, K) thresholds
    lots: F64  # (2, K) the path's own if the book renews itself, else the opening's
    owed: F64  # (2, K) the same
    chain: Records  # (2, K + 1) CHAIN_DTYPE what diffusion does to it; no rows where that is not known beforehand
    nexts: I64  # (2, K + 1) first level that a walk begun at this one leaves
    dips: I64  # (2, K + 1) how far the fund would fall in that walk
    impacts: F64  # (2, K + 1) log impact of that walk
    stops: F64  # (2, K + 1) log of the price at which it ends
    far_lots: F64  # (2, K / COARSE) positions that wait far from the price in a renewed book
    far_owed: F64  # (2, K / COARSE)
    fresh_lots: F64  # (2, J) newly opened positions by distance in cells
    fresh_owed: F64  # (2, J)
    fresh_far_lots: F64  # (2, J) those farther away, in cells COARSE times as wide
    fresh_far_owed: F64  # (2, J)
    state: Records  # (1,) STATE_DTYPE
    ledger: Records  # (1,) LEDGER_DTYPE
    start_state: Records  # (1,) STATE_DTYPE of every path
    start_ledger: Records  # (1,) LEDGER_DTYPE of every path
    times: F64  # (C,) of jumps, years
    sizes: F64  # (C,) log
    shares: F64  # (C,) of each jump that comes as a gap
    step_ends: F64  # (steps,) years since the start
    lengths: F64  # (steps + C,) of the pieces of diffusion, years
    ends: F64  # (steps + C,) years since the start
    events: I64  # (steps + C,) jump that follows, or STEP_END
    moves: F64  # (steps + C,) of the log price
    variances: F64  # (steps + C,)
    lows: F64  # (steps + C,) standard exponentials: how far a bridge strays below its ends; zeros without bridges
    highs: F64  # (steps + C,) above them
    stresses: F64  # (steps + C,) at the end of a piece
    uniforms: F64  # (steps + C,) scratch
    places: I64  # (steps + C + 1,) scratch


by_address(Path)
