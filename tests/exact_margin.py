"""Exact prices of risk, in human units: where a position is liquidated, where it is bankrupt, what it must hold.

Closed forms over rationals: the yardstick of the kernels, which share no code with them. One position at a time; the
other markets of a cross account enter as constants. Sizes are signed base units, + is long; prices are quote units per
base unit. Equity at price P is margin + size x (P - entry) + other profit. The liquidation price is where it equals
maintenance:
- on entry value  P = entry - (margin + other - requirement) / size  (Bybit isolated)
- on mark value  P = (margin + other + deduction - size x entry) / (|size| x rate - size)  (Binance, Hyperliquid, dYdX)
- with close fee  the same with rate + fee  (OKX, Gate, Phemex)
Sources: RULES.md, CLR-MRG-002; the venues' pages are named with the vectors in tests/vectors/.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise

from clearsim.clearing.fees import FeeSchedule
from clearsim.clearing.margin import FlatMargin, MarginBaseName, TieredMargin
from clearsim.instrument import Instrument
from clearsim.units import PPM

Number = Decimal | Fraction | int


@dataclass(frozen=True)
class Bracket:
    """One tier: requirement is rate x base - deduction for bases of at least `floor`, all in quote units."""

    floor: Fraction
    rate: Fraction
    deduction: Fraction


@dataclass(frozen=True)
class Requirement:
    """A maintenance schedule in exact rationals: brackets by rising floor, what they apply to, the closing fee."""

    brackets: tuple[Bracket, ...]
    base: MarginBaseName = "mark"
    close_fee: Fraction = Fraction(0)

    @classmethod
    def of(cls, schedule: FlatMargin | TieredMargin, fees: FeeSchedule) -> "Requirement":
        """The requirement of a config's margin schedule."""
        fee = Fraction(schedule.close_fee_ppm(fees), PPM)
        if isinstance(schedule, FlatMargin):
            return cls.flat(Fraction(schedule.maintenance_ppm, PPM), base=schedule.base, close_fee=fee)
        brackets = tuple(
            Bracket(Fraction(tier.floor_quote), Fraction(tier.maintenance_ppm, PPM), Fraction(deduction))
            for tier, deduction in zip(schedule.tiers, schedule.deductions(), strict=True)
        )
        return cls(brackets, schedule.base, fee)

    @classmethod
    def flat(
        cls, rate: Number, *, deduction: Number = 0, base: MarginBaseName = "mark", close_fee: Number = 0
    ) -> "Requirement":
        """A single bracket."""
        only = Bracket(Fraction(0), Fraction(rate), Fraction(deduction))
        return cls((only,), base, Fraction(close_fee))

    def bracket(self, value: Fraction) -> Bracket:
        """The bracket of a base value: the last whose floor is not above it."""
        return next(item for item in reversed(self.brackets) if item.floor <= value)

    def maintenance(self, *, size: Number, entry: Number, mark: Number) -> Fraction:
        """Maintenance margin of a position, quote units, unrounded."""
        value = abs(Fraction(size)) * Fraction(entry if self.base == "entry" else mark)
        item = self.bracket(value)
        return max(Fraction(0), value * (item.rate + self.fee) - item.deduction)

    @property
    def fee(self) -> Fraction:
        """The closing fee, as far as the base counts it."""
        return self.close_fee if self.base == "mark_plus_fee" else Fraction(0)

    def ceilings(self) -> Sequence[tuple[Bracket, Fraction | None]]:
        """Each bracket with the floor of the next, None for the last."""
        return [(a, b.floor) for a, b in pairwise(self.brackets)] + [(self.brackets[-1], None)]


def bankruptcy_price(*, size: Number, entry: Number, margin: Number, other: Number = 0) -> Fraction:
    """Price at which equity is zero; not positive for a long that no price can bankrupt.

    margin: quote units put in for the position.  other: equity of the account's other positions and cash.
    """
    return Fraction(entry) - (Fraction(margin) + Fraction(other)) / Fraction(size)


def liquidation_price(
    requirement: Requirement,
    *,
    size: Number,
    entry: Number,
    margin: Number,
    other_profit: Number = 0,
    other_maintenance: Number = 0,
) -> Fraction | None:
    """Price at which equity equals maintenance margin; None for a long that no price brings there, 0 for such a short.

    Isolated: margin is what was assigned to the position, the others are 0. Cross: margin is the wallet balance,
    other_profit and other_maintenance are the unrealised profit and the requirement of the account's other positions.
    """
    quantity = Fraction(size)
    free = Fraction(margin) + Fraction(other_profit) - Fraction(other_maintenance)
    if requirement.base == "entry":
        needed = requirement.maintenance(size=size, entry=entry, mark=entry)
        price = Fraction(entry) - (free - needed) / quantity
    else:
        price = _on_mark_value(requirement, quantity, free - quantity * Fraction(entry))
    if price > 0:
        return price
    return None if quantity > 0 else Fraction(0)


def _on_mark_value(requirement: Requirement, size: Fraction, quote: Fraction) -> Fraction:
    """Solve quote + size x P = rate x |size| x P - deduction in the bracket where the solution lies.

    The schedule is convex, so the first bracket whose solution lies below the next floor holds it.
    """
    price = Fraction(0)
    for item, next_floor in requirement.ceilings():
        price = (quote + item.deduction) / (abs(size) * (item.rate + requirement.fee) - size)
        if next_floor is None or abs(size) * price < next_floor:
            break
    return price


def position_size(*, margin: Number, leverage: Number, entry: Number) -> Fraction:
    """Base units that `margin` buys at `leverage`: 1,000 at 10x from 50,000 is 0.2. Fees are not taken out of it."""
    return Fraction(margin) * Fraction(leverage) / Fraction(entry)


def position_lots(instrument: Instrument, *, margin: Number, leverage: Number, entry: Number) -> int:
    """Whole lots of `position_size`, rounded down."""
    return int(position_size(margin=margin, leverage=leverage, entry=entry) / Fraction(instrument.lot_size))


def to_decimal(value: Fraction, *, places: int = 2) -> Decimal:
    """A price as people print it: rounded to `places`, ties to even."""
    return _scaled(value, places, ROUND_HALF_EVEN)


def to_tick(value: Fraction, tick_size: Decimal, *, up: bool) -> Decimal:
    """A price on the grid, rounded up or down."""
    ticks = _scaled(value / Fraction(tick_size), 0, ROUND_CEILING if up else ROUND_FLOOR)
    return ticks * tick_size


def _scaled(value: Fraction, places: int, rounding: str) -> Decimal:
    """Round a rational exactly: an integer division, never a float or a context-limited quotient."""
    scaled = value * 10**places
    whole, remainder = divmod(scaled.numerator, scaled.denominator)
    half = 2 * remainder - scaled.denominator
    up = {ROUND_FLOOR: False, ROUND_CEILING: remainder > 0}.get(rounding, half > 0 or (half == 0 and whole % 2 == 1))
    return Decimal(whole + int(up)).scaleb(-places)
