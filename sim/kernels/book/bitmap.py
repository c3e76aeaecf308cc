"""A set of grid levels as bits in three layers, so that the nearest occupied level is found in a few words.

One bit per level, one per nonzero word of levels, one per nonzero word of those. `size` is the number of levels, a
power of two of at least 2**12; `bits` is uint64 (size / 64 + size / 4096 + max(1, size / 2**18),).
"""

import numpy as np

from ..jit import inlined_kernel, primitive


@primitive(plain=lambda word: (int(word) & -int(word)).bit_length() - 1)
def trailing_zeros():
    """Zero bits below the lowest one of an unsigned word that is not 0: trailing_zeros(word)."""
    from .. import intrinsics

    return intrinsics.trailing_zeros


@primitive(plain=lambda word: 64 - int(word).bit_length())
def leading_zeros():
    """Zero bits above the highest one of an unsigned word that is not 0: leading_zeros(word)."""
    from .. import intrinsics

    return intrinsics.leading_zeros


def count_words(size: int) -> int:
    """Words of a bitmap of `size` levels."""
    return (size >> 6) + (size >> 12) + max(1, size >> 18)


@inlined_kernel
def _bit(index):
    return np.uint64(1) << np.uint64(index & 63)


@inlined_kernel
def _first(word):
    return np.int64(trailing_zeros(word))


@inlined_kernel
def _last(word):
    return 63 - np.int64(leading_zeros(word))


@inlined_kernel
def _at_or_above(word, index):
    """Bits of `word` at or above position index & 63."""
    shift = np.uint64(index & 63)
    return (word >> shift) << shift


@inlined_kernel
def _at_or_below(word, index):
    """Bits of `word` at or below position index & 63."""
    shift = np.uint64(63 - (index & 63))
    return (word << shift) >> shift


@inlined_kernel
def _at(index, layer):
    """Index as unsigned: for a signed one, numba tests whether it counts from the end."""
    return np.uint64(index) >> np.uint64(layer)


@inlined_kernel
def set_bit(bits, size, index):
    """Mark level `index` occupied."""
    second = size >> 6
    third = second + (size >> 12)
    bits[_at(index, 6)] |= _bit(index)
    bits[np.uint64(second) + _at(index, 12)] |= _bit(index >> 6)
    bits[np.uint64(third) + _at(index, 18)] |= _bit(index >> 12)


@inlined_kernel
def clear_bit(bits, size, index):
    """Mark level `index` empty."""
    second = size >> 6
    third = second + (size >> 12)
    word = bits[_at(index, 6)] & ~_bit(index)
    bits[_at(index, 6)] = word
    if word == 0:
        word = bits[np.uint64(second) + _at(index, 12)] & ~_bit(index >> 6)
        bits[np.uint64(second) + _at(index, 12)] = word
        if word == 0:
            bits[np.uint64(third) + _at(index, 18)] &= ~_bit(index >> 12)


@inlined_kernel
def next_level(bits, size, index):
    """Smallest occupied level >= index, or `size`."""
    if index >= size:
        return size
    word = _at_or_above(bits[_at(index, 6)], index)
    if word != 0:
        return (index & ~63) + _first(word)
    return _next_far(bits, size, (index >> 6) + 1)


@inlined_kernel
def _next_far(bits, size, group):
    """Smallest occupied level in word `group` of levels or a later one, or `size`."""
    second = size >> 6
    third = second + (size >> 12)
    if group >= second:
        return size
    word = _at_or_above(bits[second + (group >> 6)], group)
    block = group >> 6
    if word == 0:
        block += 1
        while block < (size >> 12):
            word = _at_or_above(bits[third + (block >> 6)], block)
            if word != 0:
                break
            block = (block | 63) + 1
        if block >= (size >> 12):
            return size
        block = (block & ~63) + _first(word)
        word = bits[second + block]
    group = (block << 6) + _first(word)
    return (group << 6) + _first(bits[group])


@inlined_kernel
def previous_level(bits, size, index):
    """Largest occupied level <= index, or -1."""
    if index < 0:
        return -1
    word = _at_or_below(bits[_at(index, 6)], index)
    if word != 0:
        return (index & ~63) + _last(word)
    return _previous_far(bits, size, (index >> 6) - 1)


@inlined_kernel
def _previous_far(bits, size, group):
    """Largest occupied level in word `group` of levels or an earlier one, or -1."""
    if group < 0:
        return -1
    second = size >> 6
    third = second + (size >> 12)
    word = _at_or_below(bits[second + (group >> 6)], group)
    block = group >> 6
    if word == 0:
        block -= 1
        while block >= 0:
            word = _at_or_below(bits[third + (block >> 6)], block)
            if word != 0:
                break
            block = (block & ~63) - 1
        if block < 0:
            return -1
        block = (block & ~63) + _last(word)
        word = bits[second + block]
    group = (block << 6) + _last(word)
    return (group << 6) + _last(bits[group])
