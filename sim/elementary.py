"""exp, log, log1p, expm1, cosines and powers of floats and arrays with the same bytes on every processor.

They use only + - x /, which IEEE 754 rounds in one way, and the bits of a float; the functions of numpy and of the C
library round differently from one instruction set to another. Here: numpy's form. `sim/kernels/elementary.py` is the
compiled form, of the same steps in the same order, so that both give equal bytes. Errors are below 1 ulp.

Method: exp(x) = 2^k e^r with |r| <= ln(2) / 2; log(2^e f) = e ln 2 + log f with f in [sqrt(1/2), sqrt 2) and
log f = 2 atanh(s), s = (f - 1) / (f + 1) (W. J. Cody & W. Waite, Software Manual for the Elementary Functions, 1980).
Remainders are polynomials through Chebyshev nodes, fitted with 60 digits.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Protocol, cast, overload

import numpy as np

from .layout import F64

#: ln 2 in two parts: a multiple of the first by a whole number below 2^20 is exact.
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
LN2, INVERSE_LN2 = 0.6931471805599453, 1.4426950408889634
#: Adding and subtracting it rounds a float below 2^51 to a whole one.
ROUNDER = 6755399441055744.0
#: 2/3 in two parts.
THIRDS, THIRDS_LOW = 0.6666666666666666, 3.700743415417188e-17
#: 2 pi in two parts.
TURN, TURN_LOW = 6.283185307179586, 2.4492935982947064e-16
#: Multiplying by it splits a float into halves of 26 bits (T. J. Dekker 1971).
SPLITTER = 134217729.0
#: Where exp is 0 and infinite, and beyond both; powers of two up to NEAR_POWER either way are normal floats.
EXP_ZERO, EXP_INFINITE, EXP_FAR, NEAR_POWER = -745.1332191019412, 709.782712893384, 746.0, 1022.0
#: Where expm1 is -1 or exp to the last digit; below TINY log1p(x) and expm1(x) are x.
EXPM1_FAR, TINY = 38.0, 2.0**-54
SMALLEST_NORMAL, TWO_54 = 2.0**-1022, 2.0**54
BITS_ROOT_HALF = 0x3FE6A09E667F3BCD
BIAS, MANTISSA_BITS = 1023, 52
#: Elements of an array that are worked on at once.
BLOCK = 4096


def exp_series(r: Any) -> Any:
    """(e^r - 1 - r - r^2 / 2) / r^3 for |r| <= ln(2) / 2, error below 8.0603e-18."""
    r2 = r * r
    r4 = r2 * r2
    low = (0.16666666666666669 + 0.041666666666666664 * r) + (0.008333333333330062 + 0.0013888888888886552 * r) * r2
    high = (0.0001984126986305428 + 2.4801587317144973e-05 * r) + (
        2.755726845896983e-06 + 2.7557282968816384e-07 * r
    ) * r2
    return low + (high + (2.5100385984118463e-08 + 2.091123697918627e-09 * r) * r4) * r4


def log_series(z: Any) -> Any:
    """(log f - 2 s) / s^3 for z = s^2 below 0.0295, error below 4e-16."""
    z2 = z * z
    low = (0.666666666666667 + 0.39999999999899444 * z) + (0.2857142862600327 + 0.22222211130259878 * z) * z2
    high = (0.18182889455674947 + 0.15331710618210773 * z) + 0.14616585424888623 * z2
    return low + high * (z2 * z2)


def power_series(z: Any) -> Any:
    """(log f - 2 s - 2/3 s^3) / s^5 for z = s^2 below 0.0295, error below 2e-18."""
    z2 = z * z
    low = (0.4 + 0.28571428571429364 * z) + (0.22222222221655885 + 0.18181818335392802 * z) * z2
    high = (0.1538459496251843 + 0.1333480469384731 * z) + (0.11706236339491206 + 0.11723178623876518 * z) * z2
    return low + high * (z2 * z2)


def sin_series(z: Any) -> Any:
    """(sin a - a) / a^3 for z = a^2, |a| <= pi / 4, error below 3e-17."""
    z2 = z * z
    low = (-0.16666666666666666 + 0.008333333333330948 * z) + (
        -0.00019841269836756774 + 2.7557316101617874e-06 * z
    ) * z2
    return low + (-2.505113165023518e-08 + 1.5918115263265974e-10 * z) * (z2 * z2)


def cos_series(z: Any) -> Any:
    """(cos a - 1 + a^2 / 2) / a^4 for z = a^2, |a| <= pi / 4, error below 2e-18."""
    z2 = z * z
    low = (0.041666666666666664 - 0.0013888888888887398 * z) + (2.480158729876456e-05 - 2.7557317271145144e-07 * z) * z2
    return low + (2.087614614655861e-09 - 1.1382623647474604e-11 * z) * (z2 * z2)


class _Elementwise(Protocol):
    """A function of a float, or of each element of an array."""

    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: F64, /) -> F64: ...
    def __call__(self, x: float | F64, /) -> float | F64: ...


def _elementwise(function: Callable[[F64], F64]) -> _Elementwise:
    """Apply a function of an array to blocks that stay in the processor's cache, or to one float."""

    @wraps(function)
    def by_blocks(x: float | F64, /) -> float | F64:
        if not isinstance(x, np.ndarray):
            return float(function(np.array([x], np.float64))[0])
        flat = np.ascontiguousarray(x, np.float64).ravel()
        out = np.empty_like(flat)
        for first in range(0, len(flat), BLOCK):
            out[first : first + BLOCK] = function(flat[first : first + BLOCK])
        return out.reshape(x.shape)

    return cast("_Elementwise", by_blocks)


