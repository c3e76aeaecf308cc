"""The hash behind all draws that depend on numbers only: SplitMix64 (Steele, Lea & Flood 2014).

Plain operators on uint64, so that the same function serves arrays of numpy and, compiled by the kernels that call it,
single numbers. This file does not import numba.
"""

from typing import Any

import numpy as np

#: Odd number next to 2^64 over the golden ratio: the step from one counter to the next.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
S27, S30, S31 = np.uint64(27), np.uint64(30), np.uint64(31)


def splitmix64(x: Any) -> Any:
    """SplitMix64's output function of a uint64, or of each of an array of them."""
    x = (x ^ (x >> S30)) * FIRST
    x = (x ^ (x >> S27)) * SECOND
    return x ^ (x >> S31)
