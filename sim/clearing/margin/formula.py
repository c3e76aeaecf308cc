"""A margin requirement of any form: functions of a user's in place of tiers, and what they must satisfy (CLR-MRG-016).

Positions are liquidated at the price where equity meets the requirement, and one search must find it: so the
requirement may not fall when a position or its price grows, and may not grow faster than the position's value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from ...errors import ConfigError
from ...kernels.margin.formula import address_of
from ...kernels.margin.requirement import measure_initial_ppm, measure_maintenance
from ...layout import MARKET_DTYPE, TIER_DTYPE, Records
from ...units import PPM, QUANTA_LIMIT

#: The largest slope that a requirement may have in the value at mark, for the bands of rows with several positions.
STEEPEST_PPM = PPM


@dataclass(frozen=True)
class MarginUnits:
    """What the whole numbers of a formula mean: floats, quote or base units."""

    quantum: float  # quote units of a quantum
    lot_size: float  # base units of a contract


@dataclass(frozen=True)
class MarginFormula:
    """A requirement of any form, as two functions of whole numbers that numba can compile.

    maintenance(lots, mark_value, entry_value): maintenance margin in quanta, rounded up; contracts, their value at the
    mark and at entry in quanta, all without sign.  initial_ppm(lots, mark_value): smallest initial-margin rate, 1e6 /
    leverage, rounded up. For the same bytes on every processor use + - * / and math.sqrt only.
    """

    maintenance: Callable[[int, int, int], float]
    initial_ppm: Callable[[int, int], float]

    def __post_init__(self) -> None:
        """Raise ConfigError for what is no function."""
        for name in ("maintenance", "initial_ppm"):
            if not callable(getattr(self, name)):
                raise ConfigError(f"MarginFormula: {name} must be a function, found {getattr(self, name)!r}")


def lower_formula(
    formula: MarginFormula, *, cap: int, who: str, is_checked: bool = True
) -> tuple[dict[str, int], Records, int]:
    """Compile a formula and check it; return its parameters, a tier that stands for it, its smallest rate in ppm.

    cap: maximum position, quanta.  is_checked: False if the units are not those of the market. ConfigError if it cannot
    be compiled, or violates what the file's head says.
    """
    own = formula.initial_ppm
    try:
        addresses = {
            "maintenance_formula": address_of(formula.maintenance),
            "initial_formula": address_of(_of_three(own)),
        }
    except Exception as error:  # numba's errors have no common base that can be imported without numba
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ConfigError(f"{who}: formula() must return functions that numba can compile: {first}") from error
    tier = np.array([(0, STEEPEST_PPM, 0, 1)], TIER_DTYPE)
    smallest = _tried(addresses, tier, cap=min(cap, QUANTA_LIMIT), who=who if is_checked else "")
    tier["initial_ppm"][0] = smallest[1]
    return addresses, tier, smallest[0]


def _of_three(initial_ppm: Callable[[int, int], float]) -> Callable[[int, int, int], float]:
    """The same function with a third argument, which it ignores: all formulas have one signature."""
    from ...kernels.jit import PLAIN

    if not PLAIN:
        import numba

        initial_ppm = numba.njit(error_model="numpy")(initial_ppm)

    def call(lots: int, mark_value: int, entry_value: int) -> float:
        return initial_ppm(lots, mark_value)

    return call


def _tried(addresses: dict[str, int], tier: Records, *, cap: int, who: str) -> tuple[int, int]:
    """Try a formula on a grid of sizes and prices; return its smallest maintenance and initial rates, ppm.

    who: whose formula, in errors; empty: it is not checked. ConfigError names the place where it is negative, falls, is
    too steep, or is not below initial margin.
    """
    params = np.zeros(1, MARKET_DTYPE)
    params["tick_value"] = 1
    for name, address in addresses.items():
        params[name] = address
    rates = []
    for lots in (10**k for k in range(10)):
        prices = np.array([10**k for k in range(19) if lots * 10**k <= cap], np.int64)
        if not len(prices):
            break
        needed = np.concatenate([_maintenance(lots, int(price), params, tier) for price in prices])
        bigger = np.concatenate([_maintenance(2 * lots, int(price), params, tier) for price in prices])
        value = lots * prices
        initial = np.empty(len(prices), np.int64)
        measure_initial_ppm(np.full(len(prices), lots), value, params[0], tier, initial)
        at = f"{lots} contracts"
        _require(who, (needed >= 0).all(), f"the requirement of {at} is negative")
        _require(who, (bigger >= needed).all(), f"the requirement falls when {at} become twice as many")
        rise = np.diff(needed)
        _require(who, (rise >= 0).all(), f"the requirement of {at} falls when their price rises")
        _require(who, (rise <= np.diff(value)).all(), f"the requirement of {at} grows faster than their value")
        large = value >= 10**6  # rounding up hides the rate of smaller ones
        below = needed[large] * float(PPM) <= initial[large] * value[large].astype(np.float64) + PPM
        _require(who, below.all(), f"the maintenance margin of {at} exceeds their initial margin")
        if large.any():
            rates.append((float((needed[large] / value[large]).min() * PPM), int(initial[large].min())))
    _require(who, bool(rates), "notional_cap_quote is too small for any position")
    if not rates:
        return 1, 1
    return max(1, int(min(rate for rate, _ in rates))), min(rate for _, rate in rates)


def _maintenance(lots: int, price: int, params: Records, tier: Records) -> np.typing.NDArray[np.int64]:
    out = np.empty(1, np.int64)
    measure_maintenance(np.array([lots]), np.array([lots * price]), price, params[0], tier, out)
    return out


def _require(who: str, holds: object, message: str) -> None:
    if who and not holds:
        raise ConfigError(f"{who}: {message}")


def cap_quanta(cap_quote: Decimal | None, quantum: Decimal) -> int:
    """Maximum position in quanta, rounded down."""
    return QUANTA_LIMIT if cap_quote is None else min(QUANTA_LIMIT, int(Decimal(cap_quote) / quantum))
