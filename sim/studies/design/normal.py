"""The normal law of an uncertainty: its quantiles to 16 digits, and probabilities below a score."""

import math
from decimal import Decimal, localcontext
from functools import lru_cache

from ...elementary import log

#: Beyond this score the probability of a tail is below the smallest positive float.
FARTHEST = 39.0
#: Up to this score the power series is used; terms of either form, digits, and pi.
NEAR, TERMS, DIGITS = 5, 200, 50
PI = Decimal("3.14159265358979323846264338327950288419716939937510582")
#: P. J. Wichura's rational functions (AS 241, PPND16, Applied Statistics 37, 1988), lowest power first: numerator and
#: denominator in the middle, of a moderate tail, and of a far one.
_MIDDLE = (
    (
        *(3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4),
        *(4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    ),
    (
        *(1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3),
        *(2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
    ),
)
_TAIL = (
    (
        *(1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0),
        *(1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    ),
    (
        *(1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1),
        *(1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
    ),
)
_FAR = (
    (
        *(6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1),
        *(2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    ),
    (
        *(1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2),
        *(7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
    ),
)


def normal_quantile(u: float) -> float:
    """Standard normal quantile of 0 <= u <= 1; infinite at both ends."""
    if u in (0.0, 1.0):
        return -math.inf if u == 0.0 else math.inf
    q = u - 0.5
    if abs(q) <= 0.425:
        return q * _ratio(_MIDDLE, 0.180625 - q * q)
    r = math.sqrt(-log(u if q < 0.0 else 1.0 - u))
    size = _ratio(_TAIL, r - 1.6) if r <= 5.0 else _ratio(_FAR, r - 5.0)
    return -size if q < 0.0 else size


def _ratio(series: tuple[tuple[float, ...], tuple[float, ...]], x: float) -> float:
    top = below = 0.0
    for above, under in zip(reversed(series[0]), reversed(series[1]), strict=True):
        top, below = top * x + above, below * x + under
    return top / below


@lru_cache(maxsize=256)
def normal_probability(score: float) -> float:
    """Probability that a standard normal lies below `score`, to the last digit in the lower tail too.

    In decimals: 1/2 + density x (x + x^3 / 3 + x^5 / (3 5) + ...) near 0, Laplace's continued fraction in the tails
    (Abramowitz & Stegun 26.2.11, 26.2.14).
    """
    if abs(score) >= FARTHEST:
        return 0.0 if score < 0.0 else 1.0
    with localcontext() as context:
        context.prec = DIGITS
        x = abs(Decimal(score))
        density = (-x * x / 2).exp() / (2 * PI).sqrt()
        if x > NEAR:
            below = x
            for k in range(TERMS, 0, -1):
                below = x + k / below
            tail = density / below
        else:
            term = total = x
            for k in range(1, TERMS):
                term = term * x * x / (2 * k + 1)
                total += term
            tail = Decimal("0.5") - density * total
        return float(tail if score < 0.0 else 1 - tail)
