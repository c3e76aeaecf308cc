"""Normal, exponential and Poisson draws with the same bytes on every processor.

The draws are those of numpy (normals to 4e-15), from the same random bits, and leave the generator in the same state.
But where a draw needs exp or log, numpy calls the C library; here it is `sim/elementary.py`. Uniforms, whole numbers
and permutations of numpy are exact. Sources: ziggurat of 256 layers (G. Marsaglia & W. W. Tsang 2000), transformed
rejection for the Poisson law (W. Hormann 1993, PTRS).
"""

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .elementary import exp, log, log1p
from .layout import F64, I64

U64 = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Inverse = Callable[[Decimal], Decimal]

LAYERS = 256
#: Where the tail begins, and the area of each layer and of the base with the tail; digits to compute layers with.
NORMAL_EDGE, NORMAL_AREA = "3.6541528853610087963519472518", "0.004928673233974654931590913431847149"
EXPONENTIAL_EDGE, EXPONENTIAL_AREA = "7.6971174701310497140446280481", "0.003949659822581557219977571956518495"
DIGITS = 40
NORMAL_BITS, EXPONENTIAL_BITS = 52, 53
#: Poisson means from which on the transformed rejection is used, and factorials from which on Stirling's series holds.
MANY, STIRLING_FROM = 10.0, 16


class Ziggurat(NamedTuple):
    """Layers of a decreasing density; each is (256,)."""

    width: F64  # x of a whole number of the layer, per unit
    inside: U64  # whole numbers below this are accepted at once
    height: F64  # density at the layer's edge


class Drawn(NamedTuple):
    """What each raw number gives if a draw starts with it; each is (n,)."""

    value: F64
    at_once: Flags  # the value is accepted without another raw number
    accepted: Flags  # by the raw number after it; meaningless where `at_once`
    in_tail: Flags  # accepted or not by pairs of raw numbers after it


@cache
def normal_layers() -> Ziggurat:
    """Layers of e^(-x^2 / 2)."""
    return _layers(
        NORMAL_EDGE, NORMAL_AREA, NORMAL_BITS, lambda x: (-x * x / 2).exp(), lambda height: (-2 * height.ln()).sqrt()
    )


@cache
def exponential_layers() -> Ziggurat:
    """Layers of e^-x."""
    return _layers(
        EXPONENTIAL_EDGE, EXPONENTIAL_AREA, EXPONENTIAL_BITS, lambda x: (-x).exp(), lambda height: -height.ln()
    )


def _layers(edge: str, area: str, bits: int, density: Inverse, inverse: Inverse) -> Ziggurat:
    """Layers of one area up to the density's peak at 0; layer 0 is the base with the tail, as wide as its area needs.

    In decimals: an error of an edge grows from layer to layer.
    """
    with localcontext() as context:
        context.prec = DIGITS
        edges, size = [Decimal(edge)], Decimal(area)
        heights = [density(edges[0])]
        for _ in range(LAYERS - 2):
            heights.append(size / edges[-1] + heights[-1])
            edges.append(inverse(heights[-1]))
        edges, heights = [Decimal(0), *reversed(edges)], [Decimal(1), *reversed(heights)]
        width = [size / heights[-1], *edges[1:]]
        inside = [edges[-1] / width[0], *(low / high for low, high in pairwise(edges))]
        scale = Decimal(1 << bits)
        return Ziggurat(
            np.array([float(value / scale) for value in width]),
            np.array([int(value * scale) for value in inside], np.uint64),
            np.array([float(value) for value in heights]),
        )


def standard_normal(generator: np.random.Generator, count: int) -> F64:
    """`count` independent standard normals (count,)."""
    layers = normal_layers()

    def draw(raw: U64) -> Drawn:
        layer = (raw & np.uint64(0xFF)).astype(np.int64)
        whole = (raw >> np.uint64(9)) & np.uint64((1 << NORMAL_BITS) - 1)
        x = whole.astype(np.float64) * layers.width[layer]
        at_once = whole < layers.inside[layer]
        accepted = _below_density(raw, ~at_once, layers, layer, -0.5 * x * x)
        return Drawn(np.where(raw & np.uint64(0x100), -x, x), at_once, accepted, ~at_once & (layer == 0))

    return _fill(generator, count, draw)


