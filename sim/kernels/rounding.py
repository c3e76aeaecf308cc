"""Exact integer rounding for kernels: the compiled twins of `sim/units.py`.

The split form is exact while |amount / scale| * rate and scale * rate fit int64 (rates <= scale <= 1e9: always).
Money x money / money needs the two-limb form below: the split form is silently wrong there.
"""

import numpy as np

from .jit import kernel


@kernel
def rate_floor(amount, rate, scale):
    """floor(amount * rate / scale); numba's // floors, so any sign is right."""
    whole = amount // scale
    return whole * rate + ((amount - whole * scale) * rate) // scale


@kernel
def rate_ceil(amount, rate, scale):
    """ceil(amount * rate / scale)."""
    return -rate_floor(-amount, rate, scale)


@kernel
def mul_high_low(a, b):
    """Return (high, low) 64-bit limbs of the product of two non-negative int64 values."""
    mask = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    x, y = np.uint64(a), np.uint64(b)
    x0, x1, y0, y1 = x & mask, x >> shift, y & mask, y >> shift
    low = x0 * y0
    middle = x1 * y0 + (low >> shift)
    other = x0 * y1 + (middle & mask)
    high = x1 * y1 + (middle >> shift) + (other >> shift)
    return high, (other << shift) | (low & mask)


@kernel
def _divide_limbs(high, low, divisor):
    """(high * 2**64 + low) // divisor and remainder, for high < divisor: 64 steps of long division."""
    quotient = np.uint64(0)
    remainder = high
    one = np.uint64(1)
    top = np.uint64(63)
    for bit in range(64):
        carry = remainder >> top
        remainder = (remainder << one) | ((low >> (top - np.uint64(bit))) & one)
        quotient = quotient << one
        if carry != 0 or remainder >= divisor:
            remainder = remainder - divisor
            quotient = quotient | one
    return quotient, remainder


@kernel
def mul_div_floor(a, b, c):
    """floor(a * b / c) for a any sign, b >= 0, c > 0, when the result fits int64."""
    negative = a < 0
    high, low = mul_high_low(-a if negative else a, b)
    quotient, remainder = _divide_limbs(high, low, np.uint64(c))
    result = np.int64(quotient)
    if negative:
        return -result - (1 if remainder != 0 else 0)
    return result


@kernel
def mul_div_ceil(a, b, c):
    """ceil(a * b / c) for a any sign, b >= 0, c > 0, when the result fits int64."""
    return -mul_div_floor(-a, b, c)
