"""A market's integer grid: tick, lot and quantum, and the conversion between what people write and what the engine
counts.

Decides head-room: an instrument whose largest position could leave int64 is refused when it is built.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from .errors import ConfigError
from .units import QUANTA_LIMIT


def exact_ratio(numerator: Decimal, denominator: Decimal, *, what: str) -> int:
    """Return numerator / denominator, which must be a whole number; else ConfigError naming `what`."""
    if denominator <= 0:
        raise ConfigError(f"{what}: the unit must be positive, was {denominator}")
    ratio = numerator / denominator
    if ratio != ratio.to_integral_value():
        raise ConfigError(f"{what}: {numerator} is not a whole multiple of {denominator}")
    return int(ratio)


@dataclass(frozen=True)
class Instrument:
    """One linear perpetual market. `tick_value` is the quanta that one tick on one lot is worth."""

    name: str
    tick_size: Decimal
    lot_size: Decimal
    quantum: Decimal
    tick_value: int

    @classmethod
    def build(cls, *, name: str, tick_size: Decimal, lot_size: Decimal, quantum: Decimal) -> "Instrument":
        """Make an instrument; ConfigError if a size is not positive or one tick on one lot is not whole quanta."""
        for label, value in (("tick_size", tick_size), ("lot_size", lot_size), ("quantum", quantum)):
            if not value.is_finite() or value <= 0:
                raise ConfigError(f"market {name}: {label} must be positive, was {value}")
        value = tick_size * lot_size / quantum
        if value != value.to_integral_value():
            raise ConfigError(
                f"market {name}: one tick ({tick_size}) on one lot ({lot_size}) is {value} quanta of {quantum};"
                " it must be a whole number: choose a smaller quantum"
            )
        return cls(name, tick_size, lot_size, quantum, int(value))

    def to_ticks(self, price: Decimal) -> int:
        """Price -> ticks, nearest (ties to even)."""
        return int((price / self.tick_size).to_integral_value(ROUND_HALF_EVEN))

    def to_ticks_exact(self, price: Decimal) -> int:
        """Price -> ticks; ConfigError if the price is not on the grid."""
        return exact_ratio(price, self.tick_size, what=f"market {self.name}: price")

    def to_lots(self, size: Decimal) -> int:
        """Size in base units -> lots, rounded toward zero."""
        rounding = ROUND_FLOOR if size >= 0 else ROUND_CEILING
        return int((size / self.lot_size).to_integral_value(rounding))

    def to_lots_exact(self, size: Decimal) -> int:
        """Size in base units -> lots; ConfigError if it is not a whole number of lots."""
        return exact_ratio(size, self.lot_size, what=f"market {self.name}: size")

    def price(self, ticks: int) -> Decimal:
        """Ticks -> price in quote units per base unit."""
        return ticks * self.tick_size

    def size(self, lots: int) -> Decimal:
        """Lots -> base units."""
        return lots * self.lot_size

    def require_headroom(self, *, lots: int, ticks: int, what: str) -> None:
        """ConfigError if |lots| at `ticks` would use more than the int64 head-room (2**61 quanta)."""
        if abs(lots) * ticks * self.tick_value > QUANTA_LIMIT:
            raise ConfigError(
                f"{what}: {self.size(abs(lots))} at {self.price(ticks)} in market {self.name} exceeds the int64"
                f" head-room of {QUANTA_LIMIT} quanta of {self.quantum}; use a coarser quantum or a smaller book"
            )


def to_quanta(amount: Decimal, quantum: Decimal) -> int:
    """Money in quote units -> quanta; ConfigError if it is not a whole number of quanta or exceeds the head-room."""
    quanta = exact_ratio(amount, quantum, what="amount")
    if abs(quanta) > QUANTA_LIMIT:
        raise ConfigError(f"amount {amount} exceeds the int64 head-room of {QUANTA_LIMIT} quanta of {quantum}")
    return quanta