@_elementwise
def exp(x: F64) -> F64:
    """e^x."""
    k, r, rest = _reduced(np.where(np.abs(x) <= EXP_FAR, x, 0.0))
    return _exp_edges(x, _exp_of_parts(k, r, rest))


@_elementwise
def expm1(x: F64) -> F64:
    """e^x - 1, exact to the last digit near 0 too."""
    is_near = np.abs(x) <= EXPM1_FAR
    k, r, rest = _reduced(np.where(is_near, x, 0.0))
    taken = _power_of_two(-k)
    start = 1.0 - taken
    whole = start + r
    tiny = (r - (whole - start)) + ((rest + rest * r) + ((1.0 - start) - taken))
    square = r * r
    result = (whole + (0.5 * square + (square * r * exp_series(r) + tiny))) * _power_of_two(k)
    if not is_near.all():
        result = np.where(is_near, result, np.where(x < 0.0, -1.0, exp(x)))
    return np.where(np.abs(x) < TINY, x, result)


@_elementwise
def log(x: F64) -> F64:
    """Natural logarithm: -inf at 0, NaN below."""
    e, f = _split(x)
    return _log_edges(x, _log_of_parts(e, f - 1.0, 0.0))


@_elementwise
def log1p(x: F64) -> F64:
    """log(1 + x), exact to the last digit near 0 too."""
    total = 1.0 + x
    inside = np.where((total > 0.0) & (total < np.inf), x, 0.0)
    u = 1.0 + inside
    left = np.where(inside >= 1.0, 1.0 - (u - inside), inside - (u - 1.0)) / u
    e, f = _split(u)
    plain = e == 0.0
    result = _log_of_parts(e, np.where(plain, inside, f - 1.0), np.where(plain, 0.0, left))
    return np.where(np.abs(x) < TINY, x, _log_edges(total, result))


@overload
def power(x: float, y: float) -> float: ...
@overload
def power(x: F64, y: float) -> F64: ...
@overload
def power(x: float | F64, y: F64) -> F64: ...
def power(x: float | F64, y: float | F64) -> float | F64:
    """x^y for x >= 0, elementwise; NaN for negative x."""
    if not isinstance(x, np.ndarray) and not isinstance(y, np.ndarray):
        return float(_power(np.array([x], np.float64), np.array([y], np.float64))[0])
    base, exponent = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    return _power(np.ascontiguousarray(base), np.ascontiguousarray(exponent))


def _power(x: F64, y: F64) -> F64:
    good = (x > 0.0) & (x < np.inf)
    high, low = _log_in_two_parts(np.where(good, x, 1.0))
    with np.errstate(over="ignore", invalid="ignore"):
        t = y * high
        near = np.abs(t) <= EXP_FAR
        times = np.where(near, y, 0.0)
        product, left = _two_product(times, high)
        k, r, rest = _reduced(product)
        rest = rest + (left + times * low)
        more = r + rest
        result = np.where(near, _exp_of_parts(k, more, rest - (more - r)), exp(t))
        result = np.where(good, result, exp(y * log(x)))
    return np.where((y == 0.0) | (x == 1.0), 1.0, result)


@lru_cache(maxsize=1024)
def half_lives(elapsed: float, half_life: float) -> float:
    """Part that is left after `elapsed` of what halves every `half_life`, both in one unit."""
    return power(0.5, elapsed / half_life)


def squared(x: float) -> float:
    """x x: Python's x ** 2 calls the C library."""
    return x * x


