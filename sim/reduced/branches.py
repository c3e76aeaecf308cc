"""Paths as rows of keys, one per step, for estimators that branch paths (multilevel splitting).

They have the law of crude paths, but other numbers: a crude path draws its jumps for the whole horizon at once.
"""

import numpy as np
import numpy.typing as npt

from ..layout import I64
from .jumps import count_table
from .lower import Lowered, path_arrays

U64 = npt.NDArray[np.uint64]


def required_by_step(lowered: Lowered, keys: U64) -> I64:
    """(n, steps) largest fall, by the end of each step, of a fund that never runs dry: quanta, never falling.

    keys: (n, steps). ValueError for another number of steps.
    """
    from .kernels.branches import run_branches

    steps = lowered.steps
    if keys.ndim != 2 or keys.shape[1] != steps:
        raise ValueError(f"a path is a row of {steps} keys, found {keys.shape}")
    mean = lowered.mean_count / steps
    counts = count_table(mean, mean)
    out = np.zeros(keys.shape, np.int64)
    room = path_arrays(lowered, len(counts) + 1)
    run_branches(room, lowered.jumps.law, counts, np.ascontiguousarray(keys), np.zeros(0), out)
    return out
