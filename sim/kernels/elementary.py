"""exp, log, log1p, expm1 and powers of one float, compiled: the same steps as `sim/elementary.py`, to the last bit.

No call of the C library, whose results depend on the processor. Without fastmath the compiler neither reorders sums nor
fuses a product with a sum.
"""

import math

import numpy as np

from .. import elementary
from ..elementary import (
    BIAS,
    BITS_ROOT_HALF,
    EXP_FAR,
    EXP_INFINITE,
    EXP_ZERO,
    EXPM1_FAR,
    INVERSE_LN2,
    LN2_HIGH,
    LN2_LOW,
    MANTISSA_BITS,
    NEAR_POWER,
    ROUNDER,
    SMALLEST_NORMAL,
    SPLITTER,
    THIRDS,
    THIRDS_LOW,
    TINY,
    TWO_54,
)
from .jit import inlined_kernel, kernel

_exp_series = inlined_kernel(elementary.exp_series)
_log_series = inlined_kernel(elementary.log_series)
_power_series = inlined_kernel(elementary.power_series)


@inlined_kernel
def _power_of_two(k):
    """2^k for a whole float k in -1022 .. 1023."""
    return np.int64((np.int64(k) + BIAS) << MANTISSA_BITS).view(np.float64)


@inlined_kernel
def _reduced(x):
    """(k, r, rest): x = k ln 2 + r + rest with whole k, |r| <= ln(2) / 2 and a tiny rest, for |x| <= EXP_FAR."""
    k = (x * INVERSE_LN2 + ROUNDER) - ROUNDER
    high = x - k * LN2_HIGH
    less = k * LN2_LOW
    r = high - less
    return k, r, (high - r) - less


@inlined_kernel
def _exp_of_parts(k, r, rest):
    """2^k e^(r + rest); in two steps where 2^k may be no normal float."""
    whole = 1.0 + r
    tiny = (r - (whole - 1.0)) + rest
    square = r * r
    value = whole + (0.5 * square + (square * r * _exp_series(r) + tiny))
    if abs(k) <= NEAR_POWER:
        return value * _power_of_two(k)
    step = float(int(0.5 * k))
    return value * _power_of_two(k - step) * _power_of_two(step)


@kernel
def exp(x):
    """e^x."""
    if not (x >= EXP_ZERO and x <= EXP_INFINITE):
        return x if x != x else (math.inf if x > 0.0 else 0.0)
    k, r, rest = _reduced(x)
    return _exp_of_parts(k, r, rest)


@kernel
def expm1(x):
    """e^x - 1, exact to the last digit near 0 too."""
    if abs(x) < TINY:
        return x
    if not abs(x) <= EXPM1_FAR:
        return -1.0 if x < 0.0 else exp(x)
    k, r, rest = _reduced(x)
    taken = _power_of_two(-k)
    start = 1.0 - taken
    whole = start + r
    tiny = (r - (whole - start)) + ((rest + rest * r) + ((1.0 - start) - taken))
    square = r * r
    return (whole + (0.5 * square + (square * r * _exp_series(r) + tiny))) * _power_of_two(k)


@inlined_kernel
def _split(x):
    """(e, f): x = 2^e f with f in [sqrt(1/2), sqrt 2), for normal x > 0."""
    bits = np.float64(x).view(np.int64)
    e = (bits - BITS_ROOT_HALF) >> MANTISSA_BITS
    return float(e), np.int64(bits - (e << MANTISSA_BITS)).view(np.float64)


@inlined_kernel
def _log_of_parts(e, a, left):
    """e ln 2 + log(1 + a) + left for a in [sqrt(1/2) - 1, sqrt(2) - 1) and a tiny `left`."""
    s = a / (2.0 + a)
    z = s * s
    half = 0.5 * a * a
    return e * LN2_HIGH - ((half - (s * (half + z * _log_series(z)) + (e * LN2_LOW + left))) - a)


@kernel
def _far_log(x):
    """log x where x is no normal positive float."""
    if x > 0.0 and x < SMALLEST_NORMAL:
        e, f = _split(x * TWO_54)
        return _log_of_parts(e - 54.0, f - 1.0, 0.0)
    if x == 0.0:
        return -math.inf
    return x if x > 0.0 else math.nan


@kernel
def log(x):
    """Natural logarithm: -inf at 0, NaN below."""
    if not (x >= SMALLEST_NORMAL and x < math.inf):
        return _far_log(x)
    e, f = _split(x)
    return _log_of_parts(e, f - 1.0, 0.0)


@kernel
def log1p(x):
    """log(1 + x), exact to the last digit near 0 too."""
    if abs(x) < TINY:
        return x
    u = 1.0 + x
    if not (u > 0.0 and u < math.inf):
        return _far_log(u)
    e, f = _split(u)
    if e == 0.0:
        return _log_of_parts(e, x, 0.0)
    left = (1.0 - (u - x) if x >= 1.0 else x - (u - 1.0)) / u
    return _log_of_parts(e, f - 1.0, left)


@inlined_kernel
def _two_product(a, b):
    """a b as a float and its rounding error (T. J. Dekker 1971)."""
    product = a * b
    split = SPLITTER * a
    a_high = split - (split - a)
    a_low = a - a_high
    split = SPLITTER * b
    b_high = split - (split - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@inlined_kernel
def _log_in_two_parts(e, f):
    """log(2^e f) as a float and what is missing, relative error below 2^-63."""
    a = f - 1.0
    g = f + 1.0
    g_low = f - (g - 1.0)
    s = a / g
    product, low = _two_product(s, g)
    s_low = (((a - product) - low) - s * g_low) / g
    z, z_low = _two_product(s, s)
    cube, cube_low = _two_product(z, s)
    cube_low = cube_low + z_low * s
    third, third_low = _two_product(cube, THIRDS)
    third_low = third_low + (cube * THIRDS_LOW + cube_low * THIRDS)
    double = 2.0 * s
    high = double + third
    tail = z * z * s * _power_series(z)
    low = (third - (high - double)) + (third_low + ((2.0 * s_low + 2.0 * z * s_low) + tail))
    shift = e * LN2_HIGH
    total = shift + high
    low = low + ((high - (total - shift)) + e * LN2_LOW)
    result = total + low
    return result, low - (result - total)


@kernel
def power(x, y):
    """x^y for x >= 0; NaN for negative x."""
    if y == 0.0 or x == 1.0:
        return 1.0
    if not (x > 0.0 and x < math.inf):
        return exp(y * log(x))
    if x < SMALLEST_NORMAL:
        e, f = _split(x * TWO_54)
        e -= 54.0
    else:
        e, f = _split(x)
    high, low = _log_in_two_parts(e, f)
    t = y * high
    if not abs(t) <= EXP_FAR:
        return exp(t)
    product, left = _two_product(y, high)
    k, r, rest = _reduced(product)
    rest = rest + (left + y * low)
    more = r + rest
    return _exp_of_parts(k, more, rest - (more - r))
