"""Elementary functions are within 1 ulp of the exact value, and both forms give the same bits.

References are decimals of 60 digits. Ranges are those of the functions, not only those that runs use.
"""

from collections.abc import Callable
from decimal import Decimal, localcontext

import numpy as np
import pytest
from clearsim import elementary
from clearsim.kernels import elementary as compiled

SEED, SAMPLES, MANY = 20_260_101, 4_000, 200_000
DIGITS = 60


def spread(generator: np.random.Generator, low: float, high: float, n: int) -> np.ndarray:
    """Both signs, sizes e^low .. e^high."""
    return generator.choice([-1.0, 1.0], n) * np.exp(generator.uniform(low, high, n))


def arguments(name: str, n: int) -> np.ndarray:
    """A grid and random points."""
    draw = np.random.default_rng(SEED)
    if name == "exp":
        return np.concatenate([np.linspace(-707, 709, n), draw.uniform(-1, 1, n), draw.uniform(-707, 709, n)])
    if name == "expm1":
        return np.concatenate([np.linspace(-1.1, 1.1, n), draw.uniform(0.34, 0.42, n), spread(draw, -36, 3.6, n)])
    if name == "log":
        return np.concatenate([np.linspace(0.5, 2, n), draw.uniform(0.7, 1.5, n), np.abs(spread(draw, -708, 709, n))])
    small = np.concatenate([np.linspace(-0.9, 2, n), draw.uniform(-0.35, 0.5, n), spread(draw, -36, -0.1, n)])
    return np.concatenate([small, np.abs(spread(draw, 0, 300, n))])


def exact(name: str, x: float) -> Decimal:
    value = Decimal(x)
    if name == "exp":
        return value.exp()
    if name == "expm1":
        return value.exp() - 1
    return (value + 1 if name == "log1p" else value).ln()


def ulps(found: float, wanted: Decimal) -> float:
    return float(abs(Decimal(found) - wanted) / Decimal(float(np.spacing(abs(float(wanted))))))


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p"])
def test_a_function_is_within_one_ulp_of_the_exact_value(name: str) -> None:
    x = arguments(name, SAMPLES // 4)
    x = x[x != 0.0] if name != "log" else x[x != 1.0]
    with localcontext() as context:
        context.prec = DIGITS
        errors = [
            ulps(y, exact(name, v)) for v, y in zip(x.tolist(), getattr(elementary, name)(x).tolist(), strict=True)
        ]
    assert max(errors) < 1.0, (x[int(np.argmax(errors))], max(errors))


def test_a_power_is_within_one_ulp_of_the_exact_value() -> None:
    draw = np.random.default_rng(SEED)
    base = np.concatenate(
        [np.exp(draw.uniform(-10, 10, 1000)), np.exp(draw.uniform(-300, 300, 1000)), draw.uniform(0.7, 1.4, 1000)]
    )
    exponent = np.concatenate(
        [draw.uniform(-10, 10, 1000), draw.uniform(-2.2, 2.2, 1000), draw.uniform(-600, 600, 1000)]
    )
    found = elementary.power(base, exponent)
    with localcontext() as context:
        context.prec = DIGITS
        errors = [
            ulps(y, (Decimal(e) * Decimal(b).ln()).exp())
            for b, e, y in zip(base.tolist(), exponent.tolist(), found.tolist(), strict=True)
        ]
    assert max(errors) < 1.0


def test_a_cosine_is_exact_at_quarter_turns_and_close_to_the_c_library_elsewhere() -> None:
    assert elementary.cos_turns(np.array([0.0, 0.25, 0.5, 0.75, 1.0])).tolist() == [1.0, 0.0, -1.0, 0.0, 1.0]
    u = np.random.default_rng(SEED).random(MANY)
    assert np.abs(elementary.cos_turns(u) - np.cos(2.0 * np.pi * u)).max() < 1e-15  # the rounding of 2 pi u


EDGES = [
    *(0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 2.0**-1022, 1.7976931348623157e308),
    *(709.78, 709.79, -745.13, -745.14, -708.5, 708.2, 38.0, 38.1, -38.0, -38.1, 746.0, -746.0, 1e-17, -1e-17, 2.0),
]


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p"])
def test_edges_are_those_of_the_c_library(name: str) -> None:
    x = np.array(EDGES)
    with np.errstate(all="ignore"):
        wanted = getattr(np, name)(x)
    found = getattr(elementary, name)(x)
    np.testing.assert_allclose(found, wanted, rtol=5e-16, atol=5e-324)
    zero = wanted == 0.0
    assert np.signbit(found[zero]).tolist() == np.signbit(wanted[zero]).tolist()


def test_edges_of_powers_are_those_of_the_c_library() -> None:
    base, exponent = (part.ravel() for part in np.meshgrid(np.abs(EDGES), [*EDGES, 0.5, -0.5, 3.0]))
    with np.errstate(all="ignore"):
        wanted = np.power(base, exponent)
    np.testing.assert_allclose(elementary.power(base, exponent), wanted, rtol=5e-16, atol=5e-324)
    assert np.isnan(elementary.power(-1.5, 2.5))


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p"])
def test_the_compiled_form_gives_the_same_bits(name: str) -> None:
    x = np.concatenate([arguments(name, 10_000), EDGES])
    same_bits(np.array([getattr(compiled, name)(v) for v in x.tolist()]), getattr(elementary, name)(x))


def test_the_compiled_power_gives_the_same_bits() -> None:
    draw = np.random.default_rng(SEED)
    base = np.concatenate([np.exp(draw.uniform(-40, 40, 10_000)), np.abs(EDGES)])
    exponent = np.concatenate([draw.uniform(-20, 20, 10_000), EDGES])
    found = [compiled.power(b, e) for b, e in zip(base.tolist(), exponent.tolist(), strict=True)]
    same_bits(np.array(found), elementary.power(base, exponent))


def test_a_float_gives_the_same_bits_as_an_array() -> None:
    x = np.random.default_rng(SEED).uniform(0.01, 3.0, 200)
    functions: list[Callable] = [elementary.exp, elementary.log, elementary.log1p, elementary.expm1]
    for function in functions:
        same_bits(np.array([function(v) for v in x.tolist()]), function(x))


def same_bits(first: np.ndarray, second: np.ndarray) -> None:
    number = ~np.isnan(first)
    assert (np.isnan(second) == ~number).all()
    assert (first[number].view(np.int64) == second[number].view(np.int64)).all()


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "power"])
def test_compiled_code_neither_fuses_product_and_sum_nor_calls_the_c_library(name: str) -> None:
    numba = pytest.importorskip("numba")
    function = numba.njit(error_model="numpy")(getattr(compiled, name).py_func)  # code from a cache has no assembly
    function(*([0.5, 0.5] if name == "power" else [0.5]))
    texts = list(function.inspect_asm().values())
    assert texts
    for code in texts:
        assert "mul" in code
        assert not [line for line in code.splitlines() if "vfm" in line or "vfnm" in line]
        called = [line.split()[-1] for line in code.splitlines() if "@PLT" in line or "call" in line.split()[:1]]
        assert not [target for target in called if target.split("@")[0] in ("exp", "log", "pow", "log1p", "expm1")]