def standard_exponential(generator: np.random.Generator, count: int) -> F64:
    """`count` independent exponentials of mean 1 (count,)."""
    layers = exponential_layers()

    def draw(raw: U64) -> Drawn:
        layer = ((raw >> np.uint64(3)) & np.uint64(0xFF)).astype(np.int64)
        whole = raw >> np.uint64(11)
        value = whole.astype(np.float64) * layers.width[layer]
        at_once = whole < layers.inside[layer]
        accepted = _below_density(raw, ~at_once, layers, layer, -value)
        tail = np.flatnonzero(~at_once & (layer == 0) & (np.arange(len(raw)) + 1 < len(raw)))
        value[tail] = float(EXPONENTIAL_EDGE) - log1p(-_uniforms(raw[tail + 1]))
        accepted[tail] = True
        return Drawn(value, at_once, accepted, np.zeros(len(raw), np.bool_))

    return _fill(generator, count, draw)


def _uniforms(raw: U64) -> F64:
    """53 bits each as floats in [0, 1)."""
    return np.asarray((raw >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def _below_density(raw: U64, asked: Flags, layers: Ziggurat, layer: I64, log_density: F64) -> Flags:
    """True where `asked`, and a point between the heights of the layer, drawn by the next raw number, is below the
    density."""
    below = np.zeros(len(raw), np.bool_)
    place = np.flatnonzero(asked[:-1])
    low, high = layers.height[layer[place]], layers.height[layer[place] - 1]
    below[place] = (high - low) * _uniforms(raw[place + 1]) + low < exp(log_density[place])
    return below


def _normal_tail(raw: U64, place: int) -> tuple[int, float] | None:
    """(raw numbers used, value) of a draw in the tail of the normal law; None if the raw numbers do not suffice."""
    edge = float(NORMAL_EDGE)
    for at in range(place + 1, len(raw) - 1, 2):
        beyond, other = (-log1p(-_uniforms(raw[at : at + 2]))).tolist()
        beyond = 1.0 / edge * beyond
        if other + other > beyond * beyond:
            negative = int(raw[place]) >> 17 & 1
            return at + 2 - place, -(edge + beyond) if negative else edge + beyond
    return None


def _fill(generator: np.random.Generator, count: int, draw: Callable[[U64], Drawn]) -> F64:
    """Draw until `count` values are accepted. Every value takes at least one raw number, so none is drawn in vain."""
    out, made = np.empty(count), 0
    left = np.zeros(0, np.uint64)
    while made < count:
        raw = np.concatenate([left, generator.bit_generator.random_raw(count - made)])
        value, at_once, accepted, in_tail = draw(raw)
        starts, end, free = np.ones(len(raw), np.bool_), len(raw), 0
        for place in np.flatnonzero(~at_once).tolist():
            if place < free:
                continue
            used, result = 2, value[place]
            if in_tail[place]:
                used, result = _normal_tail(raw, place) or (len(raw), 0.0)
            if place + used > len(raw):
                end = place
                break
            free = place + used
            starts[place if not (accepted[place] or in_tail[place]) else place + 1 : free] = False
            value[place] = result
        kept = value[:end][starts[:end]]
        out[made : made + len(kept)] = kept
        made, left = made + len(kept), raw[end:]
    return out


def poisson(generator: np.random.Generator, mean: float) -> int:
    """One Poisson number of the given mean."""
    if mean >= MANY:
        return _many(generator, mean)
    if mean == 0.0:
        return 0
    none, product, number = exp(-mean), float(generator.random()), 0
    while product > none:
        number += 1
        product *= float(generator.random())
    return number


def poissons(generator: np.random.Generator, mean: float, count: int) -> I64:
    """`count` independent Poisson numbers (count,)."""
    return np.array([poisson(generator, mean) for _ in range(count)], np.int64)


def _many(generator: np.random.Generator, mean: float) -> int:
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    at_once = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u, v = float(generator.random()) - 0.5, float(generator.random())
        room = 0.5 - abs(u)
        number = math.floor((2.0 * a / room + b) * u + mean + 0.43)
        if room >= 0.07 and v <= at_once:
            return number
        if number < 0 or (room < 0.013 and v > room):
            continue
        bound = number * log(mean) - mean - log_factorial(number)
        if log(v) + log(inverse_alpha) - log(a / (room * room) + b) <= bound:
            return number


def log_factorial(n: int) -> float:
    """log n!, relative error below 1e-15; by Stirling's series (Abramowitz & Stegun 6.1.41) where n is large."""
    if n < STIRLING_FROM:
        return log(float(math.factorial(n)))
    x = n + 1.0
    r = 1.0 / (x * x)
    series = (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r / 1188.0)))) / x
    return (x - 0.5) * log(x) - x + 0.9189385332046728 + series
