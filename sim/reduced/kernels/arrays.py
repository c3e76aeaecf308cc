"""The struct of arrays that one path is run on; columns are named in `layout.py`. K levels a side, C jumps at most."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...kernels.structs import by_address

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


class Path(NamedTuple):
    """Numbers of the config, the path's book and state, and room for its draws."""

    f: F64  # (F_WIDTH,) parameters
    i: I64  # (I_WIDTH,) parameters
    opening: F64  # (2, 4, K) the book at the start
    book: F64  # (2, 4, K) the path's own if it renews itself, else the opening's
    chain: I64  # (2, K + 1, C_WIDTH) what diffusion does to it; no rows where that is not known beforehand
    nexts: I64  # (2, K + 1) first level that a walk begun at this one leaves
    dips: I64  # (2, K + 1) how far the fund would fall in that walk
    walks: F64  # (2, 2, K + 1) log impact of that walk, and log of the price it ends at
    far: F64  # (2, 2, K / COARSE) what waits far from the price in a renewed book
    fresh: F64  # (2, 2, J) newly opened positions by distance in cells
    fresh_far: F64  # (2, 2, J) those farther away, in cells COARSE times as wide
    s: F64  # (S_WIDTH,) state
    n: I64  # (N_WIDTH,) state and ledger
    times: F64  # (C,) of jumps, years
    sizes: F64  # (C,) log
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
