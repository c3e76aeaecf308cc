"""Money in analysis: exact sums of quanta, exact text in quote units, and the unit an axis is drawn in.

Tables show quanta exactly; only charts use float64, after all sums are done.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

_LOW = np.int64(0xFFFFFFFF)
_STEPS = ((1e9, "billion "), (1e6, "million "), (1e3, "thousand "), (1.0, ""))


def exact_sum(values: Any) -> int:
    """Sum of int64 values as a Python int, exact even where an int64 total would overflow."""
    column = np.asarray(values, dtype=np.int64)
    return (int((column >> 32).sum()) << 32) + int((column & _LOW).sum())


def to_quote(quanta: int, quantum: Decimal) -> Decimal:
    """Quanta -> quote units, exact."""
    with localcontext() as context:
        context.prec = 60
        return Decimal(int(quanta)) * quantum


def format_exact(quanta: int, quantum: Decimal) -> str:
    """Quanta -> text in quote units with thousands separators and every decimal of the quantum, e.g. -1,234.500000."""
    places = max(0, -int(quantum.normalize().as_tuple().exponent))
    with localcontext() as context:
        context.prec = 60
        return f"{to_quote(quanta, quantum):,.{places}f}"


def format_short(amount: float, unit: str = "") -> str:
    """A readable amount for titles and cards: three significant digits, e.g. 12.3 million USDT."""
    size = abs(amount)
    divisor, word = next(((step, word) for step, word in _STEPS if size >= step), (1.0, ""))
    scaled = amount / divisor
    digits = 0 if abs(scaled) >= 100 or amount == 0 else 1 if abs(scaled) >= 10 else 2
    text = f"{scaled:,.{digits}f}"
    if float(text.replace(",", "")) == 0 and amount != 0:
        text = f"{scaled:.2g}"
    return f"{text} {word}{unit}".strip()


def format_significant(value: float, digits: int, *, sign: str = "") -> str:
    """A number with at least this many significant digits and no exponent, e.g. 736,842,316; sign: "+" shows it."""
    if abs(value) >= 10**digits:
        return f"{value:{sign},.0f}"
    return f"{value:{sign},.{digits}g}"


def format_percent(value: float) -> str:
    """A percentage with three significant digits."""
    return f"{value:.3g}%"


@dataclass(frozen=True)
class Scale:
    """The divisor of an axis, and the unit that it then prints."""

    divisor: float
    unit: str

    def of(self, quote: F64) -> F64:
        """Quote units -> the axis' unit."""
        return np.asarray(quote, dtype=np.float64) / self.divisor


def choose_scale(largest: float, unit: str) -> Scale:
    """The scale at which `largest` (its absolute value) reads as a number between 1 and 1,000."""
    size = abs(largest) if np.isfinite(largest) else 0.0
    divisor, word = next(((step, word) for step, word in _STEPS if size >= step), (1.0, ""))
    return Scale(divisor, f"{word}{unit}")


def choose_size_scale(largest: float, unit: str) -> Scale:
    """The scale of sizes in base units: as they are below a million, then as `choose_scale`."""
    return choose_scale(largest, unit) if abs(largest) >= 1e6 else Scale(1.0, unit)
