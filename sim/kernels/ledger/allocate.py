"""Splits a total by largest remainder, exactly: the compiled twin of `units.allocate_largest_remainder`."""

from ..jit import kernel
from ..rounding import mul_div_floor


@kernel
def _count_above(remainders, ids, level, floor_id):
    """How many of the remainders are above `level`, or at it with an id of at most `floor_id`."""
    count = 0
    for i in range(remainders.shape[0]):
        if remainders[i] > level or (remainders[i] == level and ids[i] <= floor_id):
            count += 1
    return count


@kernel
def _lowest_level(remainders, ids, wanted, top):
    """Smallest level with at most `wanted` remainders strictly above it; remainders are in [0, top]."""
    low, high = -1, top  # more than `wanted` above low (or low = -1); at most `wanted` above high
    while low + 1 < high:
        middle = (low + high) // 2
        if _count_above(remainders, ids, middle, -1) > wanted:
            low = middle
        else:
            high = middle
    return high


@kernel
def _last_id(remainders, ids, wanted, level):
    """Largest id such that at most `wanted` are above `level` or at it with an id up to that one."""
    low, high = -1, 0
    for i in range(remainders.shape[0]):
        high = max(high, ids[i] + 1)
    while low + 1 < high:
        middle = (low + high) // 2
        if _count_above(remainders, ids, level, middle) > wanted:
            high = middle
        else:
            low = middle
    return low


@kernel
def allocate(amount, weights, ids, total, parts, remainders):
    """Split `amount` (any sign) over n weights >= 0 that sum to `total` > 0: parts are whole and sum to `amount`.

    Each part is floor(amount x weight / total), plus 1 for the largest remainders, ties to the lower id (ids >= 0, all
    different). weights, ids, parts, remainders: int64 (n,); `remainders` is scratch.
    """
    left = amount
    for i in range(weights.shape[0]):
        part = mul_div_floor(amount, weights[i], total)
        parts[i] = part
        remainders[i] = amount * weights[i] - part * total  # exact although the products may wrap: it is in [0, total)
        left -= part
    if left == 0:
        return
    level = _lowest_level(remainders, ids, left, total - 1)
    last = _last_id(remainders, ids, left, level)
    for i in range(weights.shape[0]):
        if remainders[i] > level or (remainders[i] == level and ids[i] <= last):
            parts[i] += 1
