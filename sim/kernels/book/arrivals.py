"""Order of arrival within a tick: one stable radix sort of intent rows."""

from ..jit import kernel

RADIX_BITS = 10
RADIX_SIZE = 1 << RADIX_BITS


@kernel
def _pass(source, target, counts, n, shift):
    """Copy rows source[:n] to target, stably sorted by RADIX_BITS bits of the arrival key from bit `shift`."""
    mask = RADIX_SIZE - 1
    for digit in range(RADIX_SIZE):
        counts[digit] = 0
    for i in range(n):
        counts[(source[i].arrival >> shift) & mask] += 1
    place = 0
    for digit in range(RADIX_SIZE):
        size = counts[digit]
        counts[digit] = place
        place += size
    for i in range(n):
        digit = (source[i].arrival >> shift) & mask
        to = counts[digit]
        counts[digit] = to + 1
        target[to] = source[i]


@kernel
def sort_by_arrival(rows, n, scratch_rows, scratch_counts):
    """Sort intent rows[:n] by `arrival` (0 .. 2**20 - 1), stably, in two counting passes.

    scratch_rows: INTENT_DTYPE (>= n,).  scratch_counts: int64 (RADIX_SIZE,).
    """
    if n < 2:
        return
    _pass(rows, scratch_rows, scratch_counts, n, 0)
    _pass(scratch_rows, rows, scratch_counts, n, RADIX_BITS)
