"""Integer units and every rounding of the Python side. Prices: ticks; sizes: lots (signed, + is long); money: quanta.

One tick on one lot is a whole number of quanta (`tick_value`), so value = lots * ticks * tick_value needs no rounding.
The compiled twins of these functions live in `sim/kernels/rounding.py` and equal them exactly in their test.
"""

from collections.abc import Sequence
from typing import NewType

Ticks = NewType("Ticks", int)
Lots = NewType("Lots", int)
Quanta = NewType("Quanta", int)

PPM = 1_000_000
PPB = 1_000_000_000
INT64_MAX = 2**63 - 1
#: Largest magnitude any balance or notional may reach: two bits of head-room, so that the difference of two fits int64.
QUANTA_LIMIT = 2**61


def rate_floor(amount: int, rate: int, scale: int) -> int:
    """floor(amount * rate / scale), for any sign; the kernels' split form equals it for scale <= 1e9."""
    return amount * rate // scale


def rate_ceil(amount: int, rate: int, scale: int) -> int:
    """ceil(amount * rate / scale), for any sign."""
    return -(-amount * rate // scale)


def mul_div_floor(a: int, b: int, c: int) -> int:
    """floor(a * b / c) with c > 0, exact for any size (money x money / money)."""
    if c <= 0:
        raise ValueError(f"mul_div_floor needs a positive divisor, was {c}")
    return a * b // c


def mul_div_ceil(a: int, b: int, c: int) -> int:
    """ceil(a * b / c) with c > 0, exact for any size."""
    if c <= 0:
        raise ValueError(f"mul_div_ceil needs a positive divisor, was {c}")
    return -(-a * b // c)


def allocate_largest_remainder(amount: int, weights: Sequence[int]) -> list[int]:
    """Split `amount` >= 0 in proportion to `weights` >= 0; parts are whole and sum to `amount`, ties to the lower
    index."""
    total = sum(weights)
    if total <= 0:
        raise ValueError(f"weights must have a positive sum, was {total}")
    parts = [amount * weight // total for weight in weights]
    short = amount - sum(parts)
    order = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in order[:short]:
        parts[i] += 1
    return parts