@_elementwise
def cos_turns(u: F64) -> F64:
    """cos(2 pi u) for 0 <= u <= 1, error below 1.1 ulp."""
    quarter = np.floor(4.0 * u + 0.5)
    t = u - 0.25 * quarter
    a, low = _two_product(t, TURN + np.zeros_like(t))
    low = low + t * TURN_LOW
    z = a * a
    cosine = 1.0 - (0.5 * z - (z * z * cos_series(z) - a * low))
    sine = a + (a * z * sin_series(z) + low)
    at = quarter.astype(np.int64) & 3
    found: F64 = np.where(at == 0, cosine, np.where(at == 1, -sine, np.where(at == 2, -cosine, sine)))
    return found


def _reduced(x: F64) -> tuple[F64, F64, F64]:
    """(k, r, rest): x = k ln 2 + r + rest with whole k, |r| <= ln(2) / 2 and a tiny rest, for |x| <= EXP_FAR."""
    k = (x * INVERSE_LN2 + ROUNDER) - ROUNDER
    high = x - k * LN2_HIGH
    less = k * LN2_LOW
    r = high - less
    return k, r, (high - r) - less


def _power_of_two(k: F64) -> F64:
    """2^k for whole k in -1022 .. 1023."""
    return ((k.astype(np.int64) + BIAS) << MANTISSA_BITS).view(np.float64)


def _exp_of_parts(k: F64, r: F64, rest: F64) -> F64:
    """2^k e^(r + rest); in two steps where 2^k may be no normal float."""
    whole = 1.0 + r
    tiny = (r - (whole - 1.0)) + rest
    square = r * r
    value = whole + (0.5 * square + (square * r * exp_series(r) + tiny))
    step = np.where(np.abs(k) <= NEAR_POWER, 0.0, np.trunc(0.5 * k))
    with np.errstate(over="ignore", under="ignore"):
        found: F64 = value * _power_of_two(k - step) * _power_of_two(step)
        return found


def _exp_edges(x: F64, inside: F64) -> F64:
    """e^x: `inside` where it is neither 0 nor infinite."""
    inside = np.where(x > EXP_INFINITE, np.inf, np.where(x < EXP_ZERO, 0.0, inside))
    return np.where(np.isnan(x), np.nan, inside)


def _split(x: F64) -> tuple[F64, F64]:
    """(e, f): x = 2^e f with f in [sqrt(1/2), sqrt 2), for finite x > 0; (0, 1) elsewhere."""
    good = np.where((x > 0.0) & (x < np.inf), x, 1.0)
    subnormal = good < SMALLEST_NORMAL
    bits = np.where(subnormal, np.where(subnormal, good, 1.0) * TWO_54, good).view(np.int64)
    e = (bits - BITS_ROOT_HALF) >> MANTISSA_BITS
    f = (bits - (e << MANTISSA_BITS)).view(np.float64)
    return np.where(subnormal, e - 54, e).astype(np.float64), f


def _log_of_parts(e: F64, a: F64, left: F64 | float) -> F64:
    """e ln 2 + log(1 + a) + left for a in [sqrt(1/2) - 1, sqrt(2) - 1) and a tiny `left`."""
    s = a / (2.0 + a)
    z = s * s
    half = 0.5 * a * a
    found: F64 = e * LN2_HIGH - ((half - (s * (half + z * log_series(z)) + (e * LN2_LOW + left))) - a)
    return found


def _log_edges(x: F64, inside: F64) -> F64:
    """Logarithm of x: `inside` where x is positive and finite."""
    edges = np.where(x == 0.0, -np.inf, np.where(x == np.inf, np.inf, np.nan))
    return np.where((x > 0.0) & (x < np.inf), inside, edges)


def _two_product(a: F64, b: F64) -> tuple[F64, F64]:
    """a b as a float and its rounding error (T. J. Dekker 1971)."""
    product = a * b
    split = SPLITTER * a
    a_high = split - (split - a)
    a_low = a - a_high
    split = SPLITTER * b
    b_high = split - (split - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _log_in_two_parts(x: F64) -> tuple[F64, F64]:
    """log x as a float and what is missing, relative error below 2^-63; finite x > 0."""
    e, f = _split(x)
    a = f - 1.0
    g = f + 1.0
    g_low = f - (g - 1.0)
    s = a / g
    product, low = _two_product(s, g)
    s_low = (((a - product) - low) - s * g_low) / g
    z, z_low = _two_product(s, s)
    cube, cube_low = _two_product(z, s)
    cube_low = cube_low + z_low * s
    third, third_low = _two_product(cube, THIRDS + np.zeros_like(cube))
    third_low = third_low + (cube * THIRDS_LOW + cube_low * THIRDS)
    double = 2.0 * s
    high = double + third
    tail = z * z * s * power_series(z)
    low = (third - (high - double)) + (third_low + ((2.0 * s_low + 2.0 * z * s_low) + tail))
    shift = e * LN2_HIGH
    total = shift + high
    low = low + ((high - (total - shift)) + e * LN2_LOW)
    result = total + low
    return result, low - (result - total)
