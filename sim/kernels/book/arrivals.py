"""Order of arrival within a tick: one stable radix sort of intent rows."""

from ..jit import kernel

RADIX_BITS = 10
RADIX_SIZE = 1 << RADIX_BITS


@kernel
def _pass(source, target, counts, shift):
    """Copy the rows of source to target, stably sorted by RADIX_BITS bits of the arrival key from bit `shift`."""
    mask, n = RADIX_SIZE - 1, source.shape[0]
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
def sort_by_arrival(rows, scratch_rows, scratch_counts):
    """Sort intent rows by `arrival` (0 .. 2**20 - 1), stably, in two counting passes.

    scratch_rows: INTENT_DTYPE, at least as many.  scratch_counts: int64 (RADIX_SIZE,).
    """
    n = rows.shape[0]
    if n < 2:
        return
    _pass(rows, scratch_rows, scratch_counts, 0)
    _pass(scratch_rows[:n], rows, scratch_counts, RADIX_BITS)
